#!/usr/bin/env python3
"""Writes models with the real libraries (pinned in xtask/peers/models.txt): none of them may raise an alarm, and every
byte of them must be accounted for.

    python real_models.py OUT

Prints one line for each kind that was written, and for each that was not, with the reason.
"""
import gzip, importlib, io, json, os, pickle, shutil, struct, tarfile, warnings, zipfile

import kinds

os.environ.update(KERAS_BACKEND="jax", PYTHONWARNINGS="ignore", OMP_NUM_THREADS="1")
warnings.filterwarnings("ignore")


def table(rows=80, columns=5, classes=3):
    import numpy as np
    rng = np.random.default_rng(7)
    x = rng.normal(size=(rows, columns))
    return x, (np.abs(x[:, 0] + x[:, 1]) * classes / 3).astype(int) % classes, x @ np.arange(columns)


def dump(out, name, thing, protocols=(2, 5)):
    for protocol in protocols:
        with open(os.path.join(out, f"{name}.p{protocol}.pkl"), "wb") as file:
            pickle.dump(thing, file, protocol)


def scikit_learn(out):
    """Every estimator that fits a plain table, pickled and dumped by joblib; pipelines and searches."""
    import joblib
    from sklearn.utils import all_estimators
    x, labels, values = table()
    written = 0
    for name, kind in all_estimators():
        for target in (labels, values, None):
            try:
                model = kind()
                if "max_iter" in model.get_params():
                    model.set_params(max_iter=20)
                if "n_estimators" in model.get_params():
                    model.set_params(n_estimators=3)
                model.fit(abs(x), target) if target is not None else model.fit(abs(x))
            except Exception:
                continue
            joblib.dump(model, os.path.join(out, f"{name}.joblib"))
            dump(out, name, model, protocols=(2 + written % 4,))
            written += 1
            break
    if written < 120:
        raise RuntimeError(f"only {written} estimators could be fitted")


def scikit_learn_composed(out):
    import joblib, numpy as np, pandas as pd
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.svm import SVC
    x, labels, values = table()
    frame = pd.DataFrame(x, columns=list("abcde")).assign(kind=["x", "y"] * 40, when=pd.Timestamp("2024-01-01"))
    columns = ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), list("abc")),
                                 ("k", OneHotEncoder(handle_unknown="ignore"), ["kind"])])
    forest = RandomForestClassifier(n_estimators=3, random_state=np.random.RandomState(1))
    models = {
        "columns": make_pipeline(columns, LogisticRegression()).fit(frame, labels),
        "grid": GridSearchCV(SVC(), {"C": [1, 10], "kernel": ["rbf", "linear"]}, cv=2).fit(x, labels),
        "random": RandomizedSearchCV(Ridge(), {"alpha": np.logspace(-2, 2, 5)}, n_iter=2, cv=2).fit(x, values),
        "vote": VotingClassifier([("f", forest), ("k", KNeighborsClassifier())]).fit(x, labels),
        "stack": StackingClassifier([("f", forest), ("s", SVC())], cv=2).fit(x, labels),
        "text": make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression()).fit(
            ["import os", "eval ( x )", "the quick fox", "os.system"] * 3, [0, 1, 0, 1] * 3),
        "union": FeatureUnion([("c", CountVectorizer()), ("t", TfidfVectorizer())]).fit(["one two", "two three"]),
        "target": TransformedTargetRegressor(Ridge()).fit(x, values),
        "plain_function": FunctionTransformer().fit(x),
    }
    for name, model in models.items():
        dump(out, name, model, protocols=(0, 2, 3, 4, 5))
        joblib.dump(model, os.path.join(out, f"{name}.joblib"))


def joblib_compressions(out):
    import joblib, numpy as np
    from sklearn.ensemble import RandomForestClassifier
    x, labels, _ = table()
    model = RandomForestClassifier(n_estimators=4).fit(x, labels)
    arrays = {"f4": np.ones((200, 30), "f4"), "big": np.arange(30000), "names": np.array(["a", None, 3], dtype=object),
              "fortran": np.asfortranarray(np.ones((20, 30))), "when": np.array(["2024-01-01"], dtype="M8[D]"),
              "text": np.array(["α", "b"]), "record": np.zeros(4, dtype=[("a", "i4"), ("b", "f8", (2,))]), "empty": np.array([])}
    for method in (0, 3, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)):
        word = "-".join(map(str, method)) if isinstance(method, tuple) else str(method)
        joblib.dump(model, os.path.join(out, f"model.{word}.joblib"), compress=method)
        joblib.dump(arrays, os.path.join(out, f"arrays.{word}.joblib"), compress=method)


def numpy_arrays(out):
    import numpy as np
    # Written by old releases, some of them on Python 2.
    old = os.path.join(os.path.dirname(np.__file__), "lib", "tests", "data")
    for name in os.listdir(old):
        if name.endswith((".npy", ".npz")):
            shutil.copy(os.path.join(old, name), os.path.join(out, f"old_{name}"))
    arrays = {kind: np.arange(50).astype(kind) for kind in ("f2", "f4", "f8", "i1", "u8", "c8", "?", ">f4", "U3", "S4")}
    for name, array in arrays.items():
        np.save(os.path.join(out, f"{name.strip('?>')}{len(name)}.npy"), array)
    np.savez(os.path.join(out, "many.npz"), **{f"a{n}": array for n, array in enumerate(arrays.values())})
    np.savez_compressed(os.path.join(out, "packed.npz"), **{f"a{n}": array for n, array in enumerate(arrays.values())})
    dump(out, "arrays", list(arrays.values()) + [np.float32(1), np.ma.array([1, 2], mask=[0, 1]), np.datetime64("2024-01-01"),
                                                 np.random.RandomState(3), np.random.default_rng(3)], protocols=(2, 3, 4, 5))


def pandas_frames(out):
    import numpy as np, pandas as pd
    frame = pd.DataFrame({"a": [1, 2], "t": ["x", "y"], "c": pd.Categorical(["u", "v"]), "i": pd.array([1, None], dtype="Int64"),
                          "when": pd.to_datetime(["2024-01-01", "2024-01-02"]), "zone": pd.date_range("2024", periods=2, tz="UTC"),
                          "span": pd.to_timedelta([1, 2], "D"), "period": pd.period_range("2024", periods=2, freq="D"),
                          "interval": pd.interval_range(0, 2), "s": pd.array([1.5, 0], dtype=pd.SparseDtype(float))})
    dump(out, "frame", frame, protocols=(2, 4, 5))
    dump(out, "series", frame["c"], protocols=(4,))
    dump(out, "index", [pd.MultiIndex.from_product([[1, 2], list("ab")]), pd.RangeIndex(4), pd.Timestamp("2024", tz="UTC"),
                        pd.Timedelta("1D"), pd.NaT, pd.NA, pd.Interval(0, 1), np.nan], protocols=(4,))
    frame[["a", "t"]].to_pickle(os.path.join(out, "frame.pkl.gz"))
    frame[["a", "t"]].to_pickle(os.path.join(out, "frame.pkl.xz"))


def scipy_objects(out):
    import scipy.interpolate, scipy.sparse, scipy.spatial, scipy.stats
    x, _, values = table()
    dump(out, "scipy", [scipy.sparse.csr_matrix(x), scipy.sparse.coo_array(x), scipy.spatial.KDTree(x), scipy.spatial.cKDTree(x),
                        scipy.stats.norm(0, 1), scipy.interpolate.interp1d(range(80), values), scipy.stats.gaussian_kde(values)])
    scipy.sparse.save_npz(os.path.join(out, "sparse.npz"), scipy.sparse.csr_matrix(x))


def xgboost(out):
    import joblib, xgboost as xgb
    x, labels, values = table()
    classifier = xgb.XGBClassifier(n_estimators=3, n_jobs=1).fit(x, labels)
    regressor = xgb.XGBRegressor(n_estimators=3, n_jobs=1, booster="gblinear").fit(x, values)
    ranker = xgb.XGBRanker(n_estimators=2, n_jobs=1).fit(x, labels, group=[40, 40])
    booster = xgb.train({"max_depth": 2, "nthread": 1}, xgb.DMatrix(x, values, feature_names=list("abcde")), 3)
    for suffix in ("json", "ubj"):
        booster.save_model(os.path.join(out, f"booster.{suffix}"))
        classifier.save_model(os.path.join(out, f"classifier.{suffix}"))
    with open(os.path.join(out, "raw.deprecated.model"), "wb") as file:
        file.write(booster.save_raw("ubj"))
    dump(out, "booster", booster)
    dump(out, "classifier", classifier, protocols=(0, 2, 4, 5))
    dump(out, "regressor", regressor)
    dump(out, "ranker", ranker)
    joblib.dump(classifier, os.path.join(out, "classifier.joblib"))


def lightgbm(out):
    import joblib, lightgbm as lgb
    x, labels, values = table()
    classifier = lgb.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(x, labels)
    regressor = lgb.LGBMRegressor(n_estimators=3, n_jobs=1, verbose=-1).fit(x, values)
    classifier.booster_.save_model(os.path.join(out, "model.txt"))
    with open(os.path.join(out, "model.json"), "w") as file:
        json.dump(classifier.booster_.dump_model(), file)
    dump(out, "classifier", classifier, protocols=(0, 2, 4, 5))
    dump(out, "regressor", regressor)
    dump(out, "booster", classifier.booster_)
    joblib.dump(classifier, os.path.join(out, "classifier.joblib"), compress=3)


def catboost(out):
    import catboost
    x, labels, values = table()
    model = catboost.CatBoostClassifier(iterations=3, thread_count=1, verbose=0, allow_writing_files=False).fit(x, labels)
    for kind in ("cbm", "json", "onnx", "pmml", "cpp", "python", "coreml"):
        try:
            model.save_model(os.path.join(out, f"model.{'py' if kind == 'python' else kind}"), format=kind)
        except catboost.CatBoostError:
            pass
    dump(out, "classifier", model)


def onnx_models(out):
    """The models that the package brings, those that its tests make, and converted ones."""
    import numpy as np, onnx
    from onnx import helper, numpy_helper
    from onnx.backend.test.loader import load_model_tests
    written = set()
    for kind in ("node", "simple", "pytorch-converted", "pytorch-operator"):
        for case in load_model_tests(kind=kind):
            if case.model_dir and os.path.exists(source := os.path.join(case.model_dir, "model.onnx")):
                shutil.copy(source, os.path.join(out, f"{case.name}.onnx"))
                written.add(case.name)
                # Inputs and outputs to try the model with lie beside it.
                if os.path.isdir(values := os.path.join(case.model_dir, "test_data_set_0")):
                    shutil.copytree(values, os.path.join(out, case.name), dirs_exist_ok=True)
    try:
        from onnx.backend.test.case.node import collect_testcases
        for case in collect_testcases(None):
            onnx.save(case.model, os.path.join(out, f"{case.name}.onnx"))
            written.add(case.name)
    except ImportError:
        pass
    if len(written) < 400:
        raise RuntimeError(f"only {len(written)} models")
    weights = numpy_helper.from_array(np.ones((64, 64), "f4"), "w")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
                              [helper.make_tensor_value_info("x", 1, [1, 64])],
                              [helper.make_tensor_value_info("y", 1, [1, 64])], [weights])
    onnx.save(helper.make_model(graph), os.path.join(out, "external.onnx"), save_as_external_data=True,
              location="external.onnx.data", size_threshold=0)
    onnx.save(helper.make_model(graph), os.path.join(out, "text.onnxtxt"))


def onnx_converted(out):
    import lightgbm, onnx, onnxmltools, skl2onnx, xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    x, labels, values = table()
    x = x.astype("f4")
    for name, model in (("forest", RandomForestClassifier(n_estimators=3)), ("logistic", LogisticRegression())):
        onnx.save(skl2onnx.to_onnx(model.fit(x, labels), x), os.path.join(out, f"{name}.onnx"))
    shape = [("x", FloatTensorType([None, 5]))]
    onnx.save(onnxmltools.convert_lightgbm(lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(x, values), initial_types=shape),
              os.path.join(out, "lightgbm.onnx"))


def gguf_files(out):
    import gguf, numpy as np
    for name, endian in (("little", gguf.GGUFEndian.LITTLE), ("big", gguf.GGUFEndian.BIG)):
        writer = gguf.GGUFWriter(os.path.join(out, f"{name}.gguf"), "llama", endianess=endian)
        writer.add_block_count(1)
        writer.add_context_length(128)
        writer.add_description("words such as os.system('x') in a description")
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list(["a", "b", "__import__", "eval("])
        writer.add_token_scores([0.0, 1.0, 2.0, 3.0])
        writer.add_token_types([1, 1, 1, 1])
        writer.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m['content'] | trim }}\n{% endfor %}"
                                 "{% if add_generation_prompt %}assistant:{% endif %}")
        writer.add_tensor("token_embd.weight", np.ones((4, 32), "f4"))
        writer.add_tensor("blk.0.attn_q.weight", np.ones((32, 32), "f2"))
        writer.add_tensor("blk.0.ffn_up.weight", gguf.quants.quantize(np.ones((32, 32), "f4"), gguf.GGMLQuantizationType.Q8_0),
                          raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def safetensors_files(out):
    import numpy as np
    from safetensors.numpy import save_file
    save_file({"w": np.ones((8, 8), "f4"), "b": np.zeros(0, "f2"), "s": np.array(1.0)}, os.path.join(out, "model.safetensors"),
              metadata={"format": "np", "note": "https://example.org/?q=eval(1)"})
    for number in (1, 2):
        save_file({f"w{number}": np.ones(4)}, os.path.join(out, f"model-0000{number}-of-00002.safetensors"))
    with open(os.path.join(out, "model.safetensors.index.json"), "w") as file:
        json.dump({"metadata": {"total_size": 64}, "weight_map": {f"w{n}": f"model-0000{n}-of-00002.safetensors" for n in (1, 2)}}, file)


def skops_files(out):
    import skops.io
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    x, labels, _ = table()
    for name, model in (("forest", RandomForestClassifier(n_estimators=3)), ("boosted", GradientBoostingClassifier(n_estimators=3)),
                        ("scaled", make_pipeline(StandardScaler()))):
        skops.io.dump(model.fit(x, labels), os.path.join(out, f"{name}.skops"))
    skops.io.dump(make_pipeline(StandardScaler()).fit(x), os.path.join(out, "packed.skops"), compression=zipfile.ZIP_DEFLATED)


def keras_models(out):
    import keras, numpy as np
    layers = keras.layers
    models = {
        "dense": keras.Sequential([keras.Input((8,)), layers.Dense(4, activation="relu", kernel_regularizer="l2"), layers.Dense(1)]),
        "image": keras.Sequential([keras.Input((16, 16, 3)), layers.RandomFlip(), layers.Rescaling(1 / 255), layers.Conv2D(4, 3),
                                   layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.5),
                                   layers.Dense(2, activation="softmax")]),
        "text": keras.Sequential([keras.Input((10,)), layers.Embedding(50, 8), layers.Bidirectional(layers.LSTM(4)),
                                  layers.Dense(1, activation="sigmoid")]),
    }
    first = keras.Input((6,), name="first")
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, activation="gelu")], name="inner")
    joined = layers.Concatenate()([inner(first), layers.Normalization()(first)])
    attended = layers.MultiHeadAttention(2, 3)(layers.Reshape((2, 6))(joined), layers.Reshape((2, 6))(joined))
    models["functional"] = keras.Model(first, layers.GlobalAveragePooling1D()(attended))
    for name, model in models.items():
        model.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
                      loss="mse", metrics=["mae", keras.metrics.RootMeanSquaredError()])
        model.save(os.path.join(out, f"{name}.keras"))
        model.save(os.path.join(out, f"{name}.h5"))
        model.save_weights(os.path.join(out, f"{name}.weights.h5"))
        with open(os.path.join(out, f"{name}.json"), "w") as file:
            file.write(model.to_json())


def hdf5_files(out):
    import h5py, numpy as np
    for name, options in (("plain", {}), ("latest", {"libver": "latest"}), ("block", {"userblock_size": 512})):
        with h5py.File(os.path.join(out, f"{name}.h5"), "w", **options) as file:
            group = file.create_group("layer/dense")
            group.create_dataset("kernel", data=np.ones((20, 20), "f4"), chunks=(5, 5), compression="gzip", shuffle=True)
            group.create_dataset("bias", data=np.zeros(20), fletcher32=True)
            group.create_dataset("grows", data=np.zeros(20), maxshape=(None,))
            file["names"] = np.array(["a", "bc"], dtype=h5py.string_dtype())
            file["small"] = 3
            file["soft"] = h5py.SoftLink("/layer/dense/bias")
            file.attrs["backend"] = "numpy"
            for number in range(40):
                group.attrs[f"a{number}"] = "x" * number


def msgpack_files(out):
    """As flax.serialization writes parameters: an ndarray is an extension of type 1."""
    import msgpack, numpy as np

    def packed(value):
        if isinstance(value, np.ndarray):
            return msgpack.ExtType(1, msgpack.packb((value.shape, value.dtype.name, value.tobytes()), use_bin_type=True))
        raise TypeError
    tree = {"params": {"Dense_0": {"kernel": np.ones((8, 4), "f4"), "bias": np.zeros(4, "f4")}, "scale": np.array(1, "f4")}}
    with open(os.path.join(out, "flax_model.msgpack"), "wb") as file:
        file.write(msgpack.packb(tree, default=packed, strict_types=True))


def tflite_files(out):
    """A model of one fully connected layer, by the schema's own builders."""
    import flatbuffers, tflite
    builder = flatbuffers.Builder(1024)
    text = builder.CreateString
    names = [text("x"), text("w"), text("y")]
    data = builder.CreateByteVector(struct.pack("<16f", *range(16)))

    def vector(start, offsets):
        start(builder, len(offsets))
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()

    def ints(start, values):
        start(builder, len(values))
        for value in reversed(values):
            builder.PrependInt32(value)
        return builder.EndVector()
    buffers = []
    for content in (None, data):
        tflite.BufferStart(builder)
        if content is not None:
            tflite.BufferAddData(builder, content)
        buffers.append(tflite.BufferEnd(builder))
    shapes = [ints(tflite.TensorStartShapeVector, shape) for shape in ([1, 4], [4, 4], [1, 4])]
    tensors = []
    for number, (name, shape) in enumerate(zip(names, shapes)):
        tflite.TensorStart(builder)
        tflite.TensorAddShape(builder, shape)
        tflite.TensorAddType(builder, tflite.TensorType.FLOAT32)
        tflite.TensorAddBuffer(builder, 1 if number == 1 else 0)
        tflite.TensorAddName(builder, name)
        tensors.append(tflite.TensorEnd(builder))
    inputs, outputs = ints(tflite.OperatorStartInputsVector, [0, 1, -1]), ints(tflite.OperatorStartOutputsVector, [2])
    tflite.FullyConnectedOptionsStart(builder)
    options = tflite.FullyConnectedOptionsEnd(builder)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, 0)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    tflite.OperatorAddBuiltinOptionsType(builder, tflite.BuiltinOptions.FullyConnectedOptions)
    tflite.OperatorAddBuiltinOptions(builder, options)
    operators = vector(tflite.SubGraphStartOperatorsVector, [tflite.OperatorEnd(builder)])
    tensors = vector(tflite.SubGraphStartTensorsVector, tensors)
    inputs, outputs = ints(tflite.SubGraphStartInputsVector, [0]), ints(tflite.SubGraphStartOutputsVector, [2])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, operators)
    graphs = vector(tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(builder)])
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, tflite.BuiltinOperator.FULLY_CONNECTED)
    tflite.OperatorCodeAddBuiltinCode(builder, tflite.BuiltinOperator.FULLY_CONNECTED)
    codes = vector(tflite.ModelStartOperatorCodesVector, [tflite.OperatorCodeEnd(builder)])
    buffers = vector(tflite.ModelStartBuffersVector, buffers)
    words = text("a test model")
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddDescription(builder, words)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    with open(os.path.join(out, "model.tflite"), "wb") as file:
        file.write(builder.Output())


def archives(out):
    """What people put models into."""
    import joblib
    from sklearn.linear_model import Ridge
    x, _, values = table()
    model = io.BytesIO()
    joblib.dump(Ridge().fit(x, values), model)
    for mode in ("w:", "w:gz", "w:bz2", "w:xz"):
        with tarfile.open(os.path.join(out, f"model.tar{mode[1:].replace(':', '.').rstrip('.')}"), mode) as tar:
            member = tarfile.TarInfo("model/model.joblib")
            member.size = len(model.getvalue())
            tar.addfile(member, io.BytesIO(model.getvalue()))
    with zipfile.ZipFile(os.path.join(out, "model.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/model.joblib", model.getvalue())
        archive.writestr("model/README.md", "# A model\n")
    with gzip.open(os.path.join(out, "model.pkl.gz"), "wb") as packed:
        pickle.dump(Ridge().fit(x, values), packed)


KINDS = (scikit_learn, scikit_learn_composed, joblib_compressions, numpy_arrays, pandas_frames, scipy_objects, xgboost, lightgbm,
         catboost, onnx_models, onnx_converted, gguf_files, safetensors_files, skops_files, keras_models, hdf5_files, msgpack_files,
         tflite_files, archives)

if __name__ == "__main__":
    kinds.write(KINDS)

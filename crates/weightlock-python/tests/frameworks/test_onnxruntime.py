"""ONNX Runtime on verified bytes: a model in one file, and one with weights in a second file."""

from __future__ import annotations

import gc
import inspect
import os
from pathlib import Path
from typing import Any

from frameworks.libraries import SIGNER, Attacked, needs

needs("onnx", "onnxruntime", "numpy")

import numpy  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import weightlock  # noqa: E402
from weightlock.onnxruntime import InferenceSession  # noqa: E402


class Models(Attacked):
    def setUp(self) -> None:
        super().setUp()
        self.place = self.folder / "onnx"
        self.place.mkdir()
        self.weight = numpy.arange(4096, dtype=numpy.float32).reshape(64, 64)
        self.write("model.onnx", external=False)
        self.write("big.onnx", external=True)
        self.sign(self.place)
        self.given = {"x": numpy.eye(64, dtype=numpy.float32)}

    def write(self, name: str, *, external: bool, location: str | None = None) -> None:
        sizes = [64, 64]
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, sizes)],
            [numpy_helper.from_array(self.weight, "w")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        beside = location or f"{name}.data"
        onnx.save(model, self.place / name, save_as_external_data=external, location=beside, size_threshold=0)

    def runs(self, session: Any) -> None:
        numpy.testing.assert_array_equal(session.run(None, self.given)[0], self.weight)


class Onnx(Models):
    """Without a module of ours."""

    def test_a_model_in_one_file_is_given_as_bytes(self) -> None:
        file = self.place / "model.onnx"
        with weightlock.guarded(file, key=self.key) as model:
            content = bytes(memoryview(model.buffer("model.onnx")))
        session = onnxruntime.InferenceSession(content)
        for change in self.changes(file):
            change()
            self.runs(session)

    def test_a_model_in_one_file_is_given_as_a_path(self) -> None:
        with weightlock.verified(self.place, key=self.key) as path:
            session = onnxruntime.InferenceSession(Path(path, "model.onnx"))
            for file in self.place.iterdir():
                file.write_bytes(b"changed")
            self.runs(session)
        self.runs(session)

    def test_weights_of_a_second_file_are_given_from_memory(self) -> None:
        with weightlock.guarded(self.place, key=self.key) as model:
            for file in self.place.iterdir():
                file.write_bytes(b"changed")
            options = onnxruntime.SessionOptions()
            weights = model.buffer("big.onnx.data")
            options.add_external_initializers_from_files_in_memory(["big.onnx.data"], [weights], [len(weights)])
            content = bytes(memoryview(model.buffer("big.onnx")))
        self.runs(onnxruntime.InferenceSession(content, options))

    def test_weights_of_a_second_file_are_not_read_by_their_path(self) -> None:
        # The runtime wants to know where links end. It refuses; should it read one day, then what was verified.
        with weightlock.verified(self.place, key=self.key) as path:
            for file in self.place.iterdir():
                file.write_bytes(b"changed")
            with self.assertRaisesRegex(Exception, "External data path validation failed"):
                onnxruntime.InferenceSession(Path(path, "big.onnx"))

    def test_a_tampered_twin_is_refused(self) -> None:
        for name in ("model.onnx", "big.onnx.data"):
            content = (self.place / name).read_bytes()
            (self.place / name).write_bytes(content[:-1] + b"\xff")
            self.is_refused("WL-SIG-TAMPERED", lambda: weightlock.verified(self.place, key=self.key))
            (self.place / name).write_bytes(content)


class Session(Models):
    """``weightlock.onnxruntime.InferenceSession``, beside the original."""

    def named(self, location: str) -> None:
        """A signed model that takes its weights from this place, whatever is there."""
        self.write("named.onnx", external=True)
        model = onnx.load(self.place / "named.onnx", load_external_data=False)
        for entry in model.graph.initializer[0].external_data:
            if entry.key == "location":
                entry.value = location
        (self.place / "named.onnx").write_bytes(model.SerializeToString())
        self.sign(self.place, replace=True)

    def test_its_arguments_are_those_of_the_original_and_a_signer(self) -> None:
        ours, theirs = (inspect.signature(one.__init__).parameters for one in (InferenceSession, onnxruntime.InferenceSession))
        self.assertEqual([name for name in ours if name not in SIGNER], list(theirs))
        self.assertTrue(all(ours[name].kind is inspect.Parameter.KEYWORD_ONLY for name in SIGNER))

    def test_weights_in_the_file_and_beside_it(self) -> None:
        for name in ("model.onnx", "big.onnx"):
            with self.subTest(name):
                session = InferenceSession(self.place / name, key=self.key)
                self.assertIsInstance(session, onnxruntime.InferenceSession)
                content = {file: file.read_bytes() for file in self.place.iterdir()}
                for change in self.changes(self.place / name) + self.changes(self.place / "big.onnx.data"):
                    change()
                    gc.collect()
                    self.runs(session)
                # The session is made again, from what was verified.
                session.set_providers(["CPUExecutionProvider"])
                self.runs(session)
                for file, whole in content.items():
                    file.write_bytes(whole)

    def test_only_what_the_model_takes_is_read(self) -> None:
        (self.place / "other.bin").write_bytes(bytes(1 << 20))
        self.sign(self.place, replace=True)
        (self.place / "other.bin").write_bytes(b"changed")
        self.runs(InferenceSession(self.place / "big.onnx", key=self.key))

    def test_a_model_in_a_folder_of_the_signed_one(self) -> None:
        (self.place / "inner").mkdir()
        self.place = self.place / "inner"
        self.write("deep.onnx", external=True, location="deep {1} [x]*.bin")
        self.sign(self.place.parent, replace=True)
        self.runs(InferenceSession(self.place / "deep.onnx", key=self.key))

    def test_a_model_in_a_sealed_view(self) -> None:
        with weightlock.verified(self.place, key=self.key) as path:
            for file in self.place.iterdir():
                file.write_bytes(b"changed")
            session = InferenceSession(Path(path, "big.onnx"))
        self.runs(session)

    def test_options_that_hold_weights_are_used_once(self) -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        for name in ("model.onnx", "model.onnx", "big.onnx"):
            session = InferenceSession(self.place / name, options, ["CPUExecutionProvider"], key=self.key)
            self.runs(session)
        del session
        gc.collect()
        for name in ("model.onnx", "big.onnx"):
            with self.assertRaisesRegex(ValueError, "weights of another model"):
                InferenceSession(self.place / name, options, key=self.key)

    def test_tampered_twins_and_missing_signers_are_refused(self) -> None:
        for name in ("big.onnx", "big.onnx.data"):
            content = (self.place / name).read_bytes()
            (self.place / name).write_bytes(content[:-1] + b"\xff")
            self.is_refused("WL-SIG-TAMPERED", lambda: InferenceSession(self.place / "big.onnx", key=self.key))
            (self.place / name).write_bytes(content)
        self.is_refused("WL-CLI-NO-TRUST", lambda: InferenceSession(self.place / "big.onnx"))
        with self.assertRaises(TypeError):
            InferenceSession(content, key=self.key)
        with weightlock.trust(key=self.key):
            self.runs(InferenceSession(self.place / "big.onnx"))

    def test_weights_that_the_signature_does_not_cover_are_refused(self) -> None:
        (self.folder / "outside.data").write_bytes((self.place / "big.onnx.data").read_bytes())
        for location in ("../outside.data", str(self.folder / "outside.data"), "nowhere.data"):
            self.named(location)
            self.is_refused("WL-SIG-UNSIGNED", lambda: InferenceSession(self.place / "named.onnx", key=self.key))
        # The signature of one file says nothing about another one beside it.
        alone = self.folder / "alone"
        alone.mkdir()
        for name in ("big.onnx", "big.onnx.data"):
            (alone / name).write_bytes((self.place / name).read_bytes())
        self.sign(alone / "big.onnx")
        self.is_refused("WL-SIG-UNSIGNED", lambda: InferenceSession(alone / "big.onnx", key=self.key))

    def test_the_runtime_opens_no_file_by_itself(self) -> None:
        # What the reader of the model would have missed is not taken from the folder of the process either, as the original
        # would take it.
        before = weightlock._native.onnx_locations
        self.addCleanup(setattr, weightlock._native, "onnx_locations", before)
        weightlock._native.onnx_locations = lambda buffer: []
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.place)
        self.runs(onnxruntime.InferenceSession((self.place / "big.onnx").read_bytes()))
        with self.assertRaisesRegex(Exception, "External data path does not exist"):
            InferenceSession(self.place / "big.onnx", key=self.key)

    def test_a_model_that_is_replaced_between_both_looks_is_refused(self) -> None:
        before = weightlock._native.onnx_locations
        self.addCleanup(setattr, weightlock._native, "onnx_locations", before)

        def replaced(buffer: Any) -> list[str]:
            found = before(buffer)
            weightlock._native.onnx_locations = before
            self.write("big.onnx", external=True, location="second.data")
            self.sign(self.place, replace=True)
            return found

        weightlock._native.onnx_locations = replaced
        self.is_refused("WL-SIG-UNSIGNED", lambda: InferenceSession(self.place / "big.onnx", key=self.key))
        self.runs(InferenceSession(self.place / "big.onnx", key=self.key))

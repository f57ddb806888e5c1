"""What a wheel defines: its Python sources, and the names that Cython left in its compiled modules."""

import re
import zipfile

# Packages whose plain classes may be built. Of the others, only the dangerous names are told.
LIBRARIES = set(
    "accelerate catboost diffusers fastai flair flax gensim imblearn jax joblib keras lightgbm lightning lightning_fabric"
    " nltk numpy omegaconf optax pandas peft pytorch_lightning scipy sentence_transformers sklearn skops spacy statsmodels"
    " tensorflow tf_keras thinc timm torch torchmetrics torchvision transformers ultralytics xgboost".split()
)
# Smaller packages, which share a table.
MORE = set(
    "autograd autograd_gamma category_encoders cmdstanpy feature_engine formulaic gpytorch gymnasium hmmlearn implicit"
    " interface_meta interpret lifelines linear_operator mapie networkx patsy pmdarima polars prophet pycrfsuite"
    " pynndescent pyod pytorch_forecasting river shap skbase sklearn_crfsuite sktime slicer stable_baselines3 stanio"
    " surprise tslearn umap".split()
)
LIBRARIES |= MORE
TOOLS = set(
    "IPython cloudpickle datasets dill fsspec huggingface_hub hydra jinja2 mlflow numba onnx onnxruntime pip"
    " pkg_resources pytest _pytest requests safetensors setuptools yaml functorch torchgen _distutils_hack".split()
)
# Parts of paths whose modules are no part of a model: their names stay unlisted.
SKIPPED = {
    "_generated", "_test_common", "_tests", "_tf_keras", "benchmarks", "conftest", "site-packages", "test", "tests",
}
SKIPPED_IN = {"torch": {"testing", "onnx"}, "tensorflow": {"_api"}}


def module_name(path):
    """(dotted name, whether a package) of a source file's path."""
    parts = path[: -len(".py")].split("/")
    package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if package else parts), package


def wanted(name, root):
    return not name.endswith("_test") and not set(name.split(".")) & (SKIPPED | SKIPPED_IN.get(root, set()))


def wheel(universe, file):
    """Adds the modules of one wheel."""
    with zipfile.ZipFile(file) as archive:
        for path in archive.namelist():
            root = path.split("/")[0].removesuffix(".py")
            if path.endswith(".py") and root in LIBRARIES | TOOLS:
                name, package = module_name(path)
                if wanted(name, root) and all(part.isidentifier() for part in name.split(".")):
                    universe.add(name, package, archive.read(path))


def compiled(file):
    """Classes and rebuilding functions of the compiled modules of a wheel: `(module, name, kind)`.

    Cython keeps the full name of each class and of each function that its pickles call as a text of the file.
    """
    with zipfile.ZipFile(file) as archive:
        for path in archive.namelist():
            root = path.split("/")[0]
            if not path.endswith((".so", ".pyd")) or root not in LIBRARIES or not wanted(path.replace("/", "."), root):
                continue
            module = path.split(".")[0].replace("/", ".")
            content = archive.read(path)
            if b"__pyx_" not in content:
                continue
            for name in set(re.findall(rb"\0(__pyx_unpickle_[A-Za-z_]\w*)(?<!__set_state)\0", content)):
                yield module, name.decode(), "F"
            # Cython's own helper classes, its enumerations of memory views, are in every module.
            for name in set(re.findall(rb"\0" + re.escape(module.encode()) + rb"\.([A-Z]\w*|_[A-Z]\w*)\0", content)):
                yield module, name.decode(), "C"

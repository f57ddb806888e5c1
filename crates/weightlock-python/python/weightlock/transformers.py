"""``from_pretrained`` of transformers, with a model that was verified: weights, configuration, tokenizer and code.

>>> import weightlock.transformers
>>> model = weightlock.transformers.from_pretrained("AutoModel", "model", key="release.pub")

The class gets the folder of the sealed view, offline. Whatever it reads of the model are the verified bytes: also code that
comes with it (``trust_remote_code=True``), which is imported from sealed memory instead of the cache that the library copies
it to. While it loads, a model cannot send it elsewhere: base models of adapters and code of other repositories, which a
configuration can name, are refused. Load those by a call of their own.

Several parts of one model are read once with :func:`sealed`:

>>> with weightlock.transformers.sealed("model", key="release.pub") as path:
...     model, tokenizer = AutoModel.from_pretrained(path), AutoTokenizer.from_pretrained(path)

Rejected: wrappers of every function that reads a file. The library has dozens, and more in each release.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import contextlib
import contextvars
import os
import threading
import weakref

import huggingface_hub.constants
import transformers
import transformers.dynamic_module_utils
import transformers.generation.utils
import transformers.utils.hub

from weightlock import _code, _errors, _pickle, _views, hf
from weightlock._load import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from weightlock._native import Guarded

    Path = str | os.PathLike[str]

__all__ = ["from_pretrained", "sealed"]

#: What was refused in the guarded load that this thread is in. The library hides or drops exceptions: they are raised again.
_LOADING: contextvars.ContextVar[list[BaseException] | None] = contextvars.ContextVar("weightlock.loading", default=None)

#: Guards what follows.
_LOCK = threading.Lock()
_OFFLINE = {"loads": 0, "before": False}


def from_pretrained(
    cls: Any,
    path: Path,
    *arguments: Any,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
    revision: str | None = None,
    cache_dir: Path | None = None,
    **options: Any,
) -> Any:
    """Verifies a model and gives what ``cls.from_pretrained`` makes of it. ``cls`` is a class, or the name of one.

    ``path`` is a folder, or the name of a repository that is in the hub's cache: nothing is fetched. The sealed view is
    closed when a model was loaded; it stays with what may read from it later, such as weights that are left on disk.

    Raises :class:`weightlock.VerificationError`, or what the class raises.
    """
    if isinstance(cls, str):
        cls = getattr(transformers, cls)
    if options.get("weights_only", True) is not True:
        raise ValueError("weights_only=False lets a file run code; weightlock never loads that way")
    model = _open(
        path,
        revision,
        cache_dir,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
        signature=signature,
    )
    try:
        with _guarded():
            loaded = cls.from_pretrained(model.path, *arguments, local_files_only=True, **options)
    except BaseException:
        model.close()
        raise
    _let_go(model, loaded[0] if isinstance(loaded, tuple) else loaded)
    return loaded


@contextlib.contextmanager
def sealed(
    path: Path,
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
    revision: str | None = None,
    cache_dir: Path | None = None,
) -> Iterator[str]:
    """The folder of a sealed view, for classes that have a way of their own to load. The context is that of one load."""
    trusted = {
        "key": key,
        "certificate_chain": certificate_chain,
        "identity": identity,
        "identity_provider": identity_provider,
        "trusted_root": trusted_root,
        "signature": signature,
    }
    with _open(path, revision, cache_dir, **trusted) as model, _guarded():
        yield model.path


def _open(path: Path, revision: str | None, cache_dir: Path | None, **trusted: Any) -> Guarded:
    name = os.fspath(path)
    if os.path.isdir(name) or not hf.is_repository(name):
        return guarded(path, **trusted)
    return hf.guarded(name, revision=revision, cache_dir=cache_dir, **trusted)


def _let_go(model: Guarded, loaded: Any) -> None:
    """Closes the view now, or with what was loaded."""
    is_module = any(cls.__module__.startswith("torch.nn.") and cls.__name__ == "Module" for cls in type(loaded).__mro__)
    if is_module and "disk" not in (getattr(loaded, "hf_device_map", None) or {}).values():
        model.close()
        return
    try:
        weakref.finalize(loaded, model.close)
    except TypeError:
        model.close()


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """One load: offline, and nothing but the model."""
    refused: list[BaseException] = []
    token = _LOADING.set(refused)
    with _LOCK:
        if _OFFLINE["loads"] == 0:
            _OFFLINE["before"] = huggingface_hub.constants.HF_HUB_OFFLINE
        _OFFLINE["loads"] += 1
        huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        with _pickle.Loading():
            yield
    finally:
        _LOADING.reset(token)
        with _LOCK:
            _OFFLINE["loads"] -= 1
            if _OFFLINE["loads"] == 0:
                huggingface_hub.constants.HF_HUB_OFFLINE = _OFFLINE["before"]
        if refused:
            raise refused[0] from None


def _refuse_elsewhere(path: Any) -> None:
    """While a guarded model is loaded, everything comes from a sealed view."""
    refused = _LOADING.get()
    if refused is not None and _views.inside(str(path)) is None:
        what = f"the model asks for {path}, which is not part of it"
        why = "no signature was checked for what lies there: configuration or code of it could be anybody's"
        then = "put it into the model and sign that, or load it by a call of its own"
        refused.append(_errors.refusal(str(path), [("WL-SIG-UNSIGNED", what, None, why, then, None)]))
        raise refused[-1]


def _wrap() -> None:
    """Puts our functions where the library looks for files and code of a model. Once; other paths go through."""
    hub, dynamic, generation = transformers.utils.hub, transformers.dynamic_module_utils, transformers.generation.utils
    with _LOCK:
        if hub.cached_files is not _cached_files:
            _THEIRS["cached_files"], hub.cached_files = hub.cached_files, _cached_files
        if dynamic.get_cached_module_file is not _module_file:
            _THEIRS["module_file"], _THEIRS["class"] = dynamic.get_cached_module_file, dynamic.get_class_in_module
            # By name in both: each has its own reference.
            for place in (dynamic, generation):
                if place.get_cached_module_file is not _THEIRS["module_file"]:
                    raise ImportError(f"{place.__name__} has another get_cached_module_file")
                place.get_cached_module_file, place.get_class_in_module = _module_file, _class_in_module


#: The library's own functions.
_THEIRS: dict[str, Any] = {}


def _cached_files(path_or_repo_id: Any, *arguments: Any, **options: Any) -> Any:
    _refuse_elsewhere(path_or_repo_id)
    return _THEIRS["cached_files"](path_or_repo_id, *arguments, **options)


def _module_file(pretrained_model_name_or_path: Any, module_file: str, *arguments: Any, **options: Any) -> str:
    """The name of a module file, for :func:`_class_in_module`: in a sealed view one of ours."""
    _refuse_elsewhere(pretrained_model_name_or_path)
    model = _views.inside(str(pretrained_model_name_or_path))
    if model is None:
        return _THEIRS["module_file"](pretrained_model_name_or_path, module_file, *arguments, **options)
    folder = os.path.relpath(os.path.abspath(str(pretrained_model_name_or_path)), model.path)
    file = os.path.normpath(os.path.join(folder, module_file))
    code = _code.sources(model)
    if file not in code.files:
        raise OSError(f"{pretrained_model_name_or_path} does not appear to have a file named {module_file}.")
    return os.path.join(_code.PACKAGE, code.package, file)


def _class_in_module(class_name: str, module_path: Any, *, force_reload: bool = False) -> Any:
    words = os.fspath(module_path).split(os.sep, 2)
    if words[0] != _code.PACKAGE:
        return _THEIRS["class"](class_name, module_path, force_reload=force_reload)
    return getattr(_code.import_module(_code.known(words[1]), words[2]), class_name)


# When this module is imported, so that code in every sealed view is treated alike, whoever made it.
_wrap()

"""ONNX Runtime on models that were verified, with their weights in other files.

>>> import weightlock.onnxruntime
>>> session = weightlock.onnxruntime.InferenceSession("model/model.onnx", key="release.pub")

The runtime opens the files that a model names by itself, next to the model, and refuses those of a sealed view, because its
links lead out of the folder. So model and weights are given to it from sealed memory: what the model names is verified and
read in the same act as the model, and nothing else is there for it to open.

Rejected: weights as initializers, one by one. They would be copied, and have to be found in the graph by a second reader.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import os
import posixpath
import weakref

import onnxruntime

from weightlock import _errors, _files, _load, _native, _views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Path = str | os.PathLike[str]

__all__ = ["InferenceSession"]

#: Where the runtime looks for files of a model that it got as bytes. Without it, in the folder that the process is in.
FOLDER = "session.model_external_initializers_file_folder_path"

#: A folder that never is: a name below a file.
NOWHERE = "/dev/null/weightlock"

#: The weights that options have pointers to. Options outlive sessions, and are known here once they were used.
_KEPT: weakref.WeakKeyDictionary[Any, list[_native.Buffer]] = weakref.WeakKeyDictionary()

_Original: Any = onnxruntime.InferenceSession


class InferenceSession(_Original):
    """As ``onnxruntime.InferenceSession``, with whose signature counts: the arguments of :func:`weightlock.guarded`.

    ``path_or_bytes`` must be a path: bytes cannot be verified. The file is verified by its own signature, or by that of a
    folder that it lies in, and so are the files that it takes weights from. ``sess_options`` is given the weights, and
    cannot be used for another model then. Raises :class:`weightlock.VerificationError`, or what the original raises.
    """

    def __init__(
        self,
        path_or_bytes: Path,
        sess_options: Any = None,
        providers: Sequence[Any] | None = None,
        provider_options: Sequence[dict[Any, Any]] | None = None,
        *,
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        identity: str | None = None,
        identity_provider: str | None = None,
        trusted_root: Path | None = None,
        signature: Path | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(path_or_bytes, (str, os.PathLike)):
            raise TypeError("weightlock needs a path: bytes cannot be verified")
        trusted = {
            "key": key,
            "certificate_chain": certificate_chain,
            "identity": identity,
            "identity_provider": identity_provider,
            "trusted_root": trusted_root,
            "signature": signature,
        }
        model, weights = _read(path_or_bytes, trusted)
        options = onnxruntime.SessionOptions() if sess_options is None else sess_options
        if _KEPT.get(options):
            raise ValueError("these session options hold the weights of another model: make new ones")
        if options not in _KEPT:
            options.add_session_config_entry(FOLDER, NOWHERE)
        names, buffers = list(weights), list(weights.values())
        # Also for a later `set_providers`, which makes the session again.
        _KEPT[options] = self._weights = buffers
        if weights:
            options.add_external_initializers_from_files_in_memory(names, buffers, [len(one) for one in buffers])
        super().__init__(bytes(memoryview(model)), options, providers, provider_options, **kwargs)


def _read(path: Path, trusted: dict[str, Any]) -> tuple[_native.Buffer, dict[str, _native.Buffer]]:
    """The bytes of a model, and of the files that it takes weights from, by the names that it has for them."""
    file = _files.open_file(path, **trusted)
    buffer = file.model.buffer(file.name)
    names = _native.onnx_locations(buffer)
    if not names:
        return buffer, {}
    folder = posixpath.dirname(file.name)
    files = {name: _inside(path, folder, name) for name in names}
    if _views.inside(path) is not file.model:
        # What was read until now only says what to read. It may be another version of the model than is there next.
        file = _again(path, file, files, trusted)
        buffer = file.model.buffer(file.name)
        if _native.onnx_locations(buffer) != names:
            raise _refused(path, "the model was replaced while it was loaded", "load it again")
    signed = file.model.files()
    missing = [name for name, where in files.items() if where not in signed]
    if missing:
        what = f"{missing[0]}, which the model takes weights from, is not covered by its signature"
        raise _refused(path, what, "sign the folder with both:  weightlock sign --key KEY FOLDER")
    return buffer, {name: file.model.buffer(where) for name, where in files.items()}


def _inside(path: Path, folder: str, name: str) -> str:
    """The name of a file in the signed model, by the name that the ONNX file in this folder has for it."""
    where = posixpath.normpath(posixpath.join(folder, name))
    if posixpath.isabs(name) or "\\" in name or where.startswith("../") or where == "..":
        raise _refused(path, f"the model takes weights from {name!r}, which leads out of it", "do not load it")
    return where


def _again(path: Path, file: _views.File, files: dict[str, str], trusted: dict[str, Any]) -> _views.File:
    """Model and weights, verified and read in one act."""
    text = os.fspath(path)
    if not text.endswith(f"/{file.name}"):
        text = _views.absolute(path)
    root = text.removesuffix(file.name)
    wanted = {file.name, *files.values()}
    model = _load.guarded(root, only=[_literally(name) for name in sorted(wanted)], **trusted)
    if file.name not in model.files():
        raise _refused(path, "the signature of the folder does not cover the model any more", "load it again")
    return _views.File(model, file.name)


def _literally(name: str) -> str:
    """A pattern that matches this name alone."""
    return "".join(f"[{one}]" if one in "*?[{}" else one for one in name)


def _refused(path: Path, what: str, then: str) -> Exception:
    why = "the runtime would open it by itself, and nobody has verified what lies there"
    return _errors.refusal(path, [("WL-SIG-UNSIGNED", what, None, why, then, None)])

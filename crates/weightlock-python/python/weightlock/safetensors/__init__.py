"""``safetensors`` with verified bytes: the same names, the same arguments, and whose signature counts.

>>> from weightlock.safetensors import safe_open
>>> with safe_open("model/model.safetensors", framework="pt", key="release.pub") as file:
...     weight = file.get_tensor("weight")

A file is verified when it is opened, with its own signature or that of the folder that it lies in, and read into sealed memory
in the same act. What is not what was signed raises :class:`weightlock.VerificationError`, before its header is looked at.

For torch and numpy, tensors are views of a private mapping of the sealed memory: they can be written to, nobody else sees it,
and they live as long as they are held. A tensor that is asked for twice is given from another mapping: what was written into
the first does not show in the second. For other frameworks the original library reads the sealed file. ``backend`` is checked
and has no effect. ``load_file`` and ``load_model`` are those of ``safetensors.torch``; numpy's is in
``weightlock.safetensors.numpy``.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import os
import threading

from weightlock import _files, _header, _views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any

    from weightlock.safetensors.torch import load_file, load_model

    Path = str | os.PathLike[str]

__all__ = ["load_file", "load_model", "safe_open"]

try:
    # The original, also when `install` has put ours in its place.
    from safetensors import safe_open as _theirs
except ImportError:
    _theirs = None

BACKENDS = ("mmap", "pread")
TORCH = ("pt", "torch", "pytorch")
NUMPY = ("np", "numpy")
OTHERS = ("tf", "tensorflow", "jax", "flax", "mlx", "paddle", "paddlepaddle")


def __getattr__(name: str) -> Any:
    if name in ("load_file", "load_model"):
        # Only who asks for them needs torch.
        from weightlock.safetensors import torch

        return getattr(torch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class safe_open:
    """Verifies a file and opens it. As ``safetensors.safe_open``, with ``key``, ``certificate_chain`` and ``signature``."""

    def __init__(
        self,
        filename: Path,
        framework: str,
        device: str | int | None = "cpu",
        *,
        backend: str = "mmap",
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        signature: Path | None = None,
    ) -> None:
        if backend not in BACKENDS:
            raise _header.error(f'backend "{backend}" is invalid (expected one of: "mmap", "pread")')
        if framework not in TORCH + NUMPY + OTHERS:
            raise _header.error(f"framework {framework} is invalid")
        file = _files.open_file(filename, key=key, certificate_chain=certificate_chain, signature=signature)
        self._open: _Open | None = _Open(file, framework, device)

    def _file(self) -> _Open:
        if self._open is None:
            raise _header.error("File is closed")
        return self._open

    def keys(self) -> list[str]:
        """The names of the tensors, sorted."""
        return sorted(self._file().header.tensors)

    def offset_keys(self) -> list[str]:
        """The names of the tensors, in the order of their data."""
        return list(self._file().header.tensors)

    def metadata(self) -> dict[str, str] | None:
        """The free text of the header."""
        told = self._file().header.metadata
        return None if told is None else dict(told)

    def get_tensor(self, name: str) -> Any:
        """One tensor."""
        return self._file().tensor(name)

    def get_tensors(self) -> dict[str, Any]:
        """All tensors by name."""
        file = self._file()
        return {name: file.tensor(name) for name in file.header.tensors}

    def get_slice(self, name: str) -> Slice:
        """A tensor that is made when it is indexed."""
        self._file().entry(name)
        return Slice(self, name)

    def __enter__(self) -> safe_open:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open = None


class Slice:
    """A tensor of an open file. Indexing it gives the part, as indexing the whole tensor would."""

    def __init__(self, file: safe_open, name: str) -> None:
        # The file's inside: a slice outlives the context of the file, as in the original.
        self._inside = file._file()
        self._name = name

    def get_shape(self) -> list[int]:
        """The shape that the header tells."""
        return list(self._inside.entry(self._name).shape)

    def get_dtype(self) -> str:
        """The type that the header tells, such as ``"F32"``."""
        return self._inside.entry(self._name).dtype

    def __getitem__(self, index: Any) -> Any:
        return self._inside.part(self._name, index)


class _Open:
    """The inside of an open file."""

    def __init__(self, file: _views.File, framework: str, device: Any) -> None:
        self._sealed = file
        self._lock = threading.Lock()
        self._given: set[str] = set()
        self._buffer = file.model.buffer(file.name, writable=True)
        self.header = _header.read(memoryview(file.model.buffer(file.name)))
        self._kind: Any
        if framework in TORCH:
            from weightlock.safetensors import torch as kind

            self._kind = kind.Maker(device)
        elif framework in NUMPY:
            from weightlock.safetensors import numpy as kind

            self._kind = kind.Maker(device)
        else:
            self._kind = None
            self._other = _original(file, framework, device)

    def entry(self, name: str) -> _header.Tensor:
        found = self.header.tensors.get(name)
        if found is None:
            raise _header.error(f"File does not contain tensor {name}")
        return found

    def tensor(self, name: str) -> Any:
        entry = self.entry(name)
        if self._kind is None:
            return self._other.get_tensor(name)
        return self._kind.moved(self._kind.tensor(self._mapping(name), entry))

    def part(self, name: str, index: Any) -> Any:
        entry = self.entry(name)
        if self._kind is None:
            return self._other.get_slice(name)[index]
        return self._kind.moved(self._kind.part(self._kind.tensor(self._mapping(name), entry), index))

    def _mapping(self, name: str) -> Any:
        """A private mapping from which this tensor was not given before."""
        with self._lock:
            if name in self._given:
                self._buffer = self._sealed.model.buffer(self._sealed.name, writable=True)
                self._given = set()
            self._given.add(name)
            return self._buffer


def _original(file: _views.File, framework: str, device: Any) -> Any:
    """The original library, on the sealed file: frameworks that cannot take a buffer of ours."""
    if _theirs is None:
        raise ImportError(f"{framework} needs the package safetensors")
    descriptor = file.model.descriptor(file.name)
    try:
        opened = _theirs(f"/proc/self/fd/{descriptor}", framework, device)
    finally:
        # It is mapped, and is never opened by this name again.
        os.close(descriptor)
    return opened

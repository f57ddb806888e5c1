"""``safetensors`` with verified bytes: the same names, the same arguments, and whose signature counts.

>>> from weightlock.safetensors import safe_open
>>> with safe_open("model/model.safetensors", framework="pt", key="release.pub") as file:
...     weight = file.get_tensor("weight")

A file is verified when it is opened, with its own signature or that of the folder that it lies in, and read into sealed memory
in the same act. What is not what was signed raises :class:`weightlock.VerificationError`, before its header is looked at.

For torch and numpy, tensors are views of a private mapping of the sealed memory: they can be written to, nobody else sees it,
and they live as long as they are held. A tensor that is asked for twice is given from another mapping: what was written into
the first does not show in the second. For other frameworks the original library reads the sealed file. ``backend`` is checked
and has no effect.

With ``partial=True`` nothing is read but the header and what is asked for: see :class:`safe_open`. ``load_file`` and ``load_model`` are those of ``safetensors.torch``; numpy's is in
``weightlock.safetensors.numpy``.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import os
import threading

from weightlock import _files, _header, _load, _native, _views

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
    """Verifies a file and opens it. As ``safetensors.safe_open``, with whose signature counts: the arguments of
    :func:`weightlock.guarded`.

    With ``partial=True`` the signature is verified, the size of the file, its header, and each tensor that is asked for, or the
    rows of it, before it is given; **the rest of the file is not**. :meth:`coverage` tells how much was. It takes
    the leaves that the signer has signed (``weightlock sign --leaves``). Where there are none, and for frameworks other than
    torch and numpy, the whole file is read and verified as without it.
    """

    def __init__(
        self,
        filename: Path,
        framework: str,
        device: str | int | None = "cpu",
        *,
        backend: str = "mmap",
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        identity: str | None = None,
        identity_provider: str | None = None,
        trusted_root: Path | None = None,
        signature: Path | None = None,
        partial: bool = False,
    ) -> None:
        if backend not in BACKENDS:
            raise _header.error(f'backend "{backend}" is invalid (expected one of: "mmap", "pread")')
        if framework not in TORCH + NUMPY + OTHERS:
            raise _header.error(f"framework {framework} is invalid")
        trusted = {
            "key": key,
            "certificate_chain": certificate_chain,
            "identity": identity,
            "identity_provider": identity_provider,
            "trusted_root": trusted_root,
            "signature": signature,
        }
        source: _Whole | _Parts
        opened = _files.open_partial(filename, **trusted) if partial and framework not in OTHERS else None
        if opened is None:
            source = _Whole(_files.open_file(filename, **trusted))
        else:
            source = _Parts(opened)
        self._open: _Open | None = _Open(source, framework, device)

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

    def coverage(self) -> tuple[int, int]:
        """How many bytes of the file were verified so far, and how many there are. Less than all only with ``partial``."""
        return self._file().source.coverage()

    def __enter__(self) -> safe_open:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._open is not None:
            self._open.source.tell()
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

    def __init__(self, source: _Whole | _Parts, framework: str, device: Any) -> None:
        self.source = source
        self.header = source.header
        self._kind: Any
        if framework in TORCH:
            from weightlock.safetensors import torch as kind

            self._kind = kind.Maker(device)
        elif framework in NUMPY:
            from weightlock.safetensors import numpy as kind

            self._kind = kind.Maker(device)
        else:
            self._kind = None
            self._other = source.original(framework, device)

    def entry(self, name: str) -> _header.Tensor:
        found = self.header.tensors.get(name)
        if found is None:
            raise _header.error(f"File does not contain tensor {name}")
        return found

    def tensor(self, name: str) -> Any:
        entry = self.entry(name)
        if self._kind is None:
            return self._other.get_tensor(name)
        return self._kind.moved(self._kind.tensor(*self.source.tensor(name, entry)))

    def part(self, name: str, index: Any) -> Any:
        entry = self.entry(name)
        if self._kind is None:
            return self._other.get_slice(name)[index]
        buffer, entry, index = self.source.part(name, entry, index)
        return self._kind.moved(self._kind.part(self._kind.tensor(buffer, entry), index))


class _Whole:
    """A file that was verified as a whole. Tensors are views of private mappings of it."""

    def __init__(self, file: _views.File) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._given: set[str] = set()
        self._mapping = file.model.buffer(file.name, writable=True)
        self.header = _header.read(file.model.buffer(file.name))

    def tensor(self, name: str, entry: _header.Tensor) -> tuple[Any, _header.Tensor]:
        """A mapping from which this tensor was not given before, and where in it the tensor lies."""
        with self._lock:
            if name in self._given:
                self._mapping = self._file.model.buffer(self._file.name, writable=True)
                self._given = set()
            self._given.add(name)
            return self._mapping, entry

    def part(self, name: str, entry: _header.Tensor, index: Any) -> tuple[Any, _header.Tensor, Any]:
        return *self.tensor(name, entry), index

    def coverage(self) -> tuple[int, int]:
        size = len(self._mapping)
        return size, size

    def tell(self) -> None:
        """It was told when it was opened."""

    def original(self, framework: str, device: Any) -> Any:
        return _original(self._file, framework, device)


class _Parts:
    """A file of which parts are verified when they are read. Tensors are copies, because parts share their leaves."""

    def __init__(self, file: _native.Partial) -> None:
        self._file = file
        self.header = _header.read_partial(file)

    def tensor(self, name: str, entry: _header.Tensor) -> tuple[Any, _header.Tensor]:
        return self._read(entry, entry.shape, entry.start, entry.stop)

    def part(self, name: str, entry: _header.Tensor, index: Any) -> tuple[Any, _header.Tensor, Any]:
        """The rows that an index asks for, where that can be told, and what is left of the index."""
        first, *rest = index if isinstance(index, tuple) and index else (index,)
        size = entry.shape[0] if entry.shape else 0
        width, odd = divmod(entry.stop - entry.start, size) if size else (0, 1)
        # Elements that share bytes are left to the framework, and so is every index that it may find wrong.
        if odd or entry.dtype.startswith(("F4", "F6")):
            rows = None
        elif type(first) is int and -size <= first < size:
            rows, first = range(first % size, first % size + 1), 0
        elif isinstance(first, slice) and first.step in (None, 1) and (rows := range(*first.indices(size))):
            first = slice(None)
        else:
            rows = None
        if rows is None:
            return *self.tensor(name, entry), index
        start = entry.start + rows.start * width
        part = self._read(entry, [len(rows), *entry.shape[1:]], start, start + len(rows) * width)
        return *part, (first, *rest)

    def _read(
        self, entry: _header.Tensor, shape: list[int], start: int, stop: int
    ) -> tuple[Any, _header.Tensor]:
        buffer = self._file.buffer(start, stop, writable=True)
        return buffer, _header.Tensor(entry.dtype, shape, 0, stop - start)

    def coverage(self) -> tuple[int, int]:
        return self._file.verified, self._file.size

    def tell(self) -> None:
        verified, size = self.coverage()
        _load.tell(f"verified in part: {verified} of {size} bytes were read and verified")

    def original(self, framework: str, device: Any) -> Any:
        raise _header.error(f"framework {framework} reads whole files")


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

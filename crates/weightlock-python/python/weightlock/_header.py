"""The header of a safetensors file, of which every byte was verified before it is read.

The native module reads it. Refused are, as the original refuses them: a header of more than 100 MB, names that occur twice,
tensors that overlap, leave gaps, or do not end where the file ends, sizes that do not fit shape and type. Beyond that: members
that the format does not know, white space before the header. A signature says who made a file, not that it is sound.
"""

from __future__ import annotations

from weightlock import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Header", "Tensor", "error", "read", "read_partial"]


class Tensor:
    """Where a tensor lies, counted from the start of the file."""

    __slots__ = ("dtype", "shape", "start", "stop")

    def __init__(self, dtype: str, shape: list[int], start: int, stop: int) -> None:
        self.dtype = dtype
        self.shape = shape
        self.start = start
        self.stop = stop


class Header:
    """The tensors by name, in the order of their data, and the free text."""

    __slots__ = ("metadata", "tensors")

    def __init__(self, tensors: dict[str, Tensor], metadata: dict[str, str] | None) -> None:
        self.tensors = tensors
        self.metadata = metadata


def error(message: str) -> Exception:
    """The error of the original, where that is installed, so that programs catch it as they are used to."""
    try:
        from safetensors import SafetensorError  # pyright: ignore
    except ImportError:
        return ValueError(message)
    return SafetensorError(message)


def read(file: _native.Buffer) -> Header:
    """Reads the header of a whole file."""
    return _made(lambda: _native.safetensors_header(file))


def read_partial(file: _native.Partial) -> Header:
    """Reads the header of a file of which parts are read: nothing else of it is looked at."""
    return _made(file.safetensors_header)


def _made(reads: Callable[[], _native.SafetensorsHeader]) -> Header:
    try:
        tensors, metadata = reads()
    except ValueError as broken:
        raise error(f"Error while deserializing header: {broken}") from None
    made = {name: Tensor(dtype, shape, start, stop) for name, dtype, shape, start, stop in tensors}
    return Header(made, metadata)

"""The header of a safetensors file, read only from bytes that were verified.

Layout: 8 bytes, little-endian, the length N of the header; N bytes of JSON; the tensors' data up to the end of the file.

Refused, as the original refuses it: a header of more than 100 MB, names that occur twice, tensors that overlap, leave gaps, or
do not end where the file ends, sizes that do not fit shape and type. A signature says who made a file, not that it is sound.
"""

# pyright: basic
from __future__ import annotations

import json
import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["BITS", "Header", "Tensor", "error", "read"]

#: The longest header that the original reads.
LONGEST = 100_000_000

#: The largest size that the original can express.
MOST = (1 << 64) - 1

#: Bits of one element.
BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}


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


def read(data: memoryview) -> Header:
    """Reads the header of a whole file."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8:
        _refuse("header too small")
    if size > LONGEST:
        _refuse("header too large")
    if size > len(data) - 8:
        _refuse("invalid header length")
    begin = 8 + size
    try:
        document = json.loads(bytes(data[8:begin]).decode("utf-8"), object_pairs_hook=_members, parse_constant=_constant)
    except (ValueError, RecursionError) as broken:
        _refuse(f"invalid JSON in header: {broken}")
    if not isinstance(document, dict):
        _refuse("invalid JSON in header: no object")
    metadata = _metadata(document.pop("__metadata__", None))
    tensors = {name: _tensor(name, told, begin) for name, told in document.items()}
    ordered = dict(sorted(tensors.items(), key=lambda item: (item[1].start, item[1].stop)))
    end = begin
    for name, tensor in ordered.items():
        if tensor.start != end:
            _refuse(f"invalid offset for tensor `{name}`")
        end = tensor.stop
    if end != len(data):
        _refuse("incomplete metadata, file not fully covered")
    return Header(ordered, metadata)


def _tensor(name: str, told: Any, begin: int) -> Tensor:
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        _refuse(f"invalid entry for tensor `{name}`")
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        _refuse(f"unknown type of tensor `{name}`")
    if not _is_sizes(shape) or not _is_sizes(offsets) or len(offsets) != 2:
        _refuse(f"invalid shape or offset for tensor `{name}`")
    bits = math.prod(shape) * BITS[dtype]
    if bits % 8 or bits > MOST or offsets[1] - offsets[0] != bits // 8:
        _refuse(f"invalid shape, data type, or offset for tensor `{name}`")
    return Tensor(dtype, shape, begin + offsets[0], begin + offsets[1])


def _is_sizes(told: Any) -> bool:
    return isinstance(told, list) and all(type(one) is int and 0 <= one <= MOST for one in told)


def _metadata(told: Any) -> dict[str, str] | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        _refuse("invalid JSON in header: metadata must be text")
    return told


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _constant(text: str) -> NoReturn:
    raise ValueError(f"unexpected {text}")


def _refuse(why: str) -> NoReturn:
    raise error(f"Error while deserializing header: {why}")

"""``safetensors.numpy.load_file`` with verified bytes. ``bfloat16`` and smaller types need the package ``ml_dtypes``."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import os

import numpy

from weightlock import _header
from weightlock.safetensors import safe_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Path = str | os.PathLike[str]

__all__ = ["load_file"]

_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "U64": "<u8",
    "I32": "<i4",
    "U32": "<u4",
    "I16": "<i2",
    "U16": "<u2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
    "C64": "<c8",
}

#: Types that numpy has only with the package ``ml_dtypes``.
_MORE = {
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}


def load_file(
    filename: Path,
    *,
    backend: str = "mmap",
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
) -> dict[str, numpy.ndarray[Any, Any]]:
    """Verifies a file and gives its arrays. As ``safetensors.numpy.load_file``."""
    opened = safe_open(
        filename,
        "np",
        backend=backend,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
        signature=signature,
    )
    with opened as file:
        return file.get_tensors()


class Maker:
    """Makes arrays of a mapping."""

    def __init__(self, device: str | int | None) -> None:
        if device not in (None, "cpu"):
            raise _header.error(f"device {device} is invalid for numpy")

    def tensor(self, buffer: Any, entry: _header.Tensor) -> Any:
        dtype = self._dtype(entry.dtype)
        if entry.start == entry.stop:
            return numpy.empty(entry.shape, dtype)
        count = (entry.stop - entry.start) // dtype.itemsize
        array = numpy.frombuffer(buffer, dtype, count, entry.start).reshape(entry.shape)
        # Headers may be of any length, and slow code is the least that comes of arrays at odd addresses.
        return array if array.flags.aligned else array.copy()

    def part(self, array: Any, index: Any) -> Any:
        part = array[index]
        is_whole = not isinstance(part, numpy.ndarray) or part.flags.c_contiguous
        return part if is_whole else part.copy()

    def moved(self, array: Any) -> Any:
        return array

    def _dtype(self, name: str) -> Any:
        if name in _TYPES:
            return numpy.dtype(_TYPES[name])
        if name not in _MORE:
            raise _header.error(f"Dtype not understood: {name}")
        try:
            import ml_dtypes
        except ImportError:
            raise TypeError(f"numpy has no type {_MORE[name]}; install ml_dtypes") from None
        return numpy.dtype(getattr(ml_dtypes, _MORE[name]))

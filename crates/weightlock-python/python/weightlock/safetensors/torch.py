"""``safetensors.torch.load_file`` and ``load_model`` with verified bytes."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import os

import torch

from weightlock import _header
from weightlock.safetensors import safe_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Path = str | os.PathLike[str]

__all__ = ["load_file", "load_model"]

_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "U64": "uint64",
    "I32": "int32",
    "U32": "uint32",
    "I16": "int16",
    "U16": "uint16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F4": "float4_e2m1fn_x2",
}


def load_file(
    filename: Path,
    device: str | int = "cpu",
    *,
    backend: str = "mmap",
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
) -> dict[str, torch.Tensor]:
    """Verifies a file and gives its tensors. As ``safetensors.torch.load_file``."""
    opened = safe_open(
        filename,
        "pt",
        device,
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


def load_model(
    model: torch.nn.Module,
    filename: Path,
    strict: bool = True,
    device: str | int = "cpu",
    *,
    backend: str = "mmap",
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
) -> tuple[set[str], list[str]]:
    """Verifies a file and loads it into a module. As ``safetensors.torch.load_model``: missing and unexpected names.

    Of names that share a tensor only one is in such a file: the others are not missing, and would be unexpected.
    """
    tensors = load_file(
        filename,
        device,
        backend=backend,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
        signature=signature,
    )
    shared = _shared(model.state_dict())
    absent, foreign = model.load_state_dict(tensors, strict=False)
    missing, unexpected = set(absent), list(foreign)
    for names in shared:
        kept = min(names & tensors.keys() or names)
        unexpected.extend(sorted(names - {kept} - missing))
        missing -= names - {kept}
    if strict and (missing or unexpected):
        told = [f"Error(s) in loading state_dict for {type(model).__name__}:"]
        if missing:
            told.append("    Missing key(s) in state_dict: " + ", ".join(f'"{name}"' for name in sorted(missing)))
        if unexpected:
            told.append("    Unexpected key(s) in state_dict: " + ", ".join(f'"{name}"' for name in sorted(unexpected)))
        raise RuntimeError("\n".join(told))
    return missing, unexpected


def _shared(tensors: dict[str, torch.Tensor]) -> list[set[str]]:
    """Names that are the same tensor."""
    groups: dict[object, set[str]] = {}
    for name, tensor in tensors.items():
        if tensor.numel() and tensor.device.type != "meta":
            place = (tensor.device, tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride())
            groups.setdefault(place, set()).add(name)
    return [names for names in groups.values() if len(names) > 1]


class Maker:
    """Makes tensors of a mapping."""

    def __init__(self, device: Any) -> None:
        try:
            self.device = torch.device("cpu" if device is None else device)
        except RuntimeError:
            raise _header.error(f"device {device} is invalid") from None
        if self.device.type == "meta":
            raise _header.error("device meta is invalid")

    def tensor(self, buffer: Any, entry: _header.Tensor) -> torch.Tensor:
        dtype = getattr(torch, _TYPES.get(entry.dtype, ""), None)
        if dtype is None:
            raise _header.error(f"Dtype not understood: {entry.dtype}")
        shape = list(entry.shape)
        if entry.dtype == "F4" and shape:
            # Two in a byte.
            shape[-1] //= 2
        if entry.start == entry.stop:
            return torch.empty(shape, dtype=dtype)
        if entry.start % dtype.itemsize:
            # Headers may be of any length, and some kernels cannot read from odd addresses.
            buffer, start = bytearray(memoryview(buffer)[entry.start : entry.stop]), 0
        else:
            start = entry.start
        count = (entry.stop - entry.start) // dtype.itemsize
        return torch.frombuffer(buffer, dtype=dtype, count=count, offset=start).reshape(shape)

    def part(self, tensor: torch.Tensor, index: Any) -> torch.Tensor:
        return tensor[index]

    def moved(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor if self.device.type == "cpu" else tensor.to(self.device)

"""``torch.load`` with verified bytes, and weights only.

>>> import weightlock.torch
>>> state = weightlock.torch.load("model/pytorch_model.bin", key="release.pub", map_location="cpu")

The arguments are those of ``torch.load``. A pickle is a program, and who signed it says nothing about what it does: so it is
read by the restricted reader of torch, always. ``weights_only=False`` and any ``pickle_module`` are refused, and so is the
variable of the environment that turns the restriction off.

Rejected: to allow ``weights_only=False`` for signed files. A key that signs models would become a key that runs code.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import os

import torch

from weightlock import _files, _pickle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO, Any

    Path = str | os.PathLike[str]

__all__ = ["load"]

#: The variable that makes torch run whatever a pickle says.
FORCE_UNSAFE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"

#: What torch takes for yes.
YES = ("1", "y", "yes", "true")

#: Torch's own, also when `install` has put ours in its place.
_original = torch.load


def load(
    f: Path | IO[bytes],
    map_location: Any = None,
    pickle_module: None = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Verifies a file and loads it. Raises :class:`weightlock.VerificationError`, or what ``torch.load`` raises.

    ``f`` must be a path: of an open file nobody knows who else has read or changed it. With ``mmap`` storages are private
    mappings of the sealed memory. TorchScript archives are code, and torch refuses them under this rule.
    """
    require_weights_only(weights_only, pickle_module)
    if not isinstance(f, (str, os.PathLike)):
        raise TypeError("weightlock.torch.load needs a path: an open file cannot be verified")
    trusted = {
        "key": key,
        "certificate_chain": certificate_chain,
        "identity": identity,
        "identity_provider": identity_provider,
        "trusted_root": trusted_root,
        "signature": signature,
    }
    if os.fspath(f).endswith(".safetensors"):
        from weightlock.safetensors.torch import load_file

        return load_file(f, _device(map_location), **trusted)
    file = _files.open_file(f, **trusted)
    descriptor = file.model.descriptor(file.name)
    try:
        # The name stands for the descriptor, and the descriptor for sealed memory: opening it twice is no second file.
        with _pickle.Loading():
            return _original(
                f"/proc/self/fd/{descriptor}", map_location, weights_only=True, mmap=mmap, **pickle_load_args
            )
    finally:
        os.close(descriptor)


def require_weights_only(weights_only: object, pickle_module: object) -> None:
    """Refuses every way to have a pickle run code."""
    if weights_only is not None and weights_only is not True:
        raise ValueError("weights_only=False lets a file run code; weightlock never loads that way")
    if pickle_module is not None:
        raise ValueError("a pickle_module of one's own can let a file run code; weightlock never loads that way")
    if os.environ.get(FORCE_UNSAFE, "0").lower() in YES:
        raise ValueError(f"{FORCE_UNSAFE} lets files run code; unset it: weightlock never loads that way")


def _device(map_location: Any) -> str:
    """As torch does for these files."""
    if map_location is None:
        return "cpu"
    if isinstance(map_location, (str, torch.device)):
        return str(map_location)
    raise RuntimeError("Loading safetensors file with dict or callable map_location is not supported")

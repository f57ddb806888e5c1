"""``weightlock.install()``: the loaders of other libraries become those of this package, for the whole process.

>>> weightlock.install(key="release.pub")
>>> safetensors.torch.load_file("model/model.safetensors")  # verified, or refused

Replaced are ``safetensors`` (``safe_open``, and ``load_file`` and ``load_model`` of torch and numpy) and ``torch.load``, where they
are defined and in every module that has imported them by name until then; what is imported later gets ours. The places where
transformers has them by name are checked one by one: a version that has moved one is refused, not left half guarded.

It stops mistakes and libraries, not code that already runs in the process, and it does not reach processes that are started
afresh (call it there too). Readers that it does not know, such as ``torch.jit.load``, ``safetensors.deserialize`` of bytes or
``numpy.load``, read what they are given: to guard everything, give programs a sealed view, with ``verified`` or
``weightlock run``. Files of the program's own, such as checkpoints of a training, are not signed and therefore not loaded.

Rejected: a hook that watches which files are opened. Loaders map files, and open them again, below Python.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading

from weightlock import _pickle
from weightlock._trust import trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

    from weightlock._policy import Policy

    Path = str | os.PathLike[str]

__all__ = ["install", "uninstall"]

#: Where a library has a loader, and what takes its place. ``None``: the same as what is replaced there by its name.
TARGETS: dict[str, list[tuple[str, str, str | None]]] = {
    "safetensors": [("safetensors", "safe_open", "weightlock.safetensors:safe_open")],
    "numpy": [
        ("safetensors.numpy", "safe_open", None),
        ("safetensors.numpy", "load_file", "weightlock.safetensors.numpy:load_file"),
    ],
    "torch": [
        ("safetensors.torch", "safe_open", None),
        ("safetensors.torch", "load_file", "weightlock.safetensors.torch:load_file"),
        ("safetensors.torch", "load_model", "weightlock.safetensors.torch:load_model"),
        ("torch", "load", "weightlock.torch:load"),
        ("torch.serialization", "load", None),
    ],
    "transformers": [
        ("transformers.modeling_utils", "safe_open", None),
        ("transformers.modeling_utils", "load_state_dict", "weightlock._install:load_state_dict"),
        ("transformers.modeling_layers", "safe_open", None),
        ("transformers.integrations.accelerate", "safe_open", None),
        ("transformers.quantizers.quantizer_torchao", "safe_open", None),
    ],
}

#: Guards what follows.
_LOCK = threading.RLock()
#: What was replaced: the module, the name in it, what was there, and what is there now.
_REPLACED: list[tuple[ModuleType, str, Any, Any]] = []
_TRUST: list[trust] = []


def install(
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    policy: Path | Policy | None = None,
) -> None:
    """Guards the loaders of the libraries that are installed, which it imports. To call it again does no harm.

    ``key``, ``certificate_chain`` or ``identity`` with its ``identity_provider`` is whom the process trusts from now on, as of
    :func:`weightlock.trust`, and ``policy`` what has to allow its models; without them, what :func:`weightlock.trust` or
    ``WEIGHTLOCK_PUBLIC_KEY`` says when something is loaded. Raises :class:`ImportError` when a library lacks a loader that is
    to be guarded; then nothing is replaced.
    """
    with _LOCK:
        pairs = _pairs()
        named = (key, certificate_chain, identity, identity_provider, trusted_root, policy)
        if any(one is not None for one in named):
            told = trust(
                key=key,
                certificate_chain=certificate_chain,
                identity=identity,
                identity_provider=identity_provider,
                trusted_root=trusted_root,
                policy=policy,
                everywhere=True,
            )
            before, _TRUST[:] = _TRUST[:], [told]
            for old in before:
                old.withdraw()
        for module in list(sys.modules.values()):
            _replace(module, pairs)
        if importlib.util.find_spec("transformers") is not None:
            # Code in sealed views is then imported from them.
            importlib.import_module("weightlock.transformers")
        _pickle.enable(True)


def uninstall() -> None:
    """Puts back what :func:`install` replaced. Modules that have imported ours by name since then keep it."""
    with _LOCK:
        while _REPLACED:
            module, name, theirs, ours = _REPLACED.pop()
            if getattr(module, name, None) is ours:
                setattr(module, name, theirs)
        _pickle.enable(False)
        while _TRUST:
            _TRUST.pop().withdraw()


def _pairs() -> list[tuple[Any, Any]]:
    """What is to be replaced, and by what. Every target is looked for, before anything is touched."""
    pairs = [(theirs, ours) for *_, theirs, ours in _REPLACED]
    by_name: dict[str, Any] = {}
    for library, targets in TARGETS.items():
        needed = {library, "safetensors"} if library != "torch" else {"torch"}
        if any(importlib.util.find_spec(name) is None for name in needed):
            continue
        for place, name, ours in targets:
            if place.startswith("safetensors") and importlib.util.find_spec("safetensors") is None:
                continue
            theirs = getattr(importlib.import_module(place), name, None)
            if theirs is None:
                raise ImportError(f"{place} has no {name}: weightlock does not know this version, and would not guard it")
            if ours is None:
                if not any(theirs is known for known in by_name.get(name, ())):
                    raise ImportError(f"{place} has another {name}: weightlock does not know this version of it")
                continue
            module, _, attribute = ours.partition(":")
            guarded = getattr(importlib.import_module(module), attribute)
            by_name.setdefault(name, []).extend((theirs, guarded))
            if theirs is not guarded:
                pairs.append((theirs, guarded))
    return pairs


def _replace(module: ModuleType, pairs: list[tuple[Any, Any]]) -> None:
    """Replaces what a module has by name. Our own modules need the originals."""
    name = getattr(module, "__name__", None)
    if not isinstance(name, str) or name.split(".")[0] == "weightlock":
        return
    try:
        members = list(vars(module).items())
    except TypeError:
        return
    for attribute, value in members:
        for theirs, ours in pairs:
            if value is theirs:
                setattr(module, attribute, ours)
                _REPLACED.append((module, attribute, theirs, ours))


def load_state_dict(
    checkpoint_file: Path, map_location: Any = "cpu", weights_only: bool = True, disable_mmap: bool | None = None
) -> Any:
    """As that of transformers, which on some file systems reads a file by itself instead of opening it with safetensors."""
    from weightlock import torch

    if weights_only is not True:
        torch.require_weights_only(weights_only, None)
    return _theirs("load_state_dict")(checkpoint_file, map_location=map_location, disable_mmap=False)


def _theirs(name: str) -> Any:
    with _LOCK:
        for _, replaced, theirs, _ in _REPLACED:
            if replaced == name:
                return theirs
    import transformers.modeling_utils

    return getattr(transformers.modeling_utils, name)

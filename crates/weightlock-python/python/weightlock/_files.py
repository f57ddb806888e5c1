"""One file for a loader: verified, or found in a sealed view that this process has; as a whole, or in parts."""

from __future__ import annotations

import os

from weightlock import _errors, _load, _native, _views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Unpack

    from weightlock._trust import Trusted

    Path = str | os.PathLike[str]

__all__ = ["open_file", "open_partial"]


def open_file(path: Path, **trusted: Unpack[Trusted]) -> _views.File:
    """Verifies one file, unless it is in a sealed view, and was verified with it.

    Who names a signer wants to know whether *they* signed it: then a view's file is verified as any other.
    """
    if _nobody(trusted):
        found = _views.find(path)
        if found is not None:
            return found
    if os.path.isdir(path):
        raise _errors.folder(path)
    model = _load.guarded(path, **trusted)
    names = model.files()
    if len(names) != 1 or os.path.basename(names[0]) != os.path.basename(_views.absolute(path)):
        what = "it became a folder while it was loaded"
        why = "one file was asked for, and what lies there now is another model"
        raise _errors.refusal(path, [("WL-ART-CHANGED", what, None, why, "load it again", None)])
    return _views.File(model, names[0])


def open_partial(path: Path, **trusted: Unpack[Trusted]) -> _native.Partial | None:
    """Opens one file for reading parts of it; ``None`` when it is to be opened as a whole: its signer has signed no leaves, or
    it is in a sealed view, and was verified with it.
    """
    if _nobody(trusted) and _views.find(path) is not None:
        return None
    if os.path.isdir(path):
        raise _errors.folder(path)
    return _load.partial(path, **trusted)


def _nobody(trusted: Trusted) -> bool:
    """Whether no signer was named, and no signature."""
    return all(one is None for one in trusted.values())

"""One file for a loader: verified, or found in a sealed view that this process has."""

from __future__ import annotations

import os

from weightlock import _views
from weightlock._load import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Path = str | os.PathLike[str]

__all__ = ["open_file"]


def open_file(
    path: Path,
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    signature: Path | None = None,
) -> _views.File:
    """Verifies one file, unless it is in a sealed view, and was verified with it.

    Who names a signer wants to know whether *they* signed it: then a view's file is verified as any other.
    """
    if key is None and certificate_chain is None and signature is None:
        found = _views.find(path)
        if found is not None:
            return found
    if os.path.isdir(path):
        raise IsADirectoryError(os.fspath(path))
    model = guarded(path, key=key, certificate_chain=certificate_chain, signature=signature)
    names = model.files()
    # It became a folder meanwhile.
    if len(names) != 1 or os.path.basename(names[0]) != os.path.basename(_views.absolute(path)):
        raise IsADirectoryError(os.fspath(path))
    return _views.File(model, names[0])

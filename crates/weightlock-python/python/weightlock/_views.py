"""Which sealed views there are in this process, and which file of one a path names.

A path is inside a view because the object that holds the view is alive, not because of how the path looks: a folder that
somebody made to look like one is in nobody's table. The path is compared as text and never opened, so what its links lead to
does not count; the bytes come from the object.

Rejected: to open the path and look whether it leads to a sealed file. Anybody can seal a file.
"""

from __future__ import annotations

import os
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from weightlock._native import Guarded

    Path = str | os.PathLike[str]

__all__ = ["File", "absolute", "find", "inside", "remember"]

#: Views by the path that they gave out. Single look-ups only: these need no lock.
_LIVE: weakref.WeakValueDictionary[str, Guarded] = weakref.WeakValueDictionary()


class File:
    """One file of a model that was verified, in sealed memory."""

    __slots__ = ("model", "name")

    def __init__(self, model: Guarded, name: str) -> None:
        self.model = model
        self.name = name


def remember(model: Guarded) -> None:
    """Makes a view known. It is forgotten when nobody holds it."""
    _LIVE[model.path] = model


def absolute(path: Path) -> str:
    """The path as text, from the root, without looking at what is there."""
    text: str = os.fspath(path)
    return os.path.abspath(text)


def inside(path: Path) -> Guarded | None:
    """The view that is this path, or that this path is in."""
    folder = absolute(path)
    while True:
        model = _LIVE.get(folder)
        if model is not None and not model.closed:
            return model
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def find(path: Path) -> File | None:
    """The file of a view that this path names. A name in a view that the signature does not cover is not found."""
    model = inside(path)
    if model is None:
        return None
    text = absolute(path)
    names = model.files()
    if text == model.path:
        if os.path.isdir(text):
            raise IsADirectoryError(text)
        return File(model, names[0])
    name = os.path.relpath(text, model.path)
    if name not in names:
        raise FileNotFoundError(f"no such file in the sealed view: {name!r}")
    return File(model, name)

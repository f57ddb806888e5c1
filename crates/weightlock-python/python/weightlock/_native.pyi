"""What the native module offers to this package. It may change from version to version."""

import os
from collections.abc import Callable, Sequence
from typing import Any, final

from weightlock.documents import Verified

_Path = str | os.PathLike[str]
_Progress = Callable[[int, int], object]
_Reason = tuple[str, str, str | None, str, str, str | None]

__version__: str

@final
class Buffer:
    """The bytes of one file, by the buffer protocol."""

    @property
    def writable(self) -> bool: ...
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Guarded:
    """A model that was verified, in memory that nobody can change."""

    @property
    def path(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def verified(self) -> Verified | None: ...
    @property
    def closed(self) -> bool: ...
    def files(self) -> list[str]: ...
    def buffer(self, name: str, *, writable: bool = False) -> Buffer: ...
    def descriptor(self, name: str) -> int: ...
    def close(self) -> None: ...
    def __fspath__(self) -> str: ...
    def __enter__(self) -> Guarded: ...
    def __exit__(self, *_raised: object) -> None: ...

def load(
    path: _Path,
    *,
    key: _Path | None = None,
    certificate_chain: Sequence[_Path] = ...,
    signature: _Path | None = None,
    identity: bool = False,
    policy: bool = False,
    only: Sequence[str] = ...,
    allow_symlinks: bool = False,
    progress: _Progress | None = None,
) -> Guarded: ...
def load_into(
    path: _Path,
    buffer: memoryview,
    *,
    key: _Path | None = None,
    certificate_chain: Sequence[_Path] = ...,
    signature: _Path | None = None,
    allow_symlinks: bool = False,
    progress: _Progress | None = None,
) -> tuple[Verified, str]: ...
def load_pinned(path: _Path, name: str, pin: str | None, *, progress: _Progress | None = None) -> Guarded: ...
def answer(words: Sequence[str], *, progress: _Progress | None = None) -> tuple[Any, list[_Reason]]: ...
def harm(module: str, name: str) -> list[str] | None: ...
def later(path: _Path, *, identity: bool, policy: bool) -> None: ...
def main(arguments: Sequence[str]) -> int: ...

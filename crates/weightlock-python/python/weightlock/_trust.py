"""Whose signatures count, for loaders that have no argument for it.

A loader asks in this order: its own arguments; the :func:`trust` of its thread or task; the one of the process; the variable
``WEIGHTLOCK_PUBLIC_KEY``. Where none of them names a signer, it raises :class:`VerificationError`. It never loads unverified.

Rejected: trust that takes effect everywhere at once. A load of another thread would accept a key that was not meant for it.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import threading

from weightlock import _views
from weightlock._load import guarded, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from weightlock._native import Guarded

    Path = str | os.PathLike[str]

__all__ = ["holding", "open_file", "open_model", "trust"]

_HERE: contextvars.ContextVar[trust | None] = contextvars.ContextVar("weightlock.trust", default=None)

#: Guards what follows.
_LOCK = threading.Lock()
_PROCESS: list[trust] = []


class trust:
    """Names the signer for the loads that follow: as a call for good, as a context manager until it is left.

    >>> weightlock.trust(key="release.pub")
    >>> with weightlock.trust(key="other.pub"):
    ...     tensors = weightlock.safetensors.load_file("model/model.safetensors")

    It holds for this thread, or this task of ``asyncio``. With ``everywhere=True`` it also holds for threads and tasks that
    have none of their own.
    """

    def __init__(
        self,
        *,
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        everywhere: bool = False,
    ) -> None:
        if key is None and certificate_chain is None:
            raise TypeError("trust() needs a key or a certificate chain")
        # As they are now: neither a list that changes, nor a name that means another file after a change of folder.
        self.key = None if key is None else _views.absolute(key)
        chain = [] if certificate_chain is None else paths(certificate_chain)
        self.certificate_chain = [_views.absolute(file) for file in chain] or None
        self._token: contextvars.Token[trust | None] | None = None
        if everywhere:
            with _LOCK:
                _PROCESS.append(self)
        else:
            self._token = _HERE.set(self)

    def __enter__(self) -> trust:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.withdraw()

    def withdraw(self) -> None:
        """Ends it. What held before holds again."""
        token, self._token = self._token, None
        if token is not None:
            # In another context, which a generator may be closed in, it never held.
            with contextlib.suppress(ValueError):
                _HERE.reset(token)
        with _LOCK:
            if self in _PROCESS:
                _PROCESS.remove(self)


def _current() -> trust | None:
    here = _HERE.get()
    if here is not None:
        return here
    with _LOCK:
        return _PROCESS[-1] if _PROCESS else None


def holding(
    key: Path | None, certificate_chain: Path | Sequence[Path] | None
) -> tuple[Path | None, Path | Sequence[Path] | None]:
    """What was asked for, or else the trust that holds here."""
    current = _current() if key is None and certificate_chain is None else None
    return (key, certificate_chain) if current is None else (current.key, current.certificate_chain)


def open_model(
    path: Path,
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    signature: Path | None = None,
    only: Sequence[str] = (),
) -> Guarded:
    """Verifies a model with the trust that holds here, and reads it into sealed memory."""
    key, certificate_chain = holding(key, certificate_chain)
    return guarded(path, key=key, certificate_chain=certificate_chain, signature=signature, only=only)


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
    model = open_model(path, key=key, certificate_chain=certificate_chain, signature=signature)
    names = model.files()
    # It became a folder meanwhile.
    if len(names) != 1 or os.path.basename(names[0]) != os.path.basename(_views.absolute(path)):
        raise IsADirectoryError(os.fspath(path))
    return _views.File(model, names[0])

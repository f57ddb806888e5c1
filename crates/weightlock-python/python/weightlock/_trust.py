"""Whose signatures count, for loaders that have no argument for it.

A loader asks in this order: its own arguments; the :func:`trust` of its thread or task; the one of the process; the variable
``WEIGHTLOCK_PUBLIC_KEY``. Where none of them names a signer, it raises :class:`VerificationError`. It never loads unverified.

Rejected: trust that takes effect everywhere at once. A load of another thread would accept a key that was not meant for it.
"""

from __future__ import annotations

import contextvars
import os
import threading

from weightlock import _views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    Path = str | os.PathLike[str]

__all__ = ["Signer", "holding", "paths", "trust"]

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

    With ``share=True`` processes of this user that load the same model read and hash it once between them, and keep it in the
    same memory: one takes the other's word for the bytes, not for the signature. As :func:`weightlock.guarded` has it.
    """

    def __init__(
        self,
        *,
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        everywhere: bool = False,
        share: bool = False,
    ) -> None:
        # As they are now: neither a list that changes, nor a name that means another file after a change of folder.
        self.key = None if key is None else _views.absolute(key)
        chain = [_views.absolute(file) for file in paths(certificate_chain)]
        self.certificate_chain = chain or None
        if self.key is None and self.certificate_chain is None:
            raise TypeError("trust() needs a key or a certificate chain")
        self.share = share
        self._ended = False
        self._around = None if everywhere else _here()
        if everywhere:
            with _LOCK:
                _PROCESS.append(self)
        else:
            _HERE.set(self)

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
        """Ends it, wherever it holds. What held before holds again."""
        # Not by resetting the variable: a generator may be closed in another context than it was begun in.
        self._ended = True
        with _LOCK:
            if self in _PROCESS:
                _PROCESS.remove(self)

    def lasting(self) -> trust | None:
        """This one, or the innermost around it that has not ended."""
        found: trust | None = self
        while found is not None and found._ended:
            found = found._around
        return found


def _here() -> trust | None:
    here = _HERE.get()
    return None if here is None else here.lasting()


def _current() -> trust | None:
    here = _here()
    if here is not None:
        return here
    with _LOCK:
        return _PROCESS[-1] if _PROCESS else None


class Signer:
    """Whose signature counts for one load, and whether it may be another process that reads."""

    __slots__ = ("certificate_chain", "key", "share")

    def __init__(self, key: Path | None, certificate_chain: list[Path], share: bool) -> None:
        self.key = key
        self.certificate_chain = certificate_chain
        self.share = share


def holding(
    key: Path | None, certificate_chain: Path | Sequence[Path] | None, share: bool | None = None
) -> Signer:
    """What was asked for, or else the trust that holds here."""
    current = _current() if key is None and certificate_chain is None else None
    if current is None:
        return Signer(key, paths(certificate_chain), bool(share))
    return Signer(current.key, paths(current.certificate_chain), current.share if share is None else share)


def paths(told: Path | Sequence[Path] | None) -> list[Path]:
    """One path, several, or none, as a list."""
    if told is None:
        return []
    if isinstance(told, (str, os.PathLike)):
        return [told]
    return list(told)

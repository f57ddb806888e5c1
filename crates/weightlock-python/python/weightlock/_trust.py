"""Whose signatures count, for loaders that have no argument for it.

A loader asks in this order: its own arguments; the :func:`trust` of its thread or task; the one of the process; the variable
``WEIGHTLOCK_PUBLIC_KEY``. Where none of them names a signer, it raises :class:`VerificationError`. It never loads unverified.

The first that names a signer is taken as a whole: an identity is never put together from the arguments and a trust.

Rejected: trust that takes effect everywhere at once. A load of another thread would accept a key that was not meant for it.
"""

from __future__ import annotations

import contextvars
import os
import threading

from weightlock import _errors, _policy, _views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import TypedDict

    from weightlock._policy import Policy

    Path = str | os.PathLike[str]

    class Trusted(TypedDict, total=False):
        """Arguments of a loader that say whose signature counts, and which."""

        key: Path | None
        certificate_chain: Path | Sequence[Path] | None
        identity: str | None
        identity_provider: str | None
        trusted_root: Path | None
        signature: Path | None


__all__ = ["Signer", "holding", "trust"]

_HERE: contextvars.ContextVar[trust | None] = contextvars.ContextVar("weightlock.trust", default=None)

#: Guards what follows.
_LOCK = threading.Lock()
_PROCESS: list[trust] = []


class trust:
    """Names the signer for the loads that follow: as a call for good, as a context manager until it is left.

    >>> weightlock.trust(key="release.pub")
    >>> with weightlock.trust(key="other.pub"):
    ...     tensors = weightlock.safetensors.load_file("model/model.safetensors")

    The signer is the holder of a key, one of certificates, or an identity with who vouches for it:

    >>> weightlock.trust(identity="release@example.com", identity_provider="https://accounts.google.com")

    ``trusted_root`` is the Sigstore of a private deployment; without it, the public one.

    With a ``policy``, a file or a :class:`weightlock.Policy`, models have to be allowed by it; a signer who is named too must have
    signed them besides, and none need be.

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
        identity: str | None = None,
        identity_provider: str | None = None,
        trusted_root: Path | None = None,
        policy: Path | Policy | None = None,
        everywhere: bool = False,
        share: bool = False,
    ) -> None:
        # Files as they are named now: neither a list that changes, nor a name that means another file after a change of folder.
        self.signer = Signer(
            key=None if key is None else _views.absolute(key),
            certificate_chain=[_views.absolute(file) for file in _paths(certificate_chain)],
            identity=identity,
            identity_provider=identity_provider,
            trusted_root=None if trusted_root is None else _views.absolute(trusted_root),
            share=share,
            policy=policy,
        )
        problem = self.signer.problem()
        if problem is not None:
            raise TypeError(f"trust() needs one signer, or a policy: {problem}")
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
    """Whose signature counts for a load, by which policy, and whether it may be another process that reads. As the native module
    takes it.
    """

    __slots__ = ("certificate_chain", "identity", "identity_provider", "key", "policy", "share", "trusted_root")

    def __init__(
        self,
        *,
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        identity: str | None = None,
        identity_provider: str | None = None,
        trusted_root: Path | None = None,
        share: bool = False,
        policy: Path | Policy | None = None,
    ) -> None:
        self.policy = _policy.named(policy)
        self.key = key
        self.certificate_chain = _paths(certificate_chain)
        self.identity = identity
        self.identity_provider = identity_provider
        self.trusted_root = trusted_root
        self.share = share

    def but(self, *, share: bool | None, policy: Policy | None) -> Signer:
        """The same, with another answer to whether another process may read, and by another policy, if they are given."""
        if (share is None or share == self.share) and policy is None:
            return self
        return Signer(
            key=self.key,
            certificate_chain=self.certificate_chain,
            identity=self.identity,
            identity_provider=self.identity_provider,
            trusted_root=self.trusted_root,
            share=self.share if share is None else share,
            policy=self.policy if policy is None else policy,
        )

    def problem(self) -> str | None:
        """Why this does not say whose signature counts, if it does not."""
        is_identity = self.identity is not None or self.identity_provider is not None
        if is_identity and (self.identity is None or self.identity_provider is None):
            return "an identity counts with who vouches for it, and only with them: identity and identity_provider"
        signers = (self.key is not None) + bool(self.certificate_chain) + is_identity
        if signers != 1 and (signers > 1 or self.policy is None):
            return "a key, or a certificate chain, or an identity"
        if self.trusted_root is not None and not is_identity:
            return "trusted_root says which Sigstore is believed about an identity, and there is none"
        return None


def holding(
    path: Path,
    *,
    key: Path | None,
    certificate_chain: Path | Sequence[Path] | None,
    identity: str | None,
    identity_provider: str | None,
    trusted_root: Path | None,
    share: bool | None = None,
    policy: Path | Policy | None = None,
) -> Signer:
    """Who was asked for, or else whom the trust names that holds here; and the policy that was asked for, or else that of the
    trust, which a signer that was asked for does not put out of force.
    """
    if trusted_root is not None and identity is None and identity_provider is None:
        what = "trusted_root says which Sigstore is believed about an identity, and no identity is named"
        why = "the signer of a trust, or of a variable, is not mixed with arguments: the answer would be about nobody in particular"
        then = "name all three: identity, identity_provider, trusted_root"
        raise _errors.refusal(path, [("WL-CLI-USAGE", what, None, why, then, None)])
    named = (key, certificate_chain, identity, identity_provider)
    asked, current = _policy.named(policy), _current()
    if current is not None and all(one is None for one in named):
        return current.signer.but(share=share, policy=asked)
    if asked is None and current is not None:
        asked = current.signer.policy
    return Signer(
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
        share=bool(share),
        policy=asked,
    )


def by_policy() -> Signer:
    """Nobody in particular; and the policy of the trust that holds here."""
    current = _current()
    return Signer(policy=None if current is None else current.signer.policy)


def _paths(told: Path | Sequence[Path] | None) -> list[Path]:
    """One path, several, or none, as a list."""
    if told is None:
        return []
    if isinstance(told, (str, os.PathLike)):
        return [told]
    return list(told)

"""The verbs of the command line as functions. Each gives the JSON document that ``--json`` prints, as a ``dict``.

``verify`` and ``sign`` raise :class:`VerificationError` unless the answer is yes. ``scan``, ``inspect`` and ``gate`` describe a model,
whatever they find: look at ``outcome``. They raise when nothing could be examined.
"""

from __future__ import annotations

import os

from weightlock import _native, _policy, _trust
from weightlock._errors import refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    from weightlock._policy import Policy
    from weightlock.documents import Document, Inspection, Scanned, Signed, VerdictTold, Verified

    Path = str | os.PathLike[str]
    Progress = Callable[[int, int], object]
    Severity = Literal["info", "low", "medium", "high", "critical"]
    Profile = Literal["default", "strict", "weights-only"]

__all__ = ["gate", "inspect", "scan", "sign", "verify"]


def verify(
    path: Path,
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
    expect_digest: str | None = None,
    only: str | Sequence[str] = (),
    ignore_paths: Sequence[Path] = (),
    ignore_unsigned_files: bool = False,
    allow_symlinks: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Document[Verified]:
    """Who signed a model, and is it what they signed?

    One signer is named: the holder of ``key``, one of ``certificate_chain``, or an ``identity`` with its
    ``identity_provider``, as of :func:`weightlock.guarded`. Without any the signer is the one of the :func:`weightlock.trust` that holds here, as for
    loads, or else of ``WEIGHTLOCK_PUBLIC_KEY``.

    It loads nothing: a path that was verified here and is opened afterwards may be another file by then. To load, use
    :func:`weightlock.verified`.
    """
    signer = _trust.holding(
        path,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
    )
    words = _words(
        "verify",
        key=signer.key,
        certificate_chain=signer.certificate_chain,
        identity=signer.identity,
        identity_provider=signer.identity_provider,
        trusted_root=signer.trusted_root,
        signature=signature,
        expect_digest=expect_digest,
        only=only,
        ignore_paths=ignore_paths,
        ignore_unsigned_files=ignore_unsigned_files,
        allow_symlinks=allow_symlinks,
        jobs=jobs,
    )
    return _yes(path, words, progress)


def sign(
    path: Path,
    *,
    key: Path | None = None,
    signing_certificate: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    password_file: Path | None = None,
    signature: Path | None = None,
    beside: bool = False,
    replace: bool = False,
    leaves: bool = False,
    fs_verity: bool = False,
    ignore_paths: Sequence[Path] = (),
    allow_symlinks: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Document[Signed]:
    """Signs every file of a model, as one unit. Nobody is asked for a password: name a file, or set WEIGHTLOCK_PASSWORD."""
    words = _words(
        "sign",
        key=key,
        signing_certificate=signing_certificate,
        certificate_chain=certificate_chain,
        password_file=password_file,
        signature=signature,
        beside=beside,
        replace=replace,
        leaves=leaves,
        fs_verity=fs_verity,
        ignore_paths=ignore_paths,
        allow_symlinks=allow_symlinks,
        jobs=jobs,
    )
    return _yes(path, words, progress)


def scan(
    path: Path,
    *,
    only: str | Sequence[str] = (),
    fail_on: Severity | None = None,
    profile: Profile | None = None,
    baseline: Path | None = None,
    allow_symlinks: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Document[Scanned]:
    """What can these files do when they are loaded? They are clean if ``outcome`` is ``"yes"``, and only then."""
    words = _words(
        "scan",
        only=only,
        fail_on=fail_on,
        profile=profile,
        baseline=baseline,
        allow_symlinks=allow_symlinks,
        jobs=jobs,
    )
    return _described(path, words, progress)


def inspect(
    path: Path, *, policy: Path | Policy | None = None, progress: Progress | None = None
) -> Document[Inspection]:
    """What is this model, and what is known about it? Where a policy holds, also whether it allows the model."""
    return _described(path, _words("inspect", **_said(policy)), progress)


def gate(
    path: Path,
    *,
    policy: Path | Policy | None = None,
    allow_symlinks: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Document[VerdictTold]:
    """May this model be promoted? It may if ``outcome`` is ``"yes"``, and only then; the verdict is under ``result``.

    It loads nothing: to load what is allowed, use :func:`weightlock.verified` with the same ``policy``, and with the same verdict.
    """
    words = _words("gate", **_said(policy), allow_symlinks=allow_symlinks, jobs=jobs)
    return _described(path, words, progress)


def _said(policy: Path | Policy | None) -> dict[str, Any]:
    """A policy as flags."""
    said = _policy.named(policy)
    if said is None:
        return {}
    return {
        "policy": said.file,
        "mode": said.mode,
        "tier": said.tier,
        "as": said.name,
        "revision": said.revision,
        "advisories": said.advisories,
        "audit_log": said.audit_log,
        "from_verdict": said.from_verdict,
        "skip": said.skip,
    }


def _words(verb: str, **flags: Path | int | Sequence[Path] | None) -> list[str]:
    """A command line. Values are part of their flag's word, so that none is taken for a flag."""
    words = [verb]
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            words.append(flag)
        elif isinstance(value, (str, int, os.PathLike)):
            words.append(f"{flag}={_text(value)}")
        else:
            words.extend(f"{flag}={os.fspath(one)}" for one in value)
    return words


def _text(value: str | int | os.PathLike[str]) -> str:
    return str(value) if isinstance(value, int) else os.fspath(value)


def _yes(path: Path, words: list[str], progress: Progress | None) -> Any:
    document, reasons = _native.answer([*words, "--", os.fspath(path)], progress=progress)
    if document["outcome"] != "yes":
        raise refusal(path, reasons)
    return document


def _described(path: Path, words: list[str], progress: Progress | None) -> Any:
    document, reasons = _native.answer([*words, "--", os.fspath(path)], progress=progress)
    if document["outcome"] not in ("yes", "no", "no-answer") or document["result"] is None:
        raise refusal(path, reasons)
    return document

"""A policy, and what is said about a model besides."""

from __future__ import annotations

import os

from weightlock import _views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Path = str | os.PathLike[str]

__all__ = ["Policy", "named"]


class Policy:
    """A policy that decides whether a model is loaded, and what is said about the model besides: as the flags of ``weightlock gate``.

    >>> policy = weightlock.Policy("policy.toml", mode="production", advisories=["grype.json"])
    >>> with weightlock.verified("model", policy=policy) as path:
    ...     model = AutoModel.from_pretrained(path)

    ``file`` is the policy; without it, the one that ``WEIGHTLOCK_POLICY`` names, or the user's. The floor of the machine,
    ``/etc/weightlock/policy.toml``, holds besides, whatever is said here. ``mode`` and ``tier`` can only make it stricter. ``name`` is
    what the model is called in rules, as ``"namespace/name"``, ``revision`` what was fetched, ``advisories`` are reports of grype
    or trivy. The decision is written to ``audit_log``, besides the logs that policies name. ``from_verdict`` takes a signed
    verdict instead of judging; every byte is hashed all the same. ``skip`` leaves checks out, by their names: in production, and for
    what the floor demands, that is refused and logged.
    """

    __slots__ = ("advisories", "audit_log", "file", "from_verdict", "mode", "name", "revision", "skip", "tier")

    def __init__(
        self,
        file: Path | None = None,
        *,
        mode: str | None = None,
        tier: str | None = None,
        name: str | None = None,
        revision: str | None = None,
        advisories: Sequence[Path] = (),
        audit_log: Path | None = None,
        from_verdict: bool = False,
        skip: Sequence[str] = (),
    ) -> None:
        # Files as they are named now: neither a list that changes, nor a name that means another file after a change of folder.
        self.file = _absolute(file)
        self.mode = mode
        self.tier = tier
        self.name = name
        self.revision = revision
        self.advisories = [_views.absolute(report) for report in advisories]
        self.audit_log = _absolute(audit_log)
        self.from_verdict = from_verdict
        self.skip = list(skip)


def named(policy: Path | Policy | None) -> Policy | None:
    """A policy that was named by its file, or with more."""
    if policy is None or isinstance(policy, Policy):
        return policy
    return Policy(policy)


def _absolute(file: Path | None) -> str | None:
    return None if file is None else _views.absolute(file)

"""Models in the cache of the hub client, verified: what was fetched once, with whatever tool, and lies there as links to blobs.

>>> import weightlock.hf
>>> with weightlock.hf.verified("org/model", revision="5f3c…", key="release.pub") as path:
...     model = AutoModel.from_pretrained(path)

Nothing is ever fetched. A name such as ``main`` means what the cache says it means, and nobody signed that: pin the commit.

Rejected: to ask the client of the hub. It would have to be imported, and fetches what is missing unless it is told not to.
"""

from __future__ import annotations

import os
import re

from weightlock import _errors, _load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from weightlock._native import Guarded
    from weightlock._policy import Policy

    Path = str | os.PathLike[str]

__all__ = ["cache", "guarded", "snapshot", "verified"]

_REPOSITORY = re.compile(r"(?!.*(--|\.\.))\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def cache() -> str:
    """The cache of the hub client: ``HF_HUB_CACHE``, else ``HF_HOME`` + ``/hub``, else the one below the user's own."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return os.path.expanduser(os.path.expandvars(os.environ[name]))
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return os.path.expanduser(os.path.expandvars(os.path.join(home, "hub")))


def is_repository(name: str) -> bool:
    """Whether this can be the name of a repository, such as ``org/model``."""
    return _REPOSITORY.fullmatch(name) is not None


def snapshot(repo_id: str, *, revision: str | None = None, cache_dir: Path | None = None, repo_type: str = "model") -> str:
    """The folder of a cached snapshot, which is not verified yet.

    Raises :class:`weightlock.VerificationError` when there is none.
    """
    if not is_repository(repo_id) or repo_type not in ("model", "dataset", "space"):
        raise ValueError(f"not the name of a repository: {repo_id!r}")
    folder = os.path.join(cache() if cache_dir is None else cache_dir, f"{repo_type}s--{repo_id.replace('/', '--')}")
    commit = _commit(folder, "main" if revision is None else revision)
    found = None if commit is None else os.path.join(folder, "snapshots", commit)
    if found is None or not os.path.isdir(found):
        what = f"{repo_id}, revision {revision or 'main'}, is not in the cache"
        why = "weightlock loads what is on this machine, and fetches nothing"
        reason = ("WL-IO-NOT-FOUND", what, folder, why, f"fetch it first: hf download {repo_id}", None)
        raise _errors.refusal(folder, [reason])
    return found


def _commit(folder: str, revision: str) -> str | None:
    """The commit that a name means. Names that lead out of the folder mean none."""
    if _COMMIT.fullmatch(revision):
        return revision
    words = revision.split("/")
    if not all(re.fullmatch(r"[\w.-]+", word) and word not in (".", "..") for word in words):
        raise ValueError(f"not a revision: {revision!r}")
    try:
        with open(os.path.join(folder, "refs", *words), encoding="ascii") as file:
            commit = file.read(64).strip()
    except (OSError, UnicodeDecodeError):
        return None
    return commit if _COMMIT.fullmatch(commit) else None


def guarded(
    repo_id: str,
    *,
    revision: str | None = None,
    cache_dir: Path | None = None,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
    policy: Path | Policy | None = None,
    only: Sequence[str] = (),
    share: bool | None = None,
) -> Guarded:
    """Verifies a cached snapshot and reads it into sealed memory. As :func:`weightlock.guarded`."""
    folder = snapshot(repo_id, revision=revision, cache_dir=cache_dir)
    return _load.guarded(
        folder,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
        signature=signature,
        policy=policy,
        only=only,
        share=share,
    )


class verified(_load.verified):
    """A context manager that verifies a cached snapshot and gives the path of its sealed view."""

    def __init__(
        self,
        repo_id: str,
        *,
        revision: str | None = None,
        cache_dir: Path | None = None,
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        identity: str | None = None,
        identity_provider: str | None = None,
        trusted_root: Path | None = None,
        signature: Path | None = None,
        policy: Path | Policy | None = None,
    ) -> None:
        folder = snapshot(repo_id, revision=revision, cache_dir=cache_dir)
        super().__init__(
            folder,
            key=key,
            certificate_chain=certificate_chain,
            identity=identity,
            identity_provider=identity_provider,
            trusted_root=trusted_root,
            signature=signature,
            policy=policy,
        )

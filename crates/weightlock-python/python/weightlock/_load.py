"""Verify and load in one act."""

from __future__ import annotations

import os

from weightlock import _native, _pickle, _trust, _views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Buffer

    from weightlock._policy import Policy
    from weightlock.documents import Verified

    Path = str | os.PathLike[str]
    Progress = Callable[[int, int], object]

__all__ = ["guarded", "load_model_verified", "read_into", "secure_load_model", "verified", "verify_weights"]


def guarded(
    path: Path,
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
    policy: Path | Policy | None = None,
    only: str | Sequence[str] = (),
    allow_symlinks: bool = False,
    share: bool | None = None,
    progress: Progress | None = None,
) -> _native.Guarded:
    """Verifies a model and reads it into sealed memory, and gives an object that leads to it.

    ``path`` is a folder or a file; a file without a signature of its own is looked for in the signature of a folder that it
    lies in, and then only this file is read. ``key`` is the public key of the signer, ``certificate_chain`` a file, or files,
    with its root certificates. ``identity`` is the Sigstore identity of the signer and ``identity_provider`` the URL of who
    vouches for it, both exactly; ``trusted_root`` is a file with the Sigstore that is believed about it, or else the one that
    ``WEIGHTLOCK_TRUST_ROOT`` names, or the public instance. Nobody is asked over the network. One signer is named: a key, or
    certificates, or an identity; without any, the :func:`weightlock.trust` that holds here counts, or else the key that
    ``WEIGHTLOCK_PUBLIC_KEY`` names. ``only`` are patterns such as
    ``"*.safetensors"``: other files are neither read nor handed out. ``progress`` is called with the bytes that were read and
    those that are to be read.

    With ``share`` processes of this user that load the same, such as the ranks of a node, read and hash it once between them:
    each checks the signature and the names itself, and takes the bytes of the one that came first, in sealed memory, with its
    word for them. They meet in a folder that only this user can look into. ``None`` means what the trust says that holds.

    ``policy`` is a file, or a :class:`weightlock.Policy`, that decides instead of one signer: the bytes in sealed memory are judged
    as ``weightlock gate`` judges, with the same verdict, and handed out only when it allows. The policies of the machine and of the
    user hold also when none is named. A signer who is named, too, must have signed these bytes besides. Each process reads by
    itself then, and everything of a model is read, also for ``only`` some of it.

    Raises :class:`VerificationError`.
    """
    signer = _trust.holding(
        path,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
        share=share,
        policy=policy,
    )
    model = _native.load(
        path,
        signer,
        signature=signature,
        only=[only] if isinstance(only, str) else list(only),
        allow_symlinks=allow_symlinks,
        progress=progress,
    )
    return _told(model)


def partial(
    path: Path,
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
) -> _native.Partial | None:
    """Opens a signed file for reading parts of it; ``None`` where its signer has signed no leaves.

    The signature and the size of the file are verified now, bytes when they are read, and what nobody reads never. Where the
    leaves were never compared with the signed digests on this machine, the whole model is read once for that.

    Raises :class:`VerificationError`.
    """
    signer = _trust.holding(
        path,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
    )
    opened = _native.load_partial(path, signer, signature=signature)
    if opened is not None:
        tell(opened.line)
    return opened


class verified:
    """A context manager that verifies a model and gives the path of its sealed view.

    >>> with weightlock.verified("model", key="release.pub") as path:
    ...     model = AutoModel.from_pretrained(path)

    The model is verified when this is called. The path leads to it until the context is left; what a framework has mapped
    by then stays. Arguments as of :func:`guarded`, which can also tell its progress.
    """

    def __init__(
        self,
        path: Path,
        *,
        key: Path | None = None,
        certificate_chain: Path | Sequence[Path] | None = None,
        identity: str | None = None,
        identity_provider: str | None = None,
        trusted_root: Path | None = None,
        signature: Path | None = None,
        policy: Path | Policy | None = None,
    ) -> None:
        self._model = guarded(
            path,
            key=key,
            certificate_chain=certificate_chain,
            identity=identity,
            identity_provider=identity_provider,
            trusted_root=trusted_root,
            signature=signature,
            policy=policy,
        )
        self._loading = _pickle.Loading()

    def __enter__(self) -> str:
        path = self._model.path
        self._loading.__enter__()
        return path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loading.__exit__(kind, raised, traceback)
        self._model.close()


def read_into(
    path: Path,
    buffer: Buffer,
    *,
    key: Path | None = None,
    certificate_chain: Path | Sequence[Path] | None = None,
    identity: str | None = None,
    identity_provider: str | None = None,
    trusted_root: Path | None = None,
    signature: Path | None = None,
    allow_symlinks: bool = False,
    progress: Progress | None = None,
) -> Verified | None:
    """Verifies one file and reads it into memory that the caller has, in one act.

    ``buffer`` is anything that offers writable, contiguous memory of the size of the file, such as a ``bytearray`` or an array
    of numpy. It must not be looked at meanwhile: its bytes were verified when this returns, and not before. When it raises,
    nothing of the file is left in it. Other arguments as of :func:`guarded`; the other files of a model are not looked at.

    Returns what was verified, as :func:`weightlock.verify` has it under ``result``; ``None`` where a policy decided and no signer
    was named besides. Raises :class:`VerificationError`, and
    ``BufferError`` or ``TypeError`` for a buffer that cannot be written to.
    """
    signer = _trust.holding(
        path,
        key=key,
        certificate_chain=certificate_chain,
        identity=identity,
        identity_provider=identity_provider,
        trusted_root=trusted_root,
    )
    with memoryview(buffer) as view, view.cast("B") as flat:
        verified, line = _native.load_into(
            path,
            flat,
            signer,
            signature=signature,
            allow_symlinks=allow_symlinks,
            progress=progress,
        )
    tell(line)
    return verified


def secure_load_model(model_path: Path, bundle_path: Path, pubkey_path: Path) -> _native.Guarded:
    """Verifies a model against a named signature and a public key, and loads it into sealed memory.

    What is returned is a path (``os.PathLike``) for any framework, and gives each file's bytes as a buffer. It belongs to
    the caller, who closes it when the framework has read it.

    Raises :class:`VerificationError`.
    """
    return guarded(model_path, signature=bundle_path, key=pubkey_path)


def verify_weights(path: Path, name: str, pins: Mapping[str, str] | Path) -> _native.Guarded:
    """Compares a file with the SHA-256 that is pinned for ``name``, and loads it into sealed memory.

    ``path`` is the file, or a folder that has a file called ``name``. ``pins`` gives the digest (``sha256:HEX`` or ``HEX``)
    by name: a mapping, or a JSON file with one. A digest says which bytes are wanted, and not who made them: keep the pins
    in reviewed source, or in a container that is signed itself, and read them from its sealed view.

    Returns what :func:`secure_load_model` returns. Raises :class:`VerificationError`, also when nothing is pinned for
    ``name``. Where a policy holds, it must allow the model besides.
    """
    digests = _read_pins(pins) if isinstance(pins, (str, os.PathLike)) else pins
    weights = os.path.join(path, name) if os.path.isdir(path) else path
    return _told(_native.load_pinned(weights, name, digests.get(name), _trust.by_policy()))


def load_model_verified(
    model_dir: Path,
    expected_identity: str,
    identity_provider: str,
    *,
    trusted_root: Path | None = None,
) -> _native.Guarded:
    """Verifies that a model was signed by an identity that this provider vouches for, and loads it into sealed memory.

    Both are compared exactly, such as ``"release@example.com"`` and ``"https://accounts.google.com"``. What an identity means
    is said by the public Sigstore, or by that of the file ``trusted_root``.

    Returns what :func:`secure_load_model` returns. Raises :class:`VerificationError`.
    """
    # A name that is missing must not let another signer count: the one of a trust, or of a variable.
    if not isinstance(expected_identity, str) or not isinstance(identity_provider, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("load_model_verified needs the identity and who vouches for it, each as text")
    return guarded(
        model_dir, identity=expected_identity, identity_provider=identity_provider, trusted_root=trusted_root
    )


def _read_pins(path: Path) -> dict[str, str]:
    import json

    with open(path, encoding="utf-8") as file:
        return dict(json.load(file))


def _told(model: _native.Guarded) -> _native.Guarded:
    """Makes the view known to the loaders of this package, and says in one line what was verified, to whoever listens."""
    _views.remember(model)
    tell(model.line)
    return model


def tell(line: str) -> None:
    """Says a line to whoever listens."""
    # Not at the top: it is slow to import, and many programs never ask for it.
    import logging

    logging.getLogger("weightlock").info("%s", line)

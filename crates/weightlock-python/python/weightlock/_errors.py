"""Why a model was refused."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from weightlock.documents import VerdictTold

__all__ = ["Reason", "VerificationError"]


class Reason:
    """One reason: what, where, why it matters, what to do next."""

    __slots__ = ("code", "next", "what", "where", "why")

    #: The stable code, such as ``WL-SIG-TAMPERED``; ``weightlock explain CODE`` tells more.
    code: str
    #: What, in one sentence.
    what: str
    #: Where, if that is known: a file, with offset or tensor.
    where: str | None
    #: Why it matters.
    why: str
    #: What to do next.
    next: str

    def __init__(self, code: str, what: str, where: str | None, why: str, next: str) -> None:
        self.code = code
        self.what = what
        self.where = where
        self.why = why
        self.next = next

    def __str__(self) -> str:
        place = f"\n  where: {self.where}" if self.where else ""
        return f"{self.code}: {self.what}{place}\n  why:   {self.why}\n  next:  {self.next}"

    def __repr__(self) -> str:
        return f"Reason({self.code!r}, {self.what!r}, {self.where!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self._members() == other._members()

    def __hash__(self) -> int:
        return hash(self._members())

    def __reduce__(self) -> tuple[type[Reason], tuple[str, str, str | None, str, str]]:
        return Reason, self._members()

    def _members(self) -> tuple[str, str, str | None, str, str]:
        return self.code, self.what, self.where, self.why, self.next


class VerificationError(Exception):
    """A model was refused, or could not be verified. None of its bytes were handed out."""

    #: The code of the first and gravest reason.
    code: str
    #: The file that the first reason is about; the model itself where no file is at fault.
    path: str
    #: All reasons, gravest first.
    reasons: list[Reason]
    #: The verdict, as the JSON of ``gate`` has it under ``result``, where a policy decided.
    verdict: VerdictTold | None = None

    def __init__(self, path: str, reasons: Sequence[Reason]) -> None:
        super().__init__(path, reasons)
        self.path = path
        self.reasons = list(reasons)
        self.code = self.reasons[0].code if self.reasons else ""

    def __str__(self) -> str:
        return "\n".join(str(reason) for reason in self.reasons)


class FolderError(VerificationError, IsADirectoryError):
    """A folder lies where one file was asked for. It is refused, and it is what an original raises for a folder."""


def folder(path: str | os.PathLike[str]) -> FolderError:
    """The exception for a folder in the place of a file, which may have come there a moment ago."""
    text = os.fspath(path)
    what, why = "a folder lies where one file was asked for", "it is not the file that was signed under this name"
    return FolderError(text, [Reason("WL-ART-NOT-A-MODEL", what, text, why, "name a file in it")])


def refusal(
    path: str | os.PathLike[str],
    reasons: Sequence[tuple[str, str, str | None, str, str, str | None]],
    verdict: VerdictTold | None = None,
) -> VerificationError:
    """The exception for what the native module tells: a reason's members, and the file that it is about."""
    # The reasons of a verdict are about the model, and their places are lines of policies.
    file = reasons[0][5] if reasons and verdict is None else None
    told = [Reason(code, what, where, why, next) for code, what, where, why, next, _ in reasons]
    refused = VerificationError(file or os.fspath(path), told)
    refused.verdict = verdict
    return refused

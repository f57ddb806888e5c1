"""A hook that looks on while a pickle is read, and vetoes what the scanner calls dangerous.

Python tells such hooks each name that a pickle imports, before it imports it, however deep below the loader that was called.
It counts in a guarded load only: elsewhere programs unpickle their own objects, and some of those need such names.

Limits: hooks cannot be removed, so after ``uninstall()`` it stays and does nothing. It does not see readers of their own
making, other threads that a load starts, or what a name does that nobody called dangerous. It stops mistakes and libraries,
not code that already runs here.
"""

from __future__ import annotations

import contextvars
import sys
import threading

from weightlock import _errors, _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Loading", "enable"]

#: Whether a guarded load runs in this thread or task.
_LOADING: contextvars.ContextVar[bool] = contextvars.ContextVar("weightlock.pickle", default=False)

#: Guards what follows.
_LOCK = threading.Lock()
_STATE = {"added": False, "enabled": False}


class Loading:
    """A context in which a guarded load runs."""

    def __enter__(self) -> None:
        self._before = _LOADING.get()
        _LOADING.set(True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not by a token: a generator may be closed in another context than it was begun in.
        _LOADING.set(self._before)


def enable(enabled: bool) -> None:
    """Adds the hook when it is first wanted, and says whether it counts."""
    with _LOCK:
        if enabled and not _STATE["added"]:
            sys.addaudithook(_hook)
            _STATE["added"] = True
        _STATE["enabled"] = enabled


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    # Called for every event of the interpreter: this line is all that most of them cost.
    if event != "pickle.find_class" or not _STATE["enabled"] or not _LOADING.get():
        return
    module, name = str(arguments[0]), str(arguments[1])
    harm = _native.harm(module, name)
    if harm is None:
        return
    what = f"the pickle imports {module}.{name}, which is dangerous: {', '.join(harm)}"
    why = "reading a pickle runs what it imports, whoever signed it"
    then = "do not load it; ask for the weights as safetensors, or look at it with: weightlock scan"
    raise _errors.refusal("", [("WL-SCAN-FINDINGS", what, None, why, then, None)])

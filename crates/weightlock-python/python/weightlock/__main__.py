"""The command line: ``weightlock`` and ``python -m weightlock``."""

from __future__ import annotations

import signal
import sys

from weightlock import _native


def main() -> None:
    """Runs the program, which treats signals in its own way, and ends with its exit code."""
    # Else Python would raise KeyboardInterrupt beside what the program answers.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.main(sys.argv))


if __name__ == "__main__":
    main()

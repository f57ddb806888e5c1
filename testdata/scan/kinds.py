"""Runs functions that each write files of one kind into a folder of their own."""

import os, sys, traceback


def write(kinds):
    """Each kind into a folder of its name below the first argument of the program; exits with 1 when one failed."""
    failed = False
    for kind in kinds:
        folder = os.path.join(sys.argv[1], kind.__name__)
        os.makedirs(folder, exist_ok=True)
        try:
            kind(folder)
            print(f"written {kind.__name__}: {sum(len(files) for _, _, files in os.walk(folder))} files", flush=True)
        except Exception:
            traceback.print_exc()
            print(f"FAILED {kind.__name__}", flush=True)
            failed = True
    sys.exit(failed)

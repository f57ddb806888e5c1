"""Libraries that a test needs, and what every loader has to withstand."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import weightlock
from support import Case


def needs(*modules: str) -> None:
    """Skips the tests of a file whose library is not there; fails where every peer is required."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing and os.environ.get("WEIGHTLOCK_REQUIRE_FRAMEWORKS") == "1":
        raise ImportError(f"required, and not installed: {missing}")
    if missing:
        raise unittest.SkipTest(f"not installed: {missing}")


#: The arguments that say whose signature counts, in the order that every loader has them in.
SIGNER = ["key", "certificate_chain", "identity", "identity_provider", "trusted_root", "signature"]

#: Bits of one element of each type of safetensors.
BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("C64", "F64", "I64", "U64"), 64),
    "F4": 4,
}


def safetensors_file(header: dict[str, Any], data: bytes, *, pad: int = 8) -> bytes:
    """A file with this header, sound or not."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % pad)
    return struct.pack("<Q", len(text)) + text + data


def python(script: str, *words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Another interpreter, with what this one has."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(os.fspath, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | variables,
    )


class Attacked(Case):
    """Changes to a file after it was loaded."""

    def changes(self, file: Path) -> list[Callable[[], object]]:
        """Ways to change a file that somebody has loaded, most harmful last."""
        whole = file.read_bytes()

        def rewritten() -> None:
            with open(file, "r+b") as opened:
                opened.write(b"\xff" * len(whole))

        def truncated() -> None:
            os.truncate(file, 10)

        def replaced() -> None:
            other = self.folder / "other"
            other.write_bytes(b"\x01" * len(whole))
            os.replace(other, file)

        def removed() -> None:
            file.unlink()

        return [rewritten, truncated, replaced, removed]

    def hub(self, model: Path) -> Path:
        """A snapshot in a hub cache with the files of a model. Not signed."""
        repository = self.folder / "hub" / "models--org--tiny"
        snapshot = repository / "snapshots" / ("a" * 40)
        blobs = repository / "blobs"
        blobs.mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("a" * 40)
        files = [file for file in sorted(model.rglob("*")) if file.is_file() and file.name != "model.sig"]
        for number, file in enumerate(files):
            blob = blobs / f"{number:040}"
            blob.write_bytes(file.read_bytes())
            link = snapshot / file.relative_to(model)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blob, link.parent))
        return snapshot

    def is_refused(self, code: str, load: Callable[[], object]) -> weightlock.VerificationError:
        with self.assertRaises(weightlock.VerificationError) as caught:
            load()
        self.assertEqual(caught.exception.code, code, str(caught.exception))
        return caught.exception

"""Models, keys and signatures for the tests: made by the program itself, in a folder that goes away."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import weightlock
from weightlock.documents import Verified

ROOT = Path(__file__).resolve().parents[3]


def safetensors(tensors: dict[str, list[float]]) -> bytes:
    """A file of 32-bit floats."""
    header: dict[str, object] = {}
    data = b""
    for name, values in tensors.items():
        piece = struct.pack(f"<{len(values)}f", *values)
        offsets = [len(data), len(data) + len(piece)]
        header[name] = {"dtype": "F32", "shape": [len(values)], "data_offsets": offsets}
        data += piece
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


WEIGHTS = safetensors({"one": [float(number) for number in range(4096)], "two": [0.5] * 512})


def program(*words: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """The command line of the wheel."""
    return subprocess.run(  # type: ignore[call-overload]
        [sys.executable, "-m", "weightlock", *map(os.fspath, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def facts(model: weightlock.Guarded) -> Verified:
    """What the signature of a model said."""
    assert model.verified is not None
    return model.verified


class Case(unittest.TestCase):
    """A test with a folder of its own, a key pair, and a signed model in it."""

    folder: Path
    model: Path
    key: Path
    private: Path

    def setUp(self) -> None:
        around = tempfile.TemporaryDirectory(prefix="weightlock-test-")
        self.addCleanup(around.cleanup)
        self.folder = Path(around.name)
        made = program("key", "generate", "--unencrypted", "release", cwd=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.key, self.private = self.folder / "release.pub", self.folder / "release.key"
        self.model = self.make("model")
        self.sign(self.model)

    def make(self, name: str) -> Path:
        """A model that is not signed."""
        model = self.folder / name
        (model / "code").mkdir(parents=True)
        (model / "model.safetensors").write_bytes(WEIGHTS)
        (model / "config.json").write_text('{"architectures": ["Tiny"], "model_type": "tiny"}')
        (model / "code" / "modeling_tiny.py").write_text("SIZE = 4096\n")
        return model

    def sign(self, model: Path, **options: object) -> None:
        weightlock.sign(model, key=self.private, **options)  # type: ignore[arg-type]

    def refused(self, code: str, path: Path, **options: object) -> weightlock.VerificationError:
        """Refused with this code, and nothing was left behind."""
        with self.assertRaises(weightlock.VerificationError) as caught:
            weightlock.guarded(path, **({"key": self.key} | options))  # type: ignore[arg-type]
        self.assertEqual(caught.exception.code, code, str(caught.exception))
        return caught.exception


def services() -> Path | None:
    """What services of Sigstore, which run beside the tests, have written for who signs and who verifies."""
    named = os.environ.get("WEIGHTLOCK_TEST_SIGSTORE")
    return Path(named) if named else None


#: Why a test of identities did not run.
NO_SERVICES = "WEIGHTLOCK_TEST_SIGSTORE names no services: cargo xtask wheel --test starts them"


def sign_as(token: Path, model: Path, **options: object) -> None:
    """Signs a model as the identity of a token."""
    flags = [f"--{name}" for name, wanted in options.items() if wanted]
    who = ["--trust-config", token.with_name("trust.json"), "--identity-token-file", token, "--yes"]
    signed = program("sign", "sigstore", *who, *flags, model)
    assert signed.returncode == 0, signed.stderr


class Identified(Case):
    """A test whose models are signed as an identity."""

    services: Path
    #: Whose signature counts, as arguments.
    who: dict[str, str]

    def setUp(self) -> None:
        found = services()
        if found is None:
            self.skipTest(NO_SERVICES)
        self.services = found
        self.who = json.loads((found / "who.json").read_text())
        self.who["trusted_root"] = str(found / "trusted_root.json")
        super().setUp()

    def sign(self, model: Path, **options: object) -> None:
        sign_as(self.services / "token", model, **options)

    def refused(self, code: str, path: Path, **options: object) -> weightlock.VerificationError:
        return super().refused(code, path, **({"key": None} | self.who | options))

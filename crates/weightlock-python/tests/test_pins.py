"""``verify_weights``: a file against a digest that is known beforehand."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import weightlock
from support import WEIGHTS, Case
from weightlock import VerificationError

DIGEST = hashlib.sha256(WEIGHTS).hexdigest()


class Pins(Case):
    def setUp(self) -> None:
        super().setUp()
        self.weights = self.folder / "loose.safetensors"
        self.weights.write_bytes(WEIGHTS)

    def wrong(self, code: str, path: Path, name: str, pins: object) -> VerificationError:
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify_weights(path, name, pins)  # type: ignore[arg-type]
        self.assertEqual(caught.exception.code, code, str(caught.exception))
        return caught.exception

    def test_a_pinned_file_is_read_once_and_stays(self) -> None:
        for digest in (DIGEST, f"sha256:{DIGEST}", DIGEST.upper()):
            with self.subTest(digest), weightlock.verify_weights(self.weights, "loose", {"loose": digest}) as model:
                self.weights.write_bytes(b"changed")
                self.assertEqual(Path(model.path).read_bytes(), WEIGHTS)
                self.assertEqual(os.path.basename(model.path), "loose.safetensors")
                self.assertEqual(memoryview(model.buffer("loose.safetensors")), WEIGHTS)
                self.assertIsNone(model.verified)
                self.assertIn(DIGEST, model.line)
            self.weights.write_bytes(WEIGHTS)

    def test_the_file_of_a_folder_is_meant_by_its_name(self) -> None:
        pins = {"model.safetensors": DIGEST}
        with weightlock.verify_weights(self.model, "model.safetensors", pins) as model:
            self.assertEqual(model.files(), ["model.safetensors"])

    def test_another_file_is_refused_with_both_digests(self) -> None:
        self.weights.write_bytes(WEIGHTS[:-1] + b"\xff")
        refused = self.wrong("WL-DIGEST-PIN", self.weights, "loose", {"loose": DIGEST})
        self.assertEqual(refused.path, str(self.weights))
        self.assertIn(DIGEST, str(refused))
        self.assertIn(hashlib.sha256(self.weights.read_bytes()).hexdigest(), str(refused))

    def test_what_is_not_pinned_is_refused(self) -> None:
        self.wrong("WL-DIGEST-PIN", self.weights, "loose", {})
        self.wrong("WL-DIGEST-PIN", self.weights, "loose", {"Loose": DIGEST})

    def test_a_pin_that_is_no_digest_is_refused(self) -> None:
        for pin in ("", "sha256:", DIGEST[:-1], "sha1:" + "0" * 40):
            self.wrong("WL-CLI-USAGE", self.weights, "loose", {"loose": pin})

    def test_a_folder_or_nothing_is_no_file(self) -> None:
        self.wrong("WL-IO-NOT-FOUND", self.folder / "missing", "loose", {"loose": DIGEST})
        (self.folder / "empty").mkdir()
        self.wrong("WL-IO-NOT-FOUND", self.folder / "empty", "loose", {"loose": DIGEST})

    def test_pins_of_a_signed_container_and_weights_are_two_checks(self) -> None:
        """The pins lie in a container that is signed; the weights come from elsewhere. Either check can fail alone."""
        container = self.folder / "container"
        shutil.copytree(self.model / "code", container)
        (container / "pins.json").write_text(json.dumps({"loose": DIGEST}))
        self.sign(container)

        def load() -> bytes:
            with (
                weightlock.verified(container, key=self.key) as code,
                weightlock.verify_weights(self.weights, "loose", os.path.join(code, "pins.json")) as model,
            ):
                return Path(model.path).read_bytes()

        self.assertEqual(load(), WEIGHTS)
        self.weights.write_bytes(b"other weights")
        with self.assertRaises(VerificationError) as caught:
            load()
        self.assertEqual(caught.exception.code, "WL-DIGEST-PIN")
        pins = {"loose": hashlib.sha256(b"other weights").hexdigest()}
        (container / "pins.json").write_text(json.dumps(pins))
        with self.assertRaises(VerificationError) as caught:
            load()
        self.assertEqual(caught.exception.code, "WL-SIG-TAMPERED")

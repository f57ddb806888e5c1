"""Verbs as functions: the documents of the command line, and its refusals as exceptions."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import weightlock
from support import Case, program
from weightlock import VerificationError


class Documents(Case):
    def same(self, document: object, *words: str | Path) -> None:
        printed = program(*words, "--json")
        self.assertEqual(document, json.loads(printed.stdout), printed.stderr)

    def test_verify(self) -> None:
        self.same(weightlock.verify(self.model, key=self.key), "verify", "--key", self.key, self.model)
        part = weightlock.verify(self.model, key=self.key, only=["*.json"])
        self.same(part, "verify", "--key", self.key, "--only", "*.json", self.model)

    def test_inspect(self) -> None:
        self.same(weightlock.inspect(self.model), "inspect", self.model)

    def test_scan(self) -> None:
        self.same(weightlock.scan(self.model), "scan", self.model)
        self.same(weightlock.scan(self.model, profile="strict"), "scan", "--strict", self.model)

    def test_sign(self) -> None:
        first, second = self.make("first"), self.make("second")
        document = weightlock.sign(first, key=self.private, leaves=True, fs_verity=True)
        text = json.dumps(document).replace(str(first), str(second))
        printed = json.loads(program("sign", "--leaves", "--fs-verity", "--key", self.private, second, "--json").stdout)
        made = {"leaves": None, "fs_verity": None}
        self.assertEqual(json.loads(text)["result"] | made, printed["result"] | made)
        self.assertTrue(str(document["result"]["leaves"]).startswith(str(first)))

    def test_the_environment_changes_no_form(self) -> None:
        os.environ["WEIGHTLOCK_FORMAT"] = "sarif"
        self.addCleanup(os.environ.pop, "WEIGHTLOCK_FORMAT")
        self.assertEqual(weightlock.scan(self.model)["outcome"], "yes")


class Refusals(Case):
    def test_sign_then_verify_then_refuse(self) -> None:
        model = self.make("round")
        weightlock.sign(model, key=self.private)
        document = weightlock.verify(model, key=self.key)
        self.assertEqual(document["outcome"], "yes")
        self.assertEqual(document["result"]["files_checked"], 3)
        (model / "config.json").write_text("{}")
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify(model, key=self.key)
        self.assertEqual(caught.exception.code, "WL-SIG-TAMPERED")
        self.assertEqual(caught.exception.path, str(model / "config.json"))

    def test_the_trust_that_holds_counts_for_verify(self) -> None:
        made = program("key", "generate", "--unencrypted", "other", cwd=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        other = self.folder / "other.pub"
        with weightlock.trust(key=self.key):
            self.assertEqual(weightlock.verify(self.model)["outcome"], "yes")
            # Who names a signer means this one.
            with self.assertRaises(VerificationError):
                weightlock.verify(self.model, key=other)
            with weightlock.trust(key=other), self.assertRaises(VerificationError) as caught:
                weightlock.verify(self.model)
            self.assertEqual(caught.exception.code, "WL-SIG-KEY-MISMATCH")
            (self.model / "config.json").write_text("{}")
            with self.assertRaises(VerificationError) as caught:
                weightlock.verify(self.model)
            self.assertEqual(caught.exception.code, "WL-SIG-TAMPERED")
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify(self.model)
        self.assertEqual(caught.exception.code, "WL-CLI-NO-TRUST")

    def test_the_changed_place_is_told_and_the_path_stays_a_path(self) -> None:
        self.sign(self.model, leaves=True)
        file = self.model / "model.safetensors"
        changed = bytearray(file.read_bytes())
        changed[-1] ^= 1
        file.write_bytes(changed)
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify(self.model, key=self.key)
        self.assertEqual(caught.exception.path, str(file))
        self.assertIn("leaf 1 of 1", str(caught.exception.reasons[0].where))

    def test_a_wrong_digest_is_refused(self) -> None:
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify(self.model, key=self.key, expect_digest="sha256:" + "0" * 64)
        self.assertEqual(caught.exception.code, "WL-DIGEST-PIN")

    def test_arguments_that_mean_nothing_are_refused(self) -> None:
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify(self.model, key=self.key, expect_digest="nonsense")
        self.assertEqual(caught.exception.code, "WL-CLI-USAGE")
        with self.assertRaises(VerificationError):
            weightlock.scan(self.model, fail_on="terrible")  # type: ignore[arg-type]

    def test_a_value_is_never_taken_for_a_flag(self) -> None:
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify("--help", key=self.key)
        self.assertEqual(caught.exception.code, "WL-IO-NOT-FOUND")
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify(self.model, key="--json")
        self.assertEqual(caught.exception.code, "WL-IO-NOT-FOUND")

    def test_nobody_is_asked_for_a_password(self) -> None:
        made = program(
            "key", "generate", "locked", cwd=self.folder, env=os.environ | {"WEIGHTLOCK_PASSWORD": "secret"}
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        model = self.make("locked-model")
        with self.assertRaises(VerificationError) as caught:
            weightlock.sign(model, key=self.folder / "locked.key")
        self.assertEqual(caught.exception.code, "WL-CLI-NO-PASSWORD")
        (self.folder / "password").write_text("secret\n")
        document = weightlock.sign(
            model, key=self.folder / "locked.key", password_file=self.folder / "password"
        )
        self.assertEqual(document["outcome"], "yes")

    def test_a_malicious_pickle_is_found_and_does_not_run(self) -> None:
        canary = self.folder / "canary"

        class Malicious:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.mkdir, (str(canary),)

        file = self.folder / "weights.pt"
        file.write_bytes(pickle.dumps(Malicious()))
        document = weightlock.scan(file)
        self.assertEqual(document["outcome"], "no")
        self.assertEqual(document["reasons"][0]["code"], "WL-SCAN-FINDINGS")
        self.assertFalse(canary.exists())

    def test_nothing_to_examine_is_an_error(self) -> None:
        for describe in (weightlock.scan, weightlock.inspect):
            with self.assertRaises(VerificationError) as caught:
                describe(self.folder / "missing")
            self.assertEqual(caught.exception.code, "WL-IO-NOT-FOUND")

    def test_a_refusal_can_be_sent_to_another_process(self) -> None:
        with self.assertRaises(VerificationError) as caught:
            weightlock.verify(self.folder / "missing", key=self.key)
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual(
            (again.code, again.path, again.reasons),
            (caught.exception.code, caught.exception.path, caught.exception.reasons),
        )

"""Models that were signed as an identity: who it is, and who vouches for it, are compared exactly, and nobody is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import weightlock
from support import WEIGHTS, Case, Identified, facts, program, sign_as
from weightlock import VerificationError

#: A mistake of the caller, and its code. None of them may fall back to another signer.
MISTAKES: list[tuple[dict[str, object], str]] = [
    ({"identity": "release@example.com"}, "WL-CLI-NO-TRUST"),
    ({"identity": ""}, "WL-CLI-NO-TRUST"),
    ({"identity_provider": "https://accounts.example.com"}, "WL-CLI-NO-TRUST"),
    ({"trusted_root": "root.json"}, "WL-CLI-USAGE"),
    ({"key": "release.pub", "trusted_root": "root.json"}, "WL-CLI-USAGE"),
    ({"key": "release.pub", "identity": "a@example.com", "identity_provider": "https://b.example"}, "WL-CLI-USAGE"),
    ({"key": "release.pub", "identity": "a@example.com"}, "WL-CLI-USAGE"),
    ({"key": "release.pub", "identity_provider": "https://b.example"}, "WL-CLI-USAGE"),
    ({"certificate_chain": "ca.pem", "identity": "a@example.com", "identity_provider": "https://b.example"}, "WL-CLI-USAGE"),
]

#: Everything that verifies, in a process of its own.
ALL = """
import json, sys
import weightlock

who, model = json.loads(sys.argv[1]), sys.argv[2]
with weightlock.verified(model, **who) as path:
    print(len(open(path + "/model.safetensors", "rb").read()))
weightlock.guarded(model + "/config.json", **who).close()
weightlock.read_into(model + "/model.safetensors", bytearray(int(sys.argv[3])), **who)
print(weightlock.verify(model, **who)["outcome"])
try:
    weightlock.guarded(model, **who | {"identity": "mallory@example.com"})
except weightlock.VerificationError as refused:
    print(refused.code)
"""


class Identity(Identified):
    def codes(self, **options: object) -> set[str]:
        """How everything that verifies a model answers."""
        file = self.model / "model.safetensors"
        named: Any = self.who | options

        def in_context() -> None:
            with weightlock.verified(self.model, **named):
                pass

        asked: list[Callable[[], object]] = [
            lambda: weightlock.guarded(self.model, **named).close(),
            lambda: weightlock.guarded(file, **named).close(),
            lambda: weightlock.guarded(self.model, share=True, **named).close(),
            in_context,
            lambda: weightlock.verify(self.model, **named),
            lambda: weightlock.read_into(file, bytearray(file.stat().st_size), **named),
        ]

        def loads() -> None:
            with weightlock.trust(**named), weightlock.verified(self.model):
                pass

        if named["identity"] is not None and named.get("key") is None:
            model = (self.model, named["identity"], named["identity_provider"])
            asked.append(lambda: weightlock.load_model_verified(*model, trusted_root=named["trusted_root"]).close())
            asked.append(loads)
        return {self.code(ask) for ask in asked}

    def code(self, ask: Callable[[], object]) -> str:
        try:
            ask()
        except VerificationError as refused:
            for reason in refused.reasons:
                self.assertTrue(reason.what and reason.why and reason.next, reason)
            return refused.code
        return "loaded"

    def test_the_right_identity_loads(self) -> None:
        self.assertEqual(self.codes(), {"loaded"})
        with self.assertLogs("weightlock", "INFO") as logged, weightlock.verified(self.model, **self.who) as path:
            (self.model / "model.safetensors").write_bytes(b"changed")
            self.assertEqual(Path(path, "model.safetensors").read_bytes(), WEIGHTS)
            self.assertFalse(Path(path, "model.sig").exists())
        for part in ("verified: ", self.who["identity"], self.who["identity_provider"]):
            self.assertIn(part, logged.output[0])

    def test_a_model_is_loaded_by_the_identity_that_is_expected(self) -> None:
        named = (self.model, self.who["identity"], self.who["identity_provider"])
        with weightlock.load_model_verified(*named, trusted_root=self.who["trusted_root"]) as model:
            signer = facts(model)["signer"]
            self.assertEqual(memoryview(model.buffer("model.safetensors")), WEIGHTS)
        assert signer["kind"] == "identity"
        self.assertEqual(signer["identity"], self.who["identity"])
        self.assertEqual(signer["issuer"], self.who["identity_provider"])
        self.assertEqual(signer["trust_root"], self.who["trusted_root"])
        self.assertTrue(signer["logged"] and signer["times"])
        # The deployment may be named by the variable, too.
        os.environ["WEIGHTLOCK_TRUST_ROOT"] = self.who["trusted_root"]
        self.addCleanup(os.environ.pop, "WEIGHTLOCK_TRUST_ROOT")
        weightlock.load_model_verified(*named).close()
        (self.model / "config.json").write_text("{}")
        with self.assertRaises(VerificationError) as caught:
            weightlock.load_model_verified(*named)
        self.assertEqual(caught.exception.code, "WL-SIG-TAMPERED")
        self.assertEqual(caught.exception.path, str(self.model / "config.json"))

    def test_the_documents_are_those_of_the_command_line(self) -> None:
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in self.who.items()]
        printed = program("verify", *flags, self.model, "--json")
        self.assertEqual(weightlock.verify(self.model, **self.who), json.loads(printed.stdout), printed.stderr)

    def test_another_identity_is_refused(self) -> None:
        right = self.who["identity"]
        for wrong in ("mallory@example.com", right.upper(), f" {right}", right[:-1], f"{right}\0", "*", "", "*@example.com"):
            self.assertEqual(self.codes(identity=wrong), {"WL-ID-MISMATCH"}, wrong)
        refused = self.refused("WL-ID-MISMATCH", self.model, identity="mallory@example.com")
        self.assertIn("mallory@example.com", str(refused))
        self.assertIn(right, str(refused))

    def test_another_provider_is_refused(self) -> None:
        right = self.who["identity_provider"]
        for wrong in ("https://accounts.example.com", right + "/", right.upper(), right[:-1], "", "*"):
            self.assertEqual(self.codes(identity_provider=wrong), {"WL-ID-ISSUER"}, wrong)

    def test_a_changed_file_is_refused(self) -> None:
        for position in (0, len(WEIGHTS) - 1):
            changed = bytearray(WEIGHTS)
            changed[position] ^= 1
            (self.model / "model.safetensors").write_bytes(changed)
            self.assertEqual(self.codes(), {"WL-SIG-TAMPERED"})

    def test_another_deployment_is_refused(self) -> None:
        # The public instance is another one, too.
        for other in (self.services / "other_root.json", None):
            (code,) = self.codes(trusted_root=other)
            self.assertRegex(code, "WL-(LOG|TIME|CERT)-")
        self.assertEqual(self.codes(trusted_root=self.folder / "missing.json"), {"WL-IO-NOT-FOUND"})
        broken = self.folder / "broken.json"
        broken.write_text("{}")
        (code,) = self.codes(trusted_root=broken)
        self.assertTrue(code.startswith("WL-ROOT-"), code)

    def test_a_key_is_no_identity(self) -> None:
        # The model was signed as an identity, and a key is asked for.
        (code,) = self.codes(key=self.key, identity=None, identity_provider=None, trusted_root=None)
        self.assertTrue(code.startswith("WL-SIG-"), code)
        # And the reverse.
        shutil.rmtree(self.model)
        self.make("model")
        weightlock.sign(self.model, key=self.private)
        (code,) = self.codes()
        self.assertNotEqual(code, "loaded")
        os.environ["WEIGHTLOCK_PUBLIC_KEY"] = str(self.key)
        self.addCleanup(os.environ.pop, "WEIGHTLOCK_PUBLIC_KEY")
        self.assertEqual(self.codes(), {code})

    def test_a_trust_counts_as_a_whole_or_not_at_all(self) -> None:
        other = self.make("other")
        weightlock.sign(other, key=self.private)
        with weightlock.trust(**self.who):
            weightlock.verify(self.model)
            # Who names a signer means this one.
            with weightlock.verified(other, key=self.key):
                pass
            for named, code in (
                ({"identity": self.who["identity"]}, "WL-CLI-NO-TRUST"),
                ({"identity_provider": self.who["identity_provider"]}, "WL-CLI-NO-TRUST"),
                ({"trusted_root": self.who["trusted_root"]}, "WL-CLI-USAGE"),
                ({"key": self.key}, self.code(lambda: weightlock.guarded(self.model, key=self.key))),
            ):
                with self.assertRaises(VerificationError) as caught:
                    weightlock.guarded(self.model, **named)
                self.assertEqual(caught.exception.code, code)
        with weightlock.trust(key=self.key):
            with weightlock.verified(self.model, **self.who):
                pass
            with self.assertRaises(VerificationError):
                weightlock.verified(self.model)

    def test_the_root_of_a_trust_keeps_its_meaning_when_the_folder_changes(self) -> None:
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.services)
        with weightlock.trust(**self.who | {"trusted_root": "trusted_root.json"}):
            os.chdir("/")
            weightlock.verify(self.model)

    def test_leaves_of_the_same_identity_count(self) -> None:
        from weightlock import _load

        self.sign(self.model, leaves=True, replace=True)
        file = self.model / "model.safetensors"
        os.environ["WEIGHTLOCK_CACHE_DIR"] = str(self.folder / "cache")
        self.addCleanup(os.environ.pop, "WEIGHTLOCK_CACHE_DIR")
        for _ in range(2):
            opened = _load.partial(file, **self.who)
            assert opened is not None
            self.assertEqual(memoryview(opened.buffer(0, 8)), WEIGHTS[:8])
        for wrong, code in (({"identity": "mallory@example.com"}, "WL-ID-MISMATCH"), ({"identity_provider": "x"}, "WL-ID-ISSUER")):
            with self.assertRaises(VerificationError) as caught:
                _load.partial(file, **self.who | wrong)
            self.assertEqual(caught.exception.code, code)
        file.write_bytes(b"\0" * len(WEIGHTS))
        opened = _load.partial(file, **self.who)
        assert opened is not None
        with self.assertRaises(VerificationError) as caught:
            opened.buffer(0, 8)
        self.assertEqual(caught.exception.code, "WL-SIG-TAMPERED")

    def test_leaves_of_another_identity_do_not_count(self) -> None:
        from weightlock import _load

        other = self.make("other")
        sign_as(self.services / "other_token", other, leaves=True)
        self.refused("WL-ID-MISMATCH", other)
        self.sign(other, replace=True)
        weightlock.verify(other, **self.who)
        self.assertTrue(list((other / ".weightlock" / "evidence").iterdir()))
        self.assertIsNone(_load.partial(other / "model.safetensors", **self.who))

    def run_all(self, *before: str) -> subprocess.CompletedProcess[str]:
        command = [*before, sys.executable, "-c", ALL, json.dumps(self.who), str(self.model), str(len(WEIGHTS))]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    def test_it_works_where_there_is_no_network_at_all(self) -> None:
        if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("this machine allows no network namespace of one's own")
        ran = self.run_all("unshare", "-rn")
        self.assertEqual(ran.stdout.split(), [str(len(WEIGHTS)), "yes", "WL-ID-MISMATCH"], ran.stderr)

    def test_no_socket_is_opened(self) -> None:
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        calls = self.folder / "calls"
        ran = self.run_all("strace", "-f", "-e", "trace=%network,openat", "-o", str(calls))
        self.assertEqual(ran.stdout.split(), [str(len(WEIGHTS)), "yes", "WL-ID-MISMATCH"], ran.stderr)
        seen = calls.read_text()
        self.assertIn("openat(", seen)
        for call in ("socket(", "connect(", "sendto("):
            self.assertNotIn(call, seen)


class Mistakes(Case):
    """What names no signer, or two: refused before anything is read, so also of a model that is not there."""

    def test_they_are_refused_and_nothing_takes_their_place(self) -> None:
        missing = self.folder / "missing"
        for held in (False, True):
            if held:
                os.environ["WEIGHTLOCK_PUBLIC_KEY"] = str(self.key)
                self.addCleanup(os.environ.pop, "WEIGHTLOCK_PUBLIC_KEY")
            for named, code in MISTAKES:
                with self.subTest(named=named, held=held):
                    self.refuse(named, code, self.model)
                    self.refuse(named, code, missing)
        with weightlock.trust(key=self.key):
            for named, code in MISTAKES:
                self.refuse(named, code, self.model)

    def refuse(self, named: Any, code: str, path: Path) -> None:
        for load in (weightlock.guarded, weightlock.verified, weightlock.verify):
            with self.assertRaises(VerificationError) as caught:
                load(path, **named)
            self.assertEqual((caught.exception.code, caught.exception.path), (code, str(path)), named)
        memory = bytearray(8)
        with self.assertRaises(VerificationError) as caught:
            weightlock.read_into(path, memory, **named)
        self.assertEqual((caught.exception.code, memory), (code, bytearray(8)))

    def test_a_name_that_is_missing_lets_nobody_else_count(self) -> None:
        provider = "https://accounts.example.com"
        with weightlock.trust(key=self.key):
            for identity, issuer in ((None, None), (None, provider), ("a@example.com", None), (b"a@example.com", provider)):
                with self.assertRaises(TypeError):
                    weightlock.load_model_verified(self.model, identity, issuer)  # type: ignore[arg-type]
            for named in ({"identity": 1, "identity_provider": provider}, {"identity": b"a", "identity_provider": provider}):
                with self.assertRaises(TypeError):
                    weightlock.guarded(self.model, **named)  # type: ignore[arg-type]

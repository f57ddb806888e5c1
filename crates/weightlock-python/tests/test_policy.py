"""A policy decides: the same verdict as that of ``gate``, about the bytes that are handed out."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import weightlock
from support import ROOT, WEIGHTS, Case, program

KEYS = ROOT / "testdata/oms/reference-1.1.1/keys"
TABLE = ROOT / "testdata/policy/agreement/cases.json"


class ByPolicy(Case):
    policy: Path

    def setUp(self) -> None:
        super().setUp()
        # Neither this user's policy nor that of the environment.
        for name in ("WEIGHTLOCK_POLICY", "WEIGHTLOCK_MODE", "WEIGHTLOCK_AUDIT_LOG", "WEIGHTLOCK_PUBLIC_KEY"):
            self.without(name)
        self.let("XDG_CONFIG_HOME", str(self.folder / "configuration"))
        self.policy = self.written("policy.toml", "")

    def without(self, name: str) -> None:
        before = os.environ.pop(name, None)
        if before is not None:
            self.addCleanup(os.environ.__setitem__, name, before)

    def let(self, name: str, value: str) -> None:
        self.without(name)
        os.environ[name] = value
        self.addCleanup(os.environ.pop, name, None)

    def written(self, name: str, more: str, mode: str = "staging") -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            f'version = 1\nmode = "{mode}"\n[identity.release]\nkey = "{self.key}"\n[signers]\noms = ["release"]\n'
            f"bom = ['release']\n[require]\nsignature = true\n{more}"
        )
        return file

    def denied(self, code: str, *codes: str, path: Path | None = None, **options: Any) -> weightlock.VerificationError:
        """Refused by a verdict, with these codes and no others."""
        with self.assertRaises(weightlock.VerificationError) as caught:
            weightlock.verified(path or self.model, **({"policy": self.policy} | options))
        refused = caught.exception
        self.assertEqual([reason.code for reason in refused.reasons], [code, *codes], str(refused))
        assert refused.verdict is not None
        self.assertNotEqual(refused.verdict["decision"], "allow")
        self.assertEqual(refused.path, str(path or self.model))
        return refused

    def test_what_a_policy_allows_is_handed_out_and_nobody_need_be_named(self) -> None:
        digest = program("digest", "--manifest", self.model).stdout.strip()
        with weightlock.guarded(self.model, policy=self.policy) as model:
            assert model.verdict is not None
            self.assertEqual((model.verdict["decision"], model.verdict["digest"]), ("allow", digest))
            self.assertIsNone(model.verified, "nobody was named besides")
            self.assertEqual(bytes(model.buffer("model.safetensors")), WEIGHTS)
            self.assertNotIn("model.sig", model.files())
        with self.assertLogs("weightlock", "INFO") as logged, weightlock.verified(self.model, policy=self.policy) as path:
            (self.model / "config.json").write_text("{}")
            self.assertIn("Tiny", Path(path, "config.json").read_text())
        self.assertIn(f"allowed: {self.model}   {digest}", logged.output[0])

    def test_unsigned_is_a_reason_as_much_as_wrongly_signed(self) -> None:
        refused = self.denied("WL-POLICY-SIGNATURE", path=self.make("plain"))
        self.assertIn("unsigned", refused.reasons[0].what)
        (self.model / "config.json").write_text("{}")
        self.denied("WL-POLICY-SIGNATURE")

    def test_one_file_is_allowed_with_its_model(self) -> None:
        file = self.model / "model.safetensors"
        memory = bytearray(len(WEIGHTS))
        with weightlock.trust(policy=self.policy):
            with weightlock.verified(file) as path:
                self.assertEqual(Path(path).read_bytes(), WEIGHTS)
                self.assertEqual(os.listdir(os.path.dirname(path)), ["model.safetensors"])
            self.assertIsNone(weightlock.read_into(file, memory))
            self.assertEqual(memory, WEIGHTS)
        (self.model / "config.json").write_text("{}")
        self.denied("WL-POLICY-SIGNATURE", path=file)

    def test_a_signer_who_is_named_must_have_signed_it_besides(self) -> None:
        program("key", "generate", "--unencrypted", "other", cwd=self.folder)
        with weightlock.guarded(self.model, policy=self.policy, key=self.key) as model:
            assert model.verified is not None and model.verdict is not None
        with self.assertRaises(weightlock.VerificationError) as caught:
            weightlock.verified(self.model, policy=self.policy, key=self.folder / "other.pub")
        self.assertEqual(caught.exception.code, "WL-SIG-KEY-MISMATCH")
        # A trust in a policy holds for loads that name a signer, too.
        with weightlock.trust(policy=self.written("strict.toml", "bom = true\n")):
            self.denied("WL-POLICY-BOM", policy=None, key=self.key)

    def test_install_has_every_load_judged(self) -> None:
        self.addCleanup(weightlock.uninstall)
        weightlock.install(policy=self.written("strict.toml", "bom = true\n"))
        self.denied("WL-POLICY-BOM", policy=None)
        program("bom", "--sign", "--key", self.private, self.model)
        with weightlock.verified(self.model) as path:
            self.assertIn("config.json", os.listdir(path))
        weightlock.uninstall()
        with self.assertRaises(weightlock.VerificationError) as caught:
            weightlock.verified(self.model)
        self.assertEqual(caught.exception.code, "WL-CLI-NO-TRUST")

    def test_policies_that_hold_here_are_asked_without_being_named(self) -> None:
        self.written("configuration/weightlock/policy.toml", "bom = true\n")
        self.denied("WL-POLICY-BOM", policy=None, key=self.key)
        with self.assertRaises(weightlock.VerificationError) as caught:
            weightlock.verify_weights(self.model, "config.json", {"config.json": "0" * 64})
        self.assertEqual(caught.exception.code, "WL-POLICY-BOM", "a pin adds to a policy")
        self.let("WEIGHTLOCK_POLICY", str(self.written("other.toml", "revision = true\n")))
        self.denied("WL-POLICY-REVISION", policy=None)
        pinned = weightlock.Policy(revision="0123456789abcdef0123456789abcdef01234567")
        weightlock.guarded(self.model, policy=pinned).close()

    def test_a_pin_counts_besides_a_policy(self) -> None:
        self.let("WEIGHTLOCK_POLICY", str(self.policy))
        digest = program("digest", self.model / "config.json").stdout.split()[0]
        with weightlock.verify_weights(self.model, "config.json", {"config.json": digest}) as file:
            self.assertEqual(file.files(), ["config.json"])
        with self.assertRaises(weightlock.VerificationError) as caught:
            weightlock.verify_weights(self.model, "config.json", {"config.json": "0" * 64})
        self.assertEqual(caught.exception.code, "WL-DIGEST-PIN")

    def test_nothing_is_left_out_in_production_and_the_attempt_is_logged(self) -> None:
        log = self.folder / "audit.jsonl"
        skipping = weightlock.Policy(self.policy, skip=["signature_valid"], audit_log=log)
        weightlock.guarded(self.model, policy=skipping).close()
        production = self.written("production.toml", "", mode="production")
        for policy in (
            weightlock.Policy(production, skip=["sbom_attached"], audit_log=log),
            weightlock.Policy(production, skip=["sbom_attached"], mode="development", audit_log=log),
            weightlock.Policy(self.policy, skip=["sbom_attached"], mode="production", audit_log=log),
        ):
            self.denied("WL-POLICY-OVERRIDE", policy=policy)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([line["event"] for line in lines], ["verdict", *["override-refused"] * 3])
        self.assertEqual({line["verb"] for line in lines}, {"load"})
        self.assertEqual(program("audit", "verify", log).returncode, 0)

    def test_what_is_said_wrongly_is_a_refusal(self) -> None:
        for policy, code in (
            (weightlock.Policy(self.policy, mode="prodution"), "WL-CLI-USAGE"),
            (weightlock.Policy(self.policy, skip=["--help"]), "WL-CLI-USAGE"),
            (weightlock.Policy(self.folder / "missing.toml"), "WL-IO-NOT-FOUND"),
            (weightlock.Policy(mode="staging"), "WL-POLICY-UNDEFINED"),
            (weightlock.Policy(self.written("odd.toml", "odd = 1\n")), "WL-POLICY-FILE"),
        ):
            with self.assertRaises(weightlock.VerificationError) as caught:
                weightlock.verified(self.model, policy=policy, key=self.key)
            self.assertEqual(caught.exception.code, code)


def keyed(text: str) -> str:
    return text.replace("{release}", str(KEYS / "p256")).replace("{other}", str(KEYS / "p384"))


def untimed(verdict: Any) -> Any:
    return {**verdict, "time": None}


class Agreement(unittest.TestCase):
    """Must show: a verdict is the same from ``gate``, ``inspect``, ``run`` and the wheel, on the whole table."""

    table: Any

    def setUp(self) -> None:
        self.table = json.loads(TABLE.read_text())

    def step(self, place: Path, step: dict[str, Any]) -> None:
        ((what, told),) = step.items()
        if what == "run":
            ran = program(*map(keyed, told), cwd=place)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        elif what == "write":
            (place / told[0]).parent.mkdir(parents=True, exist_ok=True)
            (place / told[0]).write_text(told[1])
        elif what == "remove":
            (place / told).unlink()
        else:
            for file in (place / "m/.weightlock/evidence").glob(f"{told}-*"):
                file.unlink()

    def policy(self, place: Path, situation: dict[str, Any], digest: str) -> weightlock.Policy:
        text = keyed("\n".join(self.table["policy"]))
        today = datetime.datetime.now(datetime.timezone.utc).date()
        for waives in situation.get("waives", ()):
            text += (
                f'[[waiver]]\nwaives = "{waives}"\ndigest = "{digest}"\nowner = "ann"\napprover = "officer"\n'
                f'reason = "a test"\ngranted = {today}\nexpires = {today + datetime.timedelta(days=30)}\n'
            )
        (place / "policy.toml").write_text(text)
        said = {name: value for name, value in situation.items() if name != "waives"}
        said["advisories"] = [place / report for report in said.get("advisories", ())]
        return weightlock.Policy(place / "policy.toml", **said)

    def test_a_verdict_is_the_same_whoever_asks(self) -> None:
        decisions: list[str] = []
        for state, how in self.table["states"].items():
            with tempfile.TemporaryDirectory(prefix="weightlock-test-") as around:
                place = Path(around)
                for name, text in self.table["files"].items():
                    self.step(place, {"write": [name, text]})
                for step in [*how.get("begin", ()), *self.table["steps"], *how.get("end", ())]:
                    self.step(place, step)
                digest = program("digest", "--manifest", place / "m").stdout.strip()
                for name, situation in self.table["situations"].items():
                    with self.subTest(f"{state}, {name}"):
                        decisions.append(self.same(place / "m", self.policy(place, situation, digest)))
        counts = {decision: decisions.count(decision) for decision in sorted(set(decisions))}
        self.assertEqual(counts, {"allow": 18, "deny": 77, "quarantine": 5})

    def same(self, model: Path, policy: weightlock.Policy) -> str:
        gate = weightlock.gate(model, policy=policy)
        expected = untimed(gate["result"])
        inspected = weightlock.inspect(model, policy=policy)
        assert inspected["result"] is not None
        self.assertEqual(untimed(inspected["result"]["verdict"]), expected)
        flags = [f"--policy={policy.file}"]
        flags += [f"--{flag}={value}" for flag in ("mode", "tier", "revision") if (value := getattr(policy, flag))]
        flags += [f"--skip={check}" for check in policy.skip]
        flags += [f"--advisories={report}" for report in policy.advisories]
        ran = program("run", "--json", *flags, "--model", model, "--", "true", "{model}")
        self.assertEqual(ran.returncode, gate["exit_code"], ran.stderr)
        try:
            with weightlock.guarded(model, policy=policy) as guarded:
                self.assertEqual(untimed(guarded.verdict), expected)
                self.assertEqual(expected["decision"], "allow")
        except weightlock.VerificationError as refused:
            self.assertEqual(untimed(refused.verdict), expected)
            self.assertEqual(untimed(json.loads(ran.stdout)["result"]), expected)
            codes = [reason["code"] for reason in gate["reasons"]]
            self.assertEqual([reason.code for reason in refused.reasons], codes)
        return str(expected["decision"])


class Floor(ByPolicy):
    """U13: no argument, variable or file loosens the floor of the machine."""

    #: What a program says; each is refused.
    ARGUMENTS = (
        "key=KEY",
        "key=KEY, policy=LOOSE",
        "policy=weightlock.Policy(LOOSE, mode='development')",
        "policy=weightlock.Policy(LOOSE, tier='low')",
        "policy=weightlock.Policy(LOOSE, skip=['sbom_attached'])",
        "policy=weightlock.Policy(skip=['sbom_attached'], mode='development')",
    )

    PROGRAM = """
import os, sys
import weightlock
KEY, LOOSE, MODEL = sys.argv[1:4]
os.environ["WEIGHTLOCK_POLICY"] = LOOSE
os.environ["WEIGHTLOCK_MODE"] = "development"
os.environ["HOME"] = os.environ["XDG_CONFIG_HOME"] = os.path.dirname(LOOSE)
weightlock.install(key=KEY, policy=LOOSE)
for arguments in sys.argv[4:]:
    try:
        eval(f"weightlock.guarded(MODEL, {arguments})")
    except weightlock.VerificationError as refused:
        print(*sorted(reason.code for reason in refused.reasons))
    else:
        print("loaded")
for load in (weightlock.verify_weights, weightlock.secure_load_model):
    try:
        load(MODEL, "config.json", {"config.json": "0" * 64}) if load is weightlock.verify_weights else load(
            MODEL, os.path.join(MODEL, "model.sig"), KEY
        )
    except weightlock.VerificationError as refused:
        print(refused.code)
    else:
        print("loaded")
"""

    def test_nothing_that_a_program_says_loosens_it(self) -> None:
        log = self.folder / "floor.jsonl"
        floor = self.written("floor.toml", "bom = true\n", mode="production")
        text = floor.read_text().replace("version = 1\n", f'version = 1\naudit-log = "{log}"\n')
        floor.write_text(text)
        loose = self.folder / "loose.toml"
        loose.write_text('version = 1\nmode = "development"\n[require]\nscan = { below = "critical" }\n')
        place = "mount -t tmpfs none /etc && mkdir /etc/weightlock"
        namespace = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c"]
        try:
            tried = subprocess.run([*namespace, place], capture_output=True, check=False).returncode
        except FileNotFoundError:
            tried = -1
        if tried != 0:
            self.skipTest("this machine does not permit mount namespaces")
        script = f'{place} && cp "$0" /etc/weightlock/policy.toml && exec "$@"'
        command = [*namespace, script, str(floor), sys.executable, "-c", self.PROGRAM]
        told = subprocess.run(
            [*command, str(self.key), str(loose), str(self.model), *self.ARGUMENTS],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(told.returncode, 0, told.stderr)
        plain, override = "WL-POLICY-BOM", "WL-POLICY-BOM WL-POLICY-OVERRIDE"
        expected = [plain, plain, plain, plain, override, override, plain, plain]
        self.assertEqual(told.stdout.splitlines(), expected, told.stderr)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        events = ["override-refused" if codes == override else "verdict" for codes in expected]
        self.assertEqual([line["event"] for line in lines], events)

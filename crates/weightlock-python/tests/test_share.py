"""Ranks of a node: real processes that read a model once between them, and what makes them read by themselves or refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import weightlock
from support import Case, facts, program, safetensors

SIZE = 8 << 20

#: A rank: loads when it is told to, says what came of it, and holds the model until it is told to end.
RANK = """
import json, os, sys, weightlock

def read():
    return int(open("/proc/self/io").read().split("rchar: ")[1].split()[0])

path, key, way = sys.argv[1:]
sys.stdin.readline()
before = read()
try:
    if way == "trust":
        weightlock.trust(key=key, share=True)
        model = weightlock.verified(path)._model
    else:
        model = weightlock.guarded(path, key=key, share=way == "share")
except weightlock.VerificationError as refused:
    print(json.dumps({"code": refused.code, "read": read() - before}), flush=True)
    sys.exit()
number = model.descriptor("model.safetensors")
told = {
    "read": read() - before,
    "read_by": model.verified["read_by"],
    "inode": os.fstat(number).st_ino,
    "right": sum(memoryview(model.buffer("model.safetensors"))[-4096:]) ,
    "line": model.line,
}
print(json.dumps(told), flush=True)
sys.stdin.readline()
model.close()
"""


class Rank:
    """Another process."""

    def __init__(self, case: unittest.TestCase, model: Path, key: Path, way: str, place: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RANK, str(model), str(key), way],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"XDG_RUNTIME_DIR": str(place)},
        )
        case.addCleanup(self.end)

    def go(self) -> Rank:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self

    def says(self) -> dict[str, Any]:
        assert self.process.stdout
        return dict(json.loads(self.process.stdout.readline()))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self.process.wait(60)


class Ranks(Case):
    def setUp(self) -> None:
        super().setUp()
        (self.model / "model.safetensors").write_bytes(safetensors({"one": [1.0] * (SIZE // 4)}))
        self.sign(self.model, replace=True)
        self.size = (self.model / "model.safetensors").stat().st_size
        self.place = self.folder / "runtime"
        self.place.mkdir(mode=0o700)

    def rank(self, way: str = "share", key: Path | None = None) -> Rank:
        return Rank(self, self.model, key or self.key, way, self.place)

    def here(self, **options: Any) -> weightlock.Guarded:
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(self.place)
        try:
            model = weightlock.guarded(self.model, **({"key": self.key, "share": True} | options))
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        self.addCleanup(model.close)
        return model

    def all_say(self, ranks: list[Rank]) -> list[dict[str, Any]]:
        return [rank.says() for rank in [rank.go() for rank in ranks]]

    def test_four_ranks_read_a_model_once(self) -> None:
        for way in ("share", "trust"):
            with self.subTest(way):
                ranks = [self.rank(way) for _ in range(4)]
                said = self.all_say(ranks)
                self.assertEqual(len({one["inode"] for one in said}), 1)
                self.assertEqual(len({one["right"] for one in said}), 1)
                total = sum(one["read"] for one in said)
                self.assertGreaterEqual(total, self.size)
                self.assertLess(total, self.size * 3 // 2, [one["read"] for one in said])
                led = [rank.process.pid for rank, one in zip(ranks, said, strict=True) if one["read_by"] is None]
                self.assertEqual(len(led), 1)
                self.assertEqual({one["read_by"] for one in said}, {None, led[0]})
                self.assertEqual(sum(f"read by process {led[0]}" in one["line"] for one in said), 3)
                for rank in ranks:
                    rank.end()

    def test_who_does_not_share_reads_by_himself(self) -> None:
        first, second = self.all_say([self.rank("share"), self.rank("alone")])
        self.assertNotEqual(first["inode"], second["inode"])
        self.assertGreaterEqual(second["read"], self.size)
        self.assertIsNone(second["read_by"])

    def test_a_tampered_twin_is_refused_by_all(self) -> None:
        file = self.model / "model.safetensors"
        file.write_bytes(file.read_bytes()[:-1] + b"\xff")
        said = self.all_say([self.rank() for _ in range(4)])
        self.assertEqual([one["code"] for one in said], ["WL-SIG-TAMPERED"] * 4)

    def test_a_file_that_is_replaced_after_the_first_read_changes_nothing(self) -> None:
        model = self.here()
        wanted = bytes(memoryview(model.buffer("model.safetensors")))
        file = self.model / "model.safetensors"
        file.write_bytes(b"\xff" * len(wanted))
        again = self.here()
        self.assertEqual(facts(again)["read_by"], os.getpid())
        self.assertEqual(bytes(memoryview(again.buffer("model.safetensors"))), wanted)
        # Another size is another model, for everybody.
        file.write_bytes(wanted + b"\0")
        with self.assertRaises(weightlock.VerificationError):
            self.here()

    def test_who_joined_keeps_the_model_when_the_leader_dies_and_the_next_reads_again(self) -> None:
        leader = self.rank().go()
        self.assertIsNone(leader.says()["read_by"])
        joined = self.here()
        self.assertEqual(facts(joined)["read_by"], leader.process.pid)
        leader.kill()
        self.assertEqual(len(memoryview(joined.buffer("model.safetensors"))), self.size)
        self.assertIsNone(facts(self.here())["read_by"])

    def test_a_leader_that_dies_while_it_reads_holds_nobody_up(self) -> None:
        ranks = [self.rank() for _ in range(4)]
        for rank in ranks:
            rank.go()
        ranks[0].kill()
        said = [rank.says() for rank in ranks[1:]]
        self.assertEqual(len({one["inode"] for one in said}), 1)

    def test_each_rank_checks_whose_signature_it_is(self) -> None:
        self.here()
        made = program("key", "generate", "--unencrypted", "other", cwd=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        other = self.rank(key=self.folder / "other.pub").go().says()
        self.assertEqual(other["code"], "WL-SIG-KEY-MISMATCH")
        self.assertLess(other["read"], self.size)
        # Another signer of the same files is checked by himself, and the bytes are the same.
        weightlock.sign(self.model, key=self.folder / "other.key", replace=True)
        self.assertEqual(self.rank(key=self.folder / "other.pub").go().says()["read_by"], os.getpid())
        self.assertEqual(self.rank().go().says()["code"], "WL-SIG-KEY-MISMATCH")
        # Other files are another model to meet for.
        (self.model / "config.json").write_text("{}")
        self.sign(self.model, replace=True)
        self.assertIsNone(self.rank().go().says()["read_by"])

    def test_files_of_a_model_are_shared_each(self) -> None:
        whole, part = self.here(), self.here(only="*.json")
        self.assertEqual([facts(one)["read_by"] for one in (whole, part)], [None, None])
        self.assertEqual(facts(self.here())["read_by"], os.getpid())
        self.assertEqual(facts(self.here(only="*.json"))["read_by"], os.getpid())

    def test_a_meeting_place_that_others_could_write_to_is_refused(self) -> None:
        (self.place / "weightlock").mkdir()
        (self.place / "weightlock").chmod(0o777)
        with self.assertRaises(weightlock.VerificationError) as caught:
            self.here()
        self.assertEqual(caught.exception.code, "WL-RUN-FOLDER")

    @unittest.skipUnless(os.geteuid() == 0, "only the administrator can become another user")
    def test_another_user_is_not_let_in(self) -> None:
        self.here()
        for folder in (self.folder, self.place, self.model, self.model / "code"):
            folder.chmod(0o755)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            said = "nothing"
            try:
                os.setuid(65534)
                said = f"joined {self.here().verified}"
            except weightlock.VerificationError as refused:
                said = refused.code
            finally:
                os.write(writer, said.encode())
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as said:
            self.assertEqual(said.read(), "WL-RUN-FOLDER")
        os.waitpid(child, 0)

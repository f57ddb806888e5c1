"""The command line that the wheel carries."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sysconfig
import time
from pathlib import Path

import weightlock
from support import Case, program


def script() -> str:
    found = shutil.which("weightlock", path=sysconfig.get_path("scripts"))
    assert found, "the wheel installs no command"
    return found


class Command(Case):
    def run_it(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script(), *map(os.fspath, words)], capture_output=True, text=True, check=False, timeout=60
        )

    def test_the_script_and_the_module_are_the_program(self) -> None:
        for ran in (self.run_it("version"), program("version")):
            self.assertEqual(ran.returncode, 0)
            self.assertIn(weightlock.__version__, ran.stdout)

    def test_exit_codes_and_streams_are_those_of_the_program(self) -> None:
        good = self.run_it("verify", "--key", self.key, self.model)
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        (self.model / "config.json").write_text("{}")
        bad = self.run_it("verify", "--key", self.key, self.model)
        self.assertEqual((bad.returncode, bad.stdout), (1, ""))
        self.assertIn("error[WL-SIG-TAMPERED]", bad.stderr)
        self.assertEqual(self.run_it("verify", self.model).returncode, 2)
        self.assertEqual(self.run_it("verify", "--key", self.key, self.make("plain")).returncode, 1)
        self.assertEqual(self.run_it("no-such-verb").returncode, 2)
        answer = json.loads(self.run_it("inspect", self.model, "--json").stdout)
        self.assertEqual(answer["verb"], "inspect")

    def test_run_gives_a_program_the_sealed_view(self) -> None:
        ran = self.run_it("run", "--key", self.key, "--model", self.model, "--", "cat", "{model}/config.json")
        self.assertEqual(ran.stdout, (self.model / "config.json").read_text())
        self.assertEqual(self.run_it("run", "--key", self.key, "--model", self.model, "--", "sh", "-c", "exit 37 # {model}").returncode, 37)

    def test_names_that_are_no_text_are_passed_on(self) -> None:
        odd = os.path.join(os.fsencode(self.folder), b"odd-\xff.json")
        ran = subprocess.run([script().encode(), b"digest", odd], capture_output=True, check=False)
        self.assertIn(b"error[WL-IO-NOT-FOUND]", ran.stderr)
        Path(os.fsdecode(odd)).write_text("{}")
        ran = subprocess.run([script().encode(), b"digest", odd], capture_output=True, check=False)
        self.assertIn(b"error[WL-ART-NAME]", ran.stderr)

    def test_signals_end_it_as_they_end_the_program(self) -> None:
        long = self.folder / "long"
        long.touch()
        os.truncate(long, 64 << 30)
        for number in (signal.SIGINT, signal.SIGTERM):
            running = subprocess.Popen([script(), "digest", str(long)], stderr=subprocess.PIPE, text=True)
            time.sleep(0.7)
            running.send_signal(number)
            _, talk = running.communicate(timeout=20)
            self.assertEqual(running.returncode, 128 + number, talk)
            self.assertNotIn("Traceback", talk)

    def test_a_closed_pipe_is_no_error(self) -> None:
        ran = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {script()} scan --rules | head -1"],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))

    def test_it_needs_nothing_of_the_environment(self) -> None:
        bare = subprocess.run([script(), "version"], env={}, capture_output=True, text=True, check=False)
        self.assertEqual(bare.returncode, 0, bare.stderr)

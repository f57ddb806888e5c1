"""Long work: Ctrl-C ends it, progress is told, and other threads go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import weightlock
from support import Case

#: Bytes that take long to hash, and no room on disk.
LONG = 64 << 30


class Attended(Case):
    def setUp(self) -> None:
        super().setUp()
        self.long = self.folder / "long.safetensors"
        self.long.touch()
        os.truncate(self.long, LONG)

    def interrupted(self, script: str) -> None:
        """Ctrl-C raises KeyboardInterrupt soon."""
        script = f"""
import os, signal, sys, threading, time, weightlock
signal.signal(signal.SIGINT, signal.default_int_handler)  # who was started in the background ignores it
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
begun = time.monotonic()
try:
    {script}
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - begun < 5)
"""
        done = subprocess.run(
            [sys.executable, "-c", script, str(self.long), str(self.private), str(self.key)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self.assertEqual(done.stdout, "interrupted True\n", done.stderr)

    def test_signals_stay_those_of_python(self) -> None:
        script = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who was started in the background ignores it
import weightlock
weightlock.verify(sys.argv[1], key=sys.argv[2])
weightlock.scan(sys.argv[1])
weightlock.guarded(sys.argv[1], key=sys.argv[2]).close()
for _ in range(3):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        print("interrupted")
os.kill(os.getpid(), signal.SIGTERM)
"""
        done = subprocess.run(
            [sys.executable, "-c", script, str(self.model), str(self.key)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self.assertEqual((done.returncode, done.stdout), (-signal.SIGTERM, "interrupted\n" * 3), done.stderr)

    def test_ctrl_c_ends_signing_and_nothing_is_written(self) -> None:
        self.interrupted("weightlock.sign(sys.argv[1], key=sys.argv[2])")
        self.assertFalse(self.long.with_name("long.safetensors.weightlock").exists())

    def test_ctrl_c_ends_a_scan(self) -> None:
        many = self.folder / "many"
        many.mkdir()
        source = self.folder / "source.py"
        source.write_text("value = [1, 2, 3]\n" * 5000)
        for number in range(10_000):
            os.link(source, many / f"{number}.py")
        self.long = many
        self.interrupted("weightlock.scan(sys.argv[1])")

    def test_what_the_callback_raises_ends_the_work(self) -> None:
        def told(done: int, total: int) -> None:
            raise ZeroDivisionError

        begun = time.monotonic()
        with self.assertRaises(ZeroDivisionError):
            weightlock.sign(self.long, key=self.private, progress=told)
        self.assertLess(time.monotonic() - begun, 5)

    def test_other_threads_go_on(self) -> None:
        steps = 0
        stop = threading.Event()

        def counts() -> None:
            nonlocal steps
            while not stop.wait(0.001):
                steps += 1

        def told(done: int, total: int) -> None:
            if done > 1 << 30:
                stop.set()
                raise InterruptedError

        thread = threading.Thread(target=counts)
        thread.start()
        with self.assertRaises(InterruptedError):
            weightlock.sign(self.long, key=self.private, progress=told)
        thread.join()
        self.assertGreater(steps, 20)

    def test_progress_ends_with_everything(self) -> None:
        seen: list[tuple[int, int]] = []
        with weightlock.guarded(self.model, key=self.key, progress=lambda *now: seen.append(now)):
            pass
        size = sum(file.stat().st_size for file in self.model.rglob("*") if file.name != "model.sig" and file.is_file())
        self.assertEqual(seen[-1], (size, size))

    def test_work_of_other_threads_is_not_interrupted_by_them(self) -> None:
        wrong: list[BaseException] = []

        def loads() -> None:
            try:
                weightlock.verify(self.model, key=self.key)
            except BaseException as error:  # noqa: BLE001
                wrong.append(error)

        thread = threading.Thread(target=loads)
        handler = signal.signal(signal.SIGINT, lambda *_: None)
        self.addCleanup(signal.signal, signal.SIGINT, handler)
        thread.start()
        os.kill(os.getpid(), signal.SIGINT)
        thread.join()
        self.assertEqual(wrong, [])

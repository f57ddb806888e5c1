"""``Guarded``: bytes as buffers and descriptors, and how long they live."""

from __future__ import annotations

import array
import gc
import os
import subprocess
import sys
import threading

import weightlock
from support import WEIGHTS, Case, facts


class IntoMemory(Case):
    def read(self, size: int) -> tuple[bytearray, weightlock.documents.Verified]:
        memory = bytearray(b"\xaa" * size)
        return memory, weightlock.read_into(self.model / "model.safetensors", memory, key=self.key)

    def test_the_memory_has_the_verified_bytes(self) -> None:
        memory, verified = self.read(len(WEIGHTS))
        self.assertEqual(memory, WEIGHTS)
        self.assertEqual((verified["files_checked"], verified["bytes_checked"]), (1, len(WEIGHTS)))
        config = self.model / "config.json"
        words = array.array("b", bytes(config.stat().st_size))
        weightlock.read_into(config, words, key=self.key)
        self.assertEqual(words.tobytes(), config.read_bytes())

    def test_nothing_is_left_of_a_file_that_is_another_one(self) -> None:
        file = self.model / "model.safetensors"
        file.write_bytes(WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1]))
        memory = bytearray(b"\xaa" * len(WEIGHTS))
        with self.assertRaises(weightlock.VerificationError) as raised:
            weightlock.read_into(file, memory, key=self.key)
        self.assertEqual(raised.exception.code, "WL-SIG-TAMPERED")
        self.assertEqual(memory, bytes(len(WEIGHTS)))

    def test_memory_that_does_not_suit_is_refused(self) -> None:
        for size in (0, len(WEIGHTS) - 1, len(WEIGHTS) + 1):
            with self.assertRaises(weightlock.VerificationError) as raised:
                self.read(size)
            self.assertEqual(raised.exception.code, "WL-RUN-RANGE")
        file = self.model / "model.safetensors"
        spread = memoryview(bytearray(2 * len(WEIGHTS)))[::2]
        for buffer in (bytes(len(WEIGHTS)), spread):
            with self.assertRaises((BufferError, TypeError)):
                weightlock.read_into(file, buffer, key=self.key)
        with self.assertRaises(weightlock.VerificationError) as raised:
            weightlock.read_into(self.model, bytearray(9), key=self.key)
        self.assertEqual(raised.exception.code, "WL-CLI-USAGE")


class Buffers(Case):
    def test_a_buffer_is_the_file_and_cannot_be_written_to(self) -> None:
        with weightlock.guarded(self.model, key=self.key) as model:
            self.assertEqual(model.files(), ["code/modeling_tiny.py", "config.json", "model.safetensors"])
            buffer = model.buffer("model.safetensors")
            view = memoryview(buffer)
            self.assertEqual((len(buffer), view.nbytes, view.readonly), (len(WEIGHTS), len(WEIGHTS), True))
            self.assertEqual(view, WEIGHTS)
            with self.assertRaises(TypeError):
                view[0] = 1

    def test_a_buffer_outlives_its_model_and_its_files(self) -> None:
        model = weightlock.guarded(self.model, key=self.key)
        view = memoryview(model.buffer("model.safetensors"))
        private = memoryview(model.buffer("model.safetensors", writable=True))
        model.close()
        del model
        gc.collect()
        (self.model / "model.safetensors").write_bytes(b"gone")
        self.assertEqual(view, WEIGHTS)
        self.assertEqual(private, WEIGHTS)

    def test_a_private_copy_is_written_to_and_nobody_else_sees_it(self) -> None:
        with weightlock.guarded(self.model, key=self.key) as model:
            one = memoryview(model.buffer("model.safetensors", writable=True))
            other = memoryview(model.buffer("model.safetensors", writable=True))
            shared = memoryview(model.buffer("model.safetensors"))
            self.assertFalse(one.readonly)
            one[:4] = b"MINE"
            self.assertEqual(bytes(one[:4]), b"MINE")
            self.assertEqual(other, WEIGHTS)
            self.assertEqual(shared, WEIGHTS)

    def test_an_empty_file_has_an_empty_buffer(self) -> None:
        (self.model / "code" / "__init__.py").write_bytes(b"")
        self.sign(self.model)
        with weightlock.guarded(self.model, key=self.key) as model:
            for writable in (False, True):
                self.assertEqual(bytes(model.buffer("code/__init__.py", writable=writable)), b"")

    def test_a_file_that_is_not_there_is_named(self) -> None:
        with weightlock.guarded(self.model, key=self.key) as model:
            for name in ("missing", "../model/config.json", "/etc/passwd", "model.sig", ""):
                for ask in (model.buffer, model.descriptor):
                    with self.assertRaises(FileNotFoundError):
                        ask(name)

    def test_a_descriptor_belongs_to_the_caller(self) -> None:
        with weightlock.guarded(self.model, key=self.key) as model:
            first, second = model.descriptor("config.json"), model.descriptor("config.json")
        with os.fdopen(first) as one, os.fdopen(second) as other:
            self.assertEqual(one.read(), other.read())
            self.assertFalse(os.get_inheritable(first))

    def test_a_closed_model_gives_nothing(self) -> None:
        model = weightlock.guarded(self.model, key=self.key)
        self.assertFalse(model.closed)
        path = model.path
        model.close()
        model.close()
        self.assertTrue(model.closed)
        self.assertFalse(os.path.exists(path))
        for ask in (model.files, lambda: model.path, lambda: os.fspath(model), lambda: model.buffer("config.json")):
            with self.assertRaises(ValueError):
                ask()

    def test_what_was_verified_is_told(self) -> None:
        with weightlock.guarded(self.model, key=self.key) as model, self.subTest():
            told = weightlock.verify(self.model, key=self.key)["result"]
            self.assertEqual(model.verified, told)
            self.assertTrue(facts(model)["complete"])
            self.assertIn(str(facts(model)["digest"]), model.line)


class Life(Case):
    def test_many_threads_share_a_model_while_one_closes_it(self) -> None:
        model = weightlock.guarded(self.model, key=self.key)
        wrong: list[object] = []
        begun = threading.Barrier(9)

        def reads() -> None:
            begun.wait()
            for _ in range(200):
                try:
                    if memoryview(model.buffer("model.safetensors")) != WEIGHTS:
                        wrong.append("bytes")
                except ValueError:
                    return
                except Exception as error:  # noqa: BLE001
                    wrong.append(error)

        threads = [threading.Thread(target=reads) for _ in range(8)]
        for thread in threads:
            thread.start()
        begun.wait()
        model.close()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_threads_load_at_once(self) -> None:
        wrong: list[object] = []

        def loads() -> None:
            try:
                with weightlock.guarded(self.model, key=self.key) as model:
                    if memoryview(model.buffer("model.safetensors")) != WEIGHTS:
                        wrong.append("bytes")
            except Exception as error:  # noqa: BLE001
                wrong.append(error)

        threads = [threading.Thread(target=loads) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_forked_child_does_not_take_the_view_with_it(self) -> None:
        script = """
import os, sys, weightlock
model = weightlock.guarded(sys.argv[1], key=sys.argv[2])
child = os.fork()
if child == 0:
    model.close()
    os._exit(0)
os.waitpid(child, 0)
print(len(open(os.path.join(model.path, "config.json")).read()) > 0)
"""
        done = subprocess.run(
            [sys.executable, "-c", script, str(self.model), str(self.key)],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stdout, "True\n", done.stderr)

    def test_a_program_that_ends_leaves_no_view_behind(self) -> None:
        script = """
import sys, weightlock
model = weightlock.guarded(sys.argv[1], key=sys.argv[2])
print(model.path)
"""
        done = subprocess.run(
            [sys.executable, "-c", script, str(self.model), str(self.key)],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertFalse(os.path.lexists(os.path.dirname(done.stdout.strip())))

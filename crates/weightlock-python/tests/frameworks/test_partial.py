"""``safe_open(partial=True)``: what is given was verified, what was not verified is not given, and the difference is told."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import weightlock
from frameworks.libraries import Attacked, needs, safetensors_file

needs("torch", "safetensors", "numpy")

import numpy  # noqa: E402
import safetensors  # noqa: E402
import torch  # noqa: E402

from support import program  # noqa: E402
from weightlock import _native, _trust  # noqa: E402
from weightlock.safetensors import safe_open  # noqa: E402

LEAF = 1 << 20

#: Rows of 64 KiB: sixteen of them have the size of a leaf.
ROWS, WIDTH = 256, 1 << 14


class Partial(Attacked):
    def setUp(self) -> None:
        super().setUp()
        os.environ["WEIGHTLOCK_CACHE_DIR"] = str(self.folder / "cache")
        self.addCleanup(os.environ.pop, "WEIGHTLOCK_CACHE_DIR")
        self.file = self.model / "model.safetensors"
        size = ROWS * WIDTH * 4
        self.header = {
            "__metadata__": {"a": "b"},
            "big": {"dtype": "F32", "shape": [ROWS, WIDTH], "data_offsets": [0, size]},
            "four": {"dtype": "F4", "shape": [4, 4], "data_offsets": [size, size + 8]},
            "none": {"dtype": "F32", "shape": [0, 3], "data_offsets": [size + 8, size + 8]},
            "odd": {"dtype": "U8", "shape": [3], "data_offsets": [size + 8, size + 11]},
            "one": {"dtype": "F32", "shape": [], "data_offsets": [size + 11, size + 15]},
        }
        self.values = numpy.arange(ROWS * WIDTH, dtype="<f4")
        tail = bytes(range(11)) + struct.pack("<f", 0.5)
        self.file.write_bytes(safetensors_file(self.header, self.values.tobytes() + tail))
        self.sign(self.model, leaves=True, replace=True)

    def open(self, framework: str = "pt", **options: Any) -> safe_open:
        return safe_open(self.file, framework, partial=True, **({"key": self.key} | options))

    def flip(self, offset: int) -> None:
        """Changes a byte of the file in its place, and leaves its times alone."""
        before = self.file.stat()
        with open(self.file, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)
            file.seek(offset)
            file.write(bytes([byte[0] ^ 1]))
        os.utime(self.file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_everything_is_as_in_the_original(self) -> None:
        whole = slice(None)
        with self.open() as ours, safetensors.safe_open(self.file, "pt") as theirs:
            self.assertEqual(ours.keys(), theirs.keys())
            self.assertEqual(ours.offset_keys(), theirs.offset_keys())
            self.assertEqual(ours.metadata(), theirs.metadata())
            for name, tensor in ours.get_tensors().items():
                other = theirs.get_tensor(name)
                self.assertEqual((tensor.dtype, tensor.shape), (other.dtype, other.shape))
                if name != "four":
                    self.assertTrue(torch.equal(tensor, other), name)
            one, other = ours.get_slice("big"), theirs.get_slice("big")
            for index in (
                0, -1, ROWS - 1, whole, slice(1, 3), slice(0, 9, 2), slice(250, 1000), slice(-2, None), slice(3, 1), (), ...,
                None, True, (whole, 1), (slice(4, 6), slice(0, 2)), (5, slice(0, 2)), (-3, -1), (..., 0), (7, ...), [0, 1],
                (whole, [1, 2]), (slice(1, 2), ..., slice(0, 1)), (slice(2, 4), None, 1),
            ):  # fmt: skip
                self.assertEqual(one[index].shape, other[index].shape, index)
                self.assertTrue(torch.equal(one[index], other[index]), index)
            for index in (ROWS, -ROWS - 1, (0, 0, 0), slice(None, None, -1), "a"):
                for cut in (one, other):
                    with self.assertRaises((IndexError, ValueError, TypeError)):
                        cut[index]
            for name in ("none", "odd", "one"):
                self.assertTrue(torch.equal(ours.get_slice(name)[...], theirs.get_slice(name)[...]))
            self.assertEqual(ours.get_slice("odd")[1:].tolist(), [9, 10])
        with self.open("np") as ours, safetensors.safe_open(self.file, "np") as theirs:
            numpy.testing.assert_array_equal(ours.get_slice("big")[3:5, ::2], theirs.get_slice("big")[3:5, ::2])

    def test_only_what_is_asked_for_is_read_and_the_rest_is_told(self) -> None:
        self.open()
        with self.assertLogs("weightlock", "INFO") as logged, self.open() as file:
            self.assertEqual(file.coverage(), (LEAF, self.file.stat().st_size))
            # Ten rows within the fourth leaf, and the two rows at its edge.
            file.get_slice("big")[51:61]
            self.assertEqual(file.coverage()[0], 2 * LEAF)
            file.get_slice("big")[63]
            self.assertEqual(file.coverage()[0], 3 * LEAF)
        self.assertIn("verified in part", logged.output[0])
        self.assertIn(f"{3 * LEAF} of {self.file.stat().st_size} bytes", logged.output[-1])
        # A file that was read as a whole says so.
        with safe_open(self.file, "pt", key=self.key) as file:
            self.assertEqual(file.coverage(), (self.file.stat().st_size,) * 2)

    def test_the_process_reads_no_more_than_it_says(self) -> None:
        def read() -> int:
            return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])

        self.open()
        before = read()
        with self.open() as file:
            file.get_slice("big")[20]
            verified, size = file.coverage()
        total = read() - before
        # Key, signature and leaf table are read too.
        self.assertTrue(verified <= total < verified + LEAF // 4, (verified, total))
        self.assertLess(4 * total, size)

    def test_a_change_is_refused_where_it_is_and_not_seen_elsewhere(self) -> None:
        self.open()
        self.flip(8 * LEAF + 5)
        with self.open() as file:
            # This was not read: the change is not seen. The whole file would be refused.
            self.assertEqual(file.get_slice("big")[0].tolist(), self.values[:WIDTH].tolist())
            for ask in (lambda: file.get_tensor("big"), lambda: file.get_slice("big")[127]):
                self.assertEqual(self.is_refused("WL-SIG-TAMPERED", ask).path, str(self.file))
        self.is_refused("WL-SIG-TAMPERED", lambda: safe_open(self.file, "pt", key=self.key))

    def test_a_change_of_header_or_size_is_refused_at_once(self) -> None:
        self.open()
        self.flip(20)
        self.is_refused("WL-SIG-TAMPERED", self.open)
        self.flip(20)
        content = self.file.read_bytes()
        for changed in (content[:-1], content + b"\0"):
            self.file.write_bytes(changed)
            self.is_refused("WL-SIG-TAMPERED", self.open)
        self.file.write_bytes(content)
        self.file.unlink()
        with self.assertRaises(weightlock.VerificationError):
            self.open()

    def test_tensors_are_private_and_stay(self) -> None:
        for framework in ("pt", "np"):
            content = self.file.read_bytes()
            with self.open(framework) as file:
                first = file.get_slice("big")[:2]
                first[:] = 7
                second = file.get_slice("big")[:2]
            for change in self.changes(self.file):
                change()
                self.assertEqual(second[0, :3].tolist(), [0.0, 1.0, 2.0])
                self.assertEqual(first[0, :3].tolist(), [7.0] * 3)
            self.file.write_bytes(content)

    def test_a_file_that_changes_while_it_is_open(self) -> None:
        content = self.file.read_bytes()
        for change in self.changes(self.file):
            with self.subTest(change.__name__), self.open() as file:
                kept = file.get_slice("big")[20]
                change()
                try:
                    later = file.get_slice("big")[200]
                except weightlock.VerificationError as refused:
                    self.assertIn(refused.code, ("WL-SIG-TAMPERED", "WL-ART-CHANGED"))
                else:
                    # The file that was opened has another name, or none, and the same bytes.
                    self.assertEqual(later.tolist(), self.values[200 * WIDTH : 201 * WIDTH].tolist())
                self.assertEqual(kept.tolist(), self.values[20 * WIDTH : 21 * WIDTH].tolist())
            self.file.write_bytes(content)

    def test_without_leaves_the_whole_file_is_verified(self) -> None:
        plain = self.make("plain")
        self.sign(plain)
        with safe_open(plain / "model.safetensors", "pt", key=self.key, partial=True) as file:
            self.assertEqual(*file.coverage())
        (plain / "model.safetensors").write_bytes(b"changed")
        self.is_refused("WL-SIG-TAMPERED", lambda: safe_open(plain / "model.safetensors", "pt", key=self.key, partial=True))

    def test_leaves_count_only_after_they_were_compared_with_the_digests(self) -> None:
        # Nobody has compared them yet: a file that is another one is found, wherever it was changed.
        self.flip(8 * LEAF + 5)
        refused = self.is_refused("WL-RUN-LEAVES", self.open)
        self.assertIn("model.safetensors", str(refused))
        self.flip(8 * LEAF + 5)
        with self.open() as file:
            self.assertEqual(file.coverage()[0], LEAF)

    def test_leaves_of_another_signer_do_not_count(self) -> None:
        made = program("key", "generate", "--unencrypted", "other", cwd=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        other = self.make("other-model")
        weightlock.sign(other, key=self.folder / "other.key", leaves=True)
        self.sign(other, replace=True)
        opened = _native.load_partial(other / "model.safetensors", _trust.Signer(key=self.key))
        self.assertIsNone(opened)

    def test_signers_are_asked_for_as_always(self) -> None:
        self.is_refused("WL-CLI-NO-TRUST", lambda: self.open(key=None))
        with weightlock.trust(key=self.key), self.open(key=None) as file:
            self.assertEqual(file.get_tensor("odd").tolist(), [8, 9, 10])
        for refused in (IsADirectoryError, weightlock.VerificationError):
            with self.assertRaises(refused):
                safe_open(self.model, "pt", key=self.key, partial=True)

    def test_a_path_in_a_sealed_view_was_verified_as_a_whole(self) -> None:
        with weightlock.verified(self.model, key=self.key) as path, safe_open(Path(path, "model.safetensors"), "pt", partial=True) as file:
            self.assertEqual(*file.coverage())

    def test_a_broken_header_is_refused_as_in_the_original(self) -> None:
        one = self.folder / "one.safetensors"
        for raw in (b"", b"\1", b"\xff" * 8 + b"{}", safetensors_file({"a": {"dtype": "X", "shape": [], "data_offsets": [0, 0]}}, b"")):
            one.write_bytes(raw)
            self.sign(one, replace=True, leaves=True)
            with self.assertRaises(safetensors.SafetensorError):
                safe_open(one, "pt", key=self.key, partial=True)

    def test_one_file_with_a_signature_of_its_own(self) -> None:
        one = self.folder / "one.safetensors"
        one.write_bytes(self.file.read_bytes())
        self.sign(one, leaves=True)
        with safe_open(one, "pt", key=self.key, partial=True) as file:
            self.assertEqual(file.get_tensor("one").item(), 0.5)
            self.assertLess(*file.coverage())

    def test_notes_of_another_table_are_no_notes(self) -> None:
        self.open()
        (note,) = (self.folder / "cache" / "notes").glob("leaves-*")
        for text in ("", note.read_text().replace("leaves-derived-v1 ", "leaves-derived-v1 0"), "x" * 2000):
            note.write_text(text)
            self.flip(8 * LEAF + 5)
            self.is_refused("WL-RUN-LEAVES", self.open)
            self.flip(8 * LEAF + 5)
            self.open()

    def test_a_load_of_the_whole_model_notes_its_leaves_too(self) -> None:
        weightlock.guarded(self.model, key=self.key).close()
        self.flip(8 * LEAF + 5)
        with self.open() as file:
            self.assertEqual(file.coverage()[0], LEAF)

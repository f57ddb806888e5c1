"""``weightlock.safetensors.numpy`` beside the original: this needs no big library."""

from __future__ import annotations

import gc
import importlib.util
import os
import pickle
import subprocess
import sys
import unittest

from frameworks.libraries import BITS, Attacked, needs, safetensors_file

needs("numpy", "safetensors")

import numpy  # noqa: E402
import safetensors  # noqa: E402
import safetensors.numpy  # noqa: E402

import weightlock  # noqa: E402
from weightlock.safetensors import safe_open  # noqa: E402
from weightlock.safetensors.numpy import load_file  # noqa: E402

BIG = ("BF16", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
TYPES = [name for name in BITS if name not in BIG and not name.startswith(("F6", "F4"))]


class Numpy(Attacked):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.model / "model.safetensors"

    def typed(self, name: str) -> None:
        size = 2 * BITS[name]
        header = {"a": {"dtype": name, "shape": [2, 8], "data_offsets": [0, size]}}
        self.file.write_bytes(safetensors_file(header, bytes(number % 2 for number in range(size))))
        self.sign(self.model, replace=True)

    def test_it_loads_what_the_original_loads(self) -> None:
        ours, theirs = load_file(self.file, key=self.key), safetensors.numpy.load_file(self.file)
        self.assertEqual(list(ours), list(theirs))
        for name, array in theirs.items():
            numpy.testing.assert_array_equal(ours[name], array)

    def test_a_file_that_becomes_a_folder_meanwhile_is_refused(self) -> None:
        class Replaced:
            """Names the file, and from the second look on the folder that is in its place."""

            looks = 0

            def __fspath__(self) -> str:
                self.looks += 1
                return os.fspath(file if self.looks == 1 else folder)

        file, folder = self.file, self.model
        with self.assertRaises(weightlock.VerificationError) as refused:
            load_file(Replaced(), key=self.key)
        self.assertEqual(refused.exception.code, "WL-ART-CHANGED")
        # It may have been there just before, too.
        with self.assertRaises(weightlock.VerificationError) as refused:
            load_file(folder, key=self.key)
        self.assertIsInstance(refused.exception, IsADirectoryError)
        self.assertEqual(refused.exception.code, "WL-ART-NOT-A-MODEL")
        self.assertEqual(refused.exception.path, os.fspath(folder))
        again = pickle.loads(pickle.dumps(refused.exception))
        self.assertEqual((again.code, again.path), ("WL-ART-NOT-A-MODEL", os.fspath(folder)))

    def test_every_type_is_that_of_the_original(self) -> None:
        for name in TYPES:
            with self.subTest(name):
                self.typed(name)
                ours, theirs = load_file(self.file, key=self.key)["a"], safetensors.numpy.load_file(self.file)["a"]
                self.assertEqual((ours.dtype, ours.shape), (theirs.dtype, theirs.shape))
                numpy.testing.assert_array_equal(ours, theirs)

    @unittest.skipUnless(importlib.util.find_spec("ml_dtypes"), "ml_dtypes is not installed")
    def test_small_floats_are_those_of_ml_dtypes(self) -> None:
        for name in BIG:
            self.typed(name)
            array = load_file(self.file, key=self.key)["a"]
            self.assertIn(array.dtype.name.replace("loat", "").upper()[:2], name)
            self.assertEqual((array.shape, array.itemsize * 8), ((2, 8), BITS[name]))
            self.assertEqual(array.tobytes(), bytes(number % 2 for number in range(2 * BITS[name])))

    def test_empty_and_scalar_arrays_and_odd_addresses(self) -> None:
        header = {
            "empty": {"dtype": "F32", "shape": [0, 3], "data_offsets": [0, 0]},
            "scalar": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
            "byte": {"dtype": "U8", "shape": [1], "data_offsets": [4, 5]},
            "odd": {"dtype": "F32", "shape": [2], "data_offsets": [5, 13]},
        }
        self.file.write_bytes(safetensors_file(header, bytes(range(13)), pad=1))
        self.sign(self.model, replace=True)
        ours, theirs = load_file(self.file, key=self.key), safetensors.numpy.load_file(self.file)
        for name, array in theirs.items():
            self.assertEqual((ours[name].shape, ours[name].dtype), (array.shape, array.dtype))
            numpy.testing.assert_array_equal(ours[name], array)
            self.assertTrue(ours[name].flags.aligned and ours[name].flags.writeable)

    def test_slices_are_those_of_the_original(self) -> None:
        header = {"a": {"dtype": "F32", "shape": [4, 6, 2], "data_offsets": [0, 192]}}
        self.file.write_bytes(safetensors_file(header, bytes(range(192))))
        self.sign(self.model, replace=True)
        whole = slice(None)
        with safe_open(self.file, "np", key=self.key) as one, safetensors.safe_open(self.file, "np") as other:
            for index in (0, -1, whole, slice(1, 3), slice(0, 4, 2), (whole, 1), (..., 0), (whole, whole, slice(0, 1)), (), ...):
                ours, theirs = one.get_slice("a")[index], other.get_slice("a")[index]
                numpy.testing.assert_array_equal(ours, theirs)
                self.assertTrue(ours.flags.c_contiguous)

    def test_nothing_that_happens_to_the_file_changes_an_array(self) -> None:
        content = self.file.read_bytes()
        for change in self.changes(self.file):
            with self.subTest(change.__name__):
                arrays = load_file(self.file, key=self.key)
                change()
                gc.collect()
                numpy.testing.assert_array_equal(arrays["one"], numpy.arange(4096, dtype=numpy.float32))
                self.file.unlink(missing_ok=True)
                self.file.write_bytes(content)

    def test_a_file_that_changes_all_the_time_is_the_signed_one_or_refused(self) -> None:
        good, bad = self.file.read_bytes(), bytes(byte ^ 1 for byte in self.file.read_bytes())
        attack = """
import os, sys, time
file, good, bad = sys.argv[1], open(sys.argv[2], "rb").read(), open(sys.argv[3], "rb").read()
print("ready", flush=True)
while True:
    for content in (good, bad):
        with open(file, "r+b") as opened:
            opened.write(content)
        with open(file + ".new", "wb") as opened:
            opened.write(content)
        os.replace(file + ".new", file)
    os.truncate(file, len(good) // 2)
    with open(file, "r+b") as opened:
        opened.write(good)
    # Else no load would find the signed bytes twice, and all would be refused.
    time.sleep(0.03)
"""
        (self.folder / "good").write_bytes(good)
        (self.folder / "bad").write_bytes(bad)
        words = [sys.executable, "-c", attack, str(self.file), str(self.folder / "good"), str(self.folder / "bad")]
        seen = {"loaded": 0, "refused": 0}
        with subprocess.Popen(words, stdout=subprocess.PIPE) as attacker:
            self.addCleanup(attacker.kill)
            assert attacker.stdout is not None
            attacker.stdout.readline()
            for _ in range(400):
                try:
                    arrays = load_file(self.file, key=self.key)
                except weightlock.VerificationError:
                    seen["refused"] += 1
                    continue
                seen["loaded"] += 1
                numpy.testing.assert_array_equal(arrays["one"], numpy.arange(4096, dtype=numpy.float32))
                numpy.testing.assert_array_equal(arrays["two"], numpy.full(512, 0.5, numpy.float32))
            attacker.kill()
        self.assertGreater(min(seen.values()), 0, seen)

    def test_arrays_are_private_and_can_be_written_to(self) -> None:
        with safe_open(self.file, "np", key=self.key) as file:
            first = file.get_tensor("one")
            first[:] = 7
            self.assertEqual(file.get_tensor("one")[3], 3)
        self.assertEqual(first[3], 7)

    def test_a_changed_file_is_refused(self) -> None:
        with open(self.file, "r+b") as file:
            file.seek(-1, 2)
            file.write(b"\xff")
        self.is_refused("WL-SIG-TAMPERED", lambda: load_file(self.file, key=self.key))
        self.is_refused("WL-CLI-NO-TRUST", lambda: load_file(self.file))

    @unittest.skipUnless(importlib.util.find_spec("jax"), "jax is not installed")
    def test_other_frameworks_get_the_original_on_sealed_bytes(self) -> None:
        with safe_open(self.file, "jax", key=self.key) as file:
            self.file.write_bytes(b"changed")
            self.assertEqual(file.get_tensor("two").tolist(), [0.5] * 512)
            self.assertEqual(file.get_slice("two")[:2].tolist(), [0.5] * 2)
        self.is_refused("WL-SIG-TAMPERED", lambda: safe_open(self.file, "jax", key=self.key))

"""``weightlock.safetensors`` with torch, beside the original."""

from __future__ import annotations

import gc
import inspect
import os
import threading
from pathlib import Path
from typing import Any

import weightlock
from frameworks.libraries import BITS, SIGNER, Attacked, needs, safetensors_file

needs("torch", "safetensors")

import safetensors  # noqa: E402
import safetensors.torch  # noqa: E402
import torch  # noqa: E402

from weightlock import _header  # noqa: E402
from weightlock.safetensors import load_file, load_model, safe_open  # noqa: E402

TYPES = [name for name in BITS if not name.startswith("F6")]


class Torch(Attacked):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.model / "model.safetensors"

    def write(self, header: dict[str, Any], data: bytes, *, pad: int = 8) -> Path:
        """A signed file of its own."""
        file = self.folder / "one.safetensors"
        file.write_bytes(safetensors_file(header, data, pad=pad))
        self.sign(file, replace=True)
        return file

    def same(self, ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
        self.assertEqual(list(ours), list(theirs))
        for name, tensor in theirs.items():
            self.assertEqual((ours[name].dtype, ours[name].shape), (tensor.dtype, tensor.shape), name)
            if tensor.numel():
                raw = [one.reshape(-1).view(torch.uint8).tolist() for one in (ours[name].clone(), tensor.clone())]
                self.assertEqual(raw[0], raw[1], name)

    def test_its_arguments_are_those_of_the_original_and_a_signer(self) -> None:
        def told(function: Any) -> list[tuple[str, str]]:
            return [(one.name, one.kind.name) for one in inspect.signature(function).parameters.values()]

        signer = [(name, "KEYWORD_ONLY") for name in SIGNER]
        for ours, theirs, more in (
            (load_file, safetensors.torch.load_file, []),
            (load_model, safetensors.torch.load_model, []),
            (safe_open, safetensors.safe_open, [("partial", "KEYWORD_ONLY")]),
        ):
            self.assertEqual(told(ours), told(theirs) + signer + more)
        members = {name for name in dir(safetensors.safe_open) if not name.startswith("_")}
        self.assertLessEqual(members, set(dir(safe_open)))

    def test_it_loads_what_the_original_loads(self) -> None:
        self.same(load_file(self.file, key=self.key), safetensors.torch.load_file(self.file))
        self.same(load_file(str(self.file), "cpu", backend="pread", key=self.key), safetensors.torch.load_file(self.file))

    def test_every_type_is_that_of_the_original(self) -> None:
        for name in TYPES:
            with self.subTest(name):
                size = 2 * BITS[name]
                file = self.write({"a": {"dtype": name, "shape": [2, 8], "data_offsets": [0, size]}}, bytes(i % 2 for i in range(size)))
                self.same(load_file(file, key=self.key), safetensors.torch.load_file(file))
        file = self.write({"a": {"dtype": "F6_E2M3", "shape": [2, 8], "data_offsets": [0, 12]}}, bytes(12))
        for opens in (lambda: load_file(file, key=self.key), lambda: safetensors.torch.load_file(file)):
            with self.assertRaisesRegex(safetensors.SafetensorError, "Dtype not understood"):
                opens()

    def test_empty_and_scalar_tensors_and_odd_addresses(self) -> None:
        header = {
            "__metadata__": {"a": "b"},
            "empty": {"dtype": "F32", "shape": [0, 3], "data_offsets": [0, 0]},
            "scalar": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
            "byte": {"dtype": "U8", "shape": [1], "data_offsets": [4, 5]},
            "odd": {"dtype": "F32", "shape": [2], "data_offsets": [5, 13]},
        }
        for pad in (1, 8):
            file = self.write(header, bytes(range(13)), pad=pad)
            ours, theirs = load_file(file, key=self.key), safetensors.torch.load_file(file)
            self.same(ours, theirs)
            with safe_open(file, "pt", key=self.key) as one, safetensors.safe_open(file, "pt") as other:
                self.assertEqual(one.keys(), other.keys())
                self.assertEqual(one.offset_keys(), other.offset_keys())
                self.assertEqual(one.metadata(), other.metadata())

    def test_a_header_as_large_as_the_original_takes_is_read(self) -> None:
        entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
        self.write({"a": entry}, bytes(4))
        file = self.folder / "one.safetensors"
        text = b'{"__metadata__":{"pad":"' + b"x" * (30 << 20) + b'"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
        file.write_bytes(len(text).to_bytes(8, "little") + text + b"\7")
        self.sign(file, replace=True)
        with safe_open(file, "pt", key=self.key) as one, safetensors.safe_open(file, "pt") as other:
            self.assertEqual(one.metadata(), other.metadata())
            self.assertEqual(one.get_tensor("a").tolist(), other.get_tensor("a").tolist())

    def test_free_text_that_is_empty_is_told_from_none(self) -> None:
        for header in ({"__metadata__": {}}, {}, {"__metadata__": {"b": "1", "a": "ü\n"}}):
            file = self.write(header, b"")
            with safe_open(file, "pt", key=self.key) as one, safetensors.safe_open(file, "pt") as other:
                self.assertEqual(one.metadata(), other.metadata())

    def test_slices_are_those_of_the_original(self) -> None:
        file = self.write({"a": {"dtype": "F32", "shape": [4, 6, 2], "data_offsets": [0, 192]}}, bytes(range(192)))
        whole = slice(None)
        with safe_open(file, "pt", key=self.key) as one, safetensors.safe_open(file, "pt") as other:
            ours, theirs = one.get_slice("a"), other.get_slice("a")
            self.assertEqual((ours.get_shape(), ours.get_dtype()), (theirs.get_shape(), theirs.get_dtype()))
            for index in (
                0, -1, whole, slice(1, 3), slice(0, 4, 2), slice(2, 100), slice(-2, None), slice(3, 1), (), ..., None, True,
                (whole, 1), (whole, whole, slice(0, 1)), (..., 0), (0, ...), [0, 1], ([0, 1],), (whole, [1, 2]),
                (slice(1, 2), ..., slice(0, 1)),
            ):  # fmt: skip
                self.same({"a": ours[index]}, {"a": theirs[index]})
            for index in (5, (0, 0, 0, 0), slice(None, None, -1)):
                for cut in (ours, theirs):
                    with self.assertRaises((IndexError, ValueError)):
                        cut[index]

    def test_its_errors_are_those_of_the_original(self) -> None:
        for arguments, options in (
            (("bad",), {}), (("pt", "weird"), {}), (("pt", "meta"), {}), (("pt",), {"backend": "zz"}),
        ):  # fmt: skip
            for opens in (lambda: safe_open(self.file, *arguments, key=self.key, **options),
                          lambda: safetensors.safe_open(self.file, *arguments, **options)):
                with self.assertRaises(safetensors.SafetensorError):
                    opens()
        for opened in (safe_open(self.file, "pt", key=self.key), safetensors.safe_open(self.file, "pt")):
            with opened as file:
                for ask in (file.get_tensor, file.get_slice):
                    with self.assertRaisesRegex(safetensors.SafetensorError, "does not contain"):
                        ask("missing")
            with self.assertRaisesRegex(safetensors.SafetensorError, "File is closed"):
                file.keys()

    def test_signed_files_that_are_not_sound_are_refused(self) -> None:
        entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
        for header, data in (
            ({"a": entry, "b": entry | {"data_offsets": [5, 9]}}, bytes(9)),
            ({"a": entry, "b": entry}, bytes(4)),
            ({"a": entry}, bytes(5)),
            ({"a": entry}, bytes(3)),
            ({"a": entry | {"shape": [2]}}, bytes(4)),
            ({"a": entry | {"shape": [-1]}}, bytes(4)),
            ({"a": entry | {"shape": [1 << 63, 1 << 63, 0]}, "b": entry}, bytes(3)),
            ({"a": entry | {"data_offsets": [-4, 0]}}, b""),
            ({"a": entry | {"dtype": "X"}}, bytes(4)),
            ({"a": entry | {"dtype": "F4", "shape": [3], "data_offsets": [0, 2]}}, bytes(2)),
            ({"a": entry, "__metadata__": {"a": 1}}, bytes(4)),
            ({"a": [0, 4]}, bytes(4)),
            ({"a": entry, "b": entry | {"data_offsets": [8, 4]}}, bytes(8)),
            ({"a": entry | {"shape": [1 << 64]}}, bytes(4)),
            ({"a": entry | {"shape": [1.0]}}, bytes(4)),
            ({"a": entry, "__metadata__": []}, bytes(4)),
        ):
            file = self.write(header, data)
            for opens in (lambda: safe_open(file, "pt", key=self.key), lambda: safetensors.safe_open(file, "pt")):
                with self.assertRaises(safetensors.SafetensorError, msg=str(header)):
                    opens()
        for raw in (b"", b"\x01", b"\xff" * 8 + b"{}", b"\x02" + bytes(7) + b"[]", b'\x02\0\0\0\0\0\0\0{"'):
            file.write_bytes(raw)
            self.sign(file, replace=True)
            with self.assertRaises(safetensors.SafetensorError):
                safe_open(file, "pt", key=self.key)
        text = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
        for length in (len(text) - 1, len(text) + 2, 100_000_001, (1 << 64) - 1):
            file.write_bytes(length.to_bytes(8, "little") + text + b"\0")
            self.sign(file, replace=True)
            for opens in (lambda: safe_open(file, "pt", key=self.key), lambda: safetensors.safe_open(file, "pt")):
                with self.assertRaises(safetensors.SafetensorError, msg=str(length)):
                    opens()
        # Stricter than the original: other readers may see another header in these.
        for text in (b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"b":0}}', b' {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'):
            file.write_bytes(len(text).to_bytes(8, "little") + text + b"\0")
            self.sign(file, replace=True)
            with self.assertRaisesRegex(safetensors.SafetensorError, "Error while deserializing header"):
                safe_open(file, "pt", key=self.key)
        twice = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
        file.write_bytes(len(twice).to_bytes(8, "little") + twice + b"\0")
        self.sign(file, replace=True)
        with self.assertRaises(safetensors.SafetensorError):
            safe_open(file, "pt", key=self.key)

    def test_tensors_are_private_and_can_be_written_to(self) -> None:
        with safe_open(self.file, "pt", key=self.key) as file:
            first = file.get_tensor("one")
            first.fill_(7.0)
            second = file.get_tensor("one")
            part = file.get_slice("one")[1:3]
        self.assertEqual(second[3].item(), 3.0)
        self.assertEqual(part.tolist(), [1.0, 2.0])
        self.assertEqual(first[3].item(), 7.0)
        self.assertEqual(load_file(self.file, key=self.key)["one"][3].item(), 3.0)

    def test_nothing_that_happens_to_the_file_changes_a_tensor(self) -> None:
        content = self.file.read_bytes()
        for change in self.changes(self.file):
            with self.subTest(change.__name__):
                tensors = load_file(self.file, key=self.key)
                opened = safe_open(self.file, "pt", key=self.key)
                cut = opened.get_slice("one")
                change()
                gc.collect()
                for tensor in (tensors["one"], opened.get_tensor("one"), cut[:]):
                    self.assertEqual(tensor.tolist(), [float(number) for number in range(4096)])
                self.file.unlink(missing_ok=True)
                self.file.write_bytes(content)

    def test_a_changed_file_is_refused_before_its_header_is_read(self) -> None:
        original, calls = _header.read, []
        _header.read = lambda file: calls.append(len(file)) or original(file)
        self.addCleanup(setattr, _header, "read", original)
        content = self.file.read_bytes()
        for changed in (b"\xff" + content[1:], content[:-1] + b"\xff", content[:-4], content + b"\0", b""):
            self.file.write_bytes(changed)
            self.is_refused("WL-SIG-TAMPERED", lambda: load_file(self.file, key=self.key))
        self.assertEqual(calls, [])

    def test_without_a_signer_nothing_is_loaded(self) -> None:
        self.is_refused("WL-CLI-NO-TRUST", lambda: load_file(self.file))
        self.is_refused("WL-CLI-NO-TRUST", lambda: safe_open(self.file, "pt"))

    def test_the_trust_around_a_load_counts(self) -> None:
        with weightlock.trust(key=self.key):
            self.assertEqual(load_file(self.file)["two"].tolist(), [0.5] * 512)
            seen: list[BaseException] = []

            def elsewhere() -> None:
                try:
                    load_file(self.file)
                except weightlock.VerificationError as refused:
                    seen.append(refused)

            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
            self.assertEqual(len(seen), 1)
        self.is_refused("WL-CLI-NO-TRUST", lambda: load_file(self.file))

    def test_the_trust_of_the_process_counts_in_threads(self) -> None:
        seen: list[object] = []
        with weightlock.trust(key=self.key, everywhere=True):
            thread = threading.Thread(target=lambda: seen.append(load_file(self.file)))
            thread.start()
            thread.join()
        self.assertEqual(len(seen), 1)
        self.is_refused("WL-CLI-NO-TRUST", lambda: load_file(self.file))

    def test_the_key_that_the_environment_names_counts(self) -> None:
        os.environ["WEIGHTLOCK_PUBLIC_KEY"] = str(self.key)
        self.addCleanup(os.environ.pop, "WEIGHTLOCK_PUBLIC_KEY")
        self.assertEqual(len(load_file(self.file)), 2)

    def test_a_path_in_a_sealed_view_needs_no_second_signature(self) -> None:
        with weightlock.verified(self.model, key=self.key) as path:
            inside = Path(path, "model.safetensors")
            self.file.write_bytes(b"changed")
            tensors = load_file(inside)
            self.assertEqual(tensors["two"].tolist(), [0.5] * 512)
            # Not the link, which the same user can replace: the view itself.
            os.chmod(path, 0o700)
            inside.unlink()
            inside.symlink_to(self.file)
            self.assertEqual(load_file(inside)["two"].tolist(), [0.5] * 512)
            with self.assertRaises(FileNotFoundError):
                load_file(Path(path, "other.safetensors"))
            self.is_refused("WL-SIG-UNSIGNED", lambda: load_file(inside, key=self.key))
        self.assertEqual(tensors["two"].tolist(), [0.5] * 512)
        with self.assertRaises(weightlock.VerificationError):
            load_file(inside)

    def test_a_folder_that_looks_like_a_view_is_none(self) -> None:
        with weightlock.verified(self.model, key=self.key) as path:
            name = os.path.basename(path)
        forged = self.folder / "elsewhere" / name
        forged.mkdir(parents=True)
        (forged / "model.safetensors").write_bytes(self.file.read_bytes())
        with weightlock.trust(key=self.key):
            self.is_refused("WL-SIG-UNSIGNED", lambda: load_file(forged / "model.safetensors"))

    def test_a_snapshot_of_the_hub_cache(self) -> None:
        snapshot = self.hub(self.model)
        self.sign(snapshot)
        tensors = load_file(snapshot / "model.safetensors", key=self.key)
        for blob in (snapshot.parents[1] / "blobs").iterdir():
            blob.write_bytes(b"changed")
        self.assertEqual(tensors["two"].tolist(), [0.5] * 512)
        self.is_refused("WL-SIG-TAMPERED", lambda: load_file(snapshot / "model.safetensors", key=self.key))

    def test_a_module_with_shared_weights(self) -> None:
        class Tied(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.first = torch.nn.Linear(3, 3)
                self.second = torch.nn.Linear(3, 3)
                self.second.weight = self.first.weight

        source = Tied()
        file = self.folder / "tied.safetensors"
        safetensors.torch.save_model(source, str(file))
        self.sign(file)
        for loads in (lambda into: load_model(into, file, key=self.key), lambda into: safetensors.torch.load_model(into, file)):
            loaded = Tied()
            self.assertEqual(loads(loaded), (set(), []))
            self.assertTrue(torch.equal(loaded.second.weight, source.first.weight))
        for loads in (lambda into: load_model(into, file, key=self.key), lambda into: safetensors.torch.load_model(into, file)):
            with self.assertRaisesRegex(RuntimeError, "Unexpected key"):
                loads(torch.nn.Linear(3, 3))
        missing, unexpected = load_model(torch.nn.Linear(3, 3), file, strict=False, key=self.key)
        self.assertEqual(missing, {"weight", "bias"})
        self.assertEqual(len(unexpected), 3)

    def test_tensors_live_as_long_as_they_are_held(self) -> None:
        tensors = [load_file(self.file, key=self.key)["one"] for _ in range(50)]
        gc.collect()
        self.assertTrue(all(tensor[4095].item() == 4095.0 for tensor in tensors))

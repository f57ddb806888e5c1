"""``verified``: what was verified is what is read, whatever happens to the files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import weightlock
from support import WEIGHTS, Case, facts
from weightlock import VerificationError


def tree(path: str) -> dict[str, bytes]:
    found = (file for file in Path(path).rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in found}


class Verified(Case):
    def test_the_view_holds_what_was_signed_and_nothing_else(self) -> None:
        before = tree(str(self.model))
        with weightlock.verified(self.model, key=self.key) as path:
            self.assertIsInstance(path, str)
            self.assertEqual(os.path.basename(path), "model")
            seen = tree(path)
        self.assertEqual(set(before) - set(seen), {"model.sig"})
        self.assertEqual(seen["model.safetensors"], WEIGHTS)
        self.assertEqual(seen["code/modeling_tiny.py"], b"SIZE = 4096\n")
        self.assertFalse(os.path.exists(path))

    def test_it_is_private_and_nobody_writes_to_it(self) -> None:
        with weightlock.verified(self.model, key=self.key) as path:
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o500)
            self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o500)
            file = os.path.join(path, "model.safetensors")
            with open(file, "r+b") as handle, self.assertRaises(PermissionError):
                os.write(handle.fileno(), b"x")

    def test_what_happens_to_the_files_afterwards_changes_nothing(self) -> None:
        file = self.model / "model.safetensors"

        def rewritten() -> None:
            with open(file, "r+b") as handle:
                handle.write(b"\0" * 64)

        def truncated() -> None:
            os.truncate(file, 10)

        def replaced() -> None:
            other = self.folder / "other"
            other.write_bytes(b"\1" * len(WEIGHTS))
            os.replace(other, file)

        def linked() -> None:
            file.unlink()
            file.symlink_to("/dev/zero")

        def removed() -> None:
            shutil.rmtree(self.model)

        for change in (rewritten, truncated, replaced, linked, removed):
            with self.subTest(change.__name__):
                with weightlock.verified(self.model, key=self.key) as path:
                    change()
                    self.assertEqual(Path(path, "model.safetensors").read_bytes(), WEIGHTS)
                    self.assertEqual(Path(path, "config.json").read_bytes()[:1], b"{")
                if change is not removed:
                    file.unlink()
                    file.write_bytes(WEIGHTS)

    def test_each_change_before_is_refused_with_code_and_file(self) -> None:
        file = self.model / "model.safetensors"
        for position in (0, 8, len(WEIGHTS) - 1):
            changed = bytearray(WEIGHTS)
            changed[position] ^= 1
            file.write_bytes(changed)
            refused = self.refused("WL-SIG-TAMPERED", self.model)
            self.assertEqual(refused.path, str(file))
            self.assertIn("model.safetensors", refused.reasons[0].what)
        file.write_bytes(WEIGHTS[:-1])
        self.refused("WL-SIG-TAMPERED", self.model)
        file.write_bytes(WEIGHTS)
        added = self.model / "extra.py"
        added.write_text("")
        self.assertEqual(self.refused("WL-SIG-EXTRA-FILE", self.model).path, str(added))
        added.unlink()
        (self.model / "config.json").unlink()
        self.refused("WL-SIG-TAMPERED", self.model)

    def test_reasons_say_what_where_why_and_what_next(self) -> None:
        (self.model / "config.json").write_text("{}")
        refused = self.refused("WL-SIG-TAMPERED", self.model)
        (reason,) = refused.reasons
        self.assertEqual(reason.code, refused.code)
        self.assertEqual(reason.where, str(self.model / "config.json"))
        for text in (reason.what, reason.why, reason.next):
            self.assertGreater(len(text), 10)
            self.assertIn(text, str(refused))

    def test_names_cannot_write_to_a_terminal(self) -> None:
        (self.model / "\x1b[2Jx").write_text("")
        refused = self.refused("WL-SIG-EXTRA-FILE", self.model)
        self.assertNotIn("\x1b", str(refused))
        self.assertIn("\x1b", refused.path)

    def test_unsigned_is_refused_as_such(self) -> None:
        plain = self.make("plain")
        self.refused("WL-SIG-UNSIGNED", plain)
        self.refused("WL-SIG-UNSIGNED", plain / "model.safetensors")

    def test_another_key_is_refused(self) -> None:
        from support import program

        program("key", "generate", "--unencrypted", "other", cwd=self.folder)
        self.refused("WL-SIG-KEY-MISMATCH", self.model, key=self.folder / "other.pub")

    def test_without_a_signer_there_is_nothing_to_trust(self) -> None:
        self.refused("WL-CLI-NO-TRUST", self.model, key=None)

    def test_one_line_says_what_was_verified(self) -> None:
        with self.assertLogs("weightlock", "INFO") as logged:
            model = weightlock.guarded(self.model, key=self.key)
        self.addCleanup(model.close)
        (line,) = logged.output
        for part in (str(self.model), str(facts(model)["digest"]), "signed by ECDSA P-256 key"):
            self.assertIn(part, line)
        with self.assertNoLogs("weightlock"), self.assertRaises(VerificationError):
            weightlock.guarded(self.make("plain"), key=self.key)

    def test_a_model_that_is_no_model_is_an_error_of_the_same_kind(self) -> None:
        self.assertIn("No such file", str(self.refused("WL-IO-NOT-FOUND", self.folder / "missing")))

    def test_a_view_goes_away_when_the_context_is_left_by_an_exception(self) -> None:
        seen = ""
        with self.assertRaises(ZeroDivisionError), weightlock.verified(self.model, key=self.key) as path:
            seen = path
            raise ZeroDivisionError
        self.assertFalse(os.path.exists(seen))


class HubCache(Case):
    """``models--org--name/{blobs,snapshots/REVISION}``: names that link out of the folder."""

    def setUp(self) -> None:
        super().setUp()
        self.repository = self.folder / "hub" / "models--org--tiny"
        self.snapshot = self.repository / "snapshots" / ("a" * 40)
        (self.snapshot / "code").mkdir(parents=True)
        blobs = self.repository / "blobs"
        blobs.mkdir()
        for number, name in enumerate(("model.safetensors", "config.json", "code/modeling_tiny.py")):
            blob = blobs / (f"{number}" * 40)
            shutil.copyfile(self.model / name, blob)
            link = self.snapshot / name
            link.symlink_to(os.path.relpath(blob, link.parent))
        self.sign(self.snapshot)

    def test_a_snapshot_loads_and_its_blobs_may_change_afterwards(self) -> None:
        with weightlock.verified(self.snapshot, key=self.key) as path:
            for blob in (self.repository / "blobs").iterdir():
                blob.write_bytes(b"changed")
            self.assertEqual(Path(path, "model.safetensors").read_bytes(), WEIGHTS)
            self.assertEqual(Path(path, "code/modeling_tiny.py").read_text(), "SIZE = 4096\n")
        self.refused("WL-SIG-TAMPERED", self.snapshot)

    def test_a_link_out_of_the_cache_is_refused(self) -> None:
        link = self.snapshot / "config.json"
        link.unlink()
        link.symlink_to(self.model / "config.json")
        with self.assertRaises(VerificationError):
            weightlock.verified(self.snapshot, key=self.key)

    def test_one_file_of_a_snapshot(self) -> None:
        with weightlock.verified(self.snapshot / "model.safetensors", key=self.key) as path:
            self.assertEqual(os.path.basename(path), "model.safetensors")
            self.assertEqual(Path(path).read_bytes(), WEIGHTS)


class OneFile(Case):
    def test_a_file_of_a_signed_folder_is_verified_alone(self) -> None:
        file = self.model / "model.safetensors"
        (self.model / "config.json").write_text("changed, and not read")
        with weightlock.verified(file, key=self.key) as path:
            self.assertEqual(Path(path).read_bytes(), WEIGHTS)
            self.assertEqual([entry.name for entry in Path(path).parent.iterdir()], ["model.safetensors"])
        with weightlock.guarded(self.model / "code" / "modeling_tiny.py", key=self.key) as model:
            self.assertEqual(model.files(), ["code/modeling_tiny.py"])
            self.assertFalse(facts(model)["complete"])
            self.assertEqual(Path(model.path).read_text(), "SIZE = 4096\n")
        file.write_bytes(WEIGHTS[::-1])
        self.assertEqual(self.refused("WL-SIG-TAMPERED", file).path, str(file))

    def test_a_file_that_the_signature_does_not_cover_is_refused(self) -> None:
        file = self.model / "other.safetensors"
        file.write_bytes(WEIGHTS)
        self.refused("WL-SIG-EXTRA-FILE", file)

    def test_a_file_cannot_borrow_the_name_of_another(self) -> None:
        file = self.model / "code" / "model.safetensors"
        file.write_bytes(WEIGHTS)
        self.refused("WL-SIG-EXTRA-FILE", file)

    def test_a_link_to_a_signed_file_is_not_that_file(self) -> None:
        file = self.model / "model.safetensors"
        file.rename(self.folder / "elsewhere")
        file.symlink_to(self.folder / "elsewhere")
        with self.assertRaises(VerificationError):
            weightlock.verified(file, key=self.key)

    def test_a_file_with_a_signature_of_its_own(self) -> None:
        file = self.folder / "tiny.gguf"
        file.write_bytes(WEIGHTS)
        self.sign(file)
        with weightlock.verified(file, key=self.key) as path:
            self.assertEqual(os.path.basename(path), "tiny.gguf")
            file.write_bytes(b"")
            self.assertEqual(Path(path).read_bytes(), WEIGHTS)
        self.refused("WL-SIG-TAMPERED", file)

    def test_only_some_files_of_a_model(self) -> None:
        (self.model / "config.json").write_text("changed, and not asked for")
        with weightlock.guarded(self.model, key=self.key, only=["*.safetensors"]) as model:
            self.assertEqual(model.files(), ["model.safetensors"])
            self.assertFalse(facts(model)["complete"])
        with weightlock.guarded(self.model, key=self.key, only="*.py") as model:
            self.assertEqual(model.files(), ["code/modeling_tiny.py"])


class Styles(Case):
    def test_a_named_signature_and_key(self) -> None:
        signature = self.folder / "release.sig"
        os.rename(self.model / "model.sig", signature)
        with weightlock.secure_load_model(self.model, signature, self.key) as model:
            self.assertEqual(Path(os.fspath(model), "model.safetensors").read_bytes(), WEIGHTS)
        (self.model / "config.json").write_text("{}")
        with self.assertRaises(VerificationError):
            weightlock.secure_load_model(self.model, signature, self.key)

"""The package itself: types, names, what an import brings along."""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import weightlock
from support import ROOT
from weightlock import _native, documents

PACKAGE = Path(weightlock.__file__).parent


class Types(unittest.TestCase):
    def test_the_package_is_typed(self) -> None:
        self.assertTrue((PACKAGE / "py.typed").is_file())
        self.assertTrue((PACKAGE / "_native.pyi").is_file())

    def test_the_native_module_is_what_its_stub_says(self) -> None:
        stub = ast.parse((PACKAGE / "_native.pyi").read_text())
        told: dict[str, ast.stmt] = {}
        for statement in stub.body:
            if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
                told[statement.name] = statement
            elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                told[statement.target.id] = statement
        names = {name for name in vars(_native) if not name.startswith("__") or name == "__version__"}
        self.assertEqual(names - {"_native"}, set(told))
        for name, statement in told.items():
            if isinstance(statement, ast.FunctionDef):
                self.same(getattr(_native, name), statement)
            elif isinstance(statement, ast.ClassDef):
                self.same_class(getattr(_native, name), statement)

    def same(self, function: object, statement: ast.FunctionDef) -> None:
        """The same parameters of the same kinds, and defaults in the same places; whose a method is does not matter."""
        parameters = list(inspect.signature(function).parameters.values())  # type: ignore[arg-type]
        real = [(one.name, one.kind.name, one.default is not one.empty) for one in parameters if one.name != "self"]
        told: list[tuple[str, str, bool]] = []
        given = statement.args
        first = len(given.args) - len(given.defaults)
        told += [(one.arg, "POSITIONAL_OR_KEYWORD", at >= first) for at, one in enumerate(given.args)]
        told += [
            (one.arg, "KEYWORD_ONLY", default is not None)
            for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        ]
        self.assertEqual(real, [one for one in told if one[0] != "self"], statement.name)

    def same_class(self, kind: type, statement: ast.ClassDef) -> None:
        members = [member for member in statement.body if isinstance(member, ast.FunctionDef)]
        own = {name for name in vars(kind) if not name.startswith("_")}
        self.assertEqual(own, {member.name for member in members if not member.name.startswith("_")})
        for member in members:
            if member.name == "__buffer__":
                # A slot has no name before 3.12; that it works is for the tests of buffers.
                continue
            found = inspect.getattr_static(kind, member.name)
            if any(isinstance(one, ast.Name) and one.id == "property" for one in member.decorator_list):
                self.assertTrue(inspect.isdatadescriptor(found), member.name)
            elif not member.name.startswith("_"):
                self.same(found, member)

    def test_every_public_name_is_there_and_explained(self) -> None:
        for name in weightlock.__all__:
            found = getattr(weightlock, name)
            self.assertTrue(name == "__version__" or found.__doc__, name)

    def test_documents_have_the_members_of_the_schemas(self) -> None:
        for verb, name in (
            ("verify", "Verified"),
            ("scan", "Scanned"),
            ("inspect", "Inspection"),
            ("sign", "Signed"),
        ):
            schema = json.loads((ROOT / "docs" / "schemas" / f"{verb}.json").read_text())
            self.assertEqual(set(documents.Document.__annotations__), set(schema["properties"]))
            kind = getattr(documents, name)
            self.assertEqual(set(kind.__annotations__), set(schema["$defs"][name]["properties"]))

    def test_pyright_has_nothing_to_say(self) -> None:
        pyright = os.environ.get("WEIGHTLOCK_TEST_PYRIGHT")
        if not pyright:
            self.skipTest("WEIGHTLOCK_TEST_PYRIGHT names no pyright")
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(PACKAGE, Path(folder, "weightlock"))
            settings = {"pythonVersion": "3.11", "typeCheckingMode": "strict", "reportMissingModuleSource": False}
            Path(folder, "pyrightconfig.json").write_text(json.dumps(settings))
            ran = subprocess.run(
                [pyright, "--pythonpath", sys.executable], capture_output=True, text=True, check=False, cwd=folder
            )
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_wrong_use_is_an_error_to_pyright(self) -> None:
        pyright = os.environ.get("WEIGHTLOCK_TEST_PYRIGHT")
        if not pyright:
            self.skipTest("WEIGHTLOCK_TEST_PYRIGHT names no pyright")
        source = """
import weightlock
reveal_type(weightlock.verify("m", key="k")["result"]["files_checked"])
with weightlock.verified("m", key="k") as path:
    reveal_type(path)
weightlock.verified("m", kye="k")
weightlock.scan("m", fail_on="terrible")
weightlock.verify("m")["result"]["no_such_member"]
"""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "use.py").write_text(source)
            ran = subprocess.run(
                [pyright, "--outputjson", "--pythonpath", sys.executable, "use.py"],
                capture_output=True,
                text=True,
                check=False,
                cwd=folder,
            )
        told = json.loads(ran.stdout)["generalDiagnostics"]
        self.assertEqual([one["message"] for one in told if one["severity"] == "information"][:2], [
            'Type of "weightlock.verify("m", key="k")["result"]["files_checked"]" is "int"',
            'Type of "path" is "str"',
        ])
        errors = {one["range"]["start"]["line"] for one in told if one["severity"] == "error"}
        self.assertEqual(errors, {5, 6, 7}, told)


class Signatures(unittest.TestCase):
    def test_the_names_that_others_write_stay(self) -> None:
        trust = "key=None, certificate_chain=None, identity=None, identity_provider=None, trusted_root=None, signature=None, policy=None"
        for function, told in [
            (weightlock.verified, f"(path, *, {trust})"),
            (weightlock.verify_weights, "(path, name, pins)"),
            (weightlock.secure_load_model, "(model_path, bundle_path, pubkey_path)"),
            (weightlock.load_model_verified, "(model_dir, expected_identity, identity_provider, *, trusted_root=None)"),
        ]:
            signature = inspect.signature(function)
            plain = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
            bare = signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)
            self.assertEqual(str(bare), told)


class Import(unittest.TestCase):
    def test_it_brings_nothing_slow_along(self) -> None:
        statement = "import sys, weightlock; print(*sys.modules)"
        ran = subprocess.run([sys.executable, "-I", "-c", statement], capture_output=True, text=True, check=True)
        brought = set(ran.stdout.split())
        slow = {"typing", "dataclasses", "json", "logging", "subprocess", "asyncio", "numpy", "torch", "inspect"}
        self.assertEqual(brought & slow, set())

"""Code that comes with a model, imported from the bytes that were verified.

The library for transformers copies such code into a cache folder and imports it from there: whoever can write to that folder,
or plants a compiled file in it, has their code run instead. Here the sources are taken out of the sealed view once, and
imported from memory. The package is named after the digest of all its sources, so that the same code is imported once, and
other code never takes its place.

``__file__`` names a sealed copy: for tracebacks, for tools that read the source again, and for ``save_pretrained``, which
copies it. Nothing is imported from there.

Rejected: a private cache folder for each load. It is imported from as any other, by name, after it was checked.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import shutil
import sys
import tempfile
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

    from weightlock._native import Guarded

__all__ = ["PACKAGE", "Sources", "import_module", "known", "sources"]

#: Where all of it lies in the names of modules.
PACKAGE = "weightlock_remote_code"

#: Guards what follows, and the imports.
_LOCK = threading.RLock()
_KNOWN: dict[str, Sources] = {}


class Sources:
    """The Python files of one model."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        digest = hashlib.sha256()
        for name, content in sorted(files.items()):
            digest.update(f"{len(name.encode())} {len(content)} ".encode() + name.encode() + content)
        self.package = f"model_{digest.hexdigest()[:32]}"
        self._copies: list[int] = []
        self._folder: str | None = None

    def modules(self) -> dict[str, str]:
        """Files by the dotted names of their modules. A folder that has code in it is a package."""
        found: dict[str, str] = {}
        for name in self.files:
            words = name.removesuffix(".py").split("/")
            if words[-1] == "__init__":
                words.pop()
            found[".".join(words)] = name
        return found

    def folders(self) -> set[str]:
        """The dotted names of folders that have code in them."""
        parts = [name.split("/")[:-1] for name in self.files]
        return {".".join(words[:depth]) for words in parts for depth in range(len(words) + 1)}

    def copy(self, name: str) -> str:
        """A path to a sealed copy of a file."""
        with _LOCK:
            if self._folder is None:
                self._folder = tempfile.mkdtemp(prefix="weightlock-code-")
                atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
                for file, content in self.files.items():
                    self._seal(self._folder, file, content)
            return os.path.join(self._folder, name)

    def _seal(self, folder: str, name: str, content: bytes) -> None:
        descriptor = os.memfd_create("weightlock-code", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self._copies.append(descriptor)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        link = os.path.join(folder, name)
        os.makedirs(os.path.dirname(link), mode=0o700, exist_ok=True)
        os.symlink(f"/proc/{os.getpid()}/fd/{descriptor}", link)


def sources(model: Guarded) -> Sources:
    """The code of a model, out of its sealed memory."""
    files = {name: bytes(memoryview(model.buffer(name))) for name in model.files() if name.endswith(".py")}
    found = Sources(files)
    with _LOCK:
        _Finder.install()
        return _KNOWN.setdefault(found.package, found)


def known(package: str) -> Sources:
    """The code that :func:`sources` gave this name."""
    with _LOCK:
        return _KNOWN[package]


def import_module(code: Sources, file: str) -> ModuleType:
    """Imports one file, and with it what it imports of its neighbours."""
    if file not in code.files:
        raise ImportError(f"the model has no file {file!r} that its signature covers")
    name = ".".join([PACKAGE, code.package, *file.removesuffix(".py").split("/")])
    with _LOCK:
        return importlib.import_module(name)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules of verified code, and nothing else. Below its own package, nobody else is asked."""

    _installed: _Finder | None = None

    @classmethod
    def install(cls) -> None:
        # First, so that no folder of this name on the path comes before it.
        if cls._installed is None or cls._installed not in sys.meta_path:
            cls._installed = cls()
            sys.meta_path.insert(0, cls._installed)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        words = fullname.split(".", 2)
        if words[0] != PACKAGE:
            return None
        if len(words) == 1:
            return _spec(fullname, _Loader(None, None), is_package=True)
        code = _KNOWN.get(words[1])
        name = words[2] if len(words) > 2 else ""
        file = None if code is None else code.modules().get(name)
        if code is None or (file is None and name not in code.folders()):
            raise ModuleNotFoundError(f"the model has no module {name!r} that its signature covers", name=fullname)
        return _spec(fullname, _Loader(code, file), is_package=name in code.folders())


def _spec(name: str, loader: _Loader, *, is_package: bool) -> importlib.machinery.ModuleSpec:
    spec = importlib.machinery.ModuleSpec(name, loader, origin=loader.origin(), is_package=is_package)
    spec.has_location = loader.file is not None
    return spec


class _Loader(importlib.abc.InspectLoader):
    """Runs a module's source, out of memory. Nothing is read from or written to a folder of compiled files."""

    def __init__(self, code: Sources | None, file: str | None) -> None:
        self.code = code
        self.file = file

    def origin(self) -> str | None:
        return None if self.code is None or self.file is None else self.code.copy(self.file)

    def get_source(self, fullname: str) -> str:
        if self.code is None or self.file is None:
            return ""
        return importlib.util.decode_source(self.code.files[self.file])

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_source(fullname), self.origin() or f"<{fullname}>")

    def is_package(self, fullname: str) -> bool:
        return self.file is None or self.file.endswith("__init__.py")

"""Writes the tables of imports: `python3 xtask/imports REVIEWED TABLE WHEELS…`, run by `cargo xtask imports --write`.

REVIEWED is the folder of what is decided by hand, TABLE the folder to write, WHEELS folders of wheels. The wheels of
one folder see each other and the standard library of the running interpreter; the tables are the union over the
folders, so that older releases, whose names differ, lie in a folder of their own. Nothing is imported, nothing runs.
"""

import pathlib
import re
import sys
import sysconfig
import zipfile

from reach import Universe

# Packages whose plain classes may be built. Of the others, only the dangerous names are told.
LIBRARIES = set(
    "accelerate catboost diffusers fastai gensim imblearn joblib keras lightgbm lightning lightning_fabric nltk numpy"
    " omegaconf pandas peft pytorch_lightning scipy sentence_transformers sklearn skops spacy statsmodels tensorflow"
    " tf_keras thinc timm torch torchmetrics torchvision transformers ultralytics xgboost".split()
)
TOOLS = set(
    "IPython cloudpickle datasets dill fsspec huggingface_hub hydra jinja2 mlflow numba pip pkg_resources pytest _pytest"
    " requests safetensors setuptools yaml functorch torchgen _distutils_hack".split()
)
FILES = {
    "numpy": "numpy", "scipy": "scipy", "sklearn": "scikit_learn", "pandas": "pandas", "torch": "torch",
    "transformers": "transformers", "keras": "keras", "tf_keras": "keras", "tensorflow": "tensorflow",
    "diffusers": "diffusers",
}
# Packages whose estimators and layers keep functions as values, such as a score or an activation.
HOLDERS = set(
    "catboost gensim imblearn lightgbm numpy pandas scipy sklearn statsmodels timm torch torchvision xgboost".split()
)
# Parts of paths whose modules are no part of a model: their names stay unlisted.
SKIPPED = {"idle_test", "tests", "_tests", "test", "conftest", "_tf_keras", "site-packages", "benchmarks", "_generated", "_test_common"}
SKIPPED_IN = {"torch": {"testing", "onnx"}, "Lib": {"turtledemo"}}
KEPT_TESTS = ("test.support", "test.test_support")


def module_name(path):
    """(dotted name, whether a package) of a source file's path."""
    parts = path[: -len(".py")].split("/")
    package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if package else parts), package


def wanted(name, root):
    parts = set(name.split("."))
    if root != "Lib" and name.endswith("_test"):
        return False
    return name.startswith(KEPT_TESTS) or not parts & (SKIPPED | SKIPPED_IN.get(root, set()))


def standard_library(universe):
    folder = pathlib.Path(sysconfig.get_path("stdlib"))
    for file in sorted(folder.rglob("*.py")):
        name, package = module_name(str(file.relative_to(folder)).replace("\\", "/"))
        if name and "-" not in name and wanted(name, "Lib"):
            universe.add(name, package, file.read_bytes())


def wheel(universe, file):
    """Adds the modules of one wheel; gives `name version`."""
    with zipfile.ZipFile(file) as archive:
        for path in archive.namelist():
            root = path.split("/")[0].removesuffix(".py")
            if path.endswith(".py") and root in LIBRARIES | TOOLS:
                name, package = module_name(path)
                if wanted(name, root) and all(part.isidentifier() for part in name.split(".")):
                    universe.add(name, package, archive.read(path))
    return " ".join(file.name.split("-")[:2])


def compiled(file):
    """Classes and rebuilding functions of the compiled modules of a wheel: `(module, name, kind)`.

    Cython keeps the full name of each class and of each function that its pickles call as a text of the file.
    """
    with zipfile.ZipFile(file) as archive:
        for path in archive.namelist():
            root = path.split("/")[0]
            if not path.endswith((".so", ".pyd")) or root not in LIBRARIES or not wanted(path.replace("/", "."), root):
                continue
            module = path.split(".")[0].replace("/", ".")
            content = archive.read(path)
            if b"__pyx_" not in content:
                continue
            for name in set(re.findall(rb"\0(__pyx_unpickle_[A-Za-z_]\w*)(?<!__set_state)\0", content)):
                yield module, name.decode(), "F"
            # Cython's own helper classes, its enumerations of memory views, are in every module.
            for name in set(re.findall(rb"\0" + re.escape(module.encode()) + rb"\.([A-Z]\w*|_[A-Z]\w*)\0", content)):
                yield module, name.decode(), "C"


def read_reviewed(folder):
    """`{(module, name): code}` of everything that is decided by hand."""
    entries = {}
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_text().splitlines():
            if line.startswith("#"):
                continue
            module, *words = line.split()
            code = ""
            for word in words:
                if word.startswith("@"):
                    code = word[1:]
                else:
                    entries[module, word] = code
    return entries


def ground_of(reviewed):
    """The letters of the dangerous, and nothing for what is vouched for, so that reach stops there."""
    return {
        key: "".join(c for c in code[2:].split("/")[0] if c.isupper()) if code[0] == "d" else ""
        for key, code in reviewed.items()
    }


# How SciPy executes a text of a distribution's state.
TEMPLATE = "_attach_argparser_methods"

# Boosters and tensors are handles of compiled code: memory by address is what their classes are for.
RAW = {"M"}


class Tables:
    def __init__(self, reviewed):
        self.reviewed = reviewed
        self.found = {}  # (module, name) -> (kind, full, bare)
        self.rebuilders = set()
        self.templates = set()

    def put(self, module, name, kind, full, bare):
        if (module, name) in self.reviewed:
            return
        old = self.found.get((module, name))
        if old:
            kind, full, bare = old[0], full | old[1], bare | old[2]
        self.found[module, name] = (kind, frozenset(full), frozenset(bare))

    def collect(self, universe):
        for module, held in sorted(universe.modules.items()):
            library = module.split(".")[0] in LIBRARIES
            for name, function in held.functions.items():
                self.put_function(universe, module, module, name, name, function)
            for name in held.classes:
                self.put_class(universe, module, name, module, name, library)
            self.collect_aliases(universe, module, held, library)
            if library:
                self.collect_rebuilders(universe, module, held)

    def put_function(self, universe, owner, module, name, alias, function):
        full = set(universe.reach["function", owner, name])
        if function.calls_argument:
            full.add("R")
        if full or holds(module):
            self.put(module, alias, "F", full, full)

    def put_class(self, universe, owner, name, module, alias, public):
        """A class; of the standard library none is vouched for here, and so none has a better way of being made."""
        full = universe.reach["full", (owner, name)] - RAW
        bare = universe.reach["bare", (owner, name)] - RAW
        if bare == {"X"} and universe.method((owner, name), TEMPLATE):
            self.templates.add((module, alias))
        if full or public:
            self.put(module, alias, "C", full, bare if owner.split(".")[0] in LIBRARIES else full)

    def collect_aliases(self, universe, module, held, library):
        """Names under which a module offers what another defines."""
        names = {name for name in held.refs if "." not in name}
        for star in held.stars if held.is_package and module.count(".") < 2 else ():
            names |= exported(universe.modules[star]) if star in universe.modules else set()
        for name in sorted(names):
            found = universe.in_module(module, name)
            if not found or found[1] == module and found[2] == name:
                continue
            kind, owner, label = found
            if kind == "ground" and universe.ground[owner, label]:
                code = self.reviewed[owner, label]
                self.put(module, name, code[1], set(universe.ground[owner, label]), set(universe.ground[owner, label]))
            elif kind == "function":
                function = universe.modules[owner].functions[label]
                same = owner.split(".")[0] == module.split(".")[0]
                if same and held.is_package or universe.reach[found] or function.calls_argument:
                    self.put_function(universe, owner, module, label, name, function)
            elif kind == "class":
                same = owner.split(".")[0] == module.split(".")[0]
                public = library and same and (held.is_package or name in held.public)
                if public or universe.reach["full", (owner, label)]:
                    self.put_class(universe, owner, label, module, name, public)

    def collect_rebuilders(self, universe, module, held):
        """Functions that `__reduce__` names: what the library's own pickles call."""
        for made in held.classes.values():
            for method in made.methods.keys() & {"__reduce__", "__reduce_ex__"}:
                for path in made.methods[method].rebuilders:
                    found = universe.look(module, path)
                    if found and found[0] == "function" and found[1].split(".")[0] in LIBRARIES:
                        self.rebuilders.add(found[1:])

    def entries(self):
        """`{file: {module: {code: [name]}}}`."""
        files = {}
        for key in sorted(self.rebuilders):
            if key not in self.reviewed:
                self.found.setdefault(key, ("F", frozenset(), frozenset()))
        for (module, name), (kind, full, bare) in self.found.items():
            root = module.split(".")[0]
            file = FILES.get(root, "libraries" if root in LIBRARIES else "tools" if root in TOOLS else "stdlib")
            code = code_of(kind, full, bare, (module, name) in self.rebuilders)
            code += "$" if (module, name) in self.templates and "/" not in code else ""
            files.setdefault(file, {}).setdefault(module, {}).setdefault(code, []).append(name)
        return files


def exported(held):
    """What `import *` takes from a module: what it says, or what it defines without an underscore."""
    defined = (*held.functions, *held.classes)
    return held.public or {name for name in defined if "." not in name and not name.startswith("_")}


def holds(module):
    """Whether functions of a module, when nothing harmful was found in them, may be kept as values."""
    root, *rest = module.split(".")
    inner = root == "torch" and any(part.startswith("_") or part in INNER for part in rest)
    return root in HOLDERS and not inner


INNER = {"distributed", "fx", "jit", "package", "onnx", "export", "backends"}


def code_of(kind, full, bare, rebuilds=False):
    order = "XPIRLWDNTM"
    letters = "".join(sorted(full, key=order.index))
    if not letters:
        return "lC" if kind == "C" else "fF" if rebuilds else "hF"
    if kind == "C" and bare != full:
        return f"dC{letters}/" + "".join(sorted(bare, key=order.index))
    return f"d{kind}{letters}"


def write(folder, file, modules, header):
    lines = [f"# {line}" for line in header]
    for module in sorted(modules):
        codes = modules[module]
        words = [f"@{code} {' '.join(sorted(codes[code]))}" for code in sorted(codes)]
        lines.append(" ".join([module, *words]))
    (folder / f"{file}.txt").write_text("\n".join(lines) + "\n")


def main():
    reviewed_folder, table_folder, *folders = map(pathlib.Path, sys.argv[1:])
    reviewed = read_reviewed(reviewed_folder)
    tables = Tables(reviewed)
    header = ["Written by `cargo xtask imports --write`; do not edit. From the sources of"]
    for folder in folders:
        universe = Universe(ground_of(reviewed))
        standard_library(universe)
        versions = [wheel(universe, file) for file in sorted(folder.glob("*.whl"))]
        header.append(", ".join([f"CPython {sys.version.split()[0]}", *versions]))
        universe.solve()
        tables.collect(universe)
        for file in sorted(folder.glob("*.whl")):
            for module, name, kind in compiled(file):
                tables.put(module, name, kind, frozenset(), frozenset())
                if kind == "F":
                    tables.rebuilders.add((module, name))
    for file, modules in tables.entries().items():
        write(table_folder, file, modules, header)


if __name__ == "__main__":
    main()

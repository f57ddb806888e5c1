"""The name lists of CPython 3.8 to 3.14: modules from `stdlib-list`, names from typeshed as `mypy` ships it.

Typeshed says what compiled modules define, on every platform: of `sys.platform` both branches count, of
`sys.version_info` those that one of the versions takes. A name that a stub takes from elsewhere is what it is there.
"""

import ast
import zipfile

from cpython import add
from summary import dotted, imported, Module

VERSIONS = [(3, minor) for minor in range(8, 15)]
# The last typeshed that knows 3.8 and 3.9, and the one at hand for the others.
OLD = {(3, 8), (3, 9)}
# Typeshed has these beside the standard library.
NOT_STANDARD = {"_typeshed", "typing_extensions"}
# Private modules of compiled code that neither list has.
PRIVATE = set(
    "_remote_debugging _suggestions _testbuffer _testcapi _testclinic _testclinic_limited _testexternalinspection"
    " _testimportmultiple _testinternalcapi _testlimitedcapi _testmultiphase _testsinglephase _xxinterpchannels"
    " _xxsubinterpreters _xxtestfuzz xxlimited_35 xxlimited xxsubtype".split()
)
STUBS = "mypy/typeshed/stdlib/"
LISTS = "stdlib_list/lists/"


def module_lists(file):
    """`(roots of every version that the lists have, modules of 3.8 to 3.14)`."""
    roots, modules = set(PRIVATE), set(PRIVATE)
    with zipfile.ZipFile(file) as archive:
        for path in archive.namelist():
            if path.startswith(LISTS) and path.endswith(".txt"):
                listed = archive.read(path).decode().split()
                roots.update(name.split(".")[0] for name in listed)
                version = tuple(int(part) for part in path[len(LISTS) : -len(".txt")].split("."))
                if version in VERSIONS:
                    modules.update(listed)
    return roots, modules


def lifetimes(text):
    """`{module: (first version, last version)}` of the file `VERSIONS` of typeshed."""
    found = {}
    for line in text.splitlines():
        module, colon, span = line.partition("#")[0].partition(":")
        if colon:
            first, _, last = span.strip().partition("-")
            found[module] = version(first), version(last) if last else (9, 0)
    return found


def version(text):
    return tuple(int(part) for part in text.strip().split("."))


def alive(module, spans, at):
    while module not in spans:
        module, dot, _ = module.rpartition(".")
        if not dot:
            return False
    first, last = spans[module]
    return first <= at <= last


def holds(test, at):
    """Whether a condition of a stub holds in a version; None when it is not about versions."""
    if isinstance(test, ast.BoolOp):
        parts = [holds(part, at) for part in test.values]
        worst = isinstance(test.op, ast.Or)
        if worst in parts:
            return worst
        return None if None in parts else not worst
    if isinstance(test, ast.Compare) and dotted(test.left) == "sys.version_info":
        given = ast.literal_eval(test.comparators[0])
        if isinstance(test.ops[0], ast.GtE):
            return at >= given[:2]
        if isinstance(test.ops[0], ast.Lt):
            return at < given[:2]
    return None


def taken(body, at):
    """The statements of a stub that a version takes."""
    for node in body:
        if isinstance(node, ast.If):
            answer = holds(node.test, at)
            if answer is not False:
                yield from taken(node.body, at)
            if answer is not True:
                yield from taken(node.orelse, at)
        else:
            yield node


class Stubs:
    """`kinds` are the functions and classes, `refs` the names taken from elsewhere, `stars` the modules taken whole."""

    def __init__(self):
        self.modules, self.kinds, self.refs, self.stars = set(), {}, {}, {}

    def read(self, file, versions):
        with zipfile.ZipFile(file) as archive:
            spans = lifetimes(archive.read(STUBS + "VERSIONS").decode())
            for path in sorted(archive.namelist()):
                if not path.startswith(STUBS) or not path.endswith(".pyi"):
                    continue
                parts = path[len(STUBS) : -len(".pyi")].split("/")
                package = parts[-1] == "__init__"
                module = Module(".".join(parts[:-1] if package else parts), package)
                ages = [at for at in versions if alive(module.name, spans, at)]
                if ages and module.name.split(".")[0] not in NOT_STANDARD:
                    self.modules.add(module.name)
                    tree = ast.parse(archive.read(path))
                    for at in ages:
                        self.take(module, taken(tree.body, at))

    def take(self, module, body):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.kinds[module.name, node.name] = "F"
            elif isinstance(node, ast.ClassDef):
                self.kinds[module.name, node.name] = "C"
            elif isinstance(node, ast.ImportFrom):
                for alias, (local, path) in zip(node.names, imported(module, node)):
                    if local == "*":
                        self.stars.setdefault(module.name, set()).add(path)
                    elif alias.asname == alias.name:
                        self.refs[module.name, local] = tuple(path.rpartition(".")[::2])
            elif isinstance(node, ast.Assign) and dotted(node.value):
                for target in node.targets:
                    self.refs[module.name, dotted(target)] = module.name, dotted(node.value)

    def resolve(self, key, known):
        """What is known of a name, followed to where it is defined; None for what is no function and no class."""
        for _ in range(8):
            if key in known:
                return known[key]
            if key in self.kinds:
                return self.kinds[key], set(), set()
            if key not in self.refs:
                return None
            key = self.refs[key]
        return None

    def names(self, known):
        """`{(module, name): (kind, full, bare)}` of all stubs; `known` has the same of what is known by other means."""
        found = {}
        for key in (*self.kinds, *self.refs):
            answer = self.resolve(key, known)
            if answer and "." not in key[1]:
                add(found, key, *answer)
        for module, stars in self.stars.items():
            for owner, name in (*self.kinds, *self.refs):
                answer = owner in stars and not name.startswith("_") and self.resolve((owner, name), known)
                if answer:
                    add(found, (module, name), *answer)
        return found


def stubs(old, new):
    """The stubs of all versions, from two releases of `mypy`."""
    found = Stubs()
    found.read(old, [at for at in VERSIONS if at in OLD])
    found.read(new, [at for at in VERSIONS if at not in OLD])
    return found

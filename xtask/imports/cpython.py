"""The standard library: a record of what each version of CPython defines, read from its sources.

CPython is on no package registry, so its sources are read apart from the rest, and `cpython.txt` keeps the union of
their names, kinds and letters; whoever has the same sources gets the same record. The tables are made from it.

    record = { "# CPython " version ", " count " files, sha256 " digest LF } { module { SP "@" code { SP name } } LF }
    code   = kind letters [ "/" letters ]
    kind   = "F" function | "C" class | "O" other | "M" method, as `Class.method`

Of tests only what has reach is kept.
"""

import concurrent.futures
import hashlib
import pathlib

from reach import Universe

FILE = pathlib.Path(__file__).parent / "cpython.txt"
TESTS = {"test", "tests", "idle_test"}
NOT_READ = {"site-packages", "lib-dynload", "__pycache__"}
ORDER = "XPIRLWDNTM"


def sources(folder):
    """`(dotted name, whether a package, bytes)` of each source file below a `Lib` folder, in order of the path."""
    for file in sorted(folder.rglob("*.py"), key=lambda file: file.relative_to(folder).parts):
        parts = file.relative_to(folder).with_suffix("").parts
        package = parts[-1] == "__init__"
        parts = parts[:-1] if package else parts
        data = TESTS & set(parts) and ("data" in parts or parts[-1].startswith("bad"))
        if parts and not data and not NOT_READ & set(parts) and all(part.isidentifier() for part in parts):
            yield ".".join(parts), package, file.read_bytes()


def read_version(version, folder, ground, kinds):
    """The head line of one version, and `{(module, name): (kind, full, bare)}` of its sources below `folder`; `ground`
    and `kinds` are what is decided by hand."""
    universe, digest, count = Universe(ground), hashlib.sha256(), 0
    for name, package, text in sources(folder):
        digest.update(f"{name}\0{len(text)}\0".encode() + text)
        count += 1
        universe.add(name, package, text)
    universe.solve(methods=True)
    found = {}
    for module, held in universe.modules.items():
        for name, kind, full, bare in names(universe, kinds, module, held):
            if full or not TESTS & set(module.split(".")):
                add(found, (module, name), kind, full, bare)
    return f"CPython {version}, {count} files, sha256 {digest.hexdigest()}", found


def record(folders, ground, kinds):
    """Reads the sources of each version (`{version: folder}`) and writes the record of all."""
    versions = sorted(folders, key=lambda version: int(version.split(".")[1]))
    jobs = [(version, folders[version], ground, kinds) for version in versions]
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        read_all = list(pool.map(read_version, *zip(*jobs)))
    found = {}
    for _, one in read_all:
        for key, value in one.items():
            add(found, key, *value)
    modules = {}
    for (module, name), (kind, full, bare) in found.items():
        code = kind + letters(full) + ("" if full == bare else "/" + letters(bare))
        modules.setdefault(module, {}).setdefault(code, []).append(name)
    lines = [f"# {head}" for head, _ in read_all]
    lines += [line(module, modules[module]) for module in sorted(modules)]
    FILE.write_text("\n".join(lines) + "\n")


def line(module, codes):
    return " ".join([module, *(f"@{code} {' '.join(sorted(codes[code]))}" for code in sorted(codes))])


def letters(reach):
    return "".join(sorted(reach, key=ORDER.index))


def names(universe, kinds, module, held):
    """`(name, kind, full, bare)` of what a module defines, and of what it offers of others that has reach."""
    for name in held.functions:
        yield name, *function(universe, module, name)
    for name in held.classes:
        yield name, *made_class(universe, module, name)
        for method in () if TESTS & set(module.split(".")) else universe.all_methods(module, name):
            reach = universe.reach[universe.method((module, name), method)]
            if reach:
                yield f"{name}.{method}", "M", reach, reach
    for name in sorted({name for name in held.refs if "." not in name} - held.functions.keys() - held.classes.keys()):
        kind, owner, label = universe.in_module(module, name) or (None, None, None)
        if kind == "ground":
            reach = set(universe.ground[owner, label])
            offered = kinds.get((owner, label), "O"), reach, reach
        elif kind in ("function", "class"):
            offered = (function if kind == "function" else made_class)(universe, owner, label)
        else:
            continue
        if offered[1]:
            yield name, *offered


def function(universe, module, name):
    reach = set(universe.reach["function", module, name])
    if universe.modules[module].functions[name].calls_argument:
        reach.add("R")
    return "F", reach, reach


def made_class(universe, module, name):
    return "C", *universe.classes_reach((module, name))


def read():
    """`{(module, name): (kind, full, bare)}` of the record, and its head lines."""
    found, heads = {}, []
    for text in FILE.read_text().splitlines():
        if text.startswith("# "):
            heads.append(text[2:])
            continue
        module, *words = text.split(" ")
        code = ""
        for word in words:
            if word.startswith("@"):
                code = word[1:]
                continue
            full, slash, bare = code[1:].partition("/")
            found[module, word] = code[0], set(full), set(bare if slash else full)
    return found, heads


def add(found, key, kind, full, bare):
    """Puts one more reading of a name to the others: the worst of all counts. A class in one is a class."""
    if key in found:
        old = found[key]
        kind = "C" if "C" in (kind, old[0]) else old[0]
        full, bare = full | old[1], bare | old[2]
    found[key] = kind, full, bare

"""The collector behind `cargo xtask imports`; see `xtask/src/imports/mod.rs` for how it is called.

    tables REVIEWED OUT CACHE           writes the tables below OUT, from the wheels of `sources.txt`, the record of
                                        CPython, and what is decided by hand in REVIEWED; keeps wheels in CACHE
    record REVIEWED VERSION=FOLDER…     reads the `Lib` folders of CPython and writes their record

Of what is read nothing is imported and nothing runs.
"""

import concurrent.futures
import pathlib
import sys

import cpython
import names
import sources
import wheels
from reach import Universe
from tables import Tables

# The parser is that of the running interpreter, and sources use what it must know.
OLDEST = (3, 11)


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


# Compiled or frozen modules, and the module that offers what they define, on one platform or another.
MIRRORS = {
    "_frozen_importlib": "importlib._bootstrap", "_frozen_importlib_external": "importlib._bootstrap_external",
    "_functools": "functools", "_interpreters": "_xxsubinterpreters", "_io": "io", "_operator": "operator",
    "_pickle": "pickle", "_signal": "signal", "_socket": "socket", "_sqlite3": "sqlite3", "_ssl": "ssl",
    "_tracemalloc": "tracemalloc", "_xxsubinterpreters": "_interpreters", "nt": "os", "posix": "os",
}


def standard_library(reviewed, lists):
    """`{(module, name): (kind, full, bare)}` of the record and the stubs, and the head lines of the record."""
    found, heads = cpython.read()
    by_hand = {
        key: (code[1], *[set(ground_of({key: code})[key])] * 2) for key, code in reviewed.items()
    }
    stubs = names.stubs(*lists)
    for key, answer in stubs.names({**found, **by_hand}).items():
        if key not in found:
            found[key] = answer
        elif answer[1] - found[key][1]:
            cpython.add(found, key, found[key][0], answer[1], answer[2])
    for mirror, original in MIRRORS.items():
        for (module, name), (kind, full, bare) in list({**found, **by_hand}.items()):
            if module == original and full and kind != "M":
                cpython.add(found, (mirror, name), kind, full, bare)
    return found, heads, stubs.modules


def write(path, modules, heads):
    lines = [f"# {line}" for line in heads]
    lines += [cpython.line(module, modules[module]) for module in sorted(modules)]
    path.write_text("\n".join(lines) + "\n")


def write_names(path, head, listed):
    path.write_text("\n".join([f"# {head}", *sorted(listed)]) + "\n")


def make_tables(reviewed_folder, out, cache):
    pinned = sources.pinned()
    sources.fetch(pinned, cache)
    reviewed = read_reviewed(reviewed_folder)
    old_stubs, new_stubs, lists = (cache / source.file for source in pinned["names"])
    found, heads, modules = standard_library(reviewed, (old_stubs, new_stubs))
    standard = {key: value for key, value in found.items() if value[0] != "M"}
    by_hand = ground_of(reviewed)
    ground = {**{key: cpython.letters(full) for key, (_, full, _) in found.items()}, **by_hand}
    bare = {key: cpython.letters(bare) for key, (_, full, bare) in found.items() if full != bare and key not in by_hand}
    made_from = [MADE, *(", ".join(source.label() for source in wanted) for wanted in pinned.values())]
    files = {name: [cache / source.file for source in wanted] for name, wanted in pinned.items() if name != "names"}
    tables = Tables(reviewed, standard)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        jobs = [pool.submit(read_section, reviewed, standard, ground, bare, files[name]) for name in files]
        for name, job in zip(files, jobs):
            tables.join(job.result())
            print(f"read the {len(files[name])} wheels of {name}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    for file, entries in tables.entries().items():
        write(out / f"{file}.txt", entries, made_from + heads)
    write_lists(out, lists, modules | {module for module, _ in found})


MADE = "Written by `cargo xtask imports --write`; do not edit. From the sources of"


def write_lists(out, lists, modules):
    """The modules of the standard library: the roots, which the program knows, and all of them, for its tests."""
    roots, listed = names.module_lists(lists)
    listed |= {module for module in modules if not cpython.TESTS & set(module.split("."))}
    roots |= {module.split(".")[0] for module in modules}
    write_names(out / "roots_stdlib.list", "Roots of the modules of CPython 2.6 to 3.14.", roots - {"__main__"})
    write_names(out / "roots_libraries.list", "Packages that the tables are made from.", wheels.LIBRARIES | wheels.TOOLS)
    write_names(out / "modules_stdlib.list", "Modules of CPython 3.8 to 3.14, but for tests.", listed - {"__main__"})


def read_section(reviewed, standard, ground, bare, files):
    """The tables of one section, whose wheels see each other."""
    tables, universe = Tables(reviewed, standard), Universe(ground, bare, reviewed.keys())
    for file in files:
        wheels.wheel(universe, file)
    universe.solve()
    tables.collect(universe)
    for file in files:
        for module, name, kind in wheels.compiled(file):
            tables.put(module, name, kind, frozenset(), frozenset())
            if kind == "F":
                tables.rebuilders.add((module, name))
    return tables


def main():
    if sys.version_info < OLDEST:
        raise SystemExit("needs Python {}.{} or newer".format(*OLDEST))
    command, reviewed, *rest = sys.argv[1:]
    reviewed = pathlib.Path(reviewed)
    if command == "tables":
        make_tables(reviewed, *map(pathlib.Path, rest))
    else:
        folders = dict(argument.split("=", 1) for argument in rest)
        by_hand = read_reviewed(reviewed)
        kinds = {key: code[1] for key, code in by_hand.items()}
        folders = {version: pathlib.Path(folder) for version, folder in folders.items()}
        cpython.record(folders, ground_of(by_hand), kinds)


if __name__ == "__main__":
    main()

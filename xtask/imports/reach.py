"""What each function and class of many modules can reach, as sets of capability letters.

The names whose reach is decided by hand are the ground; from there it spreads backwards over calls until nothing
changes. Reflection, R, spreads only among the methods of one object, which call what its state says: half of all
Python looks something up by name.
"""

import builtins
import re
import sys
from functools import lru_cache

from summary import FILLERS, METHODS, read_module

SPREADS = frozenset("XPILWDNTM")
HOLDS = frozenset("H")
REFLECTS = frozenset("R") | HOLDS

# A name that is assigned an attribute of its own would lead on for ever.
MOST_DOTS = 12

# What an unpickler runs of a class without calling it: making, setting the state, filling, hashing, deleting.
BARE = (
    "__new__", "__setstate__", "__setattr__", "__getattr__", "__getattribute__", "__del__",
    "__setitem__", "append", "extend", "add", "__hash__",
)
FULL = (*BARE, "__init__")
# Of these, what runs unasked, when the state is long complete.
UNASKED = "__del__"
# What runs when code, not an unpickler, makes one.
MADE = ("__new__", "__init__")


# What Keras configurations go through; whether that does harm is judged by what the configuration names.
STOPS = (
    ("keras.src.saving.serialization_lib", "deserialize_keras_object"),
    ("keras.src.saving.legacy.serialization", "deserialize_keras_object"),
    ("keras.src.saving.object_registration", "get_registered_object"),
)


def older(text):
    """A source with what is new in the syntax of 3.14 written as it was before: several exceptions without
    parentheses, and template strings, which hold the same expressions as formatted ones."""
    text = re.sub(rb"(?m)^(\s*except\*?)[ ]+([\w.]+(?:, *[\w.]+)+)[ ]*:", rb"\1 (\2):", text)
    return re.sub(rb"(?<!\w)t(?=[\"'])", rb"f", text)


class Universe:
    """Modules that can see each other, and the ground (`{(module, name): letters}`): what is known beforehand. `bare`
    has the letters of those classes of the ground that can do less when they are made without their `__init__`, and
    `decided` those names whose letters stand for all that they inherit to others."""

    def __init__(self, ground, bare=None, decided=()):
        self.ground = {**ground, **dict.fromkeys(STOPS, "")}
        self.bare, self.decided = bare or {}, decided
        self.modules = {}
        self.cache = {}

    def add(self, name, is_package, text):
        for attempt in (text, older(text)):
            try:
                self.modules[name] = read_module(name, is_package, attempt)
                return
            except (SyntaxError, ValueError, RecursionError) as error:
                problem = error
        print(f"{name}: {problem}", file=sys.stderr)

    def resolve(self, path):
        """An absolute dotted path as (kind, module, name), or None; the kinds are "function", "class", "method" (with a
        name as `Class:method`), "module", and "ground" for what is decided by hand."""
        parts = path.split(".")
        for cut in range(len(parts), 0, -1):
            module, rest = ".".join(parts[:cut]), parts[cut:]
            if rest and (module, ".".join(rest)) in self.ground:
                return "ground", module, ".".join(rest)
            if module in self.modules:
                return self.in_module(module, ".".join(rest)) if rest else ("module", module, "")
        return None

    def in_module(self, module, path):
        """A path as it is written in a module. A path that leads back to itself leads nowhere."""
        key = module, path
        if path.count(".") > MOST_DOTS:
            return None
        if key not in self.cache:
            self.cache[key] = None
            self.cache[key] = self.search(module, path)
        return self.cache[key]

    def search(self, module, path):
        held = self.modules[module]
        first, _, rest = path.partition(".")
        if first in held.functions:
            return None if rest else ("function", module, first)
        if first in held.classes:
            return self.in_class(module, held, path)
        if first in held.refs:
            target = held.refs[first] + ("." + rest if rest else "")
            return self.look(module, target)
        if first in held.values:
            return None
        # A star import may be of a compiled module that only the ground knows.
        for star in held.stars:
            found = ("ground", star, path) if (star, path) in self.ground else None
            if not found and self.exports(star, first):
                found = self.in_module(star, path)
            if found:
                return found
        if f"{module}.{first}" in self.modules:
            return self.resolve(f"{module}.{path}")
        return ("ground", "builtins", path) if ("builtins", path) in self.ground else None

    def exports(self, module, name):
        """Whether `import *` of a module takes a name."""
        if module not in self.modules:
            return False
        public = self.modules[module].public
        return name in public if public else not name.startswith("_")

    @staticmethod
    def in_class(module, held, path):
        parts = path.split(".")
        for cut in range(len(parts), 0, -1):
            name = ".".join(parts[:cut])
            if name in held.classes:
                return ("class", module, name) if cut == len(parts) else ("method", module, f"{name}:{parts[cut]}")
        return None

    def look(self, module, path):
        return self.in_module(module, path[1:]) if path.startswith(".") else self.resolve(path)

    @lru_cache(maxsize=None)
    def lineage(self, module, name):
        """A class and its bases as `resolve` gives them, the nearest first."""
        found, work = [], [("class", module, name)]
        while work:
            item = work.pop(0)
            if item in found or item[0] == "class" and item[2] not in self.modules[item[1]].classes:
                continue
            found.append(item)
            if item[0] == "class":
                bases = [self.look(item[1], base) for base in self.modules[item[1]].classes[item[2]].bases]
                work = [base for base in bases if base and base[0] in ("class", "ground")] + work
        return found

    def method(self, cls, method, start=None, above=False):
        """The node of `method` on a class: who defines it, from `start` in the lineage on, or above it."""
        line = self.lineage(*cls)
        at = next((at for at, item in enumerate(line) if item[1:] == start), 0) if start else 0
        for kind, owner, label in line[at + above :]:
            if kind == "class" and method in self.modules[owner].classes[label].methods:
                return "method", cls, method, (owner, label)
            known = kind == "ground" and (owner, label) not in self.decided
            if known and (owner, f"{label}.{method}") in self.ground:
                return "ground", owner, f"{label}.{method}"
        return None

    def classes(self, cls):
        """The summaries of a class and its bases, as far as their sources are known."""
        return [self.modules[owner].classes[label] for kind, owner, label in self.lineage(*cls) if kind == "class"]

    def setters(self, cls):
        """The methods of a class that set its properties."""
        return sorted(name for held in self.classes(cls) for name in held.methods if name.endswith("="))

    def property(self, cls, name):
        """The methods behind a property of a class; none when it is no property."""
        return (name, name + "=") if any(name in held.properties for held in self.classes(cls)) else ()

    def needs(self, node):
        """How many arguments a method must be given."""
        if node[0] != "method":
            return 0
        owner, label = node[3]
        return self.modules[owner].classes[label].methods[node[2]].needs

    def is_state(self, cls, name):
        """Whether an attribute that is no method of a class is one of its state: it is no class either, and no base that
        nobody has read has it."""
        if name == "__class__":
            return False
        for kind, owner, label in self.lineage(*cls):
            if kind == "ground" and (owner != "builtins" or hasattr(getattr(builtins, label, None), name)):
                return False
            if kind == "class" and f"{label}.{name}" in self.modules[owner].classes:
                return False
            if kind == "class" and not all(self.look(owner, base) for base in self.modules[owner].classes[label].bases):
                return False
        return True

    def all_methods(self, module, name):
        """The names of the methods of a class, inherited ones too."""
        methods = set().union(*(held.methods for held in self.classes((module, name))))
        return {method for method in methods if not method.endswith("=")}

    def edges(self, node):
        """What a node leads to: ("node", node), ("later", node) or ("letters", letters)."""
        kind = node[0]
        if kind == "function":
            yield from self.calls(node[1], self.modules[node[1]].functions[node[2]], None, None)
        elif kind == "method":
            _, cls, method, definer = node
            function = self.modules[definer[0]].classes[definer[1]].methods[method]
            if function.at_once:
                yield "letters", "R"
            yield from self.calls(definer[0], function, cls, definer)
        elif kind == "ground":
            yield "letters", self.ground[node[1:]]
        else:
            yield from self.making(node[1], {"full": FULL, "bare": BARE, "made": MADE}[kind])

    def calls(self, module, function, cls, definer):
        for call in function.calls:
            if call.where == "method":
                yield "letters", METHODS.get(call.path, "")
            elif call.where == "held":
                yield "letters", "H" if cls else ""
            elif call.where == "property":
                found = (self.method(cls, name) for name in self.property(cls, call.path)) if cls else ()
                yield from (("node", node) for node in found if node)
            elif call.where in ("self", "class", "super"):
                above = call.where == "super"
                found = cls and self.method(cls, call.path, definer if above else None, above)
                if found:
                    yield "later" if call.later else "node", found
                elif not above:
                    yield "letters", METHODS.get(call.path, "")
                    if call.where == "self" and not call.later and cls and self.is_state(cls, call.path):
                        yield "letters", "R"
            else:
                yield from self.named(module, call, cls)

    def named(self, module, call, cls):
        found = self.look(module, call.path)
        if not found:
            if "." in call.path[1:]:
                yield "letters", METHODS.get(call.path.rpartition(".")[2], "")
            return
        kind, owner, name = found
        if kind == "ground":
            yield "letters", set(self.ground[owner, name]) - REFLECTS - set("W" if call.reads_only else "")
        elif kind == "function":
            yield "node", found
        elif kind == "class":
            yield "node", ("made", (owner, name))
        elif kind == "method":
            label, _, method = name.partition(":")
            # `Base.__init__(self)` goes on with the class at hand.
            inherited = cls and ("class", owner, label) in self.lineage(*cls)
            target = self.method(cls if inherited else (owner, label), method, (owner, label))
            if target:
                yield "node", target

    def making(self, cls, methods):
        """What runs when a class is made. A class that is decided by hand gives its letters to those below it."""
        if "__init__" in methods:
            methods = (*methods, "__post_init__")
        if "__setstate__" in methods:
            # A state is set attribute by attribute only where no method takes it.
            takes = self.method(cls, "__setstate__")
            methods = [method for method in methods if method != "__setattr__"] if takes else [*methods, *self.setters(cls)]
        for method in methods:
            found = self.method(cls, method)
            if found and not (method in FILLERS and self.needs(found) > 1):
                yield "unasked" if method == UNASKED else "node", found
        for kind, owner, label in self.lineage(*cls):
            if kind == "ground":
                letters = self.ground[owner, label]
                letters = letters if "__init__" in methods else self.bare.get((owner, label), letters)
                # What makes classes goes on doing so; other reflection lies in how a class is called.
                yield "letters", letters if (owner, label) == ("builtins", "type") else set(letters) - REFLECTS

    def solve(self, methods=False):
        """Fills `reach` for ("function", module, name), for classes when they are called, ("full", (module, name)), and
        when they are made without their `__init__`, ("bare", (module, name)); when asked to, for each method too."""
        work = [("function", module, name) for module, held in self.modules.items() for name in held.functions]
        for module, held in self.modules.items():
            for name in held.classes:
                work += [("full", (module, name)), ("bare", (module, name))]
                if methods:
                    work += [self.method((module, name), method) for method in self.all_methods(module, name)]
        self.callers, self.reach = {}, {}
        while work:
            node = work.pop()
            if node in self.reach:
                continue
            self.reach[node] = set()
            for kind, value in self.edges(node):
                if kind == "letters":
                    self.reach[node] |= set(value) & (SPREADS | (REFLECTS if node[0] != "function" else set()))
                else:
                    self.callers.setdefault(value, set()).add((node, kind))
                    work.append(value)
        self.spread()
        for letters in self.reach.values():
            letters -= HOLDS

    def classes_reach(self, cls):
        """The letters of a class when it is called, and when it is made without its `__init__`. A constructor calls
        what it is given in half of all Python, as in `self.norm = norm_layer(size)`: that is no reach of the class."""
        full, bare = self.reach["full", cls], self.reach["bare", cls]
        return full - REFLECTS | bare, bare

    def spread(self):
        work = [node for node, letters in self.reach.items() if letters]
        while work:
            node = work.pop()
            for caller, when in self.callers.get(node, ()):
                own = when != "later" and node[0] == "method" and caller[1] == node[1]
                letters = self.reach[node] if own else self.reach[node] - REFLECTS
                if own and when == "unasked" and HOLDS <= letters:
                    letters = letters | {"R"}
                if not letters <= self.reach[caller]:
                    self.reach[caller] |= letters
                    work.append(caller)

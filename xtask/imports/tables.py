"""The tables: what is known of every name, from all sources, by file, module and code."""

from cpython import letters
from wheels import LIBRARIES, MORE

FILES = {
    "numpy": "numpy", "scipy": "scipy", "sklearn": "scikit_learn", "pandas": "pandas", "torch": "torch",
    "transformers": "transformers", "keras": "keras", "tf_keras": "keras", "tensorflow": "tensorflow",
    "diffusers": "diffusers", "jax": "jax", "flax": "jax", "optax": "jax",
}
# Packages whose estimators and layers keep functions as values, such as a score or an activation.
HOLDERS = set(
    "catboost category_encoders formulaic gensim hmmlearn imblearn lifelines lightgbm networkx numpy pandas patsy river"
    " scipy sklearn statsmodels timm torch torchvision xgboost".split()
)

# Functions of a module that answer for every name.
HOOKS = {"__getattr__", "__dir__"}

# How SciPy executes a text of a distribution's state.
TEMPLATE = "_attach_argparser_methods"

# Boosters and tensors are handles of compiled code: memory by address is what their classes are for.
RAW = {"M"}


class Tables:
    """`reviewed` is what is decided by hand, `standard` what is known of the standard library."""

    def __init__(self, reviewed, standard):
        self.reviewed, self.standard = reviewed, standard
        self.found = {}  # (module, name) -> (kind, full, bare)
        self.rebuilders = set()
        self.reflecting = set()  # functions that may not be kept as values
        self.templates = set()

    def kind(self, key):
        return self.reviewed[key][1] if key in self.reviewed else self.standard[key][0]

    def put(self, module, name, kind, full, bare):
        if (module, name) in self.reviewed:
            return
        old = self.found.get((module, name))
        if old:
            kind, full, bare = old[0], full | old[1], bare | old[2]
        self.found[module, name] = (kind, frozenset(full), frozenset(bare))

    def join(self, other):
        for (module, name), found in other.found.items():
            self.put(module, name, *found)
        self.rebuilders |= other.rebuilders
        self.reflecting |= other.reflecting
        self.templates |= other.templates

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
        if function.reflects or name in HOOKS:
            self.reflecting.add((module, alias))
        if full or holds(module):
            self.put(module, alias, "F", full, full)

    def put_class(self, universe, owner, name, module, alias, public):
        """A class; of the standard library none is vouched for here, and so none has a better way of being made."""
        full, bare = (reach - RAW for reach in universe.classes_reach((owner, name)))
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
                reach = set(universe.ground[owner, label])
                self.put(module, name, self.kind((owner, label)), reach, reach)
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
        for (module, name), (kind, full, _) in self.standard.items():
            if (module, name) not in self.reviewed:
                codes = files.setdefault("stdlib", {}).setdefault(module, {})
                codes.setdefault(standard_code(kind, full, name), []).append(name)
        for (module, name), (kind, full, bare) in self.found.items():
            if not full and (module, name) in self.reflecting - self.rebuilders:
                continue
            root = module.split(".")[0]
            file = FILES.get(root) or file_of(root)
            code = code_of(kind, full, bare, (module, name) in self.rebuilders)
            code += "$" if (module, name) in self.templates and "/" not in code else ""
            files.setdefault(file, {}).setdefault(module, {}).setdefault(code, []).append(name)
        return files


def file_of(root):
    if root in MORE:
        return "more"
    return "libraries" if root in LIBRARIES else "tools"


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
    if not full:
        return "lC" if kind == "C" else "fF" if rebuilds else "hF"
    if kind == "C" and bare != full:
        return f"dC{letters(full)}/{letters(bare)}"
    return f"d{kind}{letters(full)}"


def standard_code(kind, full, name):
    """Of the standard library nothing is vouched for here. A class that is spelled like a function counts as neither:
    stubs say class of many a function of compiled code."""
    if full:
        return f"d{kind}{letters(full)}"
    return "uO" if kind == "C" and name.lstrip("_")[:1].islower() else f"u{kind}"

"""What a Python source file defines and calls, without running it.

`Module` is what is left of a file once its syntax tree has been thrown away: its names, its classes with their bases,
and of each function the calls whose arguments or receiver depend on what the caller hands in. A call with constants
only, such as `subprocess.run(["ldconfig", "-p"])`, is no reach: nobody chooses what it does.
"""

import ast
from dataclasses import dataclass, field

# Methods that do harm whatever the object is, because nothing else is called so.
METHODS = {
    "exec_module": "X", "load_module": "I", "import_module": "I",
    "write_text": "W", "write_bytes": "W", "unlink": "W", "rmdir": "W", "mkdir": "W", "touch": "W",
    "symlink_to": "W", "hardlink_to": "W", "extractall": "W", "tofile": "W", "to_csv": "W", "savefig": "W",
    "read_text": "D", "read_bytes": "D",
    "urlopen": "N", "urlretrieve": "N", "popen": "P", "Popen": "P", "check_output": "P", "check_call": "P",
}
# Functions that look at what they are handed and do not call it.
ASKERS = {"isinstance", "issubclass", "hasattr", "cast", "typing.cast", "type", "id", "repr", "str"}
OPENERS = {"open", "open_code", "fdopen", "File", "TarFile", "ZipFile"}
# Builtins that reach an attribute whose name may be computed, and that execute a text.
BY_NAME = {"getattr", "setattr", "delattr"}
EVALUATORS = {"eval", "exec"}
# Functions that call, or keep to call, their first argument.
APPLIERS = {"filter", "map", "partial", "reduce", "starmap"}
# Functions and methods whose result holds what they are handed, or the object itself holds.
PASSERS = {"dict", "enumerate", "iter", "list", "next", "reversed", "set", "sorted", "tuple", "zip"}
TAKERS = {"get", "items", "pop", "popitem", "popleft", "setdefault", "values"}
# Methods that an unpickler calls to fill an object, and that a class body may bind to another function.
FILLERS = {"append", "extend", "add"}
# Decorators that leave a method a method; of others, None stands for those with arguments, it may become a property.
METHOD_DECORATORS = {"staticmethod", "classmethod", "abstractmethod", "abc.abstractmethod", "overload", None}


@dataclass
class Call:
    """A call: `where` says how to read `path`."""

    where: str  # "name": in the module; "self", "class", "super": a method; "method": of an object nobody knows;
    # "property": an attribute of the object at hand that is read or set; "held": a method of what such an attribute holds
    path: str
    reads_only: bool = False
    later: bool = False  # in a function that is made and not called


@dataclass
class Function:
    """`calls_argument`: it calls what it is given, or takes an attribute whose object and name it is given; `at_once`:
    it does so itself, not in a function that it makes; `reflects`: it calls something computed, or takes an attribute by
    a computed name; `needs`: how many arguments it must be given."""

    calls: list = field(default_factory=list)
    calls_argument: bool = False
    at_once: bool = False
    reflects: bool = False
    needs: int = 0
    rebuilders: list = field(default_factory=list)

    def join(self, other):
        """With what another definition of the same name does."""
        self.calls += other.calls
        self.calls_argument |= other.calls_argument
        self.at_once |= other.at_once
        self.reflects |= other.reflects
        self.rebuilders += other.rebuilders


@dataclass
class Class:
    bases: list
    methods: dict = field(default_factory=dict)  # what sets a property `x` is called `x=`
    properties: set = field(default_factory=set)
    is_dataclass: bool = False

    def define(self, name, function):
        if name in self.methods:
            self.methods[name].join(function)
        else:
            self.methods[name] = function


@dataclass
class Module:
    name: str
    is_package: bool
    refs: dict = field(default_factory=dict)  # name -> absolute dotted path, or "." + path in this module
    stars: list = field(default_factory=list)
    functions: dict = field(default_factory=dict)
    classes: dict = field(default_factory=dict)
    values: set = field(default_factory=set)
    public: set = field(default_factory=set)


def dotted(node):
    """`a.b.c` of an expression, or None."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


NOTHING = frozenset()


def names(node):
    """The names in an expression; kept on the node, since expressions lie within each other."""
    found = node.__dict__.get("seen_names")
    if found is None:
        if isinstance(node, ast.Name):
            found = frozenset((node.id,))
        elif isinstance(node, ast.Constant):
            found = NOTHING
        else:
            found = NOTHING.union(*map(names, ast.iter_child_nodes(node)))
        node.seen_names = found
    return found


def bound(target):
    """The names that an assignment to `target` binds, not those of objects that it changes."""
    if isinstance(target, ast.Name):
        return {target.id}
    if isinstance(target, ast.Starred):
        return bound(target.value)
    return set().union(*map(bound, target.elts)) if isinstance(target, (ast.Tuple, ast.List)) else set()


def last(path):
    return path.rpartition(".")[2] if path else None


def imported(module, node):
    """(local name, absolute path) of each name that an import statement binds; the name is `*` for all."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        return
    base = node.module or ""
    if node.level:
        parts = module.name.split(".")
        parts = parts[: len(parts) - node.level + module.is_package]
        base = ".".join([*parts, *([base] if base else [])])
    for alias in node.names:
        yield alias.asname or alias.name, base if alias.name == "*" else f"{base}.{alias.name}"


def statements(body):
    """The statements of a module or class, also those under `if`, `try` and `with`."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
            for part in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from statements(handler.body)


def strings(node):
    return [item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]


class Body:
    """The calls of one function, nested functions included. `own` is how its `receiver` is called: "self" or "class"."""

    def __init__(self, module, node, receiver, own):
        self.module, self.node, self.receiver, self.own = module, node, receiver, own
        self.found = Function(needs=required(node) - bool(receiver))
        self.local = {}
        self.parameters = set()
        self.nodes = list(ast.walk(node))
        self.called = {id(inner.func): dotted(inner.func) for inner in self.nodes if isinstance(inner, ast.Call)}
        self.deferred = self.in_made_functions()
        for inner in self.nodes:
            if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                arguments = inner.args
                for arg in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
                    if arg is not None:
                        self.parameters.add(arg.arg)
            elif isinstance(inner, (ast.Import, ast.ImportFrom)):
                self.local.update(imported(module, inner))
        self.pairs = list(self.assignments())
        self.tainted = self.spread()
        self.types = self.constructors()
        self.origins = self.trace()

    def in_made_functions(self):
        """The nodes of the functions that this one makes and does not call."""
        called = set(self.called.values())
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        made = (inner for inner in self.nodes[1:] if isinstance(inner, functions) and inner.name not in called)
        return {id(node) for inner in made for node in ast.walk(inner)}

    def is_tainted(self, node):
        return not self.tainted.isdisjoint(names(node))

    def assignments(self):
        """`(target, value)` of whatever binds a name."""
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                yield from ((target, node.value) for target in node.targets)
            elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
                yield node.target, node.value
            elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
                yield node.target, node.iter
            elif isinstance(node, (ast.With, ast.AsyncWith)):
                yield from ((item.optional_vars, item.context_expr) for item in node.items if item.optional_vars)

    def spread(self):
        """Whatever is assigned from something tainted is tainted, in any order of statements."""
        tainted = set(self.parameters)
        flows = [(names(target), names(value)) for target, value in self.pairs]
        before = -1
        while before != len(tainted):
            before = len(tainted)
            for targets, values in flows:
                if not tainted.isdisjoint(values):
                    tainted |= targets
        return tainted

    def constructors(self):
        """What each name, or attribute such as `self.x`, is the result of: the paths that may be classes."""
        types = {}
        for target, value in self.pairs:
            path = dotted(target)
            made = dotted(value.func) if isinstance(value, ast.Call) else None
            if path and made:
                types.setdefault(path, set()).add(made)
        return types

    def trace(self):
        """Where what a name holds was taken from, unchanged: "" for an argument, else an attribute of the object."""
        origins = {name: {""} for name in self.parameters if name != self.receiver}
        flows = [(bound(target), value) for target, value in self.pairs]
        changed = True
        while changed:
            changed = False
            for targets, value in flows:
                taken = self.origin(value, origins)
                for name in targets:
                    if not taken <= origins.setdefault(name, set()):
                        origins[name] |= taken
                        changed = True
        return origins

    def origin(self, node, origins):
        """The same of an expression: itself, or what lies in it."""
        if isinstance(node, ast.Name):
            return origins.get(node.id, NOTHING)
        if isinstance(node, ast.Attribute):
            return {node.attr} if self.is_own(node) else NOTHING
        if isinstance(node, (ast.Subscript, ast.Starred, ast.NamedExpr)):
            parts = [node.value]
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            parts = node.elts
        elif isinstance(node, (ast.Dict, ast.BoolOp)):
            parts = node.values
        elif isinstance(node, ast.IfExp):
            parts = [node.body, node.orelse]
        elif isinstance(node, ast.Call):
            func = node.func
            if is_by_name(node) and self.is_tainted(node):
                return {""}
            takes = isinstance(func, ast.Attribute) and func.attr in TAKERS
            parts = [func.value] if takes else node.args if dotted(func) in PASSERS else []
        else:
            parts = []
        return NOTHING.union(*(self.origin(part, origins) for part in parts))

    def is_own(self, node):
        """Whether it is an attribute of the object at hand."""
        return isinstance(node.value, ast.Name) and node.value.id == self.receiver

    def read(self):
        for node in self.nodes:
            if isinstance(node, ast.Call):
                self.read_call(node)
            elif isinstance(node, ast.Attribute) and self.is_own(node) and id(node) not in self.called:
                self.found.calls.append(Call("property", node.attr))
            elif isinstance(node, ast.Name) and node.id in BY_NAME and id(node) not in self.called:
                self.found.reflects = True
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and node.value.elts:
                path = dotted(node.value.elts[0])
                if path:
                    self.found.rebuilders.append(self.absolute(path))
        return self.found

    def read_call(self, node):
        arguments = [*node.args, *[keyword.value for keyword in node.keywords]]
        self.look_for_reflection(node)
        tainted = self.is_tainted(node.func) or any(map(self.is_tainted, arguments))
        if not tainted:
            return
        self.add(node.func, node)
        if dotted(node.func) in ASKERS:
            return
        for argument in arguments:
            # A callable that is handed on, as in `submit(subprocess.run, command)`.
            path = dotted(argument)
            if path and path.split(".")[0] not in self.tainted:
                self.found.calls.append(Call("name", self.absolute(path)))

    def look_for_reflection(self, node):
        """Says whether the function calls what it is given or what it computes; what it takes from the object at hand
        and calls may be a method."""
        func, path = node.func, dotted(node.func)
        if isinstance(func, ast.Attribute):
            if id(node) not in self.deferred and self.origin(func.value, self.origins) - {""}:
                self.found.calls.append(Call("held", func.attr))
        else:
            origin = self.origin(func, self.origins)
            self.found.calls_argument |= "" in origin
            self.found.reflects |= self.is_computed(func)
            if id(node) not in self.deferred:
                self.found.at_once |= "" in origin
                self.found.calls += [Call(self.own, attribute) for attribute in sorted(origin - {""})]
        if is_by_name(node):
            self.found.reflects = True
            given = ("" in self.origin(argument, self.origins) for argument in node.args[:2])
            self.found.calls_argument |= path == "getattr" and all(given)
        applied = last(path) in APPLIERS and node.args and not isinstance(node.args[0], ast.Lambda)
        self.found.reflects |= path in EVALUATORS or bool(applied and self.is_tainted(node.args[0]))

    def is_computed(self, func):
        """Whether what is called depends on what the caller hands in; the class of an object does not count."""
        if isinstance(func, ast.Call):
            return self.is_tainted(func) and dotted(func.func) not in ("super", "type")
        return not isinstance(func, ast.Lambda) and self.is_tainted(func)

    def add(self, func, node):
        path = dotted(func)
        if path is None:
            if isinstance(func, ast.Attribute):
                inner = func.value
                if isinstance(inner, ast.Call):
                    called = dotted(inner.func)
                    if called == "super":
                        self.found.calls.append(Call("super", func.attr))
                        return
                    if called:
                        self.found.calls.append(Call("name", self.absolute(f"{called}.{func.attr}")))
                self.found.calls.append(Call("method", func.attr))
            return
        first, _, rest = path.partition(".")
        owner, _, method = path.rpartition(".")
        for kind in sorted(self.types.get(owner, ())):
            self.found.calls.append(Call("name", self.absolute(f"{kind}.{method}")))
        if self.receiver and first == self.receiver and rest:
            later = id(node) in self.deferred
            self.found.calls.append(Call(self.own if "." not in rest else "method", method, later=later))
        elif first in self.tainted and first not in self.local:
            if rest:
                self.found.calls.append(Call("method", method))
        else:
            self.found.calls.append(Call("name", self.absolute(path), self.reads_only(path, node)))

    def absolute(self, path):
        """With the function's own imports resolved; a leading dot says that the module's names decide."""
        first, dot, rest = path.partition(".")
        return self.local[first] + dot + rest if first in self.local else "." + path

    def reads_only(self, path, node):
        if path.rpartition(".")[2] not in OPENERS:
            return False
        modes = [keyword.value for keyword in node.keywords if keyword.arg == "mode"] or node.args[1:2]
        if not modes:
            return True
        return isinstance(modes[0], ast.Constant) and not set(str(modes[0].value)) & set("wax+")


def is_by_name(node):
    """Whether it takes or sets an attribute whose name is computed."""
    if dotted(node.func) not in BY_NAME:
        return False
    return any(isinstance(argument, ast.Starred) or not isinstance(argument, ast.Constant) for argument in node.args[1:2])


def required(node):
    """How many parameters of a function have no default."""
    arguments = node.args
    return len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)


def read_function(module, node, receiver=None, own="self"):
    return Body(module, node, receiver, own).read()


def read_class(module, node, prefix):
    bases = [path for path in map(dotted, node.bases) if path]
    made = Class(["." + base for base in bases])
    made.is_dataclass = any("dataclass" in ast.dump(item) for item in node.decorator_list)
    name = prefix + node.name
    module.classes[name] = made
    for inner in statements(node.body):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            decorators = [dotted(item) for item in inner.decorator_list]
            receiver = None if "staticmethod" in decorators else first_parameter(inner)
            own = "class" if "classmethod" in decorators or inner.name == "__new__" else "self"
            sets = f"{inner.name}.setter" in decorators
            made.define(inner.name + "=" * sets, read_function(module, inner, receiver, own))
            if set(decorators) - METHOD_DECORATORS:
                made.properties.add(inner.name)
        elif isinstance(inner, ast.ClassDef):
            read_class(module, inner, name + ".")
        elif isinstance(inner, ast.Assign):
            for target in inner.targets:
                if isinstance(target, ast.Name):
                    read_class_value(module, made, target.id, inner.value)


def first_parameter(node):
    first = (node.args.posonlyargs + node.args.args)[:1]
    return first[0].arg if first else None


def read_class_value(module, made, name, value):
    """Methods that a class body assigns: another function, a lambda, or a property of other methods."""
    is_special = name.startswith("__") or name in FILLERS
    path = dotted(value)
    if path and is_special:
        made.define(name, Function([Call("name", "." + path), Call("class", path)]))
    elif isinstance(value, ast.Lambda) and is_special:
        made.define(name, read_function(module, value, first_parameter(value)))
    elif isinstance(value, ast.Call) and dotted(value.func) == "property":
        given = dict(zip(("fget", "fset"), value.args)) | {keyword.arg: keyword.value for keyword in value.keywords}
        for key, suffix in (("fget", ""), ("fset", "=")):
            path = dotted(given.get(key))
            made.define(name + suffix, Function([Call("class", path)] if path else []))
        made.properties.add(name)


def read_module(name, is_package, text):
    """The summary of a file's text."""
    module = Module(name, is_package)
    for node in statements(ast.parse(text).body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            module.functions.setdefault(node.name, Function()).join(read_function(module, node))
        elif isinstance(node, ast.ClassDef):
            read_class(module, node, "")
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for local, path in imported(module, node):
                if local == "*":
                    module.stars.append(path)
                else:
                    module.refs[local] = path
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            read_assignment(module, node)
    return module


def read_assignment(module, node):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    path = dotted(node.value)
    for target in targets:
        if not isinstance(target, ast.Name):
            continue
        if target.id == "__all__":
            module.public |= set(strings(node.value))
        elif path and path != target.id:
            module.refs[target.id] = "." + path
        else:
            module.values.add(target.id)

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
    "symlink_to": "W", "hardlink_to": "W", "extractall": "W", "read_text": "D", "read_bytes": "D",
    "urlopen": "N", "urlretrieve": "N", "popen": "P", "Popen": "P", "check_output": "P", "check_call": "P",
}
# Functions that look at what they are handed and do not call it.
ASKERS = {"isinstance", "issubclass", "hasattr", "cast", "typing.cast", "type", "id", "repr", "str"}
OPENERS = {"open", "open_code", "fdopen", "File", "TarFile", "ZipFile"}


@dataclass
class Call:
    """A call: `where` says how to read `path`."""

    where: str  # "name": in the module; "self", "super": a method; "method": of an object nobody knows
    path: str
    reads_only: bool = False


@dataclass
class Function:
    calls: list = field(default_factory=list)
    calls_argument: bool = False
    rebuilders: list = field(default_factory=list)


@dataclass
class Class:
    bases: list
    methods: dict = field(default_factory=dict)
    is_dataclass: bool = False


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
    """The calls of one function, nested functions included."""

    def __init__(self, module, node, receiver):
        self.module, self.node, self.receiver = module, node, receiver
        self.found = Function()
        self.local = {}
        self.types = {}
        self.parameters = set()
        self.nodes = list(ast.walk(node))
        for inner in self.nodes:
            if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                arguments = inner.args
                for arg in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
                    if arg is not None:
                        self.parameters.add(arg.arg)
            elif isinstance(inner, (ast.Import, ast.ImportFrom)):
                self.local.update(imported(module, inner))
        self.tainted = set(self.parameters)
        self.spread()

    def is_tainted(self, node):
        return not self.tainted.isdisjoint(names(node))

    def spread(self):
        """Whatever is assigned from something tainted is tainted, in any order of statements."""
        pairs = []
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                pairs += [(target, node.value) for target in node.targets]
                if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call):
                    self.types[node.targets[0].id] = dotted(node.value.func)
            elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
                pairs.append((node.target, node.value))
            elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
                pairs.append((node.target, node.iter))
            elif isinstance(node, (ast.With, ast.AsyncWith)):
                pairs += [(item.optional_vars, item.context_expr) for item in node.items if item.optional_vars]
        flows = [(names(target), names(value)) for target, value in pairs]
        before = -1
        while before != len(self.tainted):
            before = len(self.tainted)
            for targets, values in flows:
                if not self.tainted.isdisjoint(values):
                    self.tainted |= targets

    def read(self):
        for node in self.nodes:
            if isinstance(node, ast.Call):
                self.read_call(node)
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and node.value.elts:
                path = dotted(node.value.elts[0])
                if path:
                    self.found.rebuilders.append(self.absolute(path))
        return self.found

    def read_call(self, node):
        arguments = [*node.args, *[keyword.value for keyword in node.keywords]]
        tainted = self.is_tainted(node.func) or any(map(self.is_tainted, arguments))
        if not tainted:
            return
        self.add(node.func, node)
        self.look_for_reflection(node)
        if dotted(node.func) in ASKERS:
            return
        for argument in arguments:
            # A callable that is handed on, as in `submit(subprocess.run, command)`.
            path = dotted(argument)
            if path and path.split(".")[0] not in self.tainted:
                self.found.calls.append(Call("name", self.absolute(path)))

    def look_for_reflection(self, node):
        """The function calls what it is given, or reaches an attribute whose object and name it is given."""
        given = self.parameters - ({self.receiver} if self.receiver else set())
        func = node.func
        if isinstance(func, ast.Name):
            if func.id in given:
                self.found.calls_argument = True
            if func.id == "getattr" and len(node.args) >= 2 and all(
                isinstance(arg, ast.Name) and arg.id in given for arg in node.args[:2]
            ):
                self.found.calls_argument = True

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
        if self.receiver and first == self.receiver and rest:
            self.found.calls.append(Call("self" if "." not in rest else "method", rest.rpartition(".")[2]))
        elif first in self.tainted and first not in self.local:
            if rest:
                kind = self.types.get(first)
                if kind and "." not in rest:
                    self.found.calls.append(Call("name", self.absolute(f"{kind}.{rest}")))
                self.found.calls.append(Call("method", rest.rpartition(".")[2]))
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


def read_function(module, node, receiver=None):
    return Body(module, node, receiver).read()


def read_class(module, node, prefix):
    bases = [path for path in map(dotted, node.bases) if path]
    made = Class(["." + base for base in bases])
    made.is_dataclass = any("dataclass" in ast.dump(item) for item in node.decorator_list)
    name = prefix + node.name
    module.classes[name] = made
    for inner in statements(node.body):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            static = any(dotted(item) == "staticmethod" for item in inner.decorator_list)
            first = (inner.args.posonlyargs + inner.args.args)[:1]
            made.methods[inner.name] = read_function(module, inner, first[0].arg if first and not static else None)
        elif isinstance(inner, ast.ClassDef):
            read_class(module, inner, name + ".")
        elif isinstance(inner, ast.Assign) and isinstance(inner.value, (ast.Name, ast.Attribute)):
            for target in inner.targets:
                path = dotted(inner.value)
                if isinstance(target, ast.Name) and path and target.id.startswith("__"):
                    made.methods[target.id] = Function([Call("name", "." + path), Call("self", path)])


def read_module(name, is_package, text):
    """The summary of a file's text."""
    module = Module(name, is_package)
    for node in statements(ast.parse(text).body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            module.functions[node.name] = read_function(module, node)
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

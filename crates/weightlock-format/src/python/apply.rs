//! What a call gives: of a global, of a function of the file, of a method; and the ways around a plain call.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange};

use super::{
    eval::is_namespace,
    facts::{Argument, How},
    fold, paths,
    value::{Origin, Value, What, origin_of},
    walk::{Walker, element_of},
};

impl Walker {
    pub(super) fn call_expression(&mut self, it: &ExprCall) -> Value {
        // A method of a text or container is known by its object.
        let method = match &*it.func {
            Expr::Attribute(attribute) => Some((self.eval(&attribute.value), attribute.attr.as_str())),
            _ => None,
        };
        let function = match &method {
            Some((object, name)) => match self.attribute(object, name, it.func.range()) {
                unknown if unknown == Value::default() => self.inherits(object, name),
                known => known,
            },
            None => self.eval(&it.func),
        };
        let mut arguments = self.arguments(it);
        let mut results = Vec::new();
        if let Some((object, name)) = &method {
            let positional = positional(&arguments);
            for object in object.alternatives() {
                results.extend(self.method(object, name, &positional, it.range));
            }
        }
        if let Some((object, name)) = &method {
            self.inherited(object, name);
        }
        // What a method of a path is done to is as much of the call as its arguments.
        let path = method.iter().flat_map(|(object, _)| object.alternatives());
        let path = path.filter_map(|object| match &object.what {
            What::Path(_) => Some(object.clone()),
            _ => None,
        });
        arguments.extend(path.take(1).map(|value| Argument {
            keyword: Some("self".to_owned()),
            value,
        }));
        results.push(self.apply(&function, &arguments, it.range));
        Value::any(results.into_iter().filter(|value| *value != Value::default()))
    }

    /// The method `name` that a class of the file has from a class elsewhere.
    fn inherits(&self, object: &Value, name: &str) -> Value {
        let classes = object
            .alternatives()
            .iter()
            .filter_map(|object| match object.what {
                What::Instance(class) | What::Class(class) => Some(class),
                _ => None,
            });
        let bases = classes.flat_map(|class| self.foreign_bases(class));
        Value::any(bases.map(|base| Value::global(format!("{base}.{name}")).with(Origin::INHERITED)))
    }

    /// The classes elsewhere from which a class of the file derives.
    fn foreign_bases(&self, class: usize) -> Vec<String> {
        let bases = self.source.classes.get(class).map(|class| class.bases.clone());
        let is_foreign =
            |base: &String| base.contains('.') && !base.starts_with('.') && !base.starts_with("builtins.");
        bases.into_iter().flatten().filter(is_foreign).collect()
    }

    /// A method that a class of the file inherits from elsewhere calls those that it expects there.
    fn inherited(&mut self, object: &Value, name: &str) {
        for object in object.alternatives() {
            if let What::Instance(class) = object.what
                && self.member(class, name) == Value::default()
            {
                self.runs_methods(object, &["run", "handle", "main", "execute", "on_start"]);
            }
        }
    }

    /// A method of an object of a built-in type.
    fn method(&mut self, object: &Value, name: &str, arguments: &[Value], range: TextRange) -> Option<Value> {
        if let What::Path(path) = &object.what {
            return paths::method(path, name, arguments);
        }
        let first = arguments.first();
        let is_table = match &object.what {
            What::Table(_) | What::Items(_) => true,
            What::Result(function) => is_namespace(function),
            What::Global(name) => {
                &**name == "sys.modules" || name.ends_with("__dict__") || name.ends_with("__globals__")
            }
            _ => false,
        };
        match (name, first) {
            ("get" | "__getitem__" | "pop" | "setdefault", Some(key)) if is_table => {
                Some(self.item(object, key, range))
            }
            ("__getattribute__" | "__getattr__", Some(key)) => {
                let name = key.as_text()?.to_owned();
                Some(self.attribute(object, &name, range).with(key.origin))
            }
            ("values" | "copy" | "items" | "keys", None) if is_table => match &object.what {
                What::Table(entries) => Some(Value::items(
                    entries.iter().map(|(_, value)| value.clone()).collect(),
                )),
                _ => Some(object.clone()),
            },
            _ => {
                let folded = fold::method(object, name, arguments, &mut self.fuel);
                let known = !matches!(object.what, What::Unknown | What::Global(_) | What::Result(_));
                folded.or_else(|| known.then(|| Value::unknown().with(object.origin)))
            }
        }
    }

    /// Calls what `function` may be.
    pub(super) fn apply(&mut self, function: &Value, arguments: &[Argument], range: TextRange) -> Value {
        let mut results = Vec::new();
        for function in function.alternatives() {
            results.push(self.apply_one(function, arguments, range));
        }
        Value::any(results)
    }

    /// Binds the parameters of a function of the file to what it is called with, as far as that is known.
    fn bind_arguments(&mut self, function: usize, arguments: &[Argument]) {
        let Some((scope, names)) = self.signatures.get(&function).cloned() else {
            return;
        };
        let mut positions = names.iter();
        for argument in arguments {
            let name = match &argument.keyword {
                None => positions.next(),
                Some(keyword) => names.iter().find(|name| *name == keyword),
            };
            if let Some(name) = name.filter(|_| argument.value.what != What::Unknown) {
                let known = self.scopes.own(scope, name).cloned();
                self.scopes.bind(scope, name, argument.value.clone(), 0, false);
                self.has_news |= self.scopes.own(scope, name) != known.as_ref();
            }
        }
    }

    fn apply_one(&mut self, function: &Value, arguments: &[Argument], range: TextRange) -> Value {
        let taken = arguments
            .iter()
            .fold(function.origin, |all, argument| all.and(argument.value.origin));
        let to = match &function.what {
            What::Global(name) | What::Result(name) => &**name,
            _ => "",
        };
        self.pass(arguments, to, range);
        match &function.what {
            What::Global(name) => {
                self.put(
                    name.to_string(),
                    function.origin,
                    How::Called,
                    arguments.to_vec(),
                    range,
                );
                self.result(name, arguments, range).with(passed_on(name, taken))
            }
            What::Function(called) => {
                self.edges.insert((self.here.function, *called));
                self.bind_arguments(*called, arguments);
                self.returns.get(*called).cloned().unwrap_or_default().with(taken)
            }
            What::Class(class) => {
                self.runs_methods(function, &["__init__", "__new__", "__post_init__"]);
                let constructors = self.member(*class, "__init__");
                if constructors == Value::default() {
                    for base in self.foreign_bases(*class) {
                        self.put(base, Origin::INHERITED, How::Called, arguments.to_vec(), range);
                    }
                }
                for constructor in constructors.alternatives() {
                    if let What::Function(constructor) = constructor.what {
                        self.bind_arguments(constructor, arguments);
                    }
                }
                What::Instance(*class).into()
            }
            What::Instance(_) => {
                self.runs_methods(function, &["__call__", "forward"]);
                Value::unknown().with(taken)
            }
            What::Attribute { name, called } => {
                let object = arguments
                    .first()
                    .map(|argument| argument.value.clone())
                    .unwrap_or_default();
                let found = self.attribute(&object, name, range).with(function.origin);
                match (called, &found.what) {
                    (true, What::Global(name)) => {
                        self.put(name.to_string(), found.origin, How::Called, Vec::new(), range);
                        Value::unknown()
                    }
                    _ => found,
                }
            }
            What::Result(name) => Value::from(What::Result(name.clone())).with(taken),
            _ => Value::unknown().with(taken),
        }
    }

    /// Whoever is handed a callable may call it.
    fn pass(&mut self, arguments: &[Argument], to: &str, range: TextRange) {
        for Argument { value, .. } in arguments {
            self.hand_over(value, How::Passed(to.to_owned()), range);
            for value in value.alternatives() {
                match &value.what {
                    What::Function(function) => {
                        self.edges.insert((self.here.function, *function));
                    }
                    What::Class(_) | What::Instance(_) => {
                        self.runs_methods(value, &["__init__", "__call__", "__reduce__"])
                    }
                    _ => {}
                }
            }
        }
    }

    /// The methods of those names of a class or instance run here.
    pub(super) fn runs_methods(&mut self, object: &Value, names: &[&str]) {
        for object in object.alternatives() {
            let (What::Class(class) | What::Instance(class)) = object.what else {
                continue;
            };
            for name in names {
                let method = self.member(class, name);
                for method in method.alternatives() {
                    if let What::Function(method) = method.what {
                        self.edges.insert((self.here.function, method));
                    }
                }
            }
        }
    }

    /// A decorator is called with what it decorates. Those of libraries seldom call it; those of the file may.
    pub(super) fn decorate(&mut self, decorator: &Value, decorated: Value, range: TextRange) {
        for decorator in decorator.alternatives() {
            let calls = match &decorator.what {
                What::Global(name) => &**name == "atexit.register",
                What::Function(_) | What::Class(_) | What::Instance(_) => true,
                _ => false,
            };
            let value = if calls {
                decorated.clone()
            } else {
                Value::unknown()
            };
            let is_plain = matches!(&decorator.what, What::Global(name) if is_plain_decorator(name));
            if !is_plain {
                self.apply_one(decorator, &[Argument { keyword: None, value }], range);
            }
        }
    }

    /// What a call of the global `name` gives.
    fn result(&mut self, name: &str, arguments: &[Argument], range: TextRange) -> Value {
        let values = positional(arguments);
        self.reflected(name, &values, arguments, range)
            .or_else(|| fold::call(name, &values, &mut self.fuel))
            .or_else(|| paths::call(name, &values))
            .unwrap_or_else(|| Value::from(What::Result(name.into())).with(origin_of(name)))
    }

    /// Functions that give an object by its name, or another way to call it.
    fn reflected(
        &mut self,
        name: &str,
        values: &[Value],
        arguments: &[Argument],
        range: TextRange,
    ) -> Option<Value> {
        let first = values.first();
        let by_name = |value: &Value| {
            let texts = value.alternatives().iter().filter_map(|value| match &value.what {
                What::Text(path) => Some(Value::global(path.replace(':', ".")).with(value.origin)),
                _ => None,
            });
            Some(Value::any(texts)).filter(|found| *found != Value::default())
        };
        match name {
            "builtins.getattr" | "inspect.getattr_static" | "builtins.object.__getattribute__" => {
                let key = values.get(1)?;
                let mut found = Vec::new();
                for key in key.alternatives() {
                    let name = match &key.what {
                        What::Text(name) => &**name,
                        _ => "?",
                    };
                    found.push(self.attribute(first?, name, range).with(key.origin));
                }
                Some(Value::any(found.into_iter().chain(values.get(2).cloned())))
            }
            "builtins.__import__" | "importlib.__import__" => {
                let mut found = Vec::new();
                for whole in by_name(first?)?.alternatives() {
                    if let What::Global(path) = &whole.what {
                        let top = path.split('.').next().unwrap_or_default().to_owned();
                        found.extend([whole.clone(), Value::global(top).with(whole.origin)]);
                    }
                }
                Some(Value::any(found))
            }
            "importlib.import_module"
            | "pkgutil.resolve_name"
            | "pydoc.locate"
            | "pydoc.safeimport"
            | "hydra.utils.get_method"
            | "hydra.utils.get_object"
            | "hydra.utils.get_class"
            | "django.utils.module_loading.import_string" => {
                by_name(first.or_else(|| arguments.first().map(|argument| &argument.value))?)
            }
            "builtins.vars" => {
                let tables = first?
                    .alternatives()
                    .iter()
                    .filter_map(|value| match &value.what {
                        What::Global(module) => {
                            Some(Value::global(format!("{module}.__dict__")).with(value.origin))
                        }
                        _ => None,
                    });
                Some(Value::any(tables)).filter(|found| *found != Value::default())
            }
            "functools.partial"
            | "functools.partialmethod"
            | "builtins.staticmethod"
            | "builtins.classmethod" => first.cloned(),
            "builtins.type" if values.len() == 1 => {
                let kinds = first?
                    .alternatives()
                    .iter()
                    .filter_map(|value| match &value.what {
                        What::Global(name)
                            if name.ends_with("__loader__") || name.ends_with("__spec__.loader") =>
                        {
                            Some(Value::global(format!("{name}.__class__")).with(value.origin))
                        }
                        _ => None,
                    });
                Some(Value::any(kinds)).filter(|found| *found != Value::default())
            }
            "builtins.next" | "random.choice" => first.map(element_of),
            "builtins.max" | "builtins.min" if values.len() == 1 => first.map(element_of),
            "builtins.sorted" | "builtins.filter" => values.last().cloned(),
            "operator.attrgetter" | "operator.methodcaller" => Some(
                What::Attribute {
                    name: first?.as_text()?.into(),
                    called: name == "operator.methodcaller",
                }
                .into(),
            )
            .map(|value: Value| value.with(first.map_or(Origin::NONE, |first| first.origin))),
            "operator.getitem" => Some(self.item(&first?.clone(), values.get(1)?, range)),
            "operator.add" | "operator.concat" => self.each_pair(first?, values.get(1)?, fold::add),
            "functools.reduce" => {
                let [function, names, start] = values else {
                    return None;
                };
                let (What::Global(function), What::Items(names)) = (&function.what, &names.what) else {
                    return None;
                };
                if &**function != "builtins.getattr" {
                    return None;
                }
                let step = |object: Value, name: &Value| {
                    self.attribute(&object, name.as_text().unwrap_or("?"), range)
                };
                Some(names.iter().take(16).fold(start.clone(), step))
            }
            "builtins.eval" => {
                let path = first?.as_text()?.trim();
                let is_path = path
                    .split('.')
                    .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'));
                let mut parts = path.split('.');
                let start = parts.next().filter(|_| is_path && path.len() < 200)?;
                let start = self.scopes.look_up(self.here.scope, start, self.offset(range));
                Some(parts.fold(start, |object, name| self.attribute(&object, name, range)))
            }
            "os.environ.get" | "os.getenv" | "os.environ.pop" | "os.environ.setdefault" => {
                Some(first.map_or_else(Value::unknown, |key| paths::variable(&key.what)))
            }
            _ => None,
        }
    }
}

fn positional(arguments: &[Argument]) -> Vec<Value> {
    let positional = arguments.iter().filter(|argument| argument.keyword.is_none());
    positional.map(|argument| argument.value.clone()).collect()
}

/// What of the arguments' origin the result of `name` has. All of the environment is what matters; one variable of
/// it is a setting.
fn passed_on(name: &str, taken: Origin) -> Origin {
    if name.starts_with("os.environ")
        && !name.ends_with("items")
        && !name.ends_with("copy")
        && !name.ends_with("values")
    {
        return Origin::NONE;
    }
    taken
}

/// Decorators that only mark what they decorate.
fn is_plain_decorator(name: &str) -> bool {
    matches!(
        name,
        "builtins.staticmethod" | "builtins.classmethod" | "builtins.property" | "dataclasses.dataclass"
    )
}

//! What an expression gives, as far as that can be told, and the calls that evaluating it makes.

use ruff_python_ast::{
    BoolOp, Comprehension, Expr, ExprCall, ExprFString, ExprSubscript, FStringPart,
    InterpolatedStringElement, Number, Operator, StringLiteral,
};
use ruff_text_size::TextRange;

use super::{
    facts::{Argument, How, Reach},
    fold::{self, Fuel},
    paths,
    scope::Sort,
    value::{Origin, Value, What},
    walk::{Here, Walker, element_of},
};

/// Elements of a display that are kept.
const MOST_ITEMS: usize = fold::MOST_ITEMS;

/// Arguments that are taken out of one unpacked container.
const MOST_UNPACKED: usize = 32;

impl Walker {
    pub(super) fn eval(&mut self, expression: &Expr) -> Value {
        if self.steps_left == 0 {
            return Value::unknown();
        }
        self.steps_left = self.steps_left.saturating_sub(1);
        match expression {
            Expr::StringLiteral(it) => self.literal(it.value.to_str()),
            Expr::BytesLiteral(it) => {
                self.bytes(it.value.bytes().take(self.fuel.one.saturating_add(1)).collect())
            }
            Expr::NumberLiteral(it) => match &it.value {
                Number::Int(number) => number
                    .as_i64()
                    .map_or_else(Value::unknown, |number| What::Number(number).into()),
                _ => Value::unknown(),
            },
            Expr::BooleanLiteral(it) => What::Bool(it.value).into(),
            Expr::NoneLiteral(_) => What::None.into(),
            Expr::Name(it) => self
                .scopes
                .look_up(self.here.scope, it.id.as_str(), self.offset(it.range)),
            Expr::Attribute(it) => {
                let object = self.eval(&it.value);
                self.attribute(&object, it.attr.as_str(), it.range)
            }
            Expr::Subscript(it) => self.subscript(it),
            Expr::Call(it) => self.call_expression(it),
            Expr::BinOp(it) => {
                let (left, right) = (self.eval(&it.left), self.eval(&it.right));
                let symbol = match it.op {
                    Operator::Sub => '-',
                    Operator::BitXor => '^',
                    Operator::Mult => '*',
                    Operator::Mod => '%',
                    _ => ' ',
                };
                let folded = match it.op {
                    Operator::Add => self.each_pair(&left, &right, fold::add),
                    Operator::Div => self.each_pair(&left, &right, |a, b, _| paths::divide(a, b)),
                    _ => self.each_pair(&left, &right, |a, b, fuel| fold::arithmetic(symbol, a, b, fuel)),
                };
                folded.unwrap_or_else(|| Value::unknown().with(left.origin.and(right.origin)))
            }
            Expr::BoolOp(it) => {
                let values: Vec<Value> = it.values.iter().map(|value| self.eval(value)).collect();
                match it.op {
                    BoolOp::And => values.last().cloned().unwrap_or_default(),
                    BoolOp::Or => Value::any(values),
                }
            }
            Expr::UnaryOp(it) => match (it.op, self.eval(&it.operand).what) {
                (ruff_python_ast::UnaryOp::USub, What::Number(number)) => {
                    What::Number(number.saturating_neg()).into()
                }
                _ => Value::unknown(),
            },
            Expr::If(it) => {
                self.look(&it.test);
                let values = [self.eval(&it.body), self.eval(&it.orelse)];
                Value::any(values)
            }
            Expr::Named(it) => {
                let value = self.eval(&it.value);
                self.here.branches = self.here.branches.saturating_add(1);
                self.assign(&it.target, value.clone());
                self.here.branches = self.here.branches.saturating_sub(1);
                value
            }
            Expr::Lambda(it) => self.lambda(it),
            Expr::Dict(it) => {
                let mut entries = Vec::new();
                for item in &it.items {
                    let key = item.key.as_ref().map(|key| self.eval(key));
                    let value = self.eval(&item.value);
                    if entries.len() < MOST_ITEMS {
                        entries.push((key.unwrap_or_default(), value));
                    }
                }
                What::Table(entries.into()).into()
            }
            Expr::List(ruff_python_ast::ExprList { elts, .. })
            | Expr::Tuple(ruff_python_ast::ExprTuple { elts, .. })
            | Expr::Set(ruff_python_ast::ExprSet { elts, .. }) => self.items(elts),
            Expr::ListComp(it) => self.comprehension(&it.elt, None, &it.generators, it.range),
            Expr::SetComp(it) => self.comprehension(&it.elt, None, &it.generators, it.range),
            Expr::Generator(it) => self.comprehension(&it.elt, None, &it.generators, it.range),
            Expr::DictComp(it) => self.comprehension(&it.value, it.key.as_deref(), &it.generators, it.range),
            Expr::Await(it) => self.eval(&it.value),
            Expr::Yield(it) => {
                let value = it
                    .value
                    .as_deref()
                    .map_or_else(Value::unknown, |value| self.eval(value));
                if let Some(function) = self.here.function {
                    self.gives(function, Value::items(vec![value]));
                }
                Value::unknown()
            }
            Expr::YieldFrom(it) => {
                self.look(&it.value);
                Value::unknown()
            }
            Expr::Compare(it) => {
                self.look(&it.left);
                it.comparators.iter().for_each(|side| self.look(side));
                Value::unknown()
            }
            Expr::FString(it) => self.f_string(it),
            Expr::TString(it) => {
                let mut parts: Vec<&InterpolatedStringElement> = it.value.elements().collect();
                self.interpolated(&mut parts);
                Value::unknown()
            }
            Expr::Starred(it) => {
                let value = self.eval(&it.value);
                element_of(&value)
            }
            Expr::Slice(it) => {
                it.lower
                    .iter()
                    .chain(&it.upper)
                    .chain(&it.step)
                    .for_each(|part| self.look(part));
                Value::unknown()
            }
            Expr::EllipsisLiteral(_) | Expr::IpyEscapeCommand(_) => Value::unknown(),
        }
    }

    /// `fold` of each alternative of two values.
    pub(super) fn each_pair(
        &mut self,
        left: &Value,
        right: &Value,
        fold: impl Fn(&Value, &Value, &mut Fuel) -> Option<Value>,
    ) -> Option<Value> {
        let mut found = Vec::new();
        for left in left.alternatives() {
            for right in right.alternatives() {
                found.extend(fold(left, right, &mut self.fuel));
            }
        }
        (!found.is_empty()).then(|| Value::any(found))
    }

    fn literal(&self, text: &str) -> Value {
        if text.len() > self.fuel.one {
            return Value::unknown();
        }
        Value::text(text)
    }

    fn bytes(&self, bytes: Vec<u8>) -> Value {
        if bytes.len() > self.fuel.one {
            return Value::unknown();
        }
        Value::bytes(bytes)
    }

    fn items(&mut self, elements: &[Expr]) -> Value {
        let mut items = Vec::new();
        for element in elements {
            let value = self.eval(element);
            if items.len() < MOST_ITEMS {
                items.push(value);
            }
        }
        Value::items(items)
    }

    fn f_string(&mut self, it: &ExprFString) -> Value {
        let mut whole = Some(String::new());
        let mut origin = Origin::NONE;
        for part in &it.value {
            match part {
                FStringPart::Literal(StringLiteral { value, .. }) => {
                    whole.iter_mut().for_each(|whole| whole.push_str(value));
                }
                FStringPart::FString(part) => {
                    let mut elements: Vec<&InterpolatedStringElement> = part.elements.iter().collect();
                    let (text, from) = self.interpolated(&mut elements);
                    origin = origin.and(from);
                    whole = whole.zip(text).map(|(whole, text)| whole + &text);
                }
            }
            whole = whole.filter(|whole| whole.len() <= self.fuel.one);
        }
        whole.map_or_else(Value::unknown, Value::text).with(origin)
    }

    /// The text of an interpolated string, if all of it is known.
    fn interpolated(&mut self, elements: &mut Vec<&InterpolatedStringElement>) -> (Option<String>, Origin) {
        let mut whole = Some(String::new());
        let mut origin = Origin::NONE;
        for element in elements.drain(..) {
            match element {
                InterpolatedStringElement::Literal(it) => {
                    whole.iter_mut().for_each(|whole| whole.push_str(&it.value))
                }
                InterpolatedStringElement::Interpolation(it) => {
                    let value = self.eval(&it.expression);
                    origin = origin.and(value.origin).and(Origin::ASSEMBLED);
                    let shown = value.alternatives().iter().find_map(fold::shown);
                    whole = whole.zip(shown).map(|(whole, text)| whole + &text);
                    if let Some(format) = &it.format_spec {
                        let mut inner: Vec<&InterpolatedStringElement> = format.elements.iter().collect();
                        self.interpolated(&mut inner);
                    }
                }
            }
        }
        (whole.filter(|whole| whole.len() <= self.fuel.one), origin)
    }

    fn lambda(&mut self, it: &ruff_python_ast::ExprLambda) -> Value {
        let offset = self.offset(it.range);
        let function = self.function_of(offset, "lambda", Reach::Call);
        let scope = self.scopes.open(offset, Sort::Function, Some(self.here.scope));
        let before = self.here;
        let defaults = it
            .parameters
            .as_deref()
            .map(|parameters| self.signature(parameters, None));
        self.here = Here {
            scope,
            function: Some(function),
            class: None,
            branches: 0,
        };
        if let Some((parameters, defaults)) = it.parameters.as_deref().zip(defaults) {
            self.remember(function, parameters, false);
            self.parameters(parameters, None, defaults);
        }
        let value = self.eval(&it.body);
        self.here = before;
        self.gives(function, value);
        What::Function(function).into()
    }

    fn comprehension(
        &mut self,
        element: &Expr,
        key: Option<&Expr>,
        parts: &[Comprehension],
        range: TextRange,
    ) -> Value {
        let scope = self
            .scopes
            .open(self.offset(range), Sort::Comprehension, Some(self.here.scope));
        let before = self.here;
        let mut single = None;
        for part in parts {
            let source = self.eval(&part.iter);
            self.here.scope = scope;
            if let (1, Expr::Name(name), What::Items(items)) = (parts.len(), &part.target, &source.what) {
                single = Some((name.id.as_str(), items.clone()));
            }
            self.assign(&part.target, element_of(&source));
            part.ifs.iter().for_each(|test| self.look(test));
        }
        key.into_iter().for_each(|key| self.look(key));
        let value = self.eval(element);
        self.here = before;
        let items = match (single, element) {
            // `chr(c) for c in (111, 115)`
            (Some((name, items)), Expr::Call(call)) => self.mapped(name, &items, call),
            _ => None,
        };
        items.unwrap_or_else(|| Value::items(vec![value]))
    }

    /// The results of a pure function of the one variable of a comprehension.
    fn mapped(&mut self, variable: &str, items: &[Value], call: &ExprCall) -> Option<Value> {
        let [Expr::Name(argument)] = &*call.arguments.args else {
            return None;
        };
        let Expr::Name(function) = &*call.func else {
            return None;
        };
        let function =
            self.scopes
                .look_up(self.here.scope, function.id.as_str(), self.offset(function.range));
        let What::Global(function) = function.what else {
            return None;
        };
        if argument.id.as_str() != variable {
            return None;
        }
        let results: Option<Vec<Value>> = items
            .iter()
            .map(|item| fold::call(&function, std::slice::from_ref(item), &mut self.fuel))
            .collect();
        Some(Value::items(results?))
    }

    fn subscript(&mut self, it: &ExprSubscript) -> Value {
        let object = self.eval(&it.value);
        if let Expr::Slice(slice) = &*it.slice {
            let mut bound = |part: &Option<Box<Expr>>| match part.as_deref().map(|part| self.eval(part).what)
            {
                None => Some(None),
                Some(What::Number(number)) => Some(Some(number)),
                Some(_) => None,
            };
            let bounds = (bound(&slice.lower), bound(&slice.upper), bound(&slice.step));
            let sliced = match bounds {
                (Some(None), Some(None), Some(Some(-1))) => {
                    fold::method(&object, "[::-1]", &[], &mut self.fuel)
                }
                (Some(from), Some(to), Some(None | Some(1))) => {
                    fold::slice(&object, from, to, &mut self.fuel)
                }
                _ => None,
            };
            return sliced.unwrap_or_else(|| Value::unknown().with(object.origin));
        }
        let key = self.eval(&it.slice);
        self.item(&object, &key, it.range)
    }

    /// `object[key]`
    pub(super) fn item(&mut self, object: &Value, key: &Value, range: TextRange) -> Value {
        let mut found = Vec::new();
        for object in object.alternatives() {
            for key in key.alternatives() {
                found.push(self.one_item(object, key, range));
            }
        }
        Value::any(found)
    }

    fn one_item(&mut self, object: &Value, key: &Value, range: TextRange) -> Value {
        let origin = object.origin.and(key.origin);
        match (&object.what, &key.what) {
            (What::Global(name), key) if name.starts_with("os.environ") => paths::variable(key),
            (What::Global(library), What::Text(member)) if &**library == "ctypes.pythonapi" => {
                Value::global(format!("{library}.{member}")).with(origin)
            }
            (What::Items(items), What::Number(at)) => {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = if *at < 0 { at.saturating_add(length) } else { *at };
                usize::try_from(at)
                    .ok()
                    .and_then(|at| items.get(at))
                    .cloned()
                    .unwrap_or_default()
            }
            (What::Items(items), _) => Value::any(items.iter().cloned()),
            (What::Table(entries), key) => {
                let exact = entries
                    .iter()
                    .filter(|(known, _)| known.what == *key && *key != What::Unknown);
                let exact = Value::any(exact.map(|(_, value)| value.clone()));
                if exact == Value::default() {
                    return Value::any(entries.iter().map(|(_, value)| value.clone()));
                }
                exact
            }
            (What::Global(name), key) => {
                let key = match key {
                    What::Text(key) => &**key,
                    _ => "?",
                };
                let value = match (&**name, name.rsplit_once('.')) {
                    ("sys.modules", _) | (_, Some((_, "__globals__"))) => Value::global(key),
                    ("builtins", _) => Value::global(format!("builtins.{key}")),
                    (_, Some((module, "__dict__"))) => Value::global(format!("{module}.{key}")),
                    _ => Value::unknown(),
                };
                value.with(origin)
            }
            (What::Result(name), What::Text(key)) if is_namespace(name) => self
                .scopes
                .look_up(self.here.scope, key, self.offset(range))
                .with(origin),
            _ => Value::unknown().with(object.origin),
        }
    }

    /// `object.name`
    pub(super) fn attribute(&mut self, object: &Value, name: &str, range: TextRange) -> Value {
        if matches!(name, "__subclasses__" | "__globals__" | "__builtins__") {
            self.put(
                format!("object.{name}"),
                object.origin,
                How::Attribute,
                Vec::new(),
                range,
            );
            if name == "__globals__" {
                return Value::from(What::Global("object.__globals__".into())).with(object.origin);
            }
        }
        if name == "f_builtins" {
            // Of a frame, whatever led to it: that of the caller, of a traceback, of a generator.
            return Value::global("builtins").with(object.origin);
        }
        if matches!(&object.what, What::Global(module) if &**module == "builtins.__spec__")
            && matches!(name, "parent" | "name")
        {
            // As `__package__`: the file's own.
            return Value::text(".");
        }
        if name == "__call__" {
            return object.clone();
        }
        let mut found = Vec::new();
        for object in object.alternatives() {
            found.push(match &object.what {
                What::Global(module) | What::Result(module) => {
                    Value::global(format!("{module}.{name}")).with(object.origin)
                }
                What::Path(path) => paths::attribute(path, name).with(object.origin),
                What::Class(class) => self.member(*class, name),
                What::Instance(class) => self.read(*class, name),
                _ => Value::unknown().with(object.origin),
            });
        }
        Value::any(found)
    }

    /// An attribute of an instance; a property runs.
    fn read(&mut self, class: usize, name: &str) -> Value {
        let found = self.member(class, name);
        for value in found.alternatives() {
            if let What::Function(function) = value.what
                && self.properties.contains(&function)
            {
                self.edges.insert((self.here.function, function));
            }
        }
        found
    }

    /// An attribute of a class of the file or of what it derives from.
    pub(super) fn member(&self, class: usize, name: &str) -> Value {
        let mut queue = vec![class];
        let mut seen = Vec::new();
        while let Some(class) = queue.pop() {
            let Some(body) = self
                .classes
                .get(class)
                .filter(|_| !seen.contains(&class) && seen.len() < 16)
            else {
                continue;
            };
            seen.push(class);
            let found = [body.attributes.get(name), self.scopes.own(body.scope, name)];
            let found = Value::any(found.into_iter().flatten().cloned());
            if found != Value::default() {
                return found;
            }
            queue.extend(body.bases.iter().flat_map(Value::alternatives).filter_map(
                |base| match base.what {
                    What::Class(base) => Some(base),
                    _ => None,
                },
            ));
        }
        Value::unknown()
    }

    pub(super) fn arguments(&mut self, call: &ExprCall) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for argument in &call.arguments.args {
            let value = match argument {
                Expr::Starred(it) => match self.eval(&it.value) {
                    Value {
                        what: What::Items(items),
                        ..
                    } => {
                        arguments.extend(items.iter().take(MOST_UNPACKED).map(|value| Argument {
                            keyword: None,
                            value: value.clone(),
                        }));
                        continue;
                    }
                    other => Value::unknown().with(other.origin),
                },
                other => self.eval(other),
            };
            arguments.push(Argument { keyword: None, value });
        }
        for keyword in &call.arguments.keywords {
            let value = self.eval(&keyword.value);
            match (&keyword.arg, &value.what) {
                (None, What::Table(entries)) => {
                    let named = entries.iter().take(MOST_UNPACKED).map(|(key, value)| Argument {
                        keyword: Some(key.as_text().unwrap_or("**").to_owned()),
                        value: value.clone(),
                    });
                    arguments.extend(named);
                }
                (name, _) => arguments.push(Argument {
                    keyword: Some(name.as_ref().map_or("**", |name| name.as_str()).to_owned()),
                    value,
                }),
            }
        }
        arguments
    }
}

/// Whether the result of `name` is the names of the file itself.
pub(super) fn is_namespace(name: &str) -> bool {
    matches!(name, "builtins.globals" | "builtins.locals" | "builtins.vars")
}

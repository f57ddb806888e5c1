//! Calls of functions, macros and methods.

use weightlock_format::jinja::{Arguments, Expression, NodeId, Parameter};

use super::{
    CALLER, CALLER_ARGUMENTS, Flow, LOOP_ARGUMENTS, arguments::Given, as_text_of_object, attribute_of,
    expression::OBJECTS, printed_by,
};
use crate::{
    analyze::template::{
        fold::{self, Folded},
        format, names,
        value::{Constant, Marks, Value},
    },
    observation::template::{Access, Seen, Work},
};

impl Flow<'_> {
    pub(super) fn call(&mut self, of: NodeId, arguments: &Arguments, offset: u64) -> Value {
        let given = self.given(arguments);
        let called = self.value(of);
        if called.marks().has(Marks::ESCAPED) {
            self.reached_by_arguments(&given, offset);
            return Value::open(called.marks().with(given.gathered()));
        }
        let result = match self.expression_of(of) {
            Some(Expression::Name(name)) => self.function(name, &called, &given, offset),
            Some(Expression::Attribute { of, name }) => self.method(*of, name, &given, offset),
            Some(Expression::Item { of, key }) => match self.value(*key).may() {
                [Constant::Text(name)] => self.method(*of, name, &given, offset),
                _ => self.unknown_function(&called, &given),
            },
            _ => self.unknown_function(&called, &given),
        };
        if result.may().is_empty() && !result.marks().is_open() {
            return result.with(Marks::VARIED);
        }
        result
    }

    /// `…['__import__']('os')`
    fn reached_by_arguments(&mut self, given: &Given, offset: u64) {
        for constant in given.values().flat_map(Value::may) {
            if let Constant::Text(name) = constant
                && (names::is_reach(name) || names::is_internal(name))
            {
                let seen = Seen::Name {
                    name: name.trim().to_owned(),
                    access: Access::Argument,
                    reached: names::is_reach(name),
                    is_internal: names::is_internal(name),
                };
                self.see(offset, seen);
            }
        }
    }

    fn function(&mut self, name: &str, called: &Value, given: &Given, offset: u64) -> Value {
        if let Some(parameters) = self.macros.get(name).copied() {
            self.pass_arguments(parameters, given);
            let printed = self.variables.get(&printed_by(name)).cloned();
            return printed.unwrap_or_default();
        }
        match name {
            "range" => {
                self.work(Work::Range, given.largest(), offset);
                Value::open(Marks::NUMBER)
            }
            "lipsum" => {
                self.work(Work::Repetition, given.largest().saturating_mul(100), offset);
                Value::open(Marks::VARIED)
            }
            "dict" => dict_call(given),
            "namespace" | "cycler" | "joiner" => {
                Value::open(Marks::OBJECT.with(given.gathered().without(Marks::NUMBER)))
            }
            "caller" => {
                for value in given.values() {
                    self.assign(CALLER_ARGUMENTS, value);
                }
                self.variables.get(CALLER).cloned().unwrap_or_default()
            }
            // A loop that calls itself walks what it is given.
            "loop" => {
                for value in given.values() {
                    self.assign(LOOP_ARGUMENTS, value);
                }
                Value::open(Marks::VARIED)
            }
            _ => {
                if names::is_builtin(name) && !self.variables.contains_key(name) {
                    let name = name.to_owned();
                    self.see(offset, Seen::Function { name });
                }
                let own = OBJECTS.contains(&name) && !self.variables.contains_key(name);
                let called = if own { &Value::default() } else { called };
                self.unknown_function(called, given).with(Marks::DATA)
            }
        }
    }

    /// A function that is not told by its name. It may be any macro.
    fn unknown_function(&mut self, called: &Value, given: &Given) -> Value {
        const MOST: usize = 32;
        let marks = given.gathered().with(called.dissolved()).without(Marks::OBJECT);
        let mut result = Value::open(marks);
        if called.marks().has(Marks::OBJECT) && self.spend(self.macros.len() as u64) {
            let macros: Vec<_> = self
                .macros
                .iter()
                .take(MOST)
                .map(|(name, to)| (*name, *to))
                .collect();
            for (name, parameters) in macros {
                self.pass_arguments(parameters, given);
                if let Some(printed) = self.variables.get(&printed_by(name)) {
                    result.join(printed);
                }
            }
        }
        result
    }

    /// Binds the parameters of a macro to what it is called with.
    fn pass_arguments(&mut self, parameters: &[Parameter], given: &Given) {
        let rest = given.gathered().with(Marks::VARIED);
        self.assign("varargs", &Value::open(rest));
        self.assign("kwargs", &Value::open(rest));
        for (position, parameter) in parameters.iter().enumerate() {
            if let Some(value) = given.argument(position, &parameter.name) {
                self.assign(&parameter.name, &value);
            }
        }
    }

    fn method(&mut self, of: NodeId, name: &str, given: &Given, offset: u64) -> Value {
        let receiver = self.value(of);
        if let Some(Expression::Name(base)) = self.expression_of(of)
            && base == "self"
        {
            // The text of a block.
            let printed = self
                .variables
                .get(&printed_by(&attribute_of("self", name)))
                .cloned();
            return printed.unwrap_or_default();
        }
        // Of constants the method was seen where it was taken.
        if matches!(name, "format" | "format_map") {
            self.format_call(&Value::open(receiver.marks()), offset);
        }
        if names::is_deed(name) {
            let name = name.to_owned();
            self.see(offset, Seen::Function { name });
        }
        if matches!(name, "center" | "ljust" | "rjust" | "zfill" | "expandtabs") {
            self.work(Work::Repetition, given.largest(), offset);
        }
        if matches!(
            name,
            "append" | "extend" | "insert" | "add" | "update" | "setdefault" | "appendleft"
        ) {
            self.mutate(of, given);
        }
        if matches!(
            name,
            "startswith" | "endswith" | "isdigit" | "isalpha" | "isspace" | "isupper" | "islower"
        ) {
            return Value::open(Marks::NUMBER);
        }
        let mut operands = vec![&receiver];
        let texts: Vec<Value> = given.values().map(as_text_of_object).collect();
        operands.extend(&texts);
        let positional = given.positional.len();
        let keywords: Vec<&str> = given.named.iter().map(|(name, _)| name.as_str()).collect();
        let result = self.combine(&operands, Marks::OPAQUE, |operands| {
            let Some((of, arguments)) = operands.split_first().filter(|_| given.is_exact()) else {
                return Folded::Unfollowed;
            };
            let (positional, named) = arguments.split_at_checked(positional).unwrap_or((arguments, &[]));
            let named: Vec<_> = keywords.iter().copied().zip(named.iter().copied()).collect();
            fold::method(of, name, positional, &named)
        });
        match given.rest {
            Some(rest) => result.with(rest),
            None => result,
        }
    }

    /// The method, called or not: `('{0.__class__}'|attr('format'))(x)`. Of data it may be a field called so.
    pub(super) fn format_taken(&mut self, of: &Value, access: Access, offset: u64) {
        let texts = of.clone().without(of.marks());
        let of = if access == Access::AttrFilter { of } else { &texts };
        self.format_call(of, offset);
    }

    /// `'{0.__class__}'.format(…)`
    fn format_call(&mut self, receiver: &Value, offset: u64) {
        if receiver.marks().without(Marks::NUMBER).is_open() {
            self.see(
                offset,
                Seen::Format {
                    template: None,
                    names: Vec::new(),
                },
            );
        }
        for constant in receiver.may() {
            let Constant::Text(template) = constant else {
                continue;
            };
            let fields = format::fields(template);
            let mut names = Vec::new();
            for field in fields.into_iter().filter_map(|(_, field)| field) {
                let most = field
                    .specification
                    .split(|character: char| !character.is_ascii_digit());
                let most = most.filter_map(|digits| digits.parse().ok()).max();
                self.work(Work::Repetition, most.unwrap_or(0), offset);
                names.extend(field.names);
            }
            if !names.is_empty() {
                self.see(
                    offset,
                    Seen::Format {
                        template: Some(template.clone()),
                        names,
                    },
                );
            }
        }
    }

    /// `list.append(…)`: what goes into a variable without being assigned.
    fn mutate(&mut self, of: NodeId, given: &Given) {
        let key = match self.expression_of(of) {
            Some(Expression::Name(name)) => name.clone(),
            Some(Expression::Attribute { of, name }) => match self.expression_of(*of) {
                Some(Expression::Name(of)) => attribute_of(of, name),
                _ => return,
            },
            _ => return,
        };
        let marks = given.gathered().with(Marks::VARIED);
        if self.variables.contains_key(&key) {
            self.assign(&key, &Value::open(marks));
        }
    }
}

fn dict_call(given: &Given) -> Value {
    let pair = |(name, value): &(String, Value)| {
        // The keys alone are enough to assemble names with.
        let value = match value.may() {
            [only] => only.clone(),
            _ => Constant::None,
        };
        (Constant::Text(name.clone()), value)
    };
    let known = Value::constant(Constant::Dict(given.named.iter().map(pair).collect()));
    if given.positional.is_empty() && given.is_exact() {
        return known;
    }
    Value::open(given.gathered().with(known.dissolved()).with(Marks::VARIED))
}

//! Calls of functions, macros and methods.

use weightlock_format::jinja::{Arguments, Expression, NodeId, Parameter};

use super::{CALLER, CALLER_ARGUMENTS, Flow, as_text_of_object, attribute_of, gathered, largest, printed_by};
use crate::{
    analyze::template::{
        fold::{self, Folded},
        format, names,
        value::{Constant, Marks, Value},
    },
    observation::template::{Access, Seen, Work},
};

impl<'t> Flow<'t> {
    pub(super) fn call(&mut self, of: NodeId, arguments: &'t Arguments, offset: u64) -> Value {
        let all: Vec<Value> = arguments.all().map(|argument| self.value(argument)).collect();
        let called = self.value(of);
        if called.marks().has(Marks::ESCAPED) {
            self.reached_by_arguments(&all, offset);
            return Value::open(called.marks().with(gathered(&all)));
        }
        let result = match self.expression_of(of) {
            Some(Expression::Name(name)) => self.function(name, arguments, &all, offset),
            Some(Expression::Attribute { of, name }) => self.method(*of, name, arguments, &all, offset),
            Some(Expression::Item { of, key }) => match self.value(*key).may() {
                [Constant::Text(name)] => self.method(*of, &name.clone(), arguments, &all, offset),
                _ => Value::open(gathered(&all).with(called.marks()).without(Marks::OBJECT)),
            },
            _ => Value::open(gathered(&all).with(called.marks()).without(Marks::OBJECT)),
        };
        if result.may().is_empty() && !result.marks().is_open() {
            return result.with(Marks::VARIED);
        }
        result
    }

    /// `…['__import__']('os')`
    fn reached_by_arguments(&mut self, arguments: &[Value], offset: u64) {
        for argument in arguments {
            for constant in argument.may() {
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
    }

    fn function(
        &mut self,
        name: &'t str,
        arguments: &'t Arguments,
        all: &[Value],
        offset: u64,
    ) -> Value {
        if let Some(parameters) = self.macros.get(name).copied() {
            self.pass_arguments(parameters, arguments, all);
            let printed = self.variables.get(&printed_by(name)).cloned();
            return printed.unwrap_or_default();
        }
        match name {
            "range" => {
                self.work(Work::Range, largest(all), offset);
                Value::open(Marks::NUMBER)
            }
            "lipsum" => {
                self.work(Work::Repetition, largest(all).saturating_mul(100), offset);
                Value::open(Marks::VARIED)
            }
            "dict" => self.dict_call(arguments, all),
            "namespace" | "cycler" | "joiner" => {
                Value::open(Marks::OBJECT.with(gathered(all).without(Marks::NUMBER)))
            }
            "caller" => {
                for value in all {
                    self.assign(CALLER_ARGUMENTS, value);
                }
                self.variables.get(CALLER).cloned().unwrap_or_default()
            }
            _ => {
                if names::is_builtin(name) && !self.variables.contains_key(name) {
                    self.see(
                        offset,
                        Seen::Function {
                            name: name.to_owned(),
                        },
                    );
                }
                Value::open(gathered(all).with(Marks::DATA))
            }
        }
    }

    fn dict_call(&mut self, arguments: &Arguments, all: &[Value]) -> Value {
        let mut pairs = Vec::new();
        for (name, value) in &arguments.named {
            match self.value(*value).may() {
                [only] => pairs.push((Constant::Text(name.clone()), only.clone())),
                // The keys alone are enough to assemble names with.
                _ => pairs.push((Constant::Text(name.clone()), Constant::None)),
            }
        }
        if arguments.positional.is_empty() && arguments.unpacked.is_empty() {
            return Value::constant(Constant::Dict(pairs));
        }
        let known = Value::constant(Constant::Dict(pairs));
        Value::open(gathered(all).with(known.dissolved()).with(Marks::VARIED))
    }

    /// Binds the parameters of a macro to what it is called with.
    fn pass_arguments(
        &mut self,
        parameters: &'t [Parameter],
        arguments: &Arguments,
        all: &[Value],
    ) {
        let rest = gathered(all).with(Marks::VARIED);
        self.assign("varargs", &Value::open(rest));
        self.assign("kwargs", &Value::open(rest));
        for (parameter, argument) in parameters.iter().zip(&arguments.positional) {
            let value = self.value(*argument);
            self.assign(&parameter.name, &value);
        }
        for (name, argument) in &arguments.named {
            let value = self.value(*argument);
            self.assign(name, &value);
        }
        if !arguments.unpacked.is_empty() {
            for parameter in parameters {
                self.assign(&parameter.name, &Value::open(rest));
            }
        }
    }

    fn method(
        &mut self,
        of: NodeId,
        name: &str,
        arguments: &'t Arguments,
        all: &[Value],
        offset: u64,
    ) -> Value {
        let receiver = self.value(of);
        // Of constants the method was seen where it was taken.
        if matches!(name, "format" | "format_map") {
            self.format_call(&Value::open(receiver.marks()), offset);
        }
        if matches!(name, "center" | "ljust" | "rjust" | "zfill" | "expandtabs") {
            self.work(Work::Repetition, largest(all), offset);
        }
        if matches!(
            name,
            "append" | "extend" | "insert" | "add" | "update" | "setdefault" | "appendleft"
        ) {
            self.mutate(of, all);
        }
        if matches!(
            name,
            "startswith" | "endswith" | "isdigit" | "isalpha" | "isspace" | "isupper" | "islower"
        ) {
            return Value::open(Marks::NUMBER);
        }
        let mut operands = vec![&receiver];
        let texts: Vec<Value> = all.iter().map(as_text_of_object).collect();
        operands.extend(&texts);
        let positional = arguments.positional.len();
        let keywords: Vec<&str> = arguments.named.iter().map(|(name, _)| name.as_str()).collect();
        let is_unpacked = !arguments.unpacked.is_empty();
        self.combine(&operands, Marks::OPAQUE, |operands| {
            let Some((of, arguments)) = operands.split_first().filter(|_| !is_unpacked) else {
                return Folded::Unfollowed;
            };
            let (positional, named) = arguments.split_at_checked(positional).unwrap_or((arguments, &[]));
            let named: Vec<_> = keywords.iter().copied().zip(named.iter().copied()).collect();
            fold::method(of, name, positional, &named)
        })
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
    fn mutate(&mut self, of: NodeId, arguments: &[Value]) {
        let key = match self.expression_of(of) {
            Some(Expression::Name(name)) => name.clone(),
            Some(Expression::Attribute { of, name }) => match self.expression_of(*of) {
                Some(Expression::Name(of)) => attribute_of(of, name),
                _ => return,
            },
            _ => return,
        };
        let marks = gathered(arguments).with(Marks::VARIED);
        if self.variables.contains_key(&key) {
            self.assign(&key, &Value::open(marks));
        }
    }
}

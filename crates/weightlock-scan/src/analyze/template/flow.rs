//! What each expression of a template can be, and what the template reaches by it.
//!
//! 1. Every expression is computed in order from those that it is made of: constants are folded, the rest is marked.
//! 2. Every tag that assigns joins the value into its variable. Variables have no order and no scope: a variable may
//!    be whatever is assigned to it anywhere, so branches, loops and macros need no walk of their own.
//! 3. Both are repeated until nothing changes. Values only grow, and are widened when they keep growing.
//! 4. Then what is of interest is put down, once.

use std::collections::BTreeMap;

use weightlock_format::jinja::{
    Arguments, Expression, Literal, NodeId, Operator, Parameter, Statement, Target, Template,
};

use super::{
    fold::{self, Folded},
    format, names,
    value::{Constant, Marks, TEXT_BYTES, Value},
};
use crate::observation::template::{Access, Seen, Unknown, Work};

/// Rounds after which what still grows is widened.
const WIDEN_AFTER: u32 = 4;
/// Rounds that are granted.
const ROUNDS: u32 = 24;
/// Constants that are computed for one template, each of at most [`TEXT_BYTES`].
pub(super) const FUEL: u64 = 400_000;
/// Sightings of one template.
const SEEN: usize = 200;

/// What was found, and whether the work was finished.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Offset, where in the template, what.
    pub(super) seen: Vec<(u64, Seen)>,
    /// The work that was granted did not do.
    pub(super) exhausted: bool,
}

/// Follows `template`.
pub(super) fn follow(template: &Template) -> Outcome {
    let mut flow = Flow::new(template);
    for round in 0..ROUNDS {
        flow.changed = false;
        flow.widen = round >= WIDEN_AFTER;
        flow.round();
        if !flow.changed {
            break;
        }
    }
    flow.outcome.exhausted |= flow.changed;
    flow.reporting = true;
    flow.round();
    flow.outcome
}

struct Flow<'t> {
    template: &'t Template,
    values: Vec<Value>,
    variables: BTreeMap<String, Value>,
    macros: BTreeMap<&'t str, &'t [Parameter]>,
    /// The text of the block that a filter without an operand filters.
    bodies: BTreeMap<usize, Value>,
    changed: bool,
    widen: bool,
    reporting: bool,
    fuel: u64,
    outcome: Outcome,
}

/// A block that is open while the tags are walked.
struct Open<'t> {
    statement: &'t Statement,
    /// What is printed in it.
    body: Value,
    /// How often it is run at least.
    times: u64,
    is_loop: bool,
}

impl<'t> Flow<'t> {
    fn new(template: &'t Template) -> Self {
        let macros = template
            .statements()
            .iter()
            .filter_map(|statement| match statement {
                Statement::Macro(name, parameters) => Some((name.as_str(), parameters.as_slice())),
                _ => None,
            });
        Self {
            template,
            values: vec![Value::default(); template.nodes().len()],
            variables: BTreeMap::new(),
            macros: macros.collect(),
            bodies: BTreeMap::new(),
            changed: false,
            widen: false,
            reporting: false,
            fuel: FUEL,
            outcome: Outcome::default(),
        }
    }

    fn round(&mut self) {
        for (index, node) in self.template.nodes().iter().enumerate() {
            let value = self.expression(&node.expression, node.offset, index);
            if let Some(place) = self.values.get_mut(index) {
                *place = value;
            }
        }
        self.statements();
    }

    fn value(&self, id: NodeId) -> Value {
        self.values.get(id.index()).cloned().unwrap_or_default()
    }

    fn see(&mut self, offset: u64, seen: Seen) {
        if self.reporting && self.outcome.seen.len() < SEEN {
            self.outcome.seen.push((offset, seen));
        }
    }

    // Expressions.

    fn expression(&mut self, expression: &'t Expression, offset: u64, index: usize) -> Value {
        match expression {
            Expression::Literal(literal) => constant(literal),
            Expression::Name(name) => self.name(name),
            Expression::List(items) => self.list(items),
            Expression::Dict(pairs) => self.dict(pairs),
            Expression::Binary(operator, left, right) => self.binary(*operator, *left, *right, offset),
            Expression::Negative(of) => {
                let of = self.value(*of);
                self.combine(&[&of], Marks::NUMBER, |operands| match operands {
                    [Constant::Integer(number)] => Folded::Is(Constant::Integer(number.saturating_neg())),
                    _ => Folded::Nothing,
                })
            }
            Expression::Not(_) | Expression::Test { .. } => Value::open(Marks::NUMBER),
            Expression::Condition { yes, no, .. } => {
                let no = no.map(|no| self.value(no)).unwrap_or_default();
                self.value(*yes).or(&no)
            }
            Expression::Attribute { of, name } => {
                let name = Value::text(name);
                self.access(*of, &name, Access::Attribute, offset)
            }
            Expression::Item { of, key } => {
                let key = self.value(*key);
                self.access(*of, &key, Access::Item, offset)
            }
            Expression::Slice { of, bounds } => self.slice(*of, bounds),
            Expression::Call { of, arguments } => self.call(*of, arguments, offset),
            Expression::Filter { of, name, arguments } => {
                let operand = match of {
                    Some(of) => self.value(*of),
                    None => self.bodies.get(&index).cloned().unwrap_or_default(),
                };
                self.filter(&operand, name, arguments, offset)
            }
        }
    }

    fn name(&self, name: &str) -> Value {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        let is_object = self.macros.contains_key(name) || OBJECTS.contains(&name);
        Value::open(if is_object { Marks::OBJECT } else { Marks::DATA })
    }

    fn list(&mut self, items: &[NodeId]) -> Value {
        let values: Vec<Value> = items.iter().map(|item| self.value(*item)).collect();
        let mut constants = Vec::new();
        for value in &values {
            match value.may() {
                [only] if !value.marks().is_open() => constants.push(only.clone()),
                _ => return Value::open(gathered(&values)),
            }
        }
        Value::constant(Constant::List(constants))
    }

    fn dict(&mut self, pairs: &[(NodeId, NodeId)]) -> Value {
        let values: Vec<Value> = pairs
            .iter()
            .flat_map(|(key, value)| [self.value(*key), self.value(*value)])
            .collect();
        let mut constants = Vec::new();
        for pair in values.chunks_exact(2) {
            match pair {
                [key, value] if !key.marks().is_open() && !value.marks().is_open() => {
                    match (key.may(), value.may()) {
                        ([key], [value]) => constants.push((key.clone(), value.clone())),
                        _ => return Value::open(gathered(&values)),
                    }
                }
                _ => return Value::open(gathered(&values)),
            }
        }
        Value::constant(Constant::Dict(constants))
    }

    fn binary(&mut self, operator: Operator, left: NodeId, right: NodeId, offset: u64) -> Value {
        let (mut left, mut right) = (self.value(left), self.value(right));
        match operator {
            Operator::Either => return left.or(&right),
            Operator::Compare => return Value::open(Marks::NUMBER),
            Operator::Concatenate => {
                left = as_text(&left);
                right = as_text(&right);
            }
            Operator::Remainder => right = as_text_of_object(&right),
            Operator::Multiply | Operator::Power => self.growth(operator, &left, &right, offset),
            Operator::Add | Operator::Subtract | Operator::Divide => {}
        }
        let is_number = matches!(operator, Operator::Subtract | Operator::Divide | Operator::Power);
        let unfollowed = if is_number { Marks::NUMBER } else { Marks::OPAQUE };
        let result = self.combine(&[&left, &right], unfollowed, |operands| match operands {
            [left, right] => fold::binary(operator, left, right),
            _ => Folded::Nothing,
        });
        if is_number {
            return result.without(Marks::OPAQUE);
        }
        result
    }

    /// `'a' * 10**9`, `10**10**10`.
    fn growth(&mut self, operator: Operator, left: &Value, right: &Value, offset: u64) {
        for left in left.may() {
            for right in right.may() {
                let amount = match (operator, left, right) {
                    (Operator::Power, Constant::Integer(base), Constant::Integer(exponent)) => {
                        let bits = u64::from(base.unsigned_abs().checked_ilog2().unwrap_or(0));
                        bits.saturating_mul(exponent.unsigned_abs())
                            .checked_div(64)
                            .unwrap_or(0)
                    }
                    (
                        Operator::Multiply,
                        of @ (Constant::Text(_) | Constant::List(_)),
                        Constant::Integer(count),
                    )
                    | (
                        Operator::Multiply,
                        Constant::Integer(count),
                        of @ (Constant::Text(_) | Constant::List(_)),
                    ) => of.length().saturating_mul(u64::try_from(*count).unwrap_or(0)),
                    _ => 0,
                };
                self.work(Work::Repetition, amount, offset);
            }
        }
    }

    fn work(&mut self, work: Work, amount: u64, offset: u64) {
        if amount >= work.threshold() {
            self.see(offset, Seen::Work { work, amount });
        }
    }

    fn slice(&mut self, of: NodeId, bounds: &[Option<NodeId>; 3]) -> Value {
        let of = self.value(of);
        let mut constants = [None; 3];
        for (bound, id) in constants.iter_mut().zip(bounds) {
            let Some(id) = id else { continue };
            let value = self.value(*id);
            match value.may() {
                [Constant::Integer(number)] if !value.marks().is_open() => *bound = Some(*number),
                [Constant::None] if !value.marks().is_open() => {}
                _ => return lost(&[&of], Marks::VARIED).without(Marks::NUMBER),
            }
        }
        self.combine(&[&of], Marks::OPAQUE, |operands| match operands {
            [of] => fold::slice(of, constants),
            _ => Folded::Nothing,
        })
    }

    // Access by name.

    /// `of.name`, `of[key]`, `of|attr(name)` and the like.
    fn access(&mut self, of: NodeId, name: &Value, access: Access, offset: u64) -> Value {
        if let Some(value) = self.namespaced(of, name) {
            return value;
        }
        let is_loop = matches!(
            self.template.node(of).map(|node| &node.expression),
            Some(Expression::Name(name)) if name == "loop"
        );
        let of = self.value(of);
        let result = self.reach(&of, name, access, offset);
        if is_loop && !result.marks().has(Marks::ESCAPED) {
            return Value::open(Marks::NUMBER.with(Marks::DATA));
        }
        result
    }

    /// The attribute of a namespace that was assigned to.
    fn namespaced(&self, of: NodeId, name: &Value) -> Option<Value> {
        let Expression::Name(of) = &self.template.node(of)?.expression else {
            return None;
        };
        let [Constant::Text(name)] = name.may() else {
            return None;
        };
        self.variables.get(&attribute_of(of, name)).cloned()
    }

    fn reach(&mut self, of: &Value, name: &Value, access: Access, offset: u64) -> Value {
        let is_escaped = of.marks().has(Marks::ESCAPED);
        let mut escapes = is_escaped;
        for constant in name.may() {
            let Constant::Text(name) = constant else { continue };
            if matches!(name.as_str(), "format" | "format_map") {
                self.format_taken(of, access, offset);
            }
            let is_known = matches!(access, Access::Item)
                && of
                    .may()
                    .iter()
                    .any(|of| matches!(fold::item(of, constant), Folded::Is(_)));
            let is_internal = names::is_internal(name) && !is_known;
            let is_private = names::is_private(name) && !matches!(access, Access::Item);
            escapes |= is_internal;
            if is_internal || is_private || is_escaped && names::is_reach(name) {
                let reached = is_escaped && names::is_reach(name);
                self.see(
                    offset,
                    Seen::Name {
                        name: name.trim().to_owned(),
                        access,
                        reached,
                        is_internal,
                    },
                );
            }
        }
        if let Some(why) = unknown_name(of, name, access) {
            escapes |= !matches!(why, Unknown::Data);
            self.see(offset, Seen::UnknownName { access, why });
        }
        if escapes {
            return Value::open(Marks::ESCAPED.with(of.dissolved().without(Marks::OBJECT)));
        }
        self.member(of, name, access)
    }

    /// What lies under a name that is of no interest.
    fn member(&mut self, of: &Value, name: &Value, access: Access) -> Value {
        let mut result = Value::open(of.marks().without(Marks::OBJECT.with(Marks::NUMBER)));
        if of.marks().has(Marks::OBJECT) {
            result = result.with(Marks::VARIED);
        }
        for constant in of.may() {
            if name.marks().is_open() {
                let all = Value::constant(constant.clone());
                result.join(&if matches!(constant, Constant::Dict(_)) {
                    all.values()
                } else {
                    all.items()
                });
            }
            for name in name.may() {
                match fold::item(constant, name) {
                    Folded::Is(found) => {
                        result.join(&Value::constant(found));
                    }
                    // A method of a constant that is not called.
                    _ if access != Access::Item || matches!(name, Constant::Text(_)) => {
                        result = result.with(Marks::OBJECT);
                    }
                    _ => {}
                }
            }
        }
        result
    }

    // Calls.

    fn call(&mut self, of: NodeId, arguments: &'t Arguments, offset: u64) -> Value {
        let all: Vec<Value> = arguments.all().map(|argument| self.value(argument)).collect();
        let called = self.value(of);
        if called.marks().has(Marks::ESCAPED) {
            self.reached_by_arguments(&all, offset);
            return Value::open(called.marks().with(gathered(&all)));
        }
        let result = match self.template.node(of).map(|node| &node.expression) {
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

    fn function(&mut self, name: &'t str, arguments: &'t Arguments, all: &[Value], offset: u64) -> Value {
        if let Some(parameters) = self.macros.get(name).copied() {
            self.pass_arguments(parameters, arguments, all);
            let printed = self.variables.get(&printed_by(name)).cloned();
            return printed.unwrap_or_default();
        }
        match name {
            "range" => {
                let most = all.iter().flat_map(|value| value.may()).map(magnitude).max();
                self.work(Work::Range, most.unwrap_or(0), offset);
                Value::open(Marks::NUMBER)
            }
            "lipsum" => {
                let most = all.iter().flat_map(|value| value.may()).map(magnitude).max();
                self.work(Work::Repetition, most.unwrap_or(0).saturating_mul(100), offset);
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
    fn pass_arguments(&mut self, parameters: &'t [Parameter], arguments: &Arguments, all: &[Value]) {
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
            let most = all.iter().flat_map(|value| value.may()).map(magnitude).max();
            self.work(Work::Repetition, most.unwrap_or(0), offset);
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
    fn format_taken(&mut self, of: &Value, access: Access, offset: u64) {
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
        let key = match self.template.node(of).map(|node| &node.expression) {
            Some(Expression::Name(name)) => name.clone(),
            Some(Expression::Attribute { of, name }) => {
                match self.template.node(*of).map(|node| &node.expression) {
                    Some(Expression::Name(of)) => attribute_of(of, name),
                    _ => return,
                }
            }
            _ => return,
        };
        let marks = gathered(arguments).with(Marks::VARIED);
        if self.variables.contains_key(&key) {
            self.assign(&key, &Value::open(marks));
        }
    }

    // Filters.

    fn filter(&mut self, of: &Value, name: &str, arguments: &'t Arguments, offset: u64) -> Value {
        let all: Vec<Value> = arguments.all().map(|argument| self.value(argument)).collect();
        self.attribute_arguments(of, name, arguments, offset);
        let first = all.first().cloned().unwrap_or_default();
        match name {
            "attr" => return self.reach(of, &first, Access::AttrFilter, offset),
            "map" => return self.map(of, arguments, offset),
            "select" | "reject" | "selectattr" | "rejectattr" | "groupby" | "batch" | "slice" => {
                if matches!(name, "batch" | "slice") {
                    let most = all.iter().flat_map(|value| value.may()).map(magnitude).max();
                    self.work(Work::Repetition, most.unwrap_or(0), offset);
                }
                return lost(&[of], Marks::OBJECT.with(Marks::VARIED));
            }
            "default" | "d" => return of.clone().or(&first),
            "random" | "min" | "max" => return of.items(),
            "first" | "last" if of.may().is_empty() => return of.items(),
            "list" | "join" | "sort" | "unique" | "reverse" | "sum" if of.may().is_empty() => {
                return lost(&[&of.items(), &first], Marks::NONE);
            }
            "length" | "count" | "int" | "float" | "abs" | "round" | "wordcount" if of.may().is_empty() => {
                return Value::open(Marks::NUMBER);
            }
            "center" | "indent" => {
                let most = all.iter().flat_map(|value| value.may()).map(magnitude).max();
                self.work(Work::Repetition, most.unwrap_or(0), offset);
            }
            "format" => {
                let widths = of.may().iter().filter_map(|of| match of {
                    Constant::Text(text) => Some(widest(text)),
                    _ => None,
                });
                let most = widths.max().unwrap_or(0);
                self.work(Work::Repetition, most, offset);
            }
            _ => {}
        }
        let of = if matches!(
            name,
            "string" | "e" | "escape" | "safe" | "forceescape" | "pprint" | "urlencode"
        ) {
            as_text(of)
        } else {
            of.clone()
        };
        let texts: Vec<Value> = all.iter().map(as_text_of_object).collect();
        let mut operands = vec![&of];
        operands.extend(&texts);
        let is_plain = arguments.named.is_empty() && arguments.unpacked.is_empty();
        self.combine(&operands, Marks::OPAQUE, |operands| {
            match operands.split_first() {
                Some((of, arguments)) if is_plain => fold::filter(of, name, arguments),
                _ => Folded::Unfollowed,
            }
        })
    }

    /// `attribute=` and the first argument of filters that take the name of an attribute.
    fn attribute_arguments(&mut self, of: &Value, name: &str, arguments: &Arguments, offset: u64) {
        let takes_first = matches!(name, "selectattr" | "rejectattr" | "groupby");
        let takes_named = takes_first
            || matches!(
                name,
                "map" | "sum" | "sort" | "min" | "max" | "unique" | "join" | "tojson"
            );
        let first = arguments.positional.first().filter(|_| takes_first);
        let second = arguments.positional.get(1).filter(|_| name == "join");
        let named = arguments
            .named
            .iter()
            .filter(|(name, _)| takes_named && name == "attribute")
            .map(|(_, value)| value);
        let given: Vec<NodeId> = first.into_iter().chain(second).chain(named).copied().collect();
        for argument in given {
            let path = self.value(argument);
            self.path(of, &path, offset);
        }
    }

    /// Attributes separated by dots.
    fn path(&mut self, of: &Value, path: &Value, offset: u64) -> Value {
        let mut reached = of.items();
        for constant in path.may() {
            let Constant::Text(path) = constant else { continue };
            let mut object = of.items();
            for name in path.split('.') {
                object = self.reach(&object, &Value::text(name), Access::AttributeArgument, offset);
            }
            reached.join(&object);
        }
        if path.marks().is_open() {
            let unknown = Value::open(path.marks());
            reached.join(&self.reach(of, &unknown, Access::AttributeArgument, offset));
        }
        reached
    }

    /// `of|map(attribute=name)`, `of|map('attr', name)`, `of|map('upper')`.
    fn map(&mut self, of: &Value, arguments: &'t Arguments, offset: u64) -> Value {
        if let Some((_, path)) = arguments.named.iter().find(|(name, _)| name == "attribute") {
            let path = self.value(*path);
            let reached = self.path(of, &path, offset);
            return lost(&[&reached], Marks::OBJECT.with(Marks::VARIED));
        }
        let Some((filter, rest)) = arguments.positional.split_first() else {
            return lost(&[of], Marks::OBJECT.with(Marks::VARIED));
        };
        let filter = self.value(*filter);
        let rest: Vec<Value> = rest.iter().map(|argument| self.value(*argument)).collect();
        let first = rest.first().cloned().unwrap_or_default();
        let mut mapped = Value::open(Marks::OBJECT.with(filter.marks()));
        for constant in filter.may() {
            let Constant::Text(name) = constant else { continue };
            let result = match name.as_str() {
                "attr" => self.reach(&of.items(), &first, Access::AttrFilter, offset),
                _ => self.mapped(of, name, &rest),
            };
            mapped.join(&result);
        }
        mapped
    }

    /// A filter that is applied to each item.
    fn mapped(&mut self, of: &Value, name: &str, arguments: &[Value]) -> Value {
        let arguments: Option<Vec<&Constant>> = arguments
            .iter()
            .map(|argument| match argument.may() {
                [only] if !argument.marks().is_open() => Some(only),
                _ => None,
            })
            .collect();
        let mut result = Value::open(of.marks());
        for constant in of.may() {
            self.fuel = self.fuel.saturating_sub(constant.length());
            let folded: Option<Vec<Constant>> = constant
                .items()
                .iter()
                .map(|item| match fold::filter(item, name, arguments.as_deref()?) {
                    Folded::Is(item) => Some(item),
                    _ => None,
                })
                .collect();
            let mapped = match folded {
                Some(items) => Value::constant(Constant::List(items)),
                None => Value::open(Value::constant(constant.clone()).dissolved().with(Marks::OPAQUE)),
            };
            result.join(&mapped);
        }
        result
    }

    /// Applies `fold` to every combination of constants that the operands may be.
    fn combine(
        &mut self,
        operands: &[&Value],
        unfollowed: Marks,
        fold: impl Fn(&[&Constant]) -> Folded,
    ) -> Value {
        const COMBINATIONS: usize = 64;
        let combinations = operands
            .iter()
            .try_fold(1_usize, |product, operand| {
                product.checked_mul(operand.may().len())
            })
            .unwrap_or(usize::MAX);
        let is_open = operands.iter().any(|operand| operand.marks().is_open());
        self.fuel = self.fuel.saturating_sub(combinations.min(COMBINATIONS) as u64);
        if self.fuel == 0 {
            self.outcome.exhausted = true;
        }
        if combinations > COMBINATIONS || self.fuel == 0 {
            return lost(operands, Marks::VARIED);
        }
        let mut result = Value::default();
        if is_open {
            result = lost(operands, Marks::NONE);
        }
        for number in 0..combinations {
            let mut left = number;
            let mut chosen = Vec::with_capacity(operands.len());
            for operand in operands {
                let count = operand.may().len();
                let at = left.checked_rem(count).unwrap_or(0);
                left = left.checked_div(count).unwrap_or(0);
                chosen.extend(operand.may().get(at));
            }
            match fold(&chosen) {
                Folded::Is(constant) => drop(result.join(&Value::constant(constant))),
                Folded::Nothing => {}
                Folded::Unfollowed => result = result.with(lost(operands, unfollowed).marks()),
            }
        }
        result
    }

    // Statements.

    fn assign(&mut self, name: &str, value: &Value) {
        let widen = self.widen;
        let place = self.variables.entry(name.to_owned()).or_default();
        let before = place.clone();
        if place.join(value) {
            if widen {
                place.widen();
            }
            self.changed |= *place != before;
        }
    }

    fn bind(&mut self, target: &Target, value: &Value) {
        match target {
            Target::Name(name) => self.assign(name, value),
            Target::Attribute(of, name) => self.assign(&attribute_of(of, name), value),
            Target::Tuple(targets) => {
                for (position, target) in targets.iter().enumerate() {
                    let mut part = Value::open(value.marks());
                    for constant in value.may() {
                        if let Some(item) = constant.items().into_iter().nth(position) {
                            part.join(&Value::constant(item));
                        }
                    }
                    // Targets nest as deeply as the parser lets them.
                    self.bind(target, &part);
                }
            }
        }
    }

    fn statements(&mut self) {
        let template = self.template;
        let mut open: Vec<Open<'t>> = Vec::new();
        let mut doublings = 0_u32;
        let mut seen_nodes = 0_usize;
        for statement in template.statements() {
            let times = open
                .iter()
                .fold(1_u64, |times, open| times.saturating_mul(open.times));
            let mut pushed = None;
            match statement {
                Statement::Text(text) => print(&mut open, &Value::text(text)),
                Statement::Output(value) => print(&mut open, &as_text(&self.value(*value))),
                Statement::For { target, iterable, .. } => {
                    pushed = Some(self.for_tag(target, *iterable, times))
                }
                Statement::Set(target, value) => {
                    let is_looped = open.iter().any(|open| open.is_loop);
                    doublings = doublings.saturating_add(u32::from(self.doubles(target, *value, seen_nodes)));
                    let limit = if is_looped { 1 } else { 20 };
                    if doublings >= limit {
                        let offset = template.node(*value).map_or(0, |node| node.offset);
                        self.see(
                            offset,
                            Seen::Work {
                                work: Work::Doubling,
                                amount: doublings.into(),
                            },
                        );
                        doublings = 0;
                    }
                    self.set(target, *value);
                }
                Statement::With(values) => {
                    for (target, value) in values {
                        let value = self.value(*value);
                        self.bind(target, &value);
                    }
                }
                Statement::Macro(_, parameters) => self.defaults(parameters),
                Statement::CallBlock(parameters, _) => {
                    self.defaults(parameters);
                    let given = self.variables.get(CALLER_ARGUMENTS).cloned().unwrap_or_default();
                    for parameter in parameters {
                        self.assign(&parameter.name, &given);
                    }
                }
                Statement::Other {
                    offset,
                    tag,
                    template,
                } => {
                    let named = self.value(*template);
                    let named = named.may().iter().find_map(Constant::text);
                    self.see(*offset, Seen::Inclusion { tag, template: named });
                }
                Statement::End => self.close(&mut open),
                _ => {}
            }
            if opens(statement) {
                let (times, is_loop) = pushed.unwrap_or((1, false));
                open.push(Open {
                    statement,
                    body: Value::text(""),
                    times,
                    is_loop,
                });
            }
            seen_nodes = last_node(statement).map_or(seen_nodes, |last| last.max(seen_nodes));
        }
    }

    fn for_tag(&mut self, target: &Target, iterable: NodeId, times: u64) -> (u64, bool) {
        let value = self.value(iterable);
        self.bind(target, &value.items());
        let offset = self.template.node(iterable).map_or(0, |node| node.offset);
        let own = self.turns(iterable, &value);
        if own > 1 && times > 1 {
            self.work(Work::Loops, own.saturating_mul(times), offset);
        }
        (own.max(1), true)
    }

    /// How often a loop over constants turns.
    fn turns(&self, iterable: NodeId, value: &Value) -> u64 {
        if let Some(Expression::Call { of, arguments }) =
            self.template.node(iterable).map(|node| &node.expression)
            && matches!(self.template.node(*of).map(|node| &node.expression), Some(Expression::Name(name)) if name == "range")
        {
            let bounds = arguments.all().flat_map(|bound| self.value(bound).may().to_vec());
            return bounds.map(|bound| magnitude(&bound)).max().unwrap_or(1);
        }
        value.may().iter().map(Constant::length).max().unwrap_or(1)
    }

    fn set(&mut self, target: &Target, value: NodeId) {
        if let (Target::Name(name), Some(Expression::Call { of, arguments })) =
            (target, self.template.node(value).map(|node| &node.expression))
            && matches!(self.template.node(*of).map(|node| &node.expression), Some(Expression::Name(name)) if name == "namespace")
        {
            for (attribute, value) in &arguments.named {
                let value = self.value(*value);
                self.assign(&attribute_of(name, attribute), &value);
            }
        }
        let value = self.value(value);
        self.bind(target, &value);
    }

    /// Whether `value`, built from the expressions from `from` on, holds its target twice: `x ~ x`.
    fn doubles(&self, target: &Target, value: NodeId, from: usize) -> bool {
        let nodes = self.template.nodes();
        let range = nodes.get(from..=value.index()).unwrap_or_default();
        let grows = |operator: &Operator| matches!(operator, Operator::Add | Operator::Concatenate);
        let is_target = |id: &NodeId| match (target, self.template.node(*id).map(|node| &node.expression)) {
            (Target::Name(name), Some(Expression::Name(found))) => name == found,
            (
                Target::Attribute(of, name),
                Some(Expression::Attribute {
                    of: base,
                    name: found,
                }),
            ) => {
                name == found
                    && matches!(self.template.node(*base).map(|node| &node.expression), Some(Expression::Name(base)) if base == of)
            }
            _ => false,
        };
        let mut count = 0_u32;
        for node in range {
            match &node.expression {
                Expression::Condition { .. } => return false,
                Expression::Binary(operator, left, right) if grows(operator) => {
                    count = count.saturating_add(u32::from(is_target(left)));
                    count = count.saturating_add(u32::from(is_target(right)));
                }
                _ => {}
            }
        }
        count >= 2
    }

    fn defaults(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            if let Some(default) = parameter.default {
                let value = self.value(default);
                self.assign(&parameter.name, &value);
            }
        }
    }

    /// The end of a block: its text goes where the block says.
    fn close(&mut self, open: &mut Vec<Open<'t>>) {
        let Some(Open {
            statement,
            body,
            is_loop,
            ..
        }) = open.pop()
        else {
            return;
        };
        match statement {
            Statement::Macro(name, _) => self.assign(&printed_by(name), &body),
            Statement::CallBlock(_, call) => {
                self.assign(CALLER, &body);
                let printed = as_text(&self.value(*call));
                print(open, &printed);
            }
            Statement::SetBlock(target, None) => self.bind(target, &body),
            Statement::SetBlock(target, Some(filter)) => {
                self.body(*filter, &body);
                let value = self.value(*filter);
                self.bind(target, &value);
            }
            Statement::FilterBlock(filter) => {
                self.body(*filter, &body);
                let printed = self.value(*filter);
                print(open, &printed);
            }
            _ if is_loop => {
                let marks = body.dissolved().with(Marks::VARIED);
                print(open, &Value::open(marks));
            }
            // A branch: with it or without.
            _ => print(open, &body.or(&Value::text(""))),
        }
    }

    /// Gives `text` to the filter without an operand that `chain` begins with.
    fn body(&mut self, chain: NodeId, text: &Value) {
        let mut id = chain;
        while let Some(node) = self.template.node(id) {
            match &node.expression {
                Expression::Filter { of: None, .. } => {
                    let place = self.bodies.entry(id.index()).or_default();
                    self.changed |= place.join(text);
                    return;
                }
                Expression::Filter { of: Some(of), .. }
                | Expression::Attribute { of, .. }
                | Expression::Item { of, .. }
                | Expression::Slice { of, .. }
                | Expression::Call { of, .. }
                | Expression::Test { of, .. } => id = *of,
                _ => return,
            }
        }
    }
}

const CALLER: &str = "caller()";
const CALLER_ARGUMENTS: &str = "caller(…)";

/// Functions and objects that the engine itself gives to templates.
const OBJECTS: &[&str] = &[
    "self",
    "loop",
    "cycler",
    "joiner",
    "namespace",
    "lipsum",
    "dict",
    "range",
    "caller",
    "super",
    "raise_exception",
    "strftime_now",
    "url_for",
    "get_flashed_messages",
    "config",
    "request",
    "session",
    "g",
    "varargs",
    "kwargs",
];

/// The key of an attribute among the variables. No variable has a dot.
fn attribute_of(of: &str, name: &str) -> String {
    format!("{of}.{name}")
}

/// The key of what a macro prints.
fn printed_by(name: &str) -> String {
    format!("{name}()")
}

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::None => Value::constant(Constant::None),
        Literal::Bool(truth) => Value::constant(Constant::Bool(*truth)),
        Literal::Integer(number) => Value::constant(Constant::Integer(*number)),
        Literal::Float(_) => Value::open(Marks::NUMBER),
        Literal::Text(text) => Value::text(text),
    }
}

/// The marks of something that all of `values` went into.
fn gathered(values: &[Value]) -> Marks {
    let marks = values
        .iter()
        .fold(Marks::NONE, |marks, value| marks.with(value.dissolved()));
    if marks.is_open() {
        marks
    } else {
        marks.with(Marks::VARIED)
    }
}

/// What is left when `values` go into something that is not kept.
fn lost(values: &[&Value], marks: Marks) -> Value {
    Value::open(
        values
            .iter()
            .fold(marks, |marks, value| marks.with(value.dissolved())),
    )
}

/// As text: objects are written as `<…>`, numbers as digits.
fn as_text(value: &Value) -> Value {
    let mut text = as_text_of_object(value);
    if text.marks().has(Marks::NUMBER) {
        text = text.without(Marks::NUMBER).with(Marks::VARIED);
    }
    text
}

fn as_text_of_object(value: &Value) -> Value {
    if value.marks().has(Marks::OBJECT) {
        return value.clone().without(Marks::OBJECT).with(Marks::REPRESENTATION);
    }
    value.clone()
}

/// Why the name under which something is looked up cannot be told, where that matters.
fn unknown_name(of: &Value, name: &Value, access: Access) -> Option<Unknown> {
    let marks = name.marks();
    if !marks.is_open() {
        return None;
    }
    if marks.has(Marks::REPRESENTATION) {
        return Some(Unknown::Representation);
    }
    let without_numbers = marks.without(Marks::NUMBER);
    if !without_numbers.is_open() {
        return None;
    }
    if marks.has(Marks::SUSPECT) {
        return Some(Unknown::Assembled);
    }
    if marks.has(Marks::ESCAPED) {
        return Some(Unknown::Assembled);
    }
    if marks.has(Marks::OPAQUE) && !marks.has(Marks::DATA) {
        return Some(Unknown::Unfollowed);
    }
    let by_attribute = matches!(access, Access::AttrFilter);
    let of_object = of.marks().has(Marks::ESCAPED);
    (by_attribute || of_object).then_some(Unknown::Data)
}

fn magnitude(constant: &Constant) -> u64 {
    match constant {
        Constant::Integer(number) => number.unsigned_abs(),
        _ => 0,
    }
}

/// The largest number in a template of `%`.
fn widest(template: &str) -> u64 {
    template
        .split('%')
        .skip(1)
        .filter_map(|directive| {
            let digits: String = directive.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
        .max()
        .unwrap_or(0)
}

const fn opens(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::For { .. }
            | Statement::If(_)
            | Statement::SetBlock(..)
            | Statement::Macro(..)
            | Statement::CallBlock(..)
            | Statement::FilterBlock(_)
            | Statement::With(_)
            | Statement::Part
    )
}

/// The last expression of a statement: those of the next begin behind it.
fn last_node(statement: &Statement) -> Option<usize> {
    let id = match statement {
        Statement::Output(id)
        | Statement::If(id)
        | Statement::Elif(id)
        | Statement::Set(_, id)
        | Statement::FilterBlock(id)
        | Statement::CallBlock(_, id)
        | Statement::Do(id)
        | Statement::Other { template: id, .. } => *id,
        Statement::For { iterable, test, .. } => test.unwrap_or(*iterable),
        Statement::SetBlock(_, filter) => (*filter)?,
        Statement::Macro(_, parameters) => parameters.iter().rev().find_map(|parameter| parameter.default)?,
        Statement::With(values) => values.last()?.1,
        Statement::Text(_) | Statement::Else | Statement::Part | Statement::Jump | Statement::End => {
            return None;
        }
    };
    Some(id.index().saturating_add(1))
}

/// Adds `value` to what the innermost block prints.
fn print(open: &mut [Open<'_>], value: &Value) {
    let Some(innermost) = open.last_mut() else {
        return;
    };
    let body = &innermost.body;
    let is_known = !body.marks().is_open() && !value.marks().is_open();
    innermost.body = match (body.may(), value.may()) {
        (may, more) if is_known && may.len().saturating_mul(more.len()) <= 16 => {
            let mut joined = Value::default();
            for before in may {
                for after in more {
                    if let Folded::Is(text) = fold::binary(Operator::Concatenate, before, after) {
                        joined.join(&Value::constant(text));
                    }
                }
            }
            joined
        }
        _ => lost(&[body, value], Marks::VARIED),
    };
    debug_assert!(
        innermost
            .body
            .may()
            .iter()
            .all(|text| text.length() <= TEXT_BYTES as u64)
    );
}

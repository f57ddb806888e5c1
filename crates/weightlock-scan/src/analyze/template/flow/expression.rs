//! What an expression can be, from what it is made of.

use weightlock_format::jinja::{Expression, Literal, NodeId, Operator};

use super::{Flow, as_text, as_text_of_object, gathered, lost};
use crate::{
    analyze::template::{
        fold::{self, Folded},
        value::{Constant, Marks, Value},
    },
    observation::template::{Access, Seen, Work},
};

impl<'t> Flow<'t> {
    pub(super) fn expression(&mut self, expression: &'t Expression, offset: u64, index: usize) -> Value {
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
            Operator::Remainder => {
                self.widths(&left, offset);
                right = as_text_of_object(&right);
            }
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

    pub(super) fn work(&mut self, work: Work, amount: u64, offset: u64) {
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
}

/// Functions and objects that the engine itself gives to templates.
pub(super) const OBJECTS: &[&str] = &[
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

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::None => Value::constant(Constant::None),
        Literal::Bool(truth) => Value::constant(Constant::Bool(*truth)),
        Literal::Integer(number) => Value::constant(Constant::Integer(*number)),
        Literal::Float(_) => Value::open(Marks::NUMBER),
        Literal::Text(text) => Value::text(text),
    }
}

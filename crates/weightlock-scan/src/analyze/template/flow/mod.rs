//! What each expression of a template can be, and what the template reaches by it.
//!
//! 1. Every expression is computed in order from those that it is made of: constants are folded, the rest is marked.
//! 2. Every tag that assigns joins the value into its variable. Variables have no order and no scope: a variable may
//!    be whatever is assigned to it anywhere, so branches, loops and macros need no walk of their own.
//! 3. Both are repeated until nothing changes. Values only grow, and are widened when they keep growing.
//! 4. Then what is of interest is put down, once.

mod access;
mod arguments;
mod call;
mod expression;
mod filter;
mod statement;

use std::collections::BTreeMap;

use weightlock_format::jinja::{Expression, NodeId, Parameter, Statement, Template};

use super::{
    fold::Folded,
    value::{Constant, Marks, Value},
};
use crate::observation::template::Seen;

/// Rounds after which what still grows is widened.
const WIDEN_AFTER: u32 = 4;
/// Rounds that are granted.
const ROUNDS: u32 = 24;
/// Work on constants that is granted to one template: characters and items that are looked at. Published templates
/// need a hundredth.
pub(super) const FUEL: u64 = 2_000_000;
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

    fn expression_of(&self, id: NodeId) -> Option<&'t Expression> {
        self.template.node(id).map(|node| &node.expression)
    }

    fn offset_of(&self, id: NodeId) -> u64 {
        self.template.node(id).map_or(0, |node| node.offset)
    }

    /// Takes `amount` from what is granted. Tells whether there was enough.
    fn spend(&mut self, amount: u64) -> bool {
        self.fuel = self.fuel.saturating_sub(amount);
        self.outcome.exhausted |= self.fuel == 0;
        self.fuel > 0
    }

    /// What a loop over `value` meets.
    fn items(&mut self, value: &Value) -> Value {
        if self.spend(value.weight()) {
            return value.items();
        }
        Value::open(value.dissolved().without(Marks::OBJECT).with(Marks::VARIED))
    }

    fn value(&self, id: NodeId) -> Value {
        self.values.get(id.index()).cloned().unwrap_or_default()
    }

    fn see(&mut self, offset: u64, seen: Seen) {
        if self.reporting && self.outcome.seen.len() < SEEN {
            self.outcome.seen.push((offset, seen));
        }
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
        let weight = operands
            .iter()
            .map(|operand| operand.weight())
            .fold(1, u64::saturating_add);
        let granted = self.spend(weight.saturating_mul(combinations.min(COMBINATIONS) as u64));
        if combinations > COMBINATIONS || !granted {
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
}

const CALLER: &str = "caller()";
const CALLER_ARGUMENTS: &str = "caller(…)";
const LOOP_ARGUMENTS: &str = "loop(…)";

/// The key of an attribute among the variables. No variable has a dot.
fn attribute_of(of: &str, name: &str) -> String {
    format!("{of}.{name}")
}

/// The key of what a macro prints.
fn printed_by(name: &str) -> String {
    format!("{name}()")
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

fn magnitude(constant: &Constant) -> u64 {
    match constant {
        Constant::Integer(number) => number.unsigned_abs(),
        _ => 0,
    }
}

//! Tags: what they assign, print, repeat and take in.

use weightlock_format::jinja::{Expression, NodeId, Operator, Parameter, Statement, Target};

use super::{
    CALLER, CALLER_ARGUMENTS, Flow, LOOP_ARGUMENTS, as_text, attribute_of, lost, magnitude, printed_by,
};
use crate::{
    analyze::template::{
        fold::{self, Folded},
        value::{Constant, Marks, TEXT_BYTES, Value},
    },
    observation::template::{Seen, Work},
};

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
    fn bind(&mut self, target: &Target, value: &Value) {
        match target {
            Target::Name(name) => self.assign(name, value),
            Target::Attribute(of, name) => self.assign(&attribute_of(of, name), value),
            Target::Tuple(targets) => {
                self.spend(value.weight().saturating_mul(targets.len() as u64));
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

    pub(super) fn statements(&mut self) {
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
                        let offset = self.offset_of(*value);
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
        let items = self.items(&value);
        self.bind(target, &items);
        if let Some(again) = self.variables.get(LOOP_ARGUMENTS).cloned() {
            let items = self.items(&again);
            self.bind(target, &items);
        }
        let offset = self.offset_of(iterable);
        let own = self.turns(iterable, &value);
        if own > 1 && times > 1 {
            self.work(Work::Loops, own.saturating_mul(times), offset);
        }
        (own.max(1), true)
    }

    /// How often a loop over constants turns.
    fn turns(&self, iterable: NodeId, value: &Value) -> u64 {
        if let Some(Expression::Call { of, arguments }) = self.expression_of(iterable)
            && matches!(self.expression_of(*of), Some(Expression::Name(name)) if name == "range")
        {
            let bounds = arguments.all().flat_map(|bound| self.value(bound).may().to_vec());
            return bounds.map(|bound| magnitude(&bound)).max().unwrap_or(1);
        }
        value.may().iter().map(Constant::length).max().unwrap_or(1)
    }

    fn set(&mut self, target: &Target, value: NodeId) {
        if let (Target::Name(name), Some(Expression::Call { of, arguments })) =
            (target, self.expression_of(value))
            && matches!(self.expression_of(*of), Some(Expression::Name(name)) if name == "namespace")
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
        let is_target = |id: &NodeId| match (target, self.expression_of(*id)) {
            (Target::Name(name), Some(Expression::Name(found))) => name == found,
            (
                Target::Attribute(of, name),
                Some(Expression::Attribute {
                    of: base,
                    name: found,
                }),
            ) => {
                name == found
                    && matches!(self.expression_of(*base), Some(Expression::Name(base)) if base == of)
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
            Statement::Part(Some(name)) => {
                self.assign(&printed_by(&attribute_of("self", name)), &body);
                print(open, &body);
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
            | Statement::Part(_)
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
        Statement::Text(_) | Statement::Else | Statement::Part(_) | Statement::Jump | Statement::End => {
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

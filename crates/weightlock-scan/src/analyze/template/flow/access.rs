//! Names under which a template looks things up.

use weightlock_format::jinja::{Expression, NodeId};

use super::{Flow, attribute_of};
use crate::{
    analyze::template::{
        fold::{self, Folded},
        names,
        value::{Constant, Marks, Value},
    },
    observation::template::{Access, Seen, Unknown},
};

impl<'t> Flow<'t> {
    /// `of.name`, `of[key]`, `of|attr(name)` and the like.
    pub(super) fn access(&mut self, of: NodeId, name: &Value, access: Access, offset: u64) -> Value {
        if let Some(value) = self.namespaced(of, name) {
            return value;
        }
        let is_loop = matches!(
            self.expression_of(of),
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

    pub(super) fn reach(&mut self, of: &Value, name: &Value, access: Access, offset: u64) -> Value {
        let is_escaped = of.marks().has(Marks::ESCAPED);
        let mut escapes = is_escaped;
        for constant in name.may() {
            let Constant::Text(name) = constant else { continue };
            if matches!(name.as_str(), "format" | "format_map") {
                self.format_taken(of, access, offset);
            }
            let is_known = || {
                let found = |of: &Constant| matches!(fold::item(of, constant), Folded::Is(_));
                matches!(access, Access::Item) && of.may().iter().any(found)
            };
            let is_internal = names::is_internal(name) && !is_known();
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
        let names = (name.may().len() as u64).saturating_add(1);
        if !self.spend(of.weight().saturating_mul(names)) {
            return result.with(of.dissolved()).with(Marks::VARIED);
        }
        for constant in of.may() {
            if name.marks().is_open() {
                let all = Value::constant(constant.clone());
                result.join(&if matches!(constant, Constant::Dict(_)) {
                    all.values()
                } else {
                    self.items(&all)
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

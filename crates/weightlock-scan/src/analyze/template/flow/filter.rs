//! Filters.

use weightlock_format::jinja::{Arguments, NodeId};

use super::{Flow, as_text, as_text_of_object, largest, lost};
use crate::{
    analyze::template::{
        fold::{self, Folded},
        value::{Constant, Marks, Value},
    },
    observation::template::{Access, Work},
};

impl<'t> Flow<'t> {
    pub(super) fn filter(&mut self, of: &Value, name: &str, arguments: &'t Arguments, offset: u64) -> Value {
        let all: Vec<Value> = arguments.all().map(|argument| self.value(argument)).collect();
        self.attribute_arguments(of, name, arguments, offset);
        let first = all.first().cloned().unwrap_or_default();
        match name {
            "attr" => return self.reach(of, &first, Access::AttrFilter, offset),
            "map" => return self.map(of, arguments, offset),
            "select" | "reject" | "selectattr" | "rejectattr" | "groupby" | "batch" | "slice" => {
                if matches!(name, "batch" | "slice") {
                    self.work(Work::Repetition, largest(&all), offset);
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
                self.work(Work::Repetition, largest(&all), offset);
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
    pub(super) fn map(&mut self, of: &Value, arguments: &'t Arguments, offset: u64) -> Value {
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

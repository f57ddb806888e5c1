//! Filters.

use weightlock_format::jinja::Arguments;

use super::{Flow, arguments::Given, as_text, as_text_of_object, lost};
use crate::{
    analyze::template::{
        fold::{self, Folded},
        value::{Constant, Marks, Value},
    },
    observation::template::{Access, Work},
};

impl Flow<'_> {
    pub(super) fn filter(&mut self, of: &Value, name: &str, arguments: &Arguments, offset: u64) -> Value {
        let given = self.given(arguments);
        self.attribute_arguments(of, name, &given, offset);
        let first = given.argument(0, "name").unwrap_or_default();
        match name {
            "attr" => return self.reach(of, &first, Access::AttrFilter, offset),
            "map" => return self.map(of, &given, offset),
            "select" | "reject" | "selectattr" | "rejectattr" | "groupby" | "batch" | "slice" => {
                if matches!(name, "batch" | "slice") {
                    self.work(Work::Repetition, given.largest(), offset);
                }
                return lost(&[of], Marks::OBJECT.with(Marks::VARIED));
            }
            "default" | "d" => {
                let default = given.argument(0, "default_value").unwrap_or_default();
                return of.clone().or(&default);
            }
            "random" | "min" | "max" => return self.items(of),
            "first" | "last" if of.may().is_empty() => return self.items(of),
            "list" | "join" | "sort" | "unique" | "reverse" | "sum" if of.may().is_empty() => {
                return lost(&[&self.items(of), &first], Marks::NONE);
            }
            "length" | "count" | "int" | "float" | "abs" | "round" | "wordcount" if of.may().is_empty() => {
                return Value::open(Marks::NUMBER);
            }
            "center" | "indent" => self.work(Work::Repetition, given.largest(), offset),
            "format" => self.widths(of, offset),
            _ => {}
        }
        self.folded(of, name, &given)
    }

    /// A filter that makes a text or list of what it is given.
    fn folded(&mut self, of: &Value, name: &str, given: &Given) -> Value {
        let makes_text = matches!(
            name,
            "string" | "e" | "escape" | "safe" | "forceescape" | "pprint" | "urlencode"
        );
        let of = if makes_text { as_text(of) } else { of.clone() };
        let texts: Vec<Value> = given.values().map(as_text_of_object).collect();
        let mut operands = vec![&of];
        operands.extend(&texts);
        let is_plain = given.named.is_empty() && given.is_exact();
        let result = self.combine(&operands, Marks::OPAQUE, |operands| {
            match operands.split_first() {
                Some((of, arguments)) if is_plain => fold::filter(of, name, arguments),
                _ => Folded::Unfollowed,
            }
        });
        match given.rest {
            Some(rest) => result.with(rest),
            None => result,
        }
    }

    /// `'%1000000000d'|format(1)`
    pub(super) fn widths(&mut self, of: &Value, offset: u64) {
        let widths = of.may().iter().filter_map(|of| match of {
            Constant::Text(text) => Some(widest(text)),
            _ => None,
        });
        let most = widths.max().unwrap_or(0);
        self.work(Work::Repetition, most, offset);
    }

    /// Arguments of filters that are names of attributes.
    fn attribute_arguments(&mut self, of: &Value, name: &str, given: &Given, offset: u64) {
        let Some((_, position)) = ATTRIBUTE_ARGUMENTS.iter().find(|(filter, _)| *filter == name) else {
            return;
        };
        if let Some(path) = given.argument(*position, "attribute") {
            self.path(of, &path, offset);
        }
    }

    /// Attributes separated by dots.
    fn path(&mut self, of: &Value, path: &Value, offset: u64) -> Value {
        let items = self.items(of);
        let mut reached = items.clone();
        for constant in path.may() {
            let Constant::Text(path) = constant else { continue };
            let mut object = items.clone();
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
    fn map(&mut self, of: &Value, given: &Given, offset: u64) -> Value {
        if let Some((_, path)) = given.named.iter().find(|(name, _)| name == "attribute") {
            let reached = self.path(of, path, offset);
            return lost(&[&reached], Marks::OBJECT.with(Marks::VARIED));
        }
        let Some((filter, rest)) = given.positional.split_first() else {
            return lost(&[of], Marks::OBJECT.with(Marks::VARIED));
        };
        let first = rest.first().cloned().unwrap_or_default();
        let mut mapped = Value::open(Marks::OBJECT.with(filter.marks()));
        for constant in filter.may() {
            let Constant::Text(name) = constant else { continue };
            let result = match name.as_str() {
                "attr" => {
                    let items = self.items(of);
                    self.reach(&items, &first, Access::AttrFilter, offset)
                }
                // Filters that look up names themselves, within each item.
                "map" | "selectattr" | "rejectattr" | "groupby" | "sum" | "sort" | "min" | "max"
                | "unique" | "join" => {
                    let inner = self.items(of);
                    let paths = rest.iter().map(|path| self.path(&inner, path, offset));
                    let reached: Vec<Value> = paths.collect();
                    reached
                        .iter()
                        .fold(self.mapped(of, name, rest), |mapped, path| mapped.or(path))
                }
                _ => self.mapped(of, name, rest),
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
            if !self.spend(constant.length()) {
                return Value::open(of.dissolved().with(Marks::OPAQUE));
            }
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

/// Filters that take the name of an attribute, and at which position; by name it is `attribute`.
const ATTRIBUTE_ARGUMENTS: &[(&str, usize)] = &[
    ("selectattr", 0),
    ("rejectattr", 0),
    ("groupby", 0),
    ("sum", 0),
    ("join", 1),
    ("min", 1),
    ("max", 1),
    ("unique", 1),
    ("sort", 2),
];

//! The arguments of a call, with those that are unpacked in their places.

use weightlock_format::jinja::Arguments;

use super::{Flow, gathered, magnitude};
use crate::analyze::template::value::{Constant, Marks, Value};

/// What a function, method or filter is given.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
    /// What was unpacked and may be any further argument.
    pub(super) rest: Option<Marks>,
}

impl Flow<'_> {
    /// Evaluates `arguments`.
    pub(super) fn given(&self, arguments: &Arguments) -> Given {
        let mut given = Given {
            positional: arguments.positional.iter().map(|id| self.value(*id)).collect(),
            named: arguments
                .named
                .iter()
                .map(|(name, id)| (name.clone(), self.value(*id)))
                .collect(),
            rest: None,
        };
        for id in &arguments.unpacked {
            given.unpack(&self.value(*id));
        }
        given
    }
}

impl Given {
    fn unpack(&mut self, value: &Value) {
        match value.may() {
            [Constant::Dict(pairs)] => {
                for (name, value) in pairs {
                    let name = name.text().unwrap_or_default();
                    self.named.push((name, Value::constant(value.clone())));
                }
            }
            [list] => self
                .positional
                .extend(list.items().into_iter().map(Value::constant)),
            _ => self.lose(value.dissolved()),
        }
        if value.marks().is_open() {
            self.lose(value.dissolved());
        }
    }

    fn lose(&mut self, marks: Marks) {
        let rest = self.rest.unwrap_or(Marks::VARIED);
        self.rest = Some(rest.with(marks));
    }

    /// The argument at `position`, or called `name`, or what may be it.
    pub(super) fn argument(&self, position: usize, name: &str) -> Option<Value> {
        let named = self.named.iter().find(|(found, _)| found == name);
        let found = self.positional.get(position).or(named.map(|(_, value)| value));
        found.cloned().or(self.rest.map(Value::open))
    }

    /// All values, in order.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.positional
            .iter()
            .chain(self.named.iter().map(|(_, value)| value))
    }

    /// The marks of something that all of them went into.
    pub(super) fn gathered(&self) -> Marks {
        let values: Vec<Value> = self.values().cloned().collect();
        gathered(&values).with(self.rest.unwrap_or(Marks::NONE))
    }

    /// The largest number among them.
    pub(super) fn largest(&self) -> u64 {
        self.values()
            .flat_map(Value::may)
            .map(magnitude)
            .max()
            .unwrap_or(0)
    }

    /// Whether nothing was lost.
    pub(super) const fn is_exact(&self) -> bool {
        self.rest.is_none()
    }
}

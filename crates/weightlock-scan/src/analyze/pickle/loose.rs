//! [`Loose`]: callables that a file puts together itself, and the objects that they lie in.
//!
//! A name is judged where it is imported. What `functools.partial`, `getattr` or a getter gives is a name together with
//! arguments that the file has chosen, so somebody else's harmless call of it does what the file says. An object whose
//! state holds a callable is no better: `numpy.hypot(x, y)` calls `x.hypot(y)`, and `dict(x)` calls `x.keys()`. Both are
//! harmless where they are kept and not called: as an attribute of an object of a library, in a list, in a dict. No
//! pickler hands one to a call.

use std::collections::HashSet;

use weightlock_format::pickle::{Value, Values};

/// Callables that the file puts together, and the objects that were given one.
#[derive(Debug, Default)]
pub(super) struct Loose {
    all: HashSet<Value>,
    /// Those that a state made so: their methods call what the file says.
    by_state: HashSet<Value>,
    /// Objects of libraries whose state the file has chosen.
    stateful: HashSet<Value>,
}

impl Loose {
    pub(super) fn add(&mut self, value: Value) {
        self.all.insert(value);
    }

    pub(super) fn add_by_state(&mut self, value: Value) {
        self.all.insert(value);
        self.by_state.insert(value);
    }

    pub(super) fn add_stateful(&mut self, value: Value) {
        self.stateful.insert(value);
    }

    pub(super) fn is_stateful(&self, value: Value) -> bool {
        self.stateful.contains(&value)
    }

    /// It is replaced by something plain.
    pub(super) fn replace(&mut self, value: Value) {
        self.all.remove(&value);
        self.by_state.remove(&value);
        self.stateful.remove(&value);
    }

    pub(super) fn is(&self, value: Value) -> bool {
        self.all.contains(&value)
    }

    pub(super) fn is_by_state(&self, value: Value) -> bool {
        self.by_state.contains(&value)
    }

    /// The first of them that `value` is or holds, in containers in containers. Steps are counted as in
    /// [`Values::instances_in`].
    pub(super) fn within(&self, value: Value, values: &Values, steps: &mut u64) -> Option<Value> {
        if self.all.is_empty() {
            return None;
        }
        let mut found = values.instances_in(value, steps).into_iter();
        found.find(|&found| self.is(found))
    }
}

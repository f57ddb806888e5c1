//! [`Loose`]: callables that a file puts together itself, and what they lie in.
//!
//! A name is judged where it is imported. What `functools.partial`, `getattr` or a getter gives is a name together with
//! arguments that the file has chosen, so somebody else's harmless call of it does what the file says. It is harmless
//! where it is kept and not called: as an attribute of an object of a library, in a list, in a dict.

use std::collections::HashSet;

use weightlock_format::pickle::{Value, Values};

/// Callables that the file puts together, and the objects that were given one.
#[derive(Debug, Default)]
pub(super) struct Loose(HashSet<Value>);

impl Loose {
    pub(super) fn add(&mut self, value: Value) {
        self.0.insert(value);
    }

    pub(super) fn is(&self, value: Value) -> bool {
        self.0.contains(&value)
    }

    /// The first of them that `value` is or holds, in containers in containers. Steps are counted as in
    /// [`Values::instances_in`].
    pub(super) fn within(&self, value: Value, values: &Values, steps: &mut u64) -> Option<Value> {
        if self.0.is_empty() {
            return None;
        }
        let mut found = values.instances_in(value, steps).into_iter();
        found.find(|&found| self.is(found))
    }
}

//! What compiled Python code names.

use std::fmt;

use crate::imports::Capability;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A compiled module.
    Module {
        /// What it reaches; `None` when it could not be read.
        reached: Option<Vec<Reached>>,
    },
}

/// A name that code uses, and what it can do with it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reached {
    /// The module that the name belongs to; empty for an attribute that any object has.
    pub module: String,
    /// The name.
    pub name: String,
    /// What it can do.
    pub capabilities: &'static [Capability],
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.module.as_str() {
            "" | "builtins" => f.write_str(&self.name),
            module => write!(f, "{module}.{}", self.name),
        }
    }
}

/// At most `most` of `reached`, in one line.
#[must_use]
pub fn line(reached: &[Reached], most: usize) -> String {
    let shown: Vec<_> = reached.iter().take(most).map(ToString::to_string).collect();
    let left = reached.len().saturating_sub(most);
    match left {
        0 => shown.join(", "),
        _ => format!("{} and {left} more", shown.join(", ")),
    }
}

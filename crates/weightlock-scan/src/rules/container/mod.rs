//! Rules on what archives and compressed streams hold and how their readers disagree.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

//! Rules on what the remaining formats declare.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

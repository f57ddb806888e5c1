//! Rules on what a pickle does.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

//! Rules on what chat templates do.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

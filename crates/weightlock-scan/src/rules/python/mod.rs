//! Rules on what Python source does.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

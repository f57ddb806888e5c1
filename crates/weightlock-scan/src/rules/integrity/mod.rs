//! Rules on files that break their format.

mod broken_format;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[&broken_format::RULE];

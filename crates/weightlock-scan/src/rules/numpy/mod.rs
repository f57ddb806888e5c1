//! Rules on what NumPy and joblib files declare.

mod broken_header;
mod object_array;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[&broken_header::RULE, &object_array::RULE];

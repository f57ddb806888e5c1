//! Rules on what NumPy and joblib files declare.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

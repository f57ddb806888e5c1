//! Rules on compiled Python code.

mod compiled_module;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[&compiled_module::RULE];

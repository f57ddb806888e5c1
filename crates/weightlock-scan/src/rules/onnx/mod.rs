//! Rules on what ONNX models refer to and call.

mod external_path;
mod inflation;
mod python_operator;
mod unknown_operator;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &external_path::RULE,
    &python_operator::RULE,
    &unknown_operator::RULE,
    &inflation::RULE,
];

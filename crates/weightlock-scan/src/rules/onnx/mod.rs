//! Rules on what ONNX models refer to and call.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

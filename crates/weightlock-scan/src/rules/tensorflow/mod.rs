//! Rules on what TensorFlow graphs and TensorFlow Lite models call.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

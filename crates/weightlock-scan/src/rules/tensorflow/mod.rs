//! Rules on what TensorFlow, TensorFlow Lite and Core ML models call.

mod asset_path;
mod custom_operator;
mod operator;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[&operator::RULE, &asset_path::RULE, &custom_operator::RULE];

//! Rules on what PyTorch containers declare.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

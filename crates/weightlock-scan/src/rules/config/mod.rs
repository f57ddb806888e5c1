//! Rules on what configuration files ask for: remote code, targets, loaders.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

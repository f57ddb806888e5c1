//! Rules on secrets, addresses and similar in metadata and text.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];

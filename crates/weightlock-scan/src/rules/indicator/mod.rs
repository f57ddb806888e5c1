//! Rules on secrets, addresses and similar in metadata and text.

mod in_metadata;
mod secret;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[&in_metadata::RULE, &secret::RULE];

//! Rules on content of another kind where none belongs: executables, archives and pickles hidden in data, text or behind the end.

mod hidden_in_metadata;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[&hidden_in_metadata::RULE];

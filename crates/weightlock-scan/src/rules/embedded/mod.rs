//! Rules on content of another kind where none belongs: executables, archives and pickles hidden in data, text or behind the end.

mod hidden_in_metadata;

mod executable;
mod hidden_content;
mod misleading_name;
mod polyglot;
use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &executable::RULE,
    &hidden_content::RULE,
    &misleading_name::RULE,
    &polyglot::RULE,
    &hidden_in_metadata::RULE,
];

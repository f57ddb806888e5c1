//! Rules on what archives and compressed streams hold and how their readers disagree.

mod bomb;
mod digest;
mod duplicate_member;
mod foreign_bytes;
mod hidden_member;
mod link;
mod method;
mod nesting;
mod path_escape;
mod readers_disagree;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &bomb::RULE,
    &digest::RULE,
    &duplicate_member::RULE,
    &foreign_bytes::RULE,
    &hidden_member::RULE,
    &link::RULE,
    &method::RULE,
    &nesting::RULE,
    &path_escape::RULE,
    &readers_disagree::RULE,
];

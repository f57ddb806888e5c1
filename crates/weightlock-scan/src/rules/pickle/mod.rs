//! Rules on what a pickle does.

mod code_execution;
mod computed_import;
mod dotted_name;
mod extension;
mod foreign_buffer;
mod global_import;
mod known_class;
mod malformed;
mod nested_stream;
mod object_rewrite;
mod persistent_id;
mod reflection;
mod resource_abuse;
mod unknown_import;
mod unusual_literal;
mod verdict;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &code_execution::RULE,
    &reflection::RULE,
    &global_import::RULE,
    &unknown_import::RULE,
    &known_class::RULE,
    &computed_import::RULE,
    &dotted_name::RULE,
    &object_rewrite::RULE,
    &persistent_id::RULE,
    &extension::RULE,
    &malformed::RULE,
    &unusual_literal::RULE,
    &resource_abuse::RULE,
    &nested_stream::RULE,
    &foreign_buffer::RULE,
];

//! Rules on what chat templates do.

mod code_reach;
mod computed_name;
mod differs;
mod foreign_function;
mod format_string;
mod inclusion;
mod internal_access;
mod resource_abuse;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &code_reach::RULE,
    &computed_name::RULE,
    &differs::RULE,
    &foreign_function::RULE,
    &format_string::RULE,
    &inclusion::RULE,
    &internal_access::RULE,
    &resource_abuse::RULE,
];

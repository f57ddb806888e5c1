//! Rules on XML, R and Torch7.

mod lua_code;
mod native_library;
mod r_code;
mod xml_entities;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &xml_entities::RULE,
    &native_library::RULE,
    &r_code::RULE,
    &lua_code::RULE,
];

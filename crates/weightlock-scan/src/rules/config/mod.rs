//! Rules on what configuration files ask for: remote code, targets, loaders.

mod adapter_base;
mod interpolation;
mod language_tag;
mod loader_module;
mod package_source;
mod path_escape;
mod remote_code;
mod skops_node;
mod target;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &adapter_base::RULE,
    &interpolation::RULE,
    &language_tag::RULE,
    &loader_module::RULE,
    &package_source::RULE,
    &path_escape::RULE,
    &remote_code::RULE,
    &skops_node::RULE,
    &target::RULE,
];

//! Rules on what configuration files ask for: remote code, targets, loaders.

mod adapter_base;
mod package_source;
mod path_escape;
mod remote_code;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &adapter_base::RULE,
    &package_source::RULE,
    &path_escape::RULE,
    &remote_code::RULE,
];

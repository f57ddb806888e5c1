//! Rules on what NumPy and joblib files declare.

mod broken_header;
mod joblib_external_file;
mod joblib_unknown_array;
mod object_array;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &broken_header::RULE,
    &joblib_external_file::RULE,
    &joblib_unknown_array::RULE,
    &object_array::RULE,
];

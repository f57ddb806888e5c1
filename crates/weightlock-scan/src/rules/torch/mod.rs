//! Rules on what PyTorch containers declare.

mod device_operator;
mod export_expression;
mod export_target;
mod script_file_access;
mod script_python_operator;
mod script_remote_call;
mod script_unknown_operator;
mod storage_mismatch;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &device_operator::RULE,
    &export_expression::RULE,
    &export_target::RULE,
    &script_file_access::RULE,
    &script_python_operator::RULE,
    &script_remote_call::RULE,
    &script_unknown_operator::RULE,
    &storage_mismatch::RULE,
];

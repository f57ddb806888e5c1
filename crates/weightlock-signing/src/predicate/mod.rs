//! Predicates of our own statements: one file each.

mod binding;
pub mod leaves;
pub mod scan;
pub mod verity;

//! Predicates of our own statements: one file each.

pub mod leaves;
pub mod scan;

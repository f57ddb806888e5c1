//! The version of the tables; written by `cargo xtask imports --stamp` when they change.

/// The version of the tables. It goes into reports, so that two verdicts can be compared.
pub const VERSION: &str = "19";

/// The SHA-256 of the tables of this version, so that none changes without a new one.
pub const DIGEST: &str = "2a2b66c0943ee0f93c064a0cd8eadfe1d0e6bf48486edfadc8dfa3b9915921c9";

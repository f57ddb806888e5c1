//! The version of the tables; written by `cargo xtask imports --stamp` when they change.

/// The version of the tables. It goes into reports, so that two verdicts can be compared.
pub const VERSION: &str = "18";

/// The SHA-256 of the tables of this version, so that none changes without a new one.
pub const DIGEST: &str = "89faf6893b5196b7c7d8fa115bee73240eb4c259231c2a4734aa5fe183ed4e3b";

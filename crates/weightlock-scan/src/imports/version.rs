//! The version of the tables; written by `cargo xtask imports --stamp` when they change.

/// The version of the tables. It goes into reports, so that two verdicts can be compared.
pub const VERSION: &str = "7";

/// The SHA-256 of the tables of this version, so that none changes without a new one.
pub const DIGEST: &str = "77fdd2ab0ad067464a1e0167ee2a211cae41bd9cdf6c7577ad6bd3a0dd93ddb7";

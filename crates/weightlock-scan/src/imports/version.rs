//! The version of the tables; written by `cargo xtask imports --stamp` when they change.

/// The version of the tables. It goes into reports, so that two verdicts can be compared.
pub const VERSION: &str = "15";

/// The SHA-256 of the tables of this version, so that none changes without a new one.
pub const DIGEST: &str = "e78bd90a7751e5feda70cd590415a6ee6fb66e93827f4203dcbfd3cf1e16bdb8";

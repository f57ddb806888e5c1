//! Guarded loads of signed models on disk.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

mod races;

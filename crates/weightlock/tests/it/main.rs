//! The binary as a user runs it: one module per topic.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

mod hostile;
mod oms_native;
mod oms_vectors;
mod run;
mod sign;
mod vectors;
mod verify;

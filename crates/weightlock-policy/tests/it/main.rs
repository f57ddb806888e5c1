//! What policies demand and what they are given.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; a fault in them is a failed test"
)]

mod audits;
mod cases;
mod documents;
mod given;
mod locks;
mod noes;
mod properties;
mod seeds;
mod summaries;
mod waivers;

//! The client against real servers on this machine, honest and hostile.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod calls;
mod proxies;
mod server;
mod tls;

//! A blocking HTTP/1.1 client over `ureq` and `rustls`.
//!
//! Why these: `ureq` is a small client without a runtime, whose limits are settings and which follows no proxy or redirect
//! by itself once it is told so; a client with a runtime would bring some sixty crates for a handful of calls. `rustls`
//! speaks TLS 1.2 and 1.3 with `ring`, which needs a C compiler. Only this room has it: the verify half is built without
//! ([adr 1](../../../docs/adr/0001-crypto-backend.md)).
//!
//! A call works like this:
//!
//! 1. Headers and secrets are checked; a secret goes over TLS, or to this machine.
//! 2. A thread makes the call; the caller's thread waits for it, and gives up at the end of the time or when the user wants
//!    to stop. A thread that is given up ends by its own time limit, or with the process.
//! 3. A redirect of a `GET` within the same scheme, host and port is followed a few times, every other one refused.
//! 4. The body is read under its limit. What is compressed although nobody asked for it is refused.

mod call;
mod client;
mod failure;
mod settings;
mod tls;

pub use call::{Call, Response};
pub use client::Client;
pub use settings::{Proxies, Roots, Settings, Stop};

//! Integration tests: a module a topic.
#![allow(clippy::unwrap_used, reason = "tests")]
mod containers;
mod corpus;
mod graphs;
mod seeds;

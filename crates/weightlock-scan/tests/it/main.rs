//! Integration tests: a module a topic.
#![allow(clippy::unwrap_used, reason = "tests")]
mod containers;
mod corpus;
mod documents;
mod graphs;
mod pickles;
mod keras;
mod seeds;
mod torch;
mod source;
mod others;
mod hub;
mod templates;
mod tensor_files;

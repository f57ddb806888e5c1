//! Integration tests: a module a topic.
#![allow(clippy::unwrap_used, reason = "tests")]
mod containers;
mod corpus;
mod documents;
mod graphs;
mod hub;
mod keras;
mod limits;
mod others;
mod pickles;
mod seeds;
mod sniffing;
mod source;
mod templates;
mod tensor_files;
mod torch;

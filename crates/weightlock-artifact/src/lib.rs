//! A model as a tree of files.
//!
//! This crate is the ground everything else stands on: names that are safe to open ([`path`]), digests
//! ([`digest`]), what is in a folder now ([`inventory`](crate)), the canonical list of it
//! ([`manifest`](crate)), what changed ([`drift`](crate)), and where evidence about it lies
//! ([`evidence`](crate)).

pub mod digest;
pub mod path;
pub mod reason;
pub mod text;

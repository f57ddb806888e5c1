//! The tests of this crate from outside: a module a topic.

mod folder;
mod promises;
mod sources;
mod strangers;
mod vectors;

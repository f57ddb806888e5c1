//! The binary as a user runs it: one module per topic.

mod run;
mod sign;
mod verify;

//! Pickle, protocols 0 to 5: what would loading a stream do?
//!
//! <https://docs.python.org/3/library/pickle.html>, and CPython's `Modules/_pickle.c` where the documents are silent.
//!
//! ```text
//! file   = stream (padding? stream)*
//! stream = (opcode argument)* STOP
//! ```
//!
//! A pickle is a program for a machine with a stack and a memo. [`read`] runs it with values of which nothing is
//! executed, and tells an [`Observer`] what a loader would import, call and change, each with its offset and opcode.
//! Input is streamed, memory is bounded, and nothing recurses on it.

mod abuse;
mod evaluate;
mod event;
mod fault;
mod input;
mod listing;
mod literal;
mod machine;
mod memo;
mod names;
mod opcode;
mod probe;
mod value;

pub(crate) use self::probe::is_head;
pub use self::{
    event::{Event, Inline, Observer, What},
    fault::Fault,
    input::Frames,
    listing::{Listing, Row},
    machine::{Stream, read},
    opcode::Op,
    probe::{calls_from_start, could_import, is_stream, is_text_stream, next_stream, padding},
    value::{Global, Instance, Items, Value, Values, View},
};

#[cfg(test)]
mod tests;

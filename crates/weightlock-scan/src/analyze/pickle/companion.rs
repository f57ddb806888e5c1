//! [`Companion`]: what a container adds to the meaning of the pickles in it.
//!
//! PyTorch answers persistent ids, defines classes and keeps tensors elsewhere; joblib puts the bytes of arrays between
//! the opcodes. Their analyzers implement this, and the pickle's own does the rest.

use weightlock_format::pickle::{Event, Inline, Value, Values};

use crate::analyze::Examination;

/// What follows a BUILD.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Follows {
    /// Opcodes, bytes or a pickle.
    pub(crate) inline: Inline,
    /// How many of the bytes are padding before an array.
    pub(crate) padding: u64,
}

/// What a container makes of a persistent id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Id {
    /// The container defines no ids.
    Undefined,
    /// The container defines ids, and this is none of them.
    Illegal,
    /// An id as the container defines it.
    Legal,
}

/// Someone who knows the container.
pub(crate) trait Companion {
    /// Loading would do something.
    fn see(&mut self, event: &Event, values: &Values) {
        let _ = (event, values);
    }

    /// `object` got its `state`; `next` is the offset of the byte behind the BUILD.
    fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Follows {
        let _ = (object, state, next, values);
        Follows::default()
    }

    /// What the container makes of a persistent id.
    fn id(&self, id: Value, values: &Values) -> Id {
        let _ = (id, values);
        Id::Undefined
    }

    /// Whether the container itself defines `name` in `module`, so that importing it reaches nothing outside.
    fn defines(&self, module: &str, name: &str) -> bool {
        let _ = (module, name);
        false
    }

    /// Puts down what was seen in a stream; called at its end.
    fn report(&mut self, exam: &mut Examination<'_>) {
        let _ = exam;
    }
}

/// Nobody.
impl Companion for () {}

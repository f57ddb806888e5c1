//! [`Event`]: what loading a stream would do, and [`Observer`]: who is told.

use super::{Op, Value, Values};

/// Something that loading would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// The offset of the opcode.
    pub offset: u64,
    /// The opcode.
    pub op: Op,
    /// What it does.
    pub what: What,
}

/// What an opcode does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum What {
    /// Imports. The value is a [`super::View::Global`].
    Import {
        /// What.
        global: Value,
    },
    /// Calls.
    Call {
        /// What is called: a global, or the result of another call.
        callable: Value,
        /// The arguments: a tuple, unless the stream is odd.
        args: Value,
        /// Arguments by name; [`Value::NONE`] when there are none.
        kwargs: Value,
        /// What stands for the result: an instance, or a constant where the call was worked out.
        result: Value,
    },
    /// Gives an object its state: calls its `__setstate__`, or else changes its attributes.
    Build {
        /// The object.
        object: Value,
        /// The state.
        state: Value,
    },
    /// Calls `append`, `extend`, `add` or `__setitem__` of something that is not a plain container.
    Modify {
        /// The object.
        object: Value,
        /// A tuple of what it is given.
        items: Value,
    },
    /// Hands a persistent id to the program that loads the stream.
    Persistent {
        /// The id.
        id: Value,
        /// What stands for the answer.
        result: Value,
    },
    /// Takes what the program that loads the stream registered under a number, which nothing in the stream did.
    Extension {
        /// The number.
        code: i64,
    },
    /// Takes a buffer that is not in the stream.
    Buffer,
    /// Something that picklers do not write, and that readers understand differently.
    Unusual {
        /// What, in words.
        what: &'static str,
    },
    /// Asks for more than any honest stream.
    Abuse {
        /// What, in words.
        what: &'static str,
        /// How much.
        asked: u64,
    },
}

/// What follows in the stream behind BUILD.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Inline {
    /// The next opcode.
    #[default]
    Opcodes,
    /// This many bytes that are no opcodes, then the next opcode: the loader of the object reads them itself.
    Data(u64),
    /// A whole pickle with a stack and a memo of its own, then the next opcode.
    Pickle,
}

/// Is told what loading would do, in order.
pub trait Observer {
    /// Something would be done.
    fn see(&mut self, event: &Event, values: &Values);

    /// An object got its state; `next` is the offset of the byte behind the BUILD. Tells what follows there: joblib
    /// puts the bytes of an array behind the BUILD of its wrapper.
    fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Inline {
        let _ = (object, state, next, values);
        Inline::Opcodes
    }

    /// An opcode has been done; `stack` is what lies on the stack since the last mark. For listings.
    fn step(&mut self, offset: u64, op: Op, stack: &[Value], values: &Values) {
        let _ = (offset, op, stack, values);
    }
}

/// Keeps every event.
impl Observer for Vec<Event> {
    fn see(&mut self, event: &Event, _: &Values) {
        self.push(*event);
    }
}

/// Nobody.
impl Observer for () {
    fn see(&mut self, _: &Event, _: &Values) {}
}

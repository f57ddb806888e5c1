//! [`Fault`]: why an unpickler stops.

use weightlock_artifact::reason::Code;

use super::Op;
use crate::reason;

/// A rule of pickle that a stream breaks: CPython's unpickler raises there, and what came before has been done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A byte that is no opcode.
    #[error("byte {0:#04x} is no opcode")]
    Opcode(u8),
    /// A protocol that does not exist.
    #[error("protocol {0} does not exist")]
    Protocol(u8),
    /// The stack has too few values for the opcode, or they lie below a mark.
    #[error("{0} finds too few values on the stack")]
    Underflow(Op),
    /// The opcode needs a mark, and there is none.
    #[error("{0} finds no mark")]
    NoMark(Op),
    /// Nothing was put into the memo at this index.
    #[error("{0} takes a value from the memo that was never put there")]
    Memo(Op),
    /// A number in text is none.
    #[error("the argument of {0} is not a number")]
    Number(Op),
    /// A line is empty that must not be.
    #[error("the argument of {0} is empty")]
    EmptyLine(Op),
    /// The string is not quoted, or an escape in it is cut.
    #[error("the argument of {0} is not a quoted string")]
    Quotes(Op),
    /// An odd number of keys and values.
    #[error("{0} finds a key without a value")]
    OddItems(Op),
    /// A length or index is negative or beyond what a machine can count.
    #[error("the argument of {0} is negative or too large")]
    Range(Op),
    /// STACK_GLOBAL finds something else than text.
    #[error("STACK_GLOBAL finds a name that is not text")]
    NotAName,
    /// An extension code that is not positive.
    #[error("an extension code is not positive")]
    Extension,
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Protocol(_) => reason::UNSUPPORTED,
            _ => reason::MALFORMED,
        }
    }
}

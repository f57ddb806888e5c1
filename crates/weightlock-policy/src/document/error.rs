//! Why a text is no policy.

use weightlock_artifact::{reason::Code, text::Shown};

use crate::reason;

/// Why a document is used for nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct DocumentError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl DocumentError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::DOCUMENT
    }
}

/// What is wrong with a document.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is no TOML, or has a word that is not known, or a value of another type.
    #[error("{0}")]
    Form(String),
    /// It is too large.
    #[error("it is larger than {} bytes", super::MAX_BYTES)]
    Size,
    /// Another version than is known.
    #[error("its version is {0}, and 1 is known")]
    Version(u64),
    /// A name that nothing has.
    #[error("there is no {0} {word:?}", word = Shown(.1).to_string())]
    Unknown(&'static str, String),
    /// A value that is none.
    #[error("{what} {text:?}: {why}", text = Shown(text).to_string())]
    Value {
        /// Of what.
        what: &'static str,
        /// As it is written.
        text: String,
        /// Why.
        why: String,
    },
    /// Something is missing, or contradicts something else.
    #[error("{0}")]
    Shape(String),
    /// Nothing may stand in for this.
    #[error("{0} cannot be waived")]
    NotWaivable(String),
}

//! Why a text is no lock.

use weightlock_artifact::{manifest::ManifestError, reason::Code, text::Shown};

use super::Lock;
use crate::{
    name::{ModelName, NameError},
    reason,
};

/// Why a text is used for nothing, or cannot be written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// It is larger than [`Lock::MAX_BYTES`].
    #[error("the lock is larger than {} bytes", Lock::MAX_BYTES)]
    Size,
    /// It has more models than [`Lock::MAX_MODELS`], or more signers than are read.
    #[error("the lock has more than {} models, or 50000 signers", Lock::MAX_MODELS)]
    TooMany,
    /// It is not UTF-8.
    #[error("the lock is not UTF-8")]
    NotUtf8,
    /// It is no TOML, has a word that is not known, or a value of another type.
    #[error("line {line}: {why}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// Another version than is known.
    #[error("its version is {0}, and 1 is known")]
    Version(u64),
    /// A name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two entries have one name.
    #[error("{0} is locked twice")]
    Duplicate(ModelName),
    /// A value of a model is none.
    #[error("{model}: {what} {text:?}: {why}", text = Shown(text).to_string())]
    Value {
        /// The model.
        model: ModelName,
        /// Of what.
        what: &'static str,
        /// As it is written.
        text: String,
        /// Why.
        why: String,
    },
    /// The files of a model are no manifest.
    #[error("{model}: its files are no manifest")]
    Files {
        /// The model.
        model: ModelName,
        /// Why.
        source: ManifestError,
    },
    /// Something is missing, or contradicts something else.
    #[error("{model}: {why}")]
    Shape {
        /// The model.
        model: ModelName,
        /// What.
        why: &'static str,
    },
    /// The text says the same in another way than the writer does.
    #[error("line {0} is not as `weightlock lock` writes it")]
    NotCanonical(usize),
}

impl LockError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::LOCK_FILE
    }
}

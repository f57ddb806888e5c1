//! [`KmsError`]: why a key of a service cannot be used.

use weightlock_artifact::{reason::Code, text::Shown};
use weightlock_transport as transport;

use crate::key::{KeyError, SignatureError, reason};

/// Why a key of a service cannot be used. Never holds a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsError {
    /// Something that is needed to call the service was not given.
    #[error("the key service cannot be called: {what}")]
    Setting {
        /// What is missing or wrong, and where it is looked for.
        what: &'static str,
    },
    /// The service could not be reached, or did not answer.
    #[error(transparent)]
    Call(#[from] transport::Error),
    /// The service knows us and says no, or does not know us.
    #[error("{at} does not let this caller use the key: {}", Shown(words))]
    Denied {
        /// The service.
        at: String,
        /// What it said.
        words: String,
    },
    /// There is no such key, or it is disabled or to be deleted.
    #[error("{at} has no usable key {}: {}", Shown(key), Shown(words))]
    KeyMissing {
        /// The service.
        at: String,
        /// The key as it was named.
        key: String,
        /// What the service said.
        words: String,
    },
    /// Symmetric, RSA, for another purpose, or on another curve.
    #[error("the key of the service is of a kind that is not used here: {}", Shown(kind))]
    UnsupportedKey {
        /// What the service calls it.
        kind: String,
    },
    /// The answer is not what the service's documentation says.
    #[error("the key service gave an answer that cannot be used: {what}")]
    Answer {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The signature is not one that the public key confirms.
    #[error("the key service answered with a signature that the public key does not confirm")]
    BadSignature(#[source] SignatureError),
}

impl KmsError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Setting { .. } => reason::KMS_SETTING,
            Self::Call(error) => error.code(),
            Self::Denied { .. } => reason::KMS_DENIED,
            Self::KeyMissing { .. } => reason::KMS_KEY_MISSING,
            Self::UnsupportedKey { .. } => reason::KMS_UNSUPPORTED_KEY,
            Self::Answer { .. } => reason::KMS_ANSWER,
            Self::BadSignature(_) => reason::KMS_BAD_SIGNATURE,
        }
    }

    /// A public key that a service answered with and that is not used here, or is none.
    pub(super) fn of_key(error: &KeyError) -> Self {
        match error {
            KeyError::UnsupportedAlgorithm { algorithm: kind }
            | KeyError::UnsupportedCurve { curve: kind } => Self::UnsupportedKey { kind: kind.clone() },
            _ => Self::Answer {
                what: "its public key cannot be read",
            },
        }
    }
}

//! [`TufError`]: why a repository gave no trust root.

use sigstore_tuf::Error as Tuf;
use weightlock_artifact::{reason::Code, text::Shown};
use weightlock_transport as transport;

use super::reason;
use crate::{certificate::UnixTime, sigstore::RootError};

/// Why an update gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TufError {
    /// The repository could not be reached, or did not answer.
    #[error(transparent)]
    Call(#[from] transport::Error),
    /// Too few of the keys that must sign a file did.
    #[error("the {} metadata are not signed by the keys that must sign them", Shown(role))]
    Signature {
        /// Whose metadata.
        role: String,
    },
    /// The publisher no longer vouches for it: the mirror is stale, or somebody holds back what is newer.
    #[error("the {} metadata expired at {expires}", Shown(role))]
    Expired {
        /// Whose metadata.
        role: String,
        /// When.
        expires: UnixTime,
    },
    /// Older than what was seen before.
    #[error(
        "the mirror offers version {new} of {}, and version {seen} was seen before",
        Shown(role)
    )]
    Rollback {
        /// Whose metadata.
        role: String,
        /// The version that was seen.
        seen: u64,
        /// The version that is offered.
        new: u64,
    },
    /// Other bytes than the ones that were signed for.
    #[error(
        "a file of the repository is not the one that was signed for: {}",
        Shown(what)
    )]
    Integrity {
        /// Which, and how it differs.
        what: String,
    },
    /// The repository does not publish it.
    #[error("the repository has no {}", Shown(name))]
    Missing {
        /// What is missing.
        name: String,
    },
    /// Not metadata of TUF, or with keys that cannot be used.
    #[error("the repository cannot be read: {}", Shown(what))]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// Rightly published, and no trust root that this version can use.
    #[error("what the repository publishes as a trust root cannot be used")]
    Root(#[from] RootError),
}

impl TufError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Call(error) => error.code(),
            Self::Signature { .. } => reason::SIGNATURE,
            Self::Expired { .. } => reason::EXPIRED,
            Self::Rollback { .. } => reason::ROLLBACK,
            Self::Integrity { .. } => reason::INTEGRITY,
            Self::Missing { .. } => reason::MISSING,
            Self::Malformed { .. } => reason::MALFORMED,
            Self::Root(error) => error.code(),
        }
    }
}

impl From<Tuf> for TufError {
    fn from(error: Tuf) -> Self {
        match error {
            Tuf::ThresholdNotMet { role, .. } | Tuf::DuplicateSignature { role, .. } => {
                Self::Signature { role }
            }
            Tuf::Expired { role, expires } => Self::Expired {
                role,
                expires: UnixTime(u64::try_from(expires.as_second()).unwrap_or(0)),
            },
            Tuf::Rollback { role, trusted, new } => Self::Rollback {
                role,
                seen: trusted,
                new,
            },
            Tuf::BadRootVersion { trusted, new } => Self::Integrity {
                what: format!("root version {new} after version {trusted}"),
            },
            Tuf::IntegrityMismatch(what) => Self::Integrity { what },
            Tuf::TargetNotFound(name) => Self::Missing { name },
            Tuf::Transport { message, source } => match source.map(|source| source.downcast()) {
                Some(Ok(call)) => Self::Call(*call),
                _ => Self::Missing { name: message },
            },
            other => Self::Malformed {
                what: other.to_string(),
            },
        }
    }
}

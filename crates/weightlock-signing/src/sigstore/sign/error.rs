//! [`KeylessError`]: why there is no signature.

use weightlock_artifact::{reason::Code, text::Shown};

use super::{ConfigError, reason};
use crate::{
    Refusal,
    identity::Identity,
    key::{RandomError, SignError},
    sigstore::{SigstoreRefusal, oidc::OidcError},
};

/// Why nothing was signed. Nothing of a token is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeylessError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no token.
    #[error(transparent)]
    Token(#[from] OidcError),
    /// A service could not be called.
    #[error(transparent)]
    Net(#[from] weightlock_transport::Error),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The key did not sign.
    #[error("the key did not sign")]
    Key(#[from] SignError),
    /// The authority said no.
    #[error(
        "the certificate authority {at} issued no certificate (status {status}): {}",
        Shown(words)
    )]
    NotCertified {
        /// Who.
        at: String,
        /// The HTTP status.
        status: u16,
        /// In its words.
        words: String,
    },
    /// The authority's answer is none.
    #[error("the certificate authority {at} gave an answer that cannot be used: {what}")]
    Authority {
        /// Who.
        at: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The certificate is for another key.
    #[error("the certificate authority {at} certified another key")]
    OtherKey {
        /// Who.
        at: String,
    },
    /// The certificate is somebody else's.
    #[error("the certificate authority {at} certified {found}, and the identity token shows {wanted}")]
    OtherIdentity {
        /// Who.
        at: String,
        /// Whom it names.
        found: Box<Identity>,
        /// Whom the token shows.
        wanted: String,
    },
    /// The certificate lasts no longer.
    #[error("the certificate ended at {until}, before this was signed")]
    Ended {
        /// Its end.
        until: String,
    },
    /// The log said no.
    #[error("the log {at} did not take the signature (status {status}): {}", Shown(words))]
    NotLogged {
        /// Who.
        at: String,
        /// The HTTP status.
        status: u16,
        /// In its words.
        words: String,
    },
    /// The log's answer is none.
    #[error("the log {at} gave an answer that cannot be used: {what}")]
    Log {
        /// Who.
        at: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The clock's answer is none.
    #[error("the timestamp authority {at} gave no timestamp for this signature: {what}")]
    Clock {
        /// Who.
        at: String,
        /// What is wrong.
        what: &'static str,
    },
    /// What is to be signed is no statement about something.
    #[error("the statement cannot be signed")]
    Statement(#[source] Refusal),
    /// What the services gave does not hold.
    #[error("the services gave what no verifier would accept")]
    Refused(#[source] SigstoreRefusal),
    /// The bundle cannot be read back.
    #[error("the services gave what no verifier would accept")]
    Bundle(#[source] Refusal),
}

impl KeylessError {
    /// The reason code. A bundle that does not hold has the code of the rule it breaks.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Config(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Net(error) => error.code(),
            Self::Random(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::NotCertified { .. } => reason::REFUSED,
            Self::Authority { .. } => reason::ANSWER,
            Self::OtherKey { .. } => reason::OTHER_KEY,
            Self::OtherIdentity { .. } => reason::OTHER_IDENTITY,
            Self::Ended { .. } => reason::ENDED,
            Self::NotLogged { .. } => reason::LOG_REFUSED,
            Self::Log { .. } => reason::LOG_ANSWER,
            Self::Clock { .. } => reason::TIME_ANSWER,
            Self::Statement(refusal) | Self::Bundle(refusal) => refusal.code(),
            Self::Refused(refusal) => refusal.code(),
        }
    }
}

//! [`SigstoreRefusal`]: which rule of the client specification a bundle breaks.

use sigstore_verify::{
    CertificateError, Error, TimestampError, TransparencyLogError, bundle::Error as Profile,
};
use weightlock_artifact::{reason::Code, text::Shown};

use super::reason;
use crate::identity::IdentityRefusal;

/// Why a Sigstore bundle is not accepted. Each variant is one broken rule; the texts in `what` are the client's or a
/// stranger's words, and shown harmless.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigstoreRefusal {
    /// It cannot be read, or contradicts itself.
    #[error("the bundle cannot be read: {}", Shown(what))]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// Evidence or material is missing or too much, for the bundle's version.
    #[error("the bundle breaks the rules of its version: {}", Shown(what))]
    Profile {
        /// What is wrong.
        what: String,
    },
    /// It uses something that is not known here.
    #[error("the bundle uses what this version cannot check: {}", Shown(what))]
    Unsupported {
        /// What that is.
        what: String,
    },
    /// A key where an identity is asked for.
    #[error("the bundle has no certificate, so it shows no identity")]
    NoCertificate,
    /// The certificate cannot be read.
    #[error("the signer's certificate cannot be read: {}", Shown(what))]
    Certificate {
        /// What is wrong.
        what: String,
    },
    /// The certificate leads to no authority that is believed.
    #[error(
        "nobody in the trust root vouches for the signer's certificate: {}",
        Shown(what)
    )]
    Chain {
        /// What is wrong.
        what: String,
    },
    /// The authority was not believed at the time of signing.
    #[error("the trust root believes in no certificate authority at {time}")]
    AuthorityTime {
        /// The time of signing.
        time: String,
    },
    /// The certificate was not valid when it signed.
    #[error("the signature was made at {time}, and the certificate is valid from {from} to {to}")]
    OutsideCertificate {
        /// The time of signing.
        time: String,
        /// The certificate's first second, if that is the broken end.
        from: String,
        /// The certificate's last second, if that is the broken end.
        to: String,
    },
    /// The same for a certificate anywhere on the way to the authority, as the path's checker tells it.
    #[error("a certificate was not valid when the signature was made: {}", Shown(what))]
    OutsidePath {
        /// What the checker says.
        what: String,
    },
    /// The promise that the certificate was published is missing or wrong.
    #[error(
        "no log that is believed promised to publish the signer's certificate: {}",
        Shown(what)
    )]
    CertificateLog {
        /// What is wrong.
        what: String,
    },
    /// The identity is another one.
    #[error(transparent)]
    Identity(#[from] IdentityRefusal),
    /// There is no proof of an entry in a log.
    #[error("the bundle brings no proof that the signature was logged")]
    NoLogEntry,
    /// There is a proof, and no signed head of the tree to it.
    #[error("the bundle's inclusion proof has no checkpoint")]
    NoCheckpoint,
    /// The log is not believed.
    #[error("the trust root knows no log {}", Shown(log))]
    UnknownLog {
        /// Its id.
        log: String,
    },
    /// The inclusion proof does not prove it.
    #[error("the entry is not in the log's tree: {}", Shown(what))]
    Inclusion {
        /// What is wrong.
        what: String,
    },
    /// The signed head of the tree is wrong.
    #[error("the log's checkpoint does not hold: {}", Shown(what))]
    Checkpoint {
        /// What is wrong.
        what: String,
    },
    /// The log's promise (SET) is missing or wrong.
    #[error("the log's promise does not hold: {}", Shown(what))]
    Promise {
        /// What is wrong.
        what: String,
    },
    /// The entry is about another signature.
    #[error("the log entry is about something else: {}", Shown(what))]
    OtherEntry {
        /// What differs.
        what: String,
    },
    /// The entry cannot be read.
    #[error("the log entry cannot be read: {}", Shown(what))]
    MalformedEntry {
        /// What is wrong.
        what: String,
    },
    /// The log took the entry at an impossible time.
    #[error("the log took the entry at an impossible time: {}", Shown(what))]
    LogTime {
        /// What is wrong.
        what: String,
    },
    /// A timestamp is not by an authority that is believed, or of another signature.
    #[error("a timestamp does not hold: {}", Shown(what))]
    Timestamp {
        /// What is wrong.
        what: String,
    },
    /// A timestamp is from a time at which its authority is not believed.
    #[error("a timestamp says {time}, when its authority is not believed")]
    TimestampAuthority {
        /// The time.
        time: String,
    },
    /// Nobody who is believed says when it was signed.
    #[error("nobody in the trust root says when the signature was made")]
    NoTime,
    /// The signature does not fit certificate and content.
    #[error("the signature does not verify")]
    Signature,
    /// The bundle is about other bytes.
    #[error("the signature is about something else: {}", Shown(what))]
    OtherArtifact {
        /// What differs.
        what: String,
    },
    /// The trust root cannot be used.
    #[error("the trust root cannot be used: {}", Shown(what))]
    Root {
        /// What is wrong.
        what: String,
    },
    /// The artifact could not be read.
    #[error("read what was signed")]
    Artifact(#[source] std::io::Error),
}

impl SigstoreRefusal {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => crate::reason::MALFORMED,
            Self::Profile { .. } => reason::PROFILE,
            Self::Unsupported { .. } => reason::UNSUPPORTED,
            Self::NoCertificate => crate::reason::METHOD,
            Self::Certificate { .. } => reason::CERTIFICATE,
            Self::Chain { .. } => reason::CHAIN,
            Self::AuthorityTime { .. } => reason::AUTHORITY_TIME,
            Self::OutsideCertificate { .. } | Self::OutsidePath { .. } => reason::SIGNED_OUTSIDE,
            Self::CertificateLog { .. } => reason::SCT,
            Self::Identity(refusal) => refusal.code(),
            Self::NoLogEntry => reason::LOG_MISSING,
            Self::UnknownLog { .. } => reason::LOG_UNKNOWN,
            Self::Inclusion { .. } => reason::LOG_PROOF,
            Self::NoCheckpoint | Self::Checkpoint { .. } => reason::LOG_CHECKPOINT,
            Self::Promise { .. } => reason::LOG_PROMISE,
            Self::OtherEntry { .. } => reason::LOG_OTHER,
            Self::MalformedEntry { .. } => reason::LOG_MALFORMED,
            Self::LogTime { .. } => reason::LOG_TIME,
            Self::Timestamp { .. } => reason::TIME_INVALID,
            Self::TimestampAuthority { .. } => reason::TIME_AUTHORITY,
            Self::NoTime => reason::TIME_MISSING,
            Self::Signature => crate::reason::INVALID,
            Self::OtherArtifact { .. } => reason::OTHER_ARTIFACT,
            Self::Root { .. } => reason::ROOT_MALFORMED,
            Self::Artifact(_) => weightlock_artifact::reason::IO,
        }
    }
}

impl From<Error> for SigstoreRefusal {
    fn from(error: Error) -> Self {
        match error {
            Error::SignatureInvalid(_) => Self::Signature,
            Error::ArtifactMismatch(what) => Self::OtherArtifact { what },
            Error::UnsupportedArtifact(what) | Error::UnsupportedBundle(what) => Self::Unsupported { what },
            Error::Certificate(error) => error.into(),
            Error::TransparencyLog(error) => error.into(),
            Error::Timestamp(error) => error.into(),
            Error::InvalidBundle(what) => Self::Malformed { what },
            Error::Bundle(error) => error.into(),
            Error::InvalidTrustRoot(what) => Self::Root { what },
            Error::ArtifactRead(error) => Self::Artifact(error),
            Error::TrustRoot(error) => Self::Root {
                what: error.to_string(),
            },
            Error::TrustedCertificate(error) => Self::Root {
                what: error.to_string(),
            },
            // The client is asked about no identity, so it refuses none. What it adds later must not pass for a known
            // rule.
            other => Self::Malformed {
                what: other.to_string(),
            },
        }
    }
}

/// How the path checker names certificates outside their validity.
const ENDED: [&str; 2] = ["CertExpired", "CertNotValidYet"];

impl From<CertificateError> for SigstoreRefusal {
    fn from(error: CertificateError) -> Self {
        let any = "any time".to_owned();
        match error {
            CertificateError::Malformed(what) => Self::Certificate { what },
            // The client hands on the words of its path checker, which finds an ended certificate before the client does.
            CertificateError::ChainInvalid(what) if ENDED.iter().any(|word| what.contains(word)) => {
                Self::OutsidePath { what }
            }
            CertificateError::ChainInvalid(what) => Self::Chain { what },
            CertificateError::NoValidAuthority { time } => Self::AuthorityTime {
                time: time.to_string(),
            },
            CertificateError::NotYetValid { time, not_before } => Self::OutsideCertificate {
                time: time.to_string(),
                from: not_before.to_string(),
                to: any,
            },
            CertificateError::Expired { time, not_after } => Self::OutsideCertificate {
                time: time.to_string(),
                from: any,
                to: not_after.to_string(),
            },
            CertificateError::Sct(what) => Self::CertificateLog { what },
            other => Self::Certificate {
                what: other.to_string(),
            },
        }
    }
}

impl From<TransparencyLogError> for SigstoreRefusal {
    fn from(error: TransparencyLogError) -> Self {
        match error {
            TransparencyLogError::UnknownLog { log_id } => Self::UnknownLog { log: log_id },
            TransparencyLogError::InclusionProof(what) => Self::Inclusion { what },
            TransparencyLogError::Checkpoint(what) => Self::Checkpoint { what },
            TransparencyLogError::InclusionPromise(what) => Self::Promise { what },
            TransparencyLogError::EntryMismatch(what) => Self::OtherEntry { what },
            TransparencyLogError::IntegratedTime(what) => Self::LogTime { what },
            TransparencyLogError::MalformedEntry(what) => Self::MalformedEntry { what },
            other => Self::MalformedEntry {
                what: other.to_string(),
            },
        }
    }
}

impl From<TimestampError> for SigstoreRefusal {
    fn from(error: TimestampError) -> Self {
        match error {
            TimestampError::Invalid(what) => Self::Timestamp { what },
            TimestampError::OutsideAuthorityValidity { time } => Self::TimestampAuthority {
                time: time.to_string(),
            },
            TimestampError::NoVerifiedTimestamp(_) => Self::NoTime,
            other => Self::Timestamp {
                what: other.to_string(),
            },
        }
    }
}

impl From<Profile> for SigstoreRefusal {
    fn from(error: Profile) -> Self {
        match error {
            Profile::MissingInclusionProof(_) | Profile::MissingSigningTimeEvidence => Self::NoLogEntry,
            Profile::MissingInclusionPromise(_) => Self::Promise {
                what: error.to_string(),
            },
            Profile::MissingCheckpoint => Self::NoCheckpoint,
            Profile::LogIndexOutOfRange { .. } => Self::Inclusion {
                what: error.to_string(),
            },
            Profile::CheckpointRootMismatch => Self::Checkpoint {
                what: error.to_string(),
            },
            Profile::MissingTimestamp => Self::NoTime,
            other => Self::Profile {
                what: other.to_string(),
            },
        }
    }
}

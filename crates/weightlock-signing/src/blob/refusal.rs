//! [`BlobRefusal`]: why the signature of a blob, or a statement about it, is not accepted.

use weightlock_artifact::{digest::Digest, reason::Code, text::Shown};

use super::reason;
use crate::{
    certificate::{CertificateError, CertificateRefusal},
    cosign::FormError,
    json::JsonError,
    key::{Algorithm as KeyAlgorithm, SignatureError},
    refusal::Refusal,
    sigstore::SigstoreRefusal,
};

/// Why a signature or statement is not accepted. Each variant is one broken rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobRefusal {
    /// A file of cosign's cannot be read.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A bundle breaks a rule of all bundles.
    #[error(transparent)]
    Bundle(#[from] Refusal),
    /// A certificate cannot be read.
    #[error(transparent)]
    CertificateSyntax(#[from] CertificateError),
    /// The certificate does not lead to a root that the caller trusts, or may not sign.
    #[error(transparent)]
    Certificate(#[from] CertificateRefusal),
    /// The file holds the other kind of content.
    #[error("this is {found}, not {wanted}")]
    Content {
        /// What it holds.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// Made with another kind of key than the caller trusts.
    #[error("the blob was signed with {found}, and {wanted} was given to check it")]
    Method {
        /// How it was signed.
        found: &'static str,
        /// What the caller trusts.
        wanted: &'static str,
    },
    /// The signature names another key.
    #[error("the signature was made with another key")]
    KeyMismatch {
        /// The hint, or the SHA-256 of the key that came along.
        found: String,
        /// The same of the caller's key.
        expected: String,
    },
    /// What logs, clocks or authorities say does not hold.
    #[error(transparent)]
    Sigstore(#[from] SigstoreRefusal),
    /// A timestamp beside a bundle, which has its own.
    #[error("a bundle brings its own timestamps; another one cannot be given beside it")]
    Timestamps,
    /// No clock said when it was signed.
    #[error("no timestamp authority says when the signature was made")]
    NoTimestamp,
    /// The bundle's digest is not one.
    #[error("the bundle names the digest by {:?}, which is not known or not its length", Shown(named).to_string())]
    NamedDigest {
        /// The algorithm that it names.
        named: String,
    },
    /// The bundle is about other bytes.
    #[error("the signature is for other bytes")]
    Digest {
        /// The digest in the bundle.
        claimed: Digest,
        /// The blob's.
        found: Digest,
    },
    /// The bundle names no digest, or one that does not go with the key.
    #[error("{} does not go with a signature by {key}", .named.as_deref().map_or_else(|| "a bundle without digest".to_owned(), |named| format!("the digest {:?}", Shown(named).to_string())))]
    Algorithm {
        /// The algorithm that the bundle names, if it names one.
        named: Option<String>,
        /// The kind of key.
        key: KeyAlgorithm,
    },
    /// The blob was not read in the way that this key needs. Not reachable with [`super::Needs::of_key`].
    #[error("the blob was not hashed as signatures by {0} need it")]
    NotRead(KeyAlgorithm),
    /// The signature does not fit.
    #[error("the signature does not verify")]
    Signature(#[source] SignatureError),
    /// No certificate, or another than the one that came with the signature.
    #[error("{0}")]
    WhichCertificate(&'static str),
    /// The certificate is for another name.
    #[error("the certificate is not for {:?}", Shown(wanted).to_string())]
    Name {
        /// The names it has.
        found: Vec<String>,
        /// The name asked for.
        wanted: String,
    },
    /// The payload is no in-toto statement.
    #[error("the payload type is {:?}, not in-toto", Shown(found).to_string())]
    PayloadType {
        /// The type found.
        found: String,
    },
    /// The statement is no JSON of the expected shape.
    #[error("the signed statement cannot be read")]
    StatementSyntax(#[source] JsonError),
    /// The statement is of another kind.
    #[error("the signed document is a {:?}, not an in-toto statement", Shown(found).to_string())]
    StatementType {
        /// The `_type` found.
        found: String,
    },
    /// The statement names nothing.
    #[error("the statement has no subject")]
    NoSubject,
    /// The statement claims something else.
    #[error("the predicate type is {:?}, not {:?}", Shown(found).to_string(), Shown(wanted).to_string())]
    PredicateType {
        /// The type found.
        found: String,
        /// The type asked for.
        wanted: String,
    },
    /// The statement is about something else.
    #[error("the statement is not about this blob")]
    Subject {
        /// The blob's digest.
        found: Digest,
        /// What the statement is about, at most a few.
        claimed: Vec<String>,
    },
}

impl BlobRefusal {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Form(error) => error.code(),
            Self::Bundle(refusal) => refusal.code(),
            Self::CertificateSyntax(error) => error.code(),
            Self::Certificate(refusal) => refusal.code(),
            Self::Content { .. } => reason::CONTENT,
            Self::Method { .. } => crate::reason::METHOD,
            Self::KeyMismatch { .. } => crate::reason::KEY_MISMATCH,
            Self::Digest { .. } => reason::DIGEST,
            Self::Sigstore(refusal) => refusal.code(),
            Self::Timestamps | Self::NoTimestamp => reason::TIMESTAMP,
            Self::NamedDigest { .. } | Self::Algorithm { .. } | Self::NotRead(_) => reason::ALGORITHM,
            Self::Signature(_) => crate::reason::INVALID,
            Self::WhichCertificate(_) => reason::CERTIFICATE,
            Self::Name { .. } => reason::NAME,
            Self::PayloadType { .. }
            | Self::StatementSyntax(_)
            | Self::StatementType { .. }
            | Self::NoSubject => reason::STATEMENT,
            Self::PredicateType { .. } => reason::PREDICATE_TYPE,
            Self::Subject { .. } => reason::SUBJECT,
        }
    }
}

//! [`Refusal`]: why a signature, or the statement in it, is not accepted.

use weightlock_artifact::{
    digest::{DigestError, UnknownAlgorithm},
    path::{ArtifactPath, PathError},
    reason::Code,
    text::Shown,
};

use crate::{
    certificate::{CertificateError, CertificateRefusal},
    envelope::NotOneSignature,
    json::JsonError,
    key::{KeyError, SignatureError},
    reason,
    sigstore::SigstoreRefusal,
};

/// Why a bundle or statement is not accepted. Each variant is one broken rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The bundle is larger than is read.
    #[error("the signature file is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The bundle is no JSON of the expected shape.
    #[error("the signature file is not a Sigstore bundle")]
    BundleSyntax(#[source] JsonError),
    /// The bundle is of a version that is not known for its method.
    #[error("the bundle's media type is {:?}", Shown(found).to_string())]
    MediaType {
        /// The media type found.
        found: String,
    },
    /// The bundle says not how it was signed.
    #[error("the bundle has neither a public key nor a certificate")]
    NoMaterial,
    /// The bundle says in two ways how it was signed.
    #[error("the bundle has verification material of two kinds")]
    SeveralMaterials,
    /// The same certificate, log entry or timestamp twice, or too many of them.
    #[error("the bundle has the same {what} twice, or more than are accepted")]
    Repeated {
        /// What is repeated.
        what: &'static str,
    },
    /// No certificate, or too many.
    #[error(
        "the bundle has {found} certificates; 1 to {} are accepted",
        crate::bundle::Bundle::MAX_CERTIFICATES
    )]
    CertificateCount {
        /// How many there are.
        found: usize,
    },
    /// The bundle holds nothing signed, or two things.
    #[error("the bundle's content is not exactly one envelope or one message signature")]
    NotOneContent,
    /// The bundle signs bytes elsewhere, and a statement was asked for.
    #[error("the bundle signs a file and not a statement")]
    NoEnvelope,
    /// None or several signatures.
    #[error(transparent)]
    Signatures(#[from] NotOneSignature),
    /// A bundle that this build cannot write.
    #[error("a bundle with this material cannot be written")]
    NotWritable,
    /// The bundle was signed by another method than the caller trusts.
    #[error("the model was signed with {found}, and {wanted} was given to check it")]
    Method {
        /// How it was signed.
        found: &'static str,
        /// What the caller trusts.
        wanted: &'static str,
    },
    /// The bundle was signed keyless, and no identity was asked for.
    #[error("the model was signed with a Sigstore identity, and {wanted} was given to check it")]
    NeedsIdentity {
        /// What the caller trusts.
        wanted: &'static str,
    },
    /// The Sigstore evidence does not hold.
    #[error(transparent)]
    Sigstore(#[from] SigstoreRefusal),
    /// The bundle names another key.
    #[error("the signature was made with another key")]
    KeyMismatch {
        /// The hint in the bundle.
        found: String,
        /// The hint of the caller's key.
        expected: String,
    },
    /// The given key cannot check model signatures.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate cannot be read.
    #[error(transparent)]
    CertificateSyntax(#[from] CertificateError),
    /// The certificate is not accepted.
    #[error(transparent)]
    Certificate(#[from] CertificateRefusal),
    /// The signature does not fit key and payload.
    #[error("the signature does not verify")]
    Signature(#[source] SignatureError),
    /// The payload is no in-toto statement.
    #[error("the payload type is {:?}, not in-toto", Shown(found).to_string())]
    PayloadType {
        /// The type found.
        found: String,
    },
    /// The payload is no JSON of the expected shape.
    #[error("the signed statement cannot be read")]
    StatementSyntax(#[source] JsonError),
    /// The statement is of another version.
    #[error("the signed document is a {:?}, not an in-toto statement v1", Shown(found).to_string())]
    StatementType {
        /// The `_type` found.
        found: String,
    },
    /// The statement says something else than "these are the model's files".
    #[error("the statement's predicate type is {:?}", Shown(found).to_string())]
    PredicateType {
        /// The type found.
        found: String,
    },
    /// Not exactly one subject.
    #[error("the statement has {found} subjects; a model signature has exactly one")]
    Subjects {
        /// How many there are.
        found: usize,
    },
    /// The subject has no usable SHA-256.
    #[error("the statement's subject has no SHA-256 digest")]
    SubjectDigest,
    /// The subject is not the digest of the listed files.
    #[error("the statement contradicts itself: its subject is {claimed}, its files give {computed}")]
    RootDigest {
        /// The subject's digest.
        claimed: String,
        /// The digest of the resources.
        computed: String,
    },
    /// The statement lists no file.
    #[error("the statement lists no files")]
    NoFiles,
    /// A file is listed twice.
    #[error("the statement lists {:?} twice", Shown(name).to_string())]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A listed name could lead out of the model or is not in canonical form.
    #[error("the statement lists {:?}: {source}", Shown(name).to_string())]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: PathError,
    },
    /// A listed digest is none.
    #[error("the digest of {:?} cannot be used", Shown(name).to_string())]
    Digest {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: DigestError,
    },
    /// The statement asks for a digest that is not computed.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// A file's algorithm is not the one the statement declares for all.
    #[error("{:?} is listed with algorithm {:?}, and the statement declares {declared:?}", Shown(name).to_string(), Shown(found).to_string())]
    AlgorithmMismatch {
        /// The file.
        name: String,
        /// Its algorithm.
        found: String,
        /// The one declared.
        declared: String,
    },
    /// A serialization method that is not known.
    #[error("the statement's serialization method is {:?}", Shown(found).to_string())]
    SerializationMethod {
        /// The method found.
        found: String,
    },
    /// The shard size is no positive integer.
    #[error("the statement's shard size is not a positive whole number of bytes")]
    ShardSize,
    /// Shards leave a gap, overlap or are out of order.
    #[error("the shards of {:?} do not cover it from start to end", Shown(name).to_string())]
    Shards {
        /// The file, or the shard name that cannot be read.
        name: String,
    },
    /// An ignored path is no path below the model.
    #[error("the statement ignores {:?}, which is no path below the model", Shown(path).to_string())]
    IgnoredPath {
        /// The path.
        path: String,
    },
    /// A file is both listed and ignored.
    #[error("the statement both lists and ignores {path}")]
    IgnoredListed {
        /// The file.
        path: ArtifactPath,
    },
}

impl Refusal {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => reason::TOO_LARGE,
            Self::BundleSyntax(_) | Self::StatementSyntax(_) | Self::NotOneContent | Self::NoEnvelope => {
                reason::MALFORMED
            }
            Self::MediaType { .. } => reason::MEDIA_TYPE,
            Self::NoMaterial
            | Self::SeveralMaterials
            | Self::Repeated { .. }
            | Self::CertificateCount { .. }
            | Self::NotWritable => reason::MATERIAL,
            Self::Signatures(_) => reason::ONE_SIGNATURE,
            Self::Method { .. } => reason::METHOD,
            Self::NeedsIdentity { .. } => reason::NEEDS_IDENTITY,
            Self::Sigstore(refusal) => refusal.code(),
            Self::KeyMismatch { .. } => reason::KEY_MISMATCH,
            Self::Key(error) => error.code(),
            Self::CertificateSyntax(error) => error.code(),
            Self::Certificate(error) => error.code(),
            Self::Signature(_) => reason::INVALID,
            Self::PayloadType { .. } => reason::PAYLOAD_TYPE,
            Self::StatementType { .. } | Self::PredicateType { .. } => reason::STATEMENT_TYPE,
            Self::Subjects { .. } | Self::SubjectDigest => reason::SUBJECT,
            Self::RootDigest { .. } => reason::ROOT_DIGEST,
            Self::NoFiles => reason::NO_FILES,
            Self::Duplicate { .. } => reason::DUPLICATE,
            Self::Name { .. } => reason::RESOURCE_NAME,
            Self::Digest { .. } | Self::Algorithm(_) | Self::AlgorithmMismatch { .. } => reason::ALGORITHM,
            Self::SerializationMethod { .. } => reason::SERIALIZATION,
            Self::ShardSize | Self::Shards { .. } => reason::SHARDS,
            Self::IgnoredPath { .. } | Self::IgnoredListed { .. } => reason::IGNORE_PATHS,
        }
    }
}

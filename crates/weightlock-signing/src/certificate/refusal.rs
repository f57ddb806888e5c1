//! [`CertificateRefusal`]: why a chain of certificates does not make a signer trusted.

use weightlock_artifact::{reason::Code, text::Shown};

use super::{UnixTime, reason};
use crate::key::KeyError;

/// Why there is no trusted path from a signer's certificate to a root.
///
/// Names are those in the certificates, written by strangers; the message escapes them.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateRefusal {
    /// No root was given.
    #[error("no trusted root certificate was given")]
    NoRoot,
    /// Roots were given, but none of them is self-signed.
    #[error("`{}` is not a root: it is issued by `{}`", Shown(subject), Shown(issuer))]
    RootNotSelfSigned {
        /// The certificate given as root.
        subject: String,
        /// Its issuer.
        issuer: String,
    },
    /// No certificate of the issuer is at hand.
    #[error(
        "the certificate of `{}`, who issued `{}`, is missing",
        Shown(issuer),
        Shown(subject)
    )]
    NoPath {
        /// The certificate whose issuer is missing.
        subject: String,
        /// The issuer.
        issuer: String,
    },
    /// The path ends at a self-signed certificate that is not among the given roots.
    #[error("the chain ends at `{}`, which is not a root you trust", Shown(subject))]
    UntrustedRoot {
        /// The self-signed certificate.
        subject: String,
    },
    /// More certificates between leaf and root than allowed.
    #[error("the chain is longer than {limit} certificates")]
    TooDeep {
        /// The largest accepted length.
        limit: usize,
    },
    /// The certificates form a maze.
    #[error("no path was found within {limit} checked signatures")]
    SearchLimit {
        /// The largest number of signatures checked.
        limit: usize,
    },
    /// More certificates came along than any honest chain has.
    #[error("{count} certificates came with the signature; at most {limit} are looked at")]
    TooMany {
        /// How many.
        count: usize,
        /// The largest accepted number.
        limit: usize,
    },
    /// An issuer's signature does not fit.
    #[error("the signature on `{}` was not made by `{}`", Shown(subject), Shown(issuer))]
    Signature {
        /// The certificate.
        subject: String,
        /// The presumed issuer.
        issuer: String,
    },
    /// A broken hash or a too short key.
    #[error("`{}` relies on {algorithm}, which is too weak", Shown(subject))]
    WeakAlgorithm {
        /// The certificate.
        subject: String,
        /// The algorithm.
        algorithm: String,
    },
    /// An algorithm that is not used here.
    #[error("`{}` cannot be checked: {algorithm}", Shown(subject))]
    UnsupportedAlgorithm {
        /// The certificate.
        subject: String,
        /// The algorithm.
        algorithm: String,
    },
    /// The key identifiers of certificate and issuer differ.
    #[error("`{}` names another key of `{}` as its issuer", Shown(subject), Shown(issuer))]
    KeyIdentifier {
        /// The certificate.
        subject: String,
        /// The presumed issuer.
        issuer: String,
    },
    /// The validity has ended.
    #[error(
        "the certificate of `{}` expired on {not_after} (checked at {at})",
        Shown(subject)
    )]
    Expired {
        /// The certificate.
        subject: String,
        /// The last second of validity.
        not_after: UnixTime,
        /// The time it was checked at.
        at: UnixTime,
    },
    /// The validity has not begun.
    #[error(
        "the certificate of `{}` is valid only from {not_before} (checked at {at})",
        Shown(subject)
    )]
    NotYetValid {
        /// The certificate.
        subject: String,
        /// The first second of validity.
        not_before: UnixTime,
        /// The time it was checked at.
        at: UnixTime,
    },
    /// An issuer that is no certificate authority.
    #[error(
        "`{}` is not a certificate authority and cannot vouch for anybody",
        Shown(subject)
    )]
    NotAnAuthority {
        /// The issuer.
        subject: String,
    },
    /// An authority whose key usage leaves out signing certificates.
    #[error("the key of `{}` may not sign certificates", Shown(subject))]
    AuthorityKeyUsage {
        /// The issuer.
        subject: String,
    },
    /// More authorities below an authority than it allows.
    #[error(
        "`{}` allows {limit} authorities below it; the chain has {count}",
        Shown(subject)
    )]
    PathLength {
        /// The issuer.
        subject: String,
        /// Its limit.
        limit: u8,
        /// The number in the chain.
        count: usize,
    },
    /// The leaf may not make signatures.
    #[error("the certificate of `{}` is not meant for signing", Shown(subject))]
    KeyUsage {
        /// The leaf.
        subject: String,
    },
    /// The leaf, or an authority, is for other purposes than signing code.
    #[error(
        "the certificate of `{}` is meant for other purposes than signing code",
        Shown(subject)
    )]
    ExtendedKeyUsage {
        /// The certificate.
        subject: String,
    },
    /// The leaf is a certificate authority.
    #[error("`{}` is a certificate authority, not a signer", Shown(subject))]
    LeafIsAuthority {
        /// The leaf.
        subject: String,
    },
    /// A critical extension that is not understood.
    #[error("the certificate of `{}` demands the unknown extension {oid}", Shown(subject))]
    UnknownCritical {
        /// The certificate.
        subject: String,
        /// The extension's object identifier.
        oid: String,
    },
    /// A name outside the names an authority may vouch for.
    #[error("`{}` may not vouch for the name `{}`", Shown(issuer), Shown(name))]
    NameNotPermitted {
        /// The authority.
        issuer: String,
        /// The name.
        name: String,
    },
    /// Name constraints of a kind that cannot be judged.
    #[error(
        "the names that `{}` may vouch for are limited in a way that cannot be checked",
        Shown(issuer)
    )]
    NameConstraintUnsupported {
        /// The authority.
        issuer: String,
    },
    /// The leaf's key is not one that Weightlock uses.
    #[error("the key of `{}` cannot be used", Shown(subject))]
    LeafKey {
        /// The leaf.
        subject: String,
        /// What is wrong with the key.
        #[source]
        source: KeyError,
    },
}

impl CertificateRefusal {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NoRoot => reason::NO_ROOT,
            Self::RootNotSelfSigned { .. } => reason::ROOT_NOT_SELF_SIGNED,
            Self::NoPath { .. } => reason::NO_PATH,
            Self::UntrustedRoot { .. } => reason::UNTRUSTED_ROOT,
            Self::TooDeep { .. } => reason::TOO_DEEP,
            Self::SearchLimit { .. } | Self::TooMany { .. } => reason::SEARCH_LIMIT,
            Self::Signature { .. } => reason::SIGNATURE,
            Self::WeakAlgorithm { .. } => reason::WEAK_ALGORITHM,
            Self::UnsupportedAlgorithm { .. } => reason::UNSUPPORTED_ALGORITHM,
            Self::KeyIdentifier { .. } => reason::KEY_IDENTIFIER,
            Self::Expired { .. } => reason::EXPIRED,
            Self::NotYetValid { .. } => reason::NOT_YET_VALID,
            Self::NotAnAuthority { .. } => reason::NOT_AN_AUTHORITY,
            Self::AuthorityKeyUsage { .. } => reason::AUTHORITY_KEY_USAGE,
            Self::PathLength { .. } => reason::PATH_LENGTH,
            Self::KeyUsage { .. } => reason::KEY_USAGE,
            Self::ExtendedKeyUsage { .. } => reason::EXTENDED_KEY_USAGE,
            Self::LeafIsAuthority { .. } => reason::LEAF_IS_AUTHORITY,
            Self::UnknownCritical { .. } => reason::UNKNOWN_CRITICAL,
            Self::NameNotPermitted { .. } => reason::NAME_NOT_PERMITTED,
            Self::NameConstraintUnsupported { .. } => reason::NAME_CONSTRAINT_UNSUPPORTED,
            Self::LeafKey { .. } => reason::LEAF_KEY,
        }
    }
}

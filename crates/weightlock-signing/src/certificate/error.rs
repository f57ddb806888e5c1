//! [`CertificateError`]: why bytes are not a certificate.

use weightlock_artifact::{reason::Code, text::Shown};

use super::reason;
use crate::pem::PemError;

/// Why a file or field is not a certificate that can be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The file is not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Larger than any honest certificate.
    #[error("the certificate has more than {limit} bytes")]
    TooLarge {
        /// The largest accepted size.
        limit: usize,
    },
    /// A part that is not encoded as RFC 5280 demands.
    #[error("the certificate is damaged: {what} cannot be read")]
    Malformed {
        /// The part.
        what: &'static str,
    },
    /// Bytes follow the certificate.
    #[error("bytes follow the end of the certificate")]
    TrailingData,
    /// The same extension twice.
    #[error("the certificate has the extension {oid} twice")]
    DuplicateExtension {
        /// Its object identifier.
        oid: String,
    },
    /// Several certificates where one is wanted.
    #[error("the file holds {count} certificates; one is needed here")]
    NotOne {
        /// How many there are.
        count: usize,
    },
    /// A key or something else in the file.
    #[error("the file holds `{}`, which is not a certificate", Shown(label))]
    NotACertificate {
        /// The PEM label.
        label: String,
    },
}

impl CertificateError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } | Self::Pem(PemError::TooLarge { .. } | PemError::TooManyBlocks { .. }) => {
                reason::TOO_LARGE
            }
            Self::Pem(PemError::NoBlock) | Self::NotACertificate { .. } => reason::NOT_A_CERTIFICATE,
            Self::NotOne { .. } => reason::SEVERAL,
            Self::DuplicateExtension { .. } => reason::DUPLICATE_EXTENSION,
            Self::TrailingData => reason::TRAILING_DATA,
            Self::Pem(_) | Self::Malformed { .. } => reason::MALFORMED,
        }
    }
}

//! [`FormError`]: why a file is not what cosign writes.

use weightlock_artifact::reason::Code;

use crate::{
    blob::reason, certificate::CertificateError, envelope::NotOneSignature, json::JsonError, key::KeyError,
    pem::PemError,
};

/// Why a file is not the form it should be. Each variant is one broken rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// Larger than any honest one.
    #[error("the {what} is larger than {limit} bytes")]
    TooLarge {
        /// Which file.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not the JSON object it should be.
    #[error("the {what} is not the JSON object that cosign writes")]
    Json {
        /// Which file.
        what: &'static str,
        /// Line, column and what was expected.
        source: JsonError,
    },
    /// Nothing is in it.
    #[error("the {what} is empty")]
    Empty {
        /// Which file or member.
        what: &'static str,
    },
    /// Not base64, in the one spelling that the bytes have.
    #[error("the {what} is not base64")]
    Base64 {
        /// Which file or member.
        what: &'static str,
    },
    /// Text where a certificate or key should be.
    #[error("the certificate is not PEM, nor base64 of PEM")]
    Pem(#[source] PemError),
    /// A certificate that cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A public key, in the place of a certificate, that cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// None or several signatures.
    #[error(transparent)]
    Signatures(#[from] NotOneSignature),
    /// A log entry whose log id, or whose number, cannot be.
    #[error("the log entry's {what} cannot be")]
    LogEntry {
        /// Which member.
        what: &'static str,
    },
}

impl FormError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => reason::TOO_LARGE,
            Self::Json { .. } | Self::Empty { .. } | Self::Base64 { .. } | Self::Pem(_) => reason::MALFORMED,
            Self::LogEntry { .. } => reason::LOG_ENTRY,
            Self::Certificate(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Signatures(_) => crate::reason::ONE_SIGNATURE,
        }
    }
}

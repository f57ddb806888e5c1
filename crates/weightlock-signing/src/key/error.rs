//! [`KeyError`]: why a file is not a key that Weightlock uses.

use weightlock_artifact::{reason::Code, text::Shown};

use crate::pem::PemError;

/// Why a file is not a usable key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The content of the PEM block is not the structure its label promises.
    #[error("the key is damaged: {what} cannot be read")]
    Malformed {
        /// The structure that could not be read.
        what: &'static str,
    },
    /// Bytes follow the key inside its PEM block.
    #[error("bytes follow the end of the key")]
    TrailingData,
    /// More than one key in the file.
    #[error("the file holds more than one key")]
    SeveralKeys,
    /// A private key where a public one is wanted.
    #[error("this is a private key; a public key is needed here")]
    IsPrivate,
    /// A public key where a private one is wanted.
    #[error("this is a public key; signing needs the private key")]
    IsPublic,
    /// A certificate where a bare key is wanted.
    #[error("this is a certificate, not a key")]
    IsCertificate,
    /// A PEM label that names no key, such as a certificate request.
    #[error("the file holds `{}`, which is not a key", Shown(label))]
    NotAKey {
        /// The PEM label.
        label: String,
    },
    /// RSA, DSA, Ed448 and others.
    #[error("{algorithm} keys are not supported")]
    UnsupportedAlgorithm {
        /// The name, with the size for RSA, or the object identifier.
        algorithm: String,
    },
    /// An elliptic curve other than P-256, P-384, P-521.
    #[error("the curve {curve} is not supported")]
    UnsupportedCurve {
        /// The name or the object identifier of the curve.
        curve: String,
    },
    /// The key brings its own curve equation instead of naming a curve.
    #[error("the key spells out its own curve instead of naming one")]
    ExplicitParameters,
    /// The point is not on the curve, is the point at infinity, has small order, or has another encoding.
    #[error("the public point is not a valid point of {algorithm}")]
    InvalidPoint {
        /// The curve.
        algorithm: super::Algorithm,
    },
    /// A private scalar that is zero or not below the order of the curve.
    #[error("the private number is outside the range of {algorithm}")]
    InvalidScalar {
        /// The curve.
        algorithm: super::Algorithm,
    },
    /// The file's public half does not belong to its private half.
    #[error("the private key and the public key stored with it do not belong together")]
    Mismatch,
    /// An Ed25519 key where OMS wants an elliptic curve.
    #[error("{algorithm} keys cannot make or check OMS model signatures")]
    NotForOms {
        /// The kind of key.
        algorithm: super::Algorithm,
    },
    /// `Proc-Type: 4,ENCRYPTED`: OpenSSL's first encryption, with one round of MD5.
    #[error("the key uses OpenSSL's old encryption (`Proc-Type: 4,ENCRYPTED`)")]
    LegacyEncryption,
    /// A cipher or key derivation that is not read.
    #[error("the encryption of the key is not supported: {what}")]
    UnsupportedEncryption {
        /// What is not known.
        what: String,
    },
    /// The key derivation would cost more than any honest file asks for, or protects nothing.
    #[cfg(feature = "sign")]
    #[error(transparent)]
    Kdf(#[from] super::KdfRefusal),
    /// Decryption failed. The formats do not say whether the password or the file is to blame.
    #[error("the password does not open the key: it is wrong, or the file is damaged")]
    WrongPassword,
    /// cosign's JSON is not as cosign writes it.
    #[cfg(feature = "sign")]
    #[error("the cosign key is damaged")]
    Cosign(#[source] super::CosignKeyError),
}

impl KeyError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        use super::reason as codes;
        match self {
            Self::Pem(PemError::TooLarge { .. } | PemError::TooManyBlocks { .. }) => codes::TOO_LARGE,
            Self::Pem(PemError::NoBlock) | Self::NotAKey { .. } => codes::NOT_A_KEY,
            Self::Pem(_) | Self::Malformed { .. } => codes::MALFORMED,
            Self::TrailingData => codes::TRAILING_DATA,
            Self::SeveralKeys => codes::SEVERAL,
            Self::IsPrivate => codes::IS_PRIVATE,
            Self::IsPublic => codes::IS_PUBLIC,
            Self::IsCertificate => codes::IS_CERTIFICATE,
            Self::UnsupportedAlgorithm { .. } => codes::UNSUPPORTED_ALGORITHM,
            Self::UnsupportedCurve { .. } => codes::UNSUPPORTED_CURVE,
            Self::ExplicitParameters => codes::EXPLICIT_PARAMETERS,
            Self::InvalidPoint { .. } | Self::InvalidScalar { .. } => codes::INVALID_NUMBER,
            Self::Mismatch => codes::MISMATCH,
            Self::NotForOms { .. } => codes::NOT_FOR_OMS,
            Self::LegacyEncryption => codes::LEGACY_ENCRYPTION,
            Self::UnsupportedEncryption { .. } => codes::UNSUPPORTED_ENCRYPTION,
            #[cfg(feature = "sign")]
            Self::Kdf(_) => codes::KDF_LIMIT,
            Self::WrongPassword => codes::WRONG_PASSWORD,
            #[cfg(feature = "sign")]
            Self::Cosign(_) => codes::MALFORMED,
        }
    }

    /// What the user can try, where one sentence helps. Never a weaker check.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::IsCertificate => {
                "verify with `verify certificate`, or take the key out: openssl x509 -in FILE -noout -pubkey"
            }
            Self::IsPrivate => "give the public half, usually the `.pub` file",
            Self::IsPublic => "give the private half, usually the `.key` file",
            Self::ExplicitParameters => {
                "write it with a named curve: openssl ec -in OLD -param_enc named_curve"
            }
            Self::LegacyEncryption => "convert it: openssl pkcs8 -topk8 -in OLD -out NEW",
            Self::UnsupportedEncryption { .. } => {
                "convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW"
            }
            Self::NotForOms { .. } => "use a P-256 key; Ed25519 is for blobs and attestations",
            _ => return None,
        })
    }
}

//! [`Pkcs11Error`]: why a token's key cannot be used.

use std::path::PathBuf;

use weightlock_artifact::{reason::Code, text::Shown};

use crate::key::{KeyError, reason};

/// Why a key on a token could not be found or used. Never holds a PIN.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs11Error {
    /// Neither the URI nor the caller names a module.
    #[error("the PKCS#11 URI names no module")]
    NoModule,
    /// `module-name` is in none of the folders where modules lie.
    #[error("there is no PKCS#11 module `{}` in the system's folders", Shown(name))]
    ModuleNotFound {
        /// The name looked for.
        name: String,
    },
    /// A relative path would be looked for in the loader's search path.
    #[error("the path of the PKCS#11 module is not absolute: {}", Shown(&path.to_string_lossy()))]
    ModuleNotAbsolute {
        /// The path.
        path: PathBuf,
    },
    /// The module could not be loaded or initialised.
    #[error("cannot load the PKCS#11 module {}", Shown(&path.to_string_lossy()))]
    ModuleLoad {
        /// The path.
        path: PathBuf,
        /// The loader's or the module's message.
        #[source]
        source: cryptoki::error::Error,
    },
    /// No token fits the URI.
    #[error("no token fits `{uri}`")]
    TokenMissing {
        /// The URI, without PIN.
        uri: String,
    },
    /// Several tokens fit the URI.
    #[error("{count} tokens fit `{uri}`")]
    TokenAmbiguous {
        /// The URI, without PIN.
        uri: String,
        /// How many.
        count: usize,
    },
    /// No private key fits the URI.
    #[error("the token has no private key that fits `{uri}`")]
    KeyMissing {
        /// The URI, without PIN.
        uri: String,
    },
    /// Several private keys fit the URI.
    #[error("{count} private keys on the token fit `{uri}`")]
    KeyAmbiguous {
        /// The URI, without PIN.
        uri: String,
        /// How many.
        count: usize,
    },
    /// The public half is nowhere.
    #[error("the public key that belongs to `{uri}` is not on the token")]
    PublicKeyMissing {
        /// The URI, without PIN.
        uri: String,
    },
    /// The token's public point or curve is not usable.
    #[error("the key on the token cannot be used")]
    Key(#[source] KeyError),
    /// Not an EC key, or not one for signing.
    #[error("the key on the token is not an elliptic curve key for signing")]
    NotASigningKey,
    /// No certificate, or several, belong to the key.
    #[error("{count} certificates on the token fit `{uri}`; one is needed")]
    CertificateMissing {
        /// The URI, without PIN.
        uri: String,
        /// How many.
        count: usize,
    },
    /// The certificate on the token cannot be read.
    #[error("the certificate on the token cannot be read")]
    Certificate(#[source] crate::certificate::CertificateError),
    /// The file named by `pin-source` cannot be read.
    #[error("cannot read the PIN from {}", Shown(path))]
    PinSource {
        /// The file.
        path: String,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// The token refused the PIN.
    #[error("the token refused the PIN")]
    PinWrong,
    /// Too many wrong PINs, or the PIN has expired.
    #[error("the token's PIN is locked")]
    PinLocked,
    /// The token's signature does not verify with its public key.
    #[error("the token made a signature that its public key does not confirm")]
    BadSignature,
    /// Any other answer of the module.
    #[error("the PKCS#11 module failed to {operation}")]
    Failed {
        /// What was attempted.
        operation: &'static str,
        /// The module's message.
        #[source]
        source: cryptoki::error::Error,
    },
}

impl Pkcs11Error {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NoModule | Self::ModuleNotFound { .. } | Self::ModuleNotAbsolute { .. } => {
                reason::PKCS11_MODULE_MISSING
            }
            Self::ModuleLoad { .. } => reason::PKCS11_MODULE_LOAD,
            Self::TokenMissing { .. } => reason::PKCS11_TOKEN_MISSING,
            Self::TokenAmbiguous { .. } => reason::PKCS11_TOKEN_AMBIGUOUS,
            Self::KeyMissing { .. } => reason::PKCS11_KEY_MISSING,
            Self::KeyAmbiguous { .. } => reason::PKCS11_KEY_AMBIGUOUS,
            Self::PublicKeyMissing { .. } => reason::PKCS11_PUBLIC_KEY_MISSING,
            Self::Key(_) | Self::NotASigningKey => reason::PKCS11_UNSUPPORTED_KEY,
            Self::CertificateMissing { .. } | Self::Certificate(_) => reason::PKCS11_CERTIFICATE_MISSING,
            Self::PinSource { .. } => reason::PKCS11_PIN_SOURCE,
            Self::PinWrong => reason::PKCS11_PIN_WRONG,
            Self::PinLocked => reason::PKCS11_PIN_LOCKED,
            Self::BadSignature => reason::PKCS11_BAD_SIGNATURE,
            Self::Failed { .. } => reason::PKCS11_FAILED,
        }
    }
}

/// Why a token's key could not be opened: the token, or the caller's way of finding a PIN.
#[derive(Debug, thiserror::Error)]
pub enum TokenOpenError<E> {
    /// The token, module or URI is at fault.
    #[error(transparent)]
    Token(#[from] Pkcs11Error),
    /// The PIN closure failed; its own error.
    #[error("the PIN cannot be had")]
    Pin(#[source] E),
}

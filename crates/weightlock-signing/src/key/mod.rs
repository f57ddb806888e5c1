//! Keys: reading, making, checking and using them.
//!
//! | file | holds |
//! |---|---|
//! | [`PublicKey`], [`OmsKey`] | what is trusted: SubjectPublicKeyInfo in PEM or DER |
//! | [`PrivateKey`], [`Signer`] | PKCS#8, SEC1 and cosign's encrypted form (feature `sign`) |
//! | [`uri::Uri`] | the name of a key on a PKCS#11 token, RFC 7512 |
//! | `pkcs11` | such a key in use (feature `pkcs11`) |
//! | [`reference::KeyReference`] | what somebody wrote to name a key: a file, a token, a service |
//! | `kms` | keys that a service keeps (feature `online`) |
//!
//! Four kinds of key exist: ECDSA on P-256, P-384, P-521, each with the hash of its own size (SHA-256, SHA-384,
//! SHA-512), and Ed25519. Everything else is refused by name. OpenSSF Model Signing knows the first three only;
//! [`OmsKey`] is the proof that a key is one of them.

mod algorithm;
#[cfg(feature = "sign")]
mod cosign;
#[cfg(feature = "sign")]
mod encrypted;
mod error;
#[cfg(feature = "online")]
pub mod kms;
mod password;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
#[cfg(feature = "sign")]
mod private;
mod public;
mod reason;
pub mod reference;
mod signature;
pub mod uri;

pub use crate::pem::PemError;
pub use algorithm::{Algorithm, Hash};
#[cfg(feature = "sign")]
pub use cosign::CosignKeyError;
#[cfg(feature = "sign")]
pub use encrypted::KdfRefusal;
pub use error::KeyError;
pub use password::{OpenError, Password, PasswordNeeded};
#[cfg(feature = "sign")]
pub use private::{PrivateKey, Random, RandomError, SignError, Signer, SystemRandom};
pub use public::{OmsKey, PublicKey};
pub use reason::EXPLANATIONS;
pub use signature::SignatureError;

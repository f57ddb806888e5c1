//! Keys that a service keeps: the private half never leaves it.
//!
//! | file | service |
//! |---|---|
//! | [`vault`] | the transit engine of HashiCorp Vault and OpenBao |
//! | [`aws`] | AWS KMS, with its own way to sign calls in `sigv4` |
//!
//! Both work the same way. Opening fetches the public key once and refuses kinds that are not used here. Signing hands over
//! the digest, and the answer is believed only when the public key that was fetched confirms it: a service that answers
//! with the signature of another key gives no signature at all. What is asked of a service is pinned to the version of the
//! key whose public half was fetched, so a key that is rotated in between changes nothing.
//!
//! Where a service is and who asks are arguments; the environment is not asked here.

pub mod aws;
mod error;
mod sigv4;
pub mod vault;

pub use error::KmsError;

use super::{Algorithm, PublicKey, SignError};

/// Largest answer of a service. A key of Vault with a thousand versions has half of it.
const ANSWER_LIMIT: u64 = 1 << 20;

/// Gives the signature out if the key made it over the message.
fn confirmed(key: &PublicKey, asked: Asked<'_>, signature: Vec<u8>) -> Result<Vec<u8>, KmsError> {
    let checked = match asked {
        Asked::Message(message) => key.verify(message, &signature),
        Asked::Digest(digest) => key.verify_digest(digest, &signature),
    };
    match checked {
        Ok(()) => Ok(signature),
        Err(error) => Err(KmsError::BadSignature(error)),
    }
}

/// What is to be signed.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// A message.
    Message(&'a [u8]),
    /// The digest of one that is elsewhere.
    Digest(&'a [u8]),
}

impl Asked<'_> {
    /// What is sent: the digest; for Ed25519, which hashes by itself, the message.
    fn input(self, algorithm: Algorithm) -> Vec<u8> {
        match self {
            Self::Message(message) if algorithm != Algorithm::Ed25519 => algorithm.hash().digest(message),
            Self::Message(bytes) | Self::Digest(bytes) => bytes.to_vec(),
        }
    }
}

/// Ed25519 signs messages, and every hash has its length.
fn takes_digest(key: &PublicKey, digest: &[u8]) -> Result<(), SignError> {
    match key.algorithm() {
        Algorithm::Ed25519 => Err(SignError::NeedsMessage),
        algorithm if algorithm.hash().digest_bytes() == digest.len() => Ok(()),
        _ => Err(SignError::Failed),
    }
}

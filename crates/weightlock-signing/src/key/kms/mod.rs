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

use super::{Algorithm, PublicKey};

/// Largest answer of a service. A key of Vault with a thousand versions has half of it.
const ANSWER_LIMIT: u64 = 1 << 20;

/// Gives the signature out if the key made it over the message.
fn confirmed(key: &PublicKey, message: &[u8], signature: Vec<u8>) -> Result<Vec<u8>, KmsError> {
    match key.verify(message, &signature) {
        Ok(()) => Ok(signature),
        Err(error) => Err(KmsError::BadSignature(error)),
    }
}

/// What is sent to be signed: the digest; for Ed25519, which hashes by itself, the message.
fn input(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Ed25519 => message.to_vec(),
        _ => algorithm.hash().digest(message),
    }
}

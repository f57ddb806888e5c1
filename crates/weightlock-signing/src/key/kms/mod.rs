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

use super::{PublicKey, SignError, SignatureError};

/// Largest answer of a service. A key of Vault with a thousand versions has half of it.
const ANSWER_LIMIT: u64 = 1 << 20;

/// Gives the signature out if the check of it succeeded.
fn confirmed(signature: Vec<u8>, checked: Result<(), SignatureError>) -> Result<Vec<u8>, KmsError> {
    match checked {
        Ok(()) => Ok(signature),
        Err(error) => Err(KmsError::BadSignature(error)),
    }
}

/// A digest as long as the key's hash, and not a shorter one that a service might fill up.
fn of_its_length<'a>(key: &PublicKey, digest: &'a [u8]) -> Result<&'a [u8], SignError> {
    let whole = digest.len() == key.algorithm().hash().digest_bytes();
    whole.then_some(digest).ok_or(SignError::Failed)
}

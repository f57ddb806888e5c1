//! The cryptography of this crate, for the Sigstore client: SHA-2, ECDSA, Ed25519 and RSA in Rust, checking only.
//!
//! The client takes its cryptography from one place of the process. [`install`] puts ours there before the client is
//! used first; when another part of the program was faster, that one's stays.

use std::sync::Once;

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sigstore_verify::{
    crypto::{CryptoProvider, Error, HashContext, SigningScheme, install_default_provider},
    types::HashAlgorithm,
};

use crate::{
    certificate::{RsaPadding, rsa_signed},
    key::{Algorithm, Hash, PublicKey},
};

/// Gives the client its cryptography, once.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Already there: somebody else's, which does the same.
        let _ = install_default_provider(&Rust);
    });
}

#[derive(Debug)]
struct Rust;

impl CryptoProvider for Rust {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        Ok(match algorithm {
            HashAlgorithm::Sha2256 => Box::new(Running(Sha256::new())),
            HashAlgorithm::Sha2384 => Box::new(Running(Sha384::new())),
            HashAlgorithm::Sha2512 => Box::new(Running(Sha512::new())),
            other => return Err(Error::UnsupportedAlgorithm(format!("{other:?}"))),
        })
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if scheme == SigningScheme::Ed25519 {
            let key = point(Algorithm::Ed25519, key)?;
            return key.verify(data, signature).map_err(mismatch);
        }
        let hash = hash_of(scheme)?;
        self.verify_prehashed(scheme, key, &hash.digest(data), signature)
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        use SigningScheme as Scheme;
        let hash = hash_of(scheme)?;
        let padding = match scheme {
            Scheme::EcdsaP256Sha256 | Scheme::EcdsaP256Sha384 => {
                return point(Algorithm::P256, key)?
                    .verify_digest(digest, signature)
                    .map_err(mismatch);
            }
            Scheme::EcdsaP384Sha256 | Scheme::EcdsaP384Sha384 => {
                return point(Algorithm::P384, key)?
                    .verify_digest(digest, signature)
                    .map_err(mismatch);
            }
            Scheme::RsaPkcs1Sha256 | Scheme::RsaPkcs1Sha384 | Scheme::RsaPkcs1Sha512 => RsaPadding::Pkcs1,
            Scheme::RsaPssSha256 | Scheme::RsaPssSha384 | Scheme::RsaPssSha512 => {
                RsaPadding::Pss(digest.len())
            }
            other => return Err(unsupported(other)),
        };
        if rsa_signed(key, padding, hash, digest, signature) {
            Ok(())
        } else {
            Err(Error::Verification(
                "the RSA signature does not verify".to_owned(),
            ))
        }
    }
}

fn point(algorithm: Algorithm, key: &[u8]) -> Result<PublicKey, Error> {
    PublicKey::from_point(algorithm, key).map_err(|error| Error::InvalidKey(error.to_string()))
}

fn mismatch(error: crate::key::SignatureError) -> Error {
    Error::Verification(error.to_string())
}

fn hash_of(scheme: SigningScheme) -> Result<Hash, Error> {
    match scheme.hash_algorithm() {
        Some(HashAlgorithm::Sha2256) => Ok(Hash::Sha256),
        Some(HashAlgorithm::Sha2384) => Ok(Hash::Sha384),
        Some(HashAlgorithm::Sha2512) => Ok(Hash::Sha512),
        _ => Err(unsupported(scheme)),
    }
}

fn unsupported(scheme: SigningScheme) -> Error {
    Error::UnsupportedAlgorithm(scheme.name().to_owned())
}

/// A digest that is being computed.
struct Running<D>(D);

impl<D: sha2::Digest + Send> HashContext for Running<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

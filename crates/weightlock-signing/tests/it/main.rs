//! Keys and certificates, checked against the OMS vectors, OpenSSL, softhsm2 and hostile input.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "helpers of tests, with small numbers"
)]

mod blob_identities;
mod blob_mutations;
mod certificates;
mod corpus;
mod cosign_key;
#[cfg(feature = "online")]
mod keyless;
#[cfg(feature = "online")]
mod kms;
mod mint;
mod mutations;
mod oms_model;
mod oms_mutations;
mod openssl;
mod pkcs11;
mod private_keys;
mod public_keys;
mod signatures;
mod sigstore;
#[cfg(feature = "online")]
mod tokens;
mod tree;
#[cfg(feature = "online")]
mod tuf;

use std::path::{Path, PathBuf};

/// The path of a test file.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// The bytes of a test file.
fn data(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A password closure for keys that need none.
fn no_password(
    _: weightlock_signing::key::PasswordNeeded,
) -> Result<weightlock_signing::key::Password, String> {
    Err("no password was expected".into())
}

/// A private key without a password.
fn private(name: &str) -> weightlock_signing::key::PrivateKey {
    weightlock_signing::key::PrivateKey::from_pem(&data(name), no_password).unwrap()
}

/// Random numbers that are the same in every run.
struct Repeatable(u8);

impl weightlock_signing::key::Random for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), weightlock_signing::key::RandomError> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(181).wrapping_add(97);
            *byte = self.0;
        }
        Ok(())
    }
}

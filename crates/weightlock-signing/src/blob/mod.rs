//! Blobs: one stream of bytes, signed as it is, or named by a signed statement.
//!
//! This is what `cosign sign-blob` and `attest-blob` do, with keys and with certificates. A signature comes in one of
//! three forms ([`BlobSignature`]): a Sigstore bundle, cosign's old bundle, or detached files. Whichever it was, the same
//! four steps decide ([`verify`]).
//!
//! **Memory.** A blob is hashed as it is read ([`Blob::read`]) and never held: ECDSA signs digests. Pure Ed25519
//! (RFC 8032) needs the whole message, twice; such blobs are held, up to [`Blob::MAX_HELD`] bytes, and larger ones refused.
//!
//! **Which hash.** The one that belongs to the key: SHA-256 for P-256, SHA-384 for P-384, SHA-512 for P-521. cosign signs so
//! as well, and *verifies* with SHA-256 whatever the curve (observed with 2.6 and 3.1), so others sign so to please it. Such
//! a signature is accepted too: the key's holder made it, over a digest that is as good a name of the blob. The choice is
//! never the signature's alone: a bundle that names another hash than these two is refused.

mod attestation;
mod evidence;
pub mod reason;
mod refusal;
#[cfg(feature = "sign")]
mod sign;
mod verify;

use std::io::{self, Read};

use weightlock_artifact::digest::{Algorithm, Digest, Hasher};

#[cfg(feature = "sign")]
pub use self::sign::{SignedBlob, SigningFailure, sign, sign_statement};
pub use self::{
    attestation::{
        Attestation, AttestedSubject, Checks, VerifiedAttestation, custom_predicate, predicate, statement,
        verify_attestation,
    },
    refusal::BlobRefusal,
    verify::{BlobSignature, Form, Signed, Trust, VerifiedBlob, verify},
};
use crate::key::{Algorithm as KeyAlgorithm, Hash, PublicKey};

/// What has to be known of a blob to check or make a signature.
#[derive(Clone, Debug)]
pub struct Needs {
    hashes: Vec<Algorithm>,
    held: bool,
}

impl Needs {
    /// The digests that a signature by this key may cover, and SHA-256, by which a blob is named.
    #[must_use]
    pub fn of_key(key: &PublicKey) -> Self {
        let mut hashes = vec![Algorithm::Sha256];
        let held = key.algorithm() == KeyAlgorithm::Ed25519;
        let own = algorithm_of(key.algorithm().hash());
        if !hashes.contains(&own) {
            hashes.push(own);
        }
        Self { hashes, held }
    }

    /// SHA-256 alone: enough for a statement about the blob.
    #[must_use]
    pub fn name() -> Self {
        Self {
            hashes: vec![Algorithm::Sha256],
            held: false,
        }
    }

    /// Also this digest.
    #[must_use]
    pub fn and(mut self, algorithm: Algorithm) -> Self {
        if !self.hashes.contains(&algorithm) {
            self.hashes.push(algorithm);
        }
        self
    }

    /// Also the bytes themselves, for a key that signs nothing else.
    #[must_use]
    pub const fn and_bytes(mut self) -> Self {
        self.held = true;
        self
    }
}

/// Why a blob could not be taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// It could not be read.
    #[error("the blob cannot be read")]
    Read(#[from] io::Error),
    /// It has to be held in memory, and is larger than is held.
    #[error(
        "an Ed25519 key signs the whole blob at once, and more than {} bytes are not held in memory",
        Blob::MAX_HELD
    )]
    TooLargeToHold,
}

/// What was read of a blob.
#[derive(Clone, Debug)]
pub struct Blob {
    size: u64,
    digests: Vec<Digest>,
    bytes: Option<Vec<u8>>,
    is_encoding: bool,
}

/// How the bytes begin that a statement's signature covers (DSSE, in the spelling of the protocol or of the reference 0.2).
const ENCODING: &[u8] = b"DSSEv1 ";

impl Blob {
    /// The most bytes that are held for an Ed25519 key: 256 MiB. cosign, which holds every blob, stops at 128.
    pub const MAX_HELD: usize = 256 << 20;

    /// A blob of at most this size is always held: some key services take short messages where they take no digest.
    const ALWAYS_HELD: usize = 4096;

    /// Reads to the end, once.
    ///
    /// # Errors
    /// [`BlobError`] when reading fails, or when there is more to hold than is held.
    pub fn read(input: &mut dyn Read, needs: &Needs) -> Result<Self, BlobError> {
        let mut hashers: Vec<Hasher> = needs.hashes.iter().copied().map(Hasher::new).collect();
        let mut bytes = Some(Vec::new());
        let most = if needs.held {
            Self::MAX_HELD
        } else {
            Self::ALWAYS_HELD
        };
        let mut buffer = vec![0; 1 << 20];
        let mut size = 0_u64;
        let mut head = Vec::with_capacity(ENCODING.len());
        loop {
            let part = match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            size = size.saturating_add(part.len() as u64);
            head.extend(part.iter().take(ENCODING.len().saturating_sub(head.len())));
            for hasher in &mut hashers {
                hasher.update(part);
            }
            match &mut bytes {
                Some(held) if held.len().saturating_add(part.len()) <= most => held.extend_from_slice(part),
                Some(_) if needs.held => return Err(BlobError::TooLargeToHold),
                _ => bytes = None,
            }
        }
        Ok(Self {
            size,
            digests: hashers.into_iter().map(Hasher::finish).collect(),
            bytes,
            is_encoding: head.eq_ignore_ascii_case(ENCODING),
        })
    }

    /// Whether it begins as what a statement's signature covers.
    #[must_use]
    pub const fn is_encoding(&self) -> bool {
        self.is_encoding
    }

    /// Refuses to sign what a statement's signature covers. A signature over such a file *is* one over the statement in it:
    /// whoever has a file signed could choose what its signer states about any model.
    ///
    /// # Errors
    /// [`SigningFailure::Encoding`] for a file that begins as such an encoding.
    #[cfg(feature = "sign")]
    pub const fn check_signable(&self) -> Result<(), SigningFailure> {
        if self.is_encoding() {
            return Err(SigningFailure::Encoding);
        }
        Ok(())
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its SHA-256, by which it is named.
    #[must_use]
    pub fn sha256(&self) -> Option<&Digest> {
        self.digest(Algorithm::Sha256)
    }

    /// A digest that was asked for when it was read.
    #[must_use]
    pub fn digest(&self, algorithm: Algorithm) -> Option<&Digest> {
        self.digests.iter().find(|digest| digest.algorithm() == algorithm)
    }

    /// Its bytes, if they are held.
    fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }
}

/// The same hash by its name among digests.
const fn algorithm_of(hash: Hash) -> Algorithm {
    match hash {
        Hash::Sha256 => Algorithm::Sha256,
        Hash::Sha384 => Algorithm::Sha384,
        Hash::Sha512 => Algorithm::Sha512,
    }
}

#[cfg(all(test, feature = "sign"))]
mod tests;

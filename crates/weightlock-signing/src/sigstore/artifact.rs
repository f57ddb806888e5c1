//! [`Artifact`]: what a signature is about.

use std::{fmt, io::Read};

use sigstore_verify::{
    VerificationResult, Verifier,
    types::{ArtifactDigest, Bundle, Sha256Hash},
};
use weightlock_artifact::digest::{Algorithm, Digest};

use super::SigstoreRefusal;

/// The bytes a signature is about, or what is known of them.
pub enum Artifact<'a> {
    /// All of them.
    Bytes(&'a [u8]),
    /// Their SHA-256. Enough for statements, and for signatures by P-256 keys.
    Sha256(Digest),
    /// Read once, and never held as a whole.
    Reader(&'a mut dyn Read),
}

impl fmt::Debug for Artifact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Sha256(digest) => write!(f, "Sha256({digest})"),
            Self::Reader(_) => f.write_str("Reader"),
        }
    }
}

impl Artifact<'_> {
    /// Checks a bundle against the artifact.
    pub(super) fn verify(
        self,
        verifier: &Verifier,
        bundle: &Bundle,
        policy: &dyn sigstore_verify::Policy,
    ) -> Result<VerificationResult, SigstoreRefusal> {
        let result = match self {
            Self::Bytes(bytes) => verifier.verify(bytes, bundle, policy),
            Self::Sha256(digest) => verifier.verify(sha256(&digest)?, bundle, policy),
            Self::Reader(reader) => verifier.verify_reader(reader, bundle, policy),
        };
        result.map_err(SigstoreRefusal::from)
    }
}

fn sha256(digest: &Digest) -> Result<ArtifactDigest, SigstoreRefusal> {
    let bytes = <[u8; 32]>::try_from(digest.as_bytes()).ok();
    let bytes = bytes.filter(|_| digest.algorithm() == Algorithm::Sha256);
    bytes
        .map(|bytes| Sha256Hash::new(bytes).into())
        .ok_or_else(|| SigstoreRefusal::Unsupported {
            what: "the artifact is known by another digest than SHA-256".to_owned(),
        })
}

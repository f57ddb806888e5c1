//! From a bundle and what the caller trusts to a statement that somebody known has signed.

use weightlock_artifact::digest::{Algorithm, Digest};

use crate::{
    bundle::Bundle,
    envelope::Envelope,
    key::{Hash, OmsKey, PublicKey, SignatureError},
    oms::{ModelStatement, PREDICATE_TYPE_0_2, legacy, parse},
    refusal::Refusal,
    verifier::{Signer, Trust, signer_of},
};

/// A statement whose signature was checked. Only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedStatement {
    statement: ModelStatement,
    signer: Signer,
    digest: Digest,
}

impl VerifiedStatement {
    /// What was signed.
    #[must_use]
    pub const fn statement(&self) -> &ModelStatement {
        &self.statement
    }

    /// SHA-256 of the signed payload: which statement it is.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// Checks who signed a model's statement, and what it says. The model itself is not looked at.
///
/// 1. The bundle is read: bounded, no repeated keys, exactly one signature, material of one kind.
/// 2. Its method is the one the caller trusts. A hint, if there is one, names the caller's key.
/// 3. For certificates: a path from the leaf to one of the caller's roots is valid. For identities: everything that
///    [`crate::sigstore::TrustRoot::verify`] asks for.
/// 4. The payload is an in-toto statement, and the signature covers it with the hash of the key's curve. Only a
///    statement of the form 0.2 may be covered in that version's own encoding.
/// 5. The statement is read and does not contradict itself.
///
/// # Errors
/// [`Refusal`] names the first rule that is broken.
pub fn verify(bundle: &[u8], trust: &Trust) -> Result<VerifiedStatement, Refusal> {
    verify_bundle(Bundle::parse(bundle)?, trust)
}

/// Steps 2 to 5 of [`verify`], for a bundle that was read already.
///
/// # Errors
/// [`Refusal`] names the first rule that is broken.
pub fn verify_bundle(bundle: Bundle, trust: &Trust) -> Result<VerifiedStatement, Refusal> {
    let (envelope, signer) = signer_of(bundle, trust)?;
    check_signature(&envelope, &signer)?;
    let statement = parse::statement(&envelope.payload)?;
    Ok(VerifiedStatement {
        statement,
        signer,
        digest: Algorithm::Sha256.digest(&envelope.payload),
    })
}

fn check_signature(envelope: &Envelope, signer: &Signer) -> Result<(), Refusal> {
    // That version hashed with SHA-256 for certificates, whatever the curve.
    let (key, old_hash) = match signer {
        Signer::Key(key) => (key, key.algorithm().hash()),
        Signer::Certificate(path) => (path.public_key(), Hash::Sha256),
        // Checked with the rest of its evidence.
        Signer::Identity { .. } => return Ok(()),
    };
    OmsKey::try_from(key.clone())?;
    match key.verify(&envelope.signed_bytes(), &envelope.signature) {
        Ok(()) => Ok(()),
        Err(current) => match check_as_version_0_2(envelope, key, old_hash) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(Refusal::Signature(current)),
        },
    }
}

/// `None` when the payload is not a statement of that version.
fn check_as_version_0_2(
    envelope: &Envelope,
    key: &PublicKey,
    hash: Hash,
) -> Option<Result<(), SignatureError>> {
    let claimed = parse::predicate_type(&envelope.payload).ok()?;
    (claimed == PREDICATE_TYPE_0_2).then(|| {
        let covered = legacy::signed_bytes(envelope);
        key.dangerous_verify_with_hash(hash, &covered, &envelope.signature)
    })
}

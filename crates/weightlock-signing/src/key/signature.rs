//! ECDSA and Ed25519 signatures: strict reading, checking, writing.
//!
//! An ECDSA signature is DER, `SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 section 2.2.3): shortest lengths,
//! shortest non-negative integers, nothing before or behind, `0 < r, s < n`. Every other spelling of the same
//! numbers is refused, so that the bytes of a signature cannot be changed without changing the numbers.
//!
//! **High `s` is accepted.** `(r, n - s)` is valid whenever `(r, s)` is; OpenSSL, Go and every OMS producer write
//! either with equal probability, so a rule "low `s` only" would refuse half of all honest signatures. What is
//! identified by Weightlock is the signed content, never the signature's bytes, so nothing is lost.
//!
//! Ed25519 uses the strict check (no small-order points, canonical `s`).

use der::{Decode, Reader, SliceReader, asn1::UintRef};
use ecdsa::signature::hazmat::PrehashVerifier;
use weightlock_artifact::reason::Code;

use super::{Algorithm, Hash, public::Inner, reason};

/// Why a signature was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not the one DER form, or not the length of the algorithm.
    #[error("the signature is not encoded as {algorithm} signatures are")]
    Encoding {
        /// The kind of the key it was checked with.
        algorithm: Algorithm,
    },
    /// `r` or `s` is zero or not below the order of the curve.
    #[error("a number of the signature is outside the range of {algorithm}")]
    Range {
        /// The kind of the key it was checked with.
        algorithm: Algorithm,
    },
    /// A digest, where only the message itself can be checked.
    #[error("Ed25519 signs messages, and only a digest of this one is at hand")]
    Prehashed,
    /// Well formed, and made by another key or over other bytes.
    #[error("the signature was not made by this key over these bytes")]
    Mismatch,
}

impl SignatureError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Encoding { .. } => reason::SIGNATURE_ENCODING,
            Self::Range { .. } => reason::SIGNATURE_RANGE,
            Self::Prehashed => reason::SIGNATURE_PREHASHED,
            Self::Mismatch => reason::SIGNATURE_MISMATCH,
        }
    }
}

/// Longer than any DER signature on the three curves (P-521: 139 bytes).
const MAX_DER_BYTES: usize = 144;

/// Checks `signature` over `message`, hashed with `hash` where the algorithm leaves a choice.
pub(super) fn verify(
    key: &Inner,
    hash: Hash,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    match key {
        Inner::P256(_) | Inner::P384(_) | Inner::P521(_) => {
            verify_digest(key, &hash.digest(message), signature)
        }
        Inner::Ed25519(key) => {
            let encoding = |_| SignatureError::Encoding {
                algorithm: Algorithm::Ed25519,
            };
            let signature = ed25519_dalek::Signature::from_slice(signature).map_err(encoding)?;
            key.verify_strict(message, &signature)
                .map_err(|_| SignatureError::Mismatch)
        }
    }
}

/// Checks `signature` over a digest.
pub(super) fn verify_digest(key: &Inner, digest: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    match key {
        Inner::P256(key) => verify_ecdsa(Algorithm::P256, key, digest, signature),
        Inner::P384(key) => verify_ecdsa(Algorithm::P384, key, digest, signature),
        Inner::P521(key) => verify_ecdsa(Algorithm::P521, key, digest, signature),
        Inner::Ed25519(_) => Err(SignatureError::Prehashed),
    }
}

fn verify_ecdsa<C>(
    algorithm: Algorithm,
    key: &ecdsa::VerifyingKey<C>,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError>
where
    C: ecdsa::EcdsaCurve + ecdsa::elliptic_curve::CurveArithmetic,
    ecdsa::SignatureSize<C>: ecdsa::elliptic_curve::array::ArraySize,
    ecdsa::VerifyingKey<C>: PrehashVerifier<ecdsa::Signature<C>>,
{
    let fixed = der_to_fixed(algorithm, signature)?;
    let numbers =
        ecdsa::Signature::<C>::from_slice(&fixed).map_err(|_| SignatureError::Range { algorithm })?;
    key.verify_prehash(digest, &numbers)
        .map_err(|_| SignatureError::Mismatch)
}

/// `SEQUENCE { r, s }` to the two numbers side by side, each as long as the field.
fn der_to_fixed(algorithm: Algorithm, signature: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let (r, s) = read_der(signature).map_err(|_| SignatureError::Encoding { algorithm })?;
    let field = algorithm.field_bytes();
    let mut fixed = vec![0; 2 * field];
    for (number, place) in [r, s].into_iter().zip(fixed.chunks_exact_mut(field)) {
        let bytes = number.as_bytes();
        let start = field
            .checked_sub(bytes.len())
            .ok_or(SignatureError::Range { algorithm })?;
        place[start..].copy_from_slice(bytes);
    }
    Ok(fixed)
}

fn read_der(signature: &[u8]) -> der::Result<(UintRef<'_>, UintRef<'_>)> {
    if signature.len() > MAX_DER_BYTES {
        return Err(der::ErrorKind::Overlength.into());
    }
    let mut reader = SliceReader::new(signature)?;
    let numbers =
        reader.sequence(|inner| Ok::<_, der::Error>((UintRef::decode(inner)?, UintRef::decode(inner)?)))?;
    reader.finish()?;
    Ok(numbers)
}

/// The two numbers side by side, as tokens return them, to DER. `None` if the length is not the curve's.
#[cfg_attr(
    not(feature = "pkcs11"),
    expect(dead_code, reason = "only tokens return this form")
)]
pub(crate) fn fixed_to_der(algorithm: Algorithm, fixed: &[u8]) -> Option<Vec<u8>> {
    use der::Encode;
    let field = algorithm.field_bytes();
    let (r, s) = fixed.split_at_checked(field).filter(|(_, s)| s.len() == field)?;
    let numbers = [UintRef::new(r).ok()?, UintRef::new(s).ok()?];
    numbers.to_vec().to_der().ok()
}

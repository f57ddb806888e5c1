//! Signatures on certificates: which algorithms, which keys.
//!
//! | signature | keys |
//! |---|---|
//! | ECDSA with SHA-256, SHA-384, SHA-512 | P-256, P-384, P-521 |
//! | RSA PKCS#1 v1.5 and PSS with SHA-256, SHA-384, SHA-512 | 2048 to 8192 bits |
//! | Ed25519 | Ed25519 |
//!
//! MD2, MD5, SHA-1 and SHA-224, and shorter RSA keys, are refused as weak: certificates with forged content have
//! been made for the first three. RSA is here to check what a certificate authority signed, and only that; the
//! advisory RUSTSEC-2023-0071 against the `rsa` crate is about operations with private keys, which are not used.

use der::{Any, Decode, Encode, asn1::ObjectIdentifier};
use ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{
    RsaPublicKey,
    pkcs1::{RsaPssParams, RsaPublicKeyRef},
    pkcs1v15,
    pkcs8::AssociatedOid,
    pss,
    traits::PublicKeyParts,
};
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoRef};

use super::{Certificate, CertificateError};
use crate::key::{Algorithm, Hash, PublicKey};

/// Shorter RSA keys can be factored, or soon; NIST SP 800-131A ended them in 2013.
const MIN_RSA_BITS: u32 = 2048;
/// Checking costs the square of the length; no public authority uses more than 4096.
const MAX_RSA_BITS: u32 = 8192;

/// How a certificate is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum SignatureAlgorithm {
    Ecdsa(Hash),
    RsaPkcs1(Hash),
    RsaPss { hash: Hash, salt_length: usize },
    Ed25519,
    Weak(&'static str),
    Unknown(String),
}

/// Why a signature on a certificate does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum LinkFault {
    /// A broken or too short algorithm.
    Weak(String),
    /// An algorithm or key of a kind that is not used here.
    Unsupported(String),
    /// The signature is not the issuer's.
    Mismatch,
}

impl SignatureAlgorithm {
    pub(super) fn parse(identifier: &AlgorithmIdentifierOwned) -> Result<Self, CertificateError> {
        let algorithm = Self::of_oid(identifier)?;
        let parameters = identifier.parameters.as_ref();
        let honest = match &algorithm {
            // RFC 5758 section 3.2 and RFC 8410 section 3: absent. RFC 4055 section 5: NULL, and absent is read.
            Self::Ecdsa(_) | Self::Ed25519 => parameters.is_none(),
            Self::RsaPkcs1(_) => parameters.is_none_or(|parameters| parameters.is_null()),
            _ => true,
        };
        if honest {
            Ok(algorithm)
        } else {
            Err(CertificateError::Malformed {
                what: "signature algorithm",
            })
        }
    }

    fn of_oid(identifier: &AlgorithmIdentifierOwned) -> Result<Self, CertificateError> {
        Ok(match identifier.oid.to_string().as_str() {
            "1.2.840.10045.4.3.2" => Self::Ecdsa(Hash::Sha256),
            "1.2.840.10045.4.3.3" => Self::Ecdsa(Hash::Sha384),
            "1.2.840.10045.4.3.4" => Self::Ecdsa(Hash::Sha512),
            "1.2.840.113549.1.1.11" => Self::RsaPkcs1(Hash::Sha256),
            "1.2.840.113549.1.1.12" => Self::RsaPkcs1(Hash::Sha384),
            "1.2.840.113549.1.1.13" => Self::RsaPkcs1(Hash::Sha512),
            "1.2.840.113549.1.1.10" => Self::parse_pss(identifier)?,
            "1.3.101.112" => Self::Ed25519,
            "1.2.840.113549.1.1.2" => Self::Weak("MD2 with RSA"),
            "1.2.840.113549.1.1.4" => Self::Weak("MD5 with RSA"),
            "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => Self::Weak("SHA-1 with RSA"),
            "1.2.840.113549.1.1.14" => Self::Weak("SHA-224 with RSA"),
            "1.2.840.10045.4.1" => Self::Weak("SHA-1 with ECDSA"),
            "1.2.840.10045.4.3.1" => Self::Weak("SHA-224 with ECDSA"),
            "1.2.840.10040.4.3" => Self::Weak("SHA-1 with DSA"),
            other => Self::Unknown(other.to_owned()),
        })
    }

    /// RFC 4055 section 3.1. Both hashes must be the same, as every authority writes it.
    fn parse_pss(identifier: &AlgorithmIdentifierOwned) -> Result<Self, CertificateError> {
        let malformed = CertificateError::Malformed {
            what: "RSASSA-PSS parameters",
        };
        let encoded = identifier.parameters.to_der().map_err(|_| malformed.clone())?;
        let parameters = RsaPssParams::<Any>::from_der(&encoded).map_err(|_| malformed)?;
        let mask = parameters.mask_gen.parameters.map(|mask| mask.oid);
        let same = mask == Some(parameters.hash.oid) && parameters.mask_gen.oid.to_string() == MGF1;
        Ok(match hash_of(parameters.hash.oid) {
            Some(hash) if same => Self::RsaPss {
                hash,
                salt_length: parameters.salt_len.into(),
            },
            None if parameters.hash.oid.to_string() == SHA1 => Self::Weak("SHA-1 with RSASSA-PSS"),
            _ => Self::Unknown("RSASSA-PSS with unusual parameters".to_owned()),
        })
    }
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: &str = "1.2.840.113549.1.1.8";
const SHA1: &str = "1.3.14.3.2.26";

fn hash_of(oid: ObjectIdentifier) -> Option<Hash> {
    match oid.to_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => Some(Hash::Sha256),
        "2.16.840.1.101.3.4.2.2" => Some(Hash::Sha384),
        "2.16.840.1.101.3.4.2.3" => Some(Hash::Sha512),
        _ => None,
    }
}

/// Checks that `issuer` signed `certificate`.
pub(super) fn check_link(certificate: &Certificate, issuer: &Certificate) -> Result<(), LinkFault> {
    let (message, signature) = (certificate.signed.as_slice(), certificate.signature.as_slice());
    match &certificate.signature_algorithm {
        SignatureAlgorithm::Ecdsa(hash) => {
            let key = public_key(issuer, |algorithm| algorithm != Algorithm::Ed25519)?;
            let checked = key.dangerous_verify_with_hash(*hash, message, signature);
            checked.map_err(|_| LinkFault::Mismatch)
        }
        SignatureAlgorithm::Ed25519 => {
            let key = public_key(issuer, |algorithm| algorithm == Algorithm::Ed25519)?;
            key.verify(message, signature).map_err(|_| LinkFault::Mismatch)
        }
        SignatureAlgorithm::RsaPkcs1(hash) => {
            let key = rsa_key(issuer, false)?;
            check_rsa(key, RsaPadding::Pkcs1, *hash, &hash.digest(message), signature)
        }
        SignatureAlgorithm::RsaPss { hash, salt_length } => {
            let key = rsa_key(issuer, true)?;
            check_rsa(
                key,
                RsaPadding::Pss(*salt_length),
                *hash,
                &hash.digest(message),
                signature,
            )
        }
        SignatureAlgorithm::Weak(name) => Err(LinkFault::Weak((*name).to_owned())),
        SignatureAlgorithm::Unknown(name) => Err(LinkFault::Unsupported(name.clone())),
    }
}

/// The issuer's key, if its kind fits the signature. A signature of another kind is simply not the issuer's.
fn public_key(issuer: &Certificate, fits: impl Fn(Algorithm) -> bool) -> Result<PublicKey, LinkFault> {
    let key = issuer
        .public_key()
        .map_err(|error| LinkFault::Unsupported(error.to_string()))?;
    if fits(key.algorithm()) {
        Ok(key)
    } else {
        Err(LinkFault::Mismatch)
    }
}

/// The issuer's RSA key. A key that names PSS itself (RFC 4055 section 3.1) signs with PSS only; one that is also
/// bound to a hash is not used.
fn rsa_key(issuer: &Certificate, for_pss: bool) -> Result<RsaPublicKey, LinkFault> {
    let info = SubjectPublicKeyInfoRef::from_der(&issuer.spki).map_err(|_| LinkFault::Mismatch)?;
    match info.algorithm.oid {
        RSA => {}
        RSA_PSS if !for_pss => return Err(LinkFault::Mismatch),
        RSA_PSS if info.algorithm.parameters.is_none() => {}
        RSA_PSS => {
            return Err(LinkFault::Unsupported(
                "an RSA key bound to one kind of PSS".to_owned(),
            ));
        }
        _ => return Err(LinkFault::Mismatch),
    }
    rsa_numbers(info.subject_public_key.as_bytes().ok_or_else(damaged)?)
}

fn damaged() -> LinkFault {
    LinkFault::Unsupported("an RSA key with impossible numbers".to_owned())
}

/// The key of a PKCS#1 `RSAPublicKey` (RFC 8017 section A.1.1), if it is strong enough and not absurd.
fn rsa_numbers(bytes: &[u8]) -> Result<RsaPublicKey, LinkFault> {
    let numbers = RsaPublicKeyRef::from_der(bytes).map_err(|_| damaged())?;
    // The size first: making a key prepares arithmetic with its modulus, which must be odd.
    let modulus = numbers.modulus.as_bytes();
    match rsa_bits(modulus) {
        Some(bits) if bits < MIN_RSA_BITS => Err(LinkFault::Weak(format!("an RSA key of {bits} bits"))),
        Some(bits) if bits <= MAX_RSA_BITS && modulus.last().is_some_and(|byte| byte & 1 == 1) => Ok(()),
        _ => Err(damaged()),
    }?;
    let key = RsaPublicKey::try_from(numbers).map_err(|_| damaged())?;
    // An exponent of 1 makes every number its own signature.
    if key.e().bits() < 2 {
        Err(damaged())
    } else {
        Ok(key)
    }
}

fn rsa_bits(modulus: &[u8]) -> Option<u32> {
    let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
    Some(bits.saturating_sub(modulus.first()?.leading_zeros()))
}

/// How an RSA signature is padded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RsaPadding {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSASSA-PSS with a salt of this many bytes.
    Pss(usize),
}

/// Whether the holder of this PKCS#1 key signed a digest; `false` also for keys that are not used.
pub(crate) fn rsa_signed(
    key: &[u8],
    padding: RsaPadding,
    hash: Hash,
    digest: &[u8],
    signature: &[u8],
) -> bool {
    rsa_numbers(key).is_ok_and(|key| check_rsa(key, padding, hash, digest, signature).is_ok())
}

fn check_rsa(
    key: RsaPublicKey,
    padding: RsaPadding,
    hash: Hash,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), LinkFault> {
    fn check<D: sha2::Digest + AssociatedOid>(
        key: RsaPublicKey,
        padding: RsaPadding,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), rsa::signature::Error>
    where
        pss::VerifyingKey<D>: PrehashVerifier<pss::Signature>,
        pkcs1v15::VerifyingKey<D>: PrehashVerifier<pkcs1v15::Signature>,
    {
        match padding {
            RsaPadding::Pkcs1 => {
                let signature = pkcs1v15::Signature::try_from(signature)?;
                pkcs1v15::VerifyingKey::<D>::new(key).verify_prehash(digest, &signature)
            }
            RsaPadding::Pss(salt) => {
                let signature = pss::Signature::try_from(signature)?;
                pss::VerifyingKey::<D>::new_with_salt_len(key, salt).verify_prehash(digest, &signature)
            }
        }
    }
    match hash {
        Hash::Sha256 => check::<Sha256>(key, padding, digest, signature),
        Hash::Sha384 => check::<Sha384>(key, padding, digest, signature),
        Hash::Sha512 => check::<Sha512>(key, padding, digest, signature),
    }
    .map_err(|_| LinkFault::Mismatch)
}

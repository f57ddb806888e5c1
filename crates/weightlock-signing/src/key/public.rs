//! [`PublicKey`]: the key somebody decided to trust.
//!
//! Read from a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7; RFC 5480 for curves, RFC 8410 for Ed25519), in DER
//! or in a PEM block `PUBLIC KEY`. Refused, each with its own reason: other algorithms and curves, a curve spelled
//! out in full (CVE-2020-0601), points not on the curve, bytes behind the key, several keys in a file, a private
//! key or a certificate in its place.
//!
//! A compressed point is accepted and held uncompressed: whatever file a key came from, its PEM, DER and hints
//! are those that OpenSSL would write.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use der::{Decode, Encode, Reader, SliceReader, Tag, asn1::BitStringRef};
use sha2::{Digest, Sha256};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::{
    Algorithm, Hash, KeyError, SignatureError,
    algorithm::{EC_PUBLIC_KEY, ED25519},
    signature,
};
use crate::pem::{self, Limits};

/// A public key: ECDSA on P-256, P-384 or P-521, or Ed25519.
#[derive(Clone)]
pub struct PublicKey {
    inner: Inner,
    spki: Vec<u8>,
}

#[derive(Clone)]
pub(super) enum Inner {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl PublicKey {
    /// The largest key file that is read. An honest one has under 300 bytes, with explanations a few thousand.
    pub const MAX_PEM_BYTES: usize = 64 * 1024;

    /// Reads a PEM file with exactly one `PUBLIC KEY` block; text around it is ignored.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with the file or with the key.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let blocks = pem::blocks(
            text,
            Limits {
                bytes: Self::MAX_PEM_BYTES,
                blocks: 4,
            },
        )?;
        let [block] = blocks.as_slice() else {
            return Err(KeyError::SeveralKeys);
        };
        match block.label {
            "PUBLIC KEY" => Self::from_spki_der(&block.content),
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Err(KeyError::IsCertificate),
            "RSA PUBLIC KEY" => Err(KeyError::UnsupportedAlgorithm {
                algorithm: "RSA".into(),
            }),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::IsPrivate),
            label => Err(KeyError::NotAKey { label: label.into() }),
        }
    }

    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with the key.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed {
            what: "SubjectPublicKeyInfo",
        };
        let mut reader = SliceReader::new(spki).map_err(malformed)?;
        let info = SubjectPublicKeyInfoRef::decode(&mut reader).map_err(malformed)?;
        if !reader.is_finished() {
            return Err(KeyError::TrailingData);
        }
        let algorithm = algorithm_of(&info)?;
        let point = info.subject_public_key.as_bytes();
        Self::from_point(algorithm, point.ok_or(KeyError::InvalidPoint { algorithm })?)
    }

    /// Makes a key from its point: SEC1, compressed or not; for Ed25519 the 32 bytes of RFC 8032.
    pub(crate) fn from_point(algorithm: Algorithm, point: &[u8]) -> Result<Self, KeyError> {
        let invalid = || KeyError::InvalidPoint { algorithm };
        // SEC1 also knows hybrid and compact points, and the point at infinity: no honest key uses them.
        if algorithm != Algorithm::Ed25519 && !matches!(point.first(), Some(2..=4)) {
            return Err(invalid());
        }
        let inner = match algorithm {
            Algorithm::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Inner::P256),
            Algorithm::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Inner::P384),
            Algorithm::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(Inner::P521),
            Algorithm::Ed25519 => ed25519_point(point).map(Inner::Ed25519),
        };
        Self::from_inner(inner.ok_or_else(invalid)?).ok_or_else(invalid)
    }

    /// Wraps a checked key, with its canonical encoding.
    pub(super) fn from_inner(inner: Inner) -> Option<Self> {
        let spki = inner.to_spki_der().ok()?;
        Some(Self { inner, spki })
    }

    /// The kind of key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.inner.algorithm()
    }

    /// The point, uncompressed; for Ed25519 its 32 bytes.
    #[cfg(feature = "sign")]
    pub(super) fn point(&self) -> Vec<u8> {
        self.inner.point()
    }

    /// The SubjectPublicKeyInfo in DER, point uncompressed.
    #[must_use]
    pub fn to_spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The PEM text exactly as OpenSSL writes it: 64 columns, a final newline.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.spki).to_string()
    }

    /// The hint of OMS bundles: lower-case hex SHA-256 of [`PublicKey::to_pem`].
    #[must_use]
    pub fn hint_pem(&self) -> String {
        Sha256::digest(self.to_pem().as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The hint of cosign's bundles: base64 SHA-256 of the DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn hint_der(&self) -> String {
        STANDARD.encode(Sha256::digest(&self.spki))
    }

    /// Checks a signature over a message with the hash that belongs to the key.
    ///
    /// # Errors
    /// [`SignatureError`] says whether the signature is malformed or simply another one's.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        signature::verify(&self.inner, self.algorithm().hash(), message, signature)
    }

    /// As [`PublicKey::verify`], but ECDSA over a hash chosen by the caller.
    ///
    /// Dangerous where an attacker can influence the choice: a shorter hash than the curve's lowers the strength
    /// of the signature to that of the hash. Certificates name the hash they are signed with; and OMS bundles of
    /// version 0.2.0 used SHA-256 with every certificate.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn dangerous_verify_with_hash(
        &self,
        hash: Hash,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        signature::verify(&self.inner, hash, message, signature)
    }
}

impl PublicKey {
    /// Checks a signature over a message whose digest was computed elsewhere, such as one that was streamed. The
    /// digest is of the caller's hash; see [`PublicKey::dangerous_verify_with_hash`] for what is at stake.
    ///
    /// # Errors
    /// [`SignatureError`] as for [`PublicKey::verify`]; [`SignatureError::Prehashed`] for Ed25519, which signs
    /// messages and not digests.
    pub fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        signature::verify_digest(&self.inner, digest, signature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("algorithm", &self.algorithm())
            .field("sha256", &self.hint_der())
            .finish_non_exhaustive()
    }
}

impl Inner {
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256(_) => Algorithm::P256,
            Self::P384(_) => Algorithm::P384,
            Self::P521(_) => Algorithm::P521,
            Self::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    fn point(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::P521(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::Ed25519(key) => key.to_bytes().to_vec(),
        }
    }

    fn to_spki_der(&self) -> der::Result<Vec<u8>> {
        let curve = self.algorithm().curve_oid();
        let algorithm = AlgorithmIdentifierRef {
            oid: if curve.is_some() { EC_PUBLIC_KEY } else { ED25519 },
            parameters: curve.as_ref().map(Into::into),
        };
        let point = self.point();
        SubjectPublicKeyInfoRef {
            algorithm,
            subject_public_key: BitStringRef::from_bytes(&point)?,
        }
        .to_der()
    }
}

/// A key of small order would accept one signature for many messages.
fn ed25519_point(point: &[u8]) -> Option<ed25519_dalek::VerifyingKey> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(point.try_into().ok()?).ok()?;
    (!key.is_weak()).then_some(key)
}

/// The kind of key an AlgorithmIdentifier names.
fn algorithm_of(info: &SubjectPublicKeyInfoRef<'_>) -> Result<Algorithm, KeyError> {
    match info.algorithm.oid {
        EC_PUBLIC_KEY => named_curve(&info.algorithm),
        ED25519 if info.algorithm.parameters.is_none() => Ok(Algorithm::Ed25519),
        ED25519 => Err(KeyError::Malformed {
            what: "AlgorithmIdentifier of Ed25519",
        }),
        oid => Err(unsupported_algorithm(oid, info.subject_public_key.as_bytes())),
    }
}

/// The curve named by the parameters of an `id-ecPublicKey` AlgorithmIdentifier.
pub(super) fn named_curve(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Algorithm, KeyError> {
    let parameters = algorithm.parameters.ok_or(KeyError::Malformed {
        what: "name of the curve",
    })?;
    match der::Tagged::tag(&parameters) {
        Tag::Sequence => Err(KeyError::ExplicitParameters),
        _ => {
            let oid = parameters
                .decode_as::<der::asn1::ObjectIdentifier>()
                .map_err(|_| KeyError::Malformed {
                    what: "name of the curve",
                })?;
            curve_of(oid)
        }
    }
}

/// The curve of an object identifier.
pub(super) fn curve_of(oid: der::asn1::ObjectIdentifier) -> Result<Algorithm, KeyError> {
    Algorithm::of_curve(oid).ok_or_else(|| {
        let known = match oid.to_string().as_str() {
            "1.3.132.0.10" => Some("secp256k1"),
            "1.3.132.0.33" => Some("P-224"),
            "1.2.840.10045.3.1.1" => Some("P-192"),
            "1.3.36.3.3.2.8.1.1.7" => Some("brainpoolP256r1"),
            "1.3.36.3.3.2.8.1.1.11" => Some("brainpoolP384r1"),
            "1.3.36.3.3.2.8.1.1.13" => Some("brainpoolP512r1"),
            "1.2.156.10197.1.301" => Some("SM2"),
            _ => None,
        };
        KeyError::UnsupportedCurve {
            curve: known.map_or_else(|| oid.to_string(), str::to_owned),
        }
    })
}

/// Names an algorithm we do not use, with the size of an RSA key where it can be read.
pub(super) fn unsupported_algorithm(oid: der::asn1::ObjectIdentifier, key: Option<&[u8]>) -> KeyError {
    let algorithm = match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => match key.and_then(rsa_bits) {
            Some(bits) => format!("RSA ({bits} bits)"),
            None => "RSA".to_owned(),
        },
        "1.2.840.10040.4.1" => "DSA".to_owned(),
        "1.3.101.113" => "Ed448".to_owned(),
        "1.3.101.110" | "1.3.101.111" => "X25519 and X448 (key agreement)".to_owned(),
        "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
            "ML-DSA".to_owned()
        }
        other => other.to_owned(),
    };
    KeyError::UnsupportedAlgorithm { algorithm }
}

/// Bits of the modulus of a PKCS#1 `RSAPublicKey`.
fn rsa_bits(key: &[u8]) -> Option<u32> {
    let mut reader = SliceReader::new(key).ok()?;
    reader
        .sequence(|inner| {
            let modulus = der::asn1::UintRef::decode(inner)?;
            der::asn1::UintRef::decode(inner)?;
            let first = modulus.as_bytes().first().copied().unwrap_or(0);
            let bits = u32::from(modulus.len()).saturating_mul(8);
            Ok::<_, der::Error>(bits.saturating_sub(first.leading_zeros()))
        })
        .ok()
}

/// A public key that OpenSSF Model Signing allows: P-256, P-384 or P-521.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OmsKey(PublicKey);

impl OmsKey {
    /// The key itself.
    #[must_use]
    pub const fn as_public_key(&self) -> &PublicKey {
        &self.0
    }
}

impl From<OmsKey> for PublicKey {
    fn from(key: OmsKey) -> Self {
        key.0
    }
}

impl TryFrom<PublicKey> for OmsKey {
    type Error = KeyError;

    fn try_from(key: PublicKey) -> Result<Self, KeyError> {
        let algorithm = key.algorithm();
        if algorithm.oms_allowed() {
            Ok(Self(key))
        } else {
            Err(KeyError::NotForOms { algorithm })
        }
    }
}

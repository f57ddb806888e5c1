//! The kinds of key, their identifiers and their hashes.

use std::fmt;

use der::asn1::ObjectIdentifier;
use serde::Serialize;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// `id-ecPublicKey`, RFC 5480 section 2.1.1.
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `id-Ed25519`, RFC 8410 section 3.
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A kind of key and of signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum Algorithm {
    /// ECDSA on P-256 (`secp256r1`, `prime256v1`) with SHA-256.
    P256,
    /// ECDSA on P-384 (`secp384r1`) with SHA-384.
    P384,
    /// ECDSA on P-521 (`secp521r1`) with SHA-512.
    P521,
    /// Ed25519, RFC 8032. Not for OMS.
    Ed25519,
}

impl Algorithm {
    /// The elliptic curves, each with its object identifier (RFC 5480 section 2.1.1.1).
    pub(crate) const CURVES: [(Self, ObjectIdentifier); 3] = [
        (Self::P256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
        (Self::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
        (Self::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
    ];

    /// The curve of an object identifier, if it is one we use.
    pub(crate) fn of_curve(oid: ObjectIdentifier) -> Option<Self> {
        Self::CURVES
            .iter()
            .find(|(_, known)| *known == oid)
            .map(|(curve, _)| *curve)
    }

    /// The object identifier of the curve; none for Ed25519.
    pub(crate) fn curve_oid(self) -> Option<ObjectIdentifier> {
        Self::CURVES
            .iter()
            .find(|(curve, _)| *curve == self)
            .map(|(_, oid)| *oid)
    }

    /// Bytes of a coordinate or private scalar.
    pub(crate) const fn field_bytes(self) -> usize {
        match self {
            Self::P256 | Self::Ed25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The hash that belongs to the curve. Ed25519 hashes by itself; SHA-512 is what it uses.
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 | Self::Ed25519 => Hash::Sha512,
        }
    }

    /// Whether OpenSSF Model Signing allows it: the three curves, not Ed25519.
    #[must_use]
    pub const fn oms_allowed(self) -> bool {
        !matches!(self, Self::Ed25519)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::P256 => "ECDSA P-256",
            Self::P384 => "ECDSA P-384",
            Self::P521 => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// A hash that an ECDSA or RSA signature may be made over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Bytes of a digest.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of a message.
    pub(crate) fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

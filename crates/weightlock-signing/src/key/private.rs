//! [`PrivateKey`]: reading, making and writing keys that sign, and the [`Signer`] every kind of key is used through.
//!
//! | PEM label | what it is |
//! |---|---|
//! | `PRIVATE KEY` | PKCS#8 (RFC 5958) |
//! | `ENCRYPTED PRIVATE KEY` | PKCS#8 with PBES2, see `encrypted.rs` |
//! | `EC PRIVATE KEY` | SEC1 (RFC 5915), as `openssl ecparam -genkey` writes |
//! | `ENCRYPTED SIGSTORE PRIVATE KEY`, `ENCRYPTED COSIGN PRIVATE KEY` | cosign's, see `cosign.rs` |
//!
//! ECDSA signatures are deterministic (RFC 6979): the same key and bytes give the same signature, so a signed
//! model is reproducible, and a bad random number generator cannot leak the key.
//!
//! Secrets are wiped when dropped. What the cryptographic crates keep on the stack while they work is theirs to
//! wipe; the key derived from a PKCS#8 password is not wiped by `pkcs5` 0.8.

use std::fmt;

use der::{Decode, Encode, Reader, SliceReader};
use ecdsa::signature::{Signer as _, hazmat::PrehashSigner as _};
use pkcs8::PrivateKeyInfoRef;
use sec1::{EcParameters, EcPrivateKey};
use weightlock_artifact::reason::Code;
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, OpenError, Password, PasswordNeeded, PublicKey,
    algorithm::{EC_PUBLIC_KEY, ED25519},
    cosign::{self, Sealed},
    encrypted,
    public::{self, Inner},
    reason,
};
use crate::pem::{self, Block, Limits};

/// Makes signatures: a key in memory, on a token, or behind a service.
pub trait Signer {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message, hashed with the hash that belongs to the key. ECDSA signatures are DER.
    ///
    /// # Errors
    /// [`SignError`] when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Signs a message of which only the digest is at hand, made with the hash that belongs to the key. The signature
    /// is the one that [`Signer::sign`] would make, so a file of any size can be signed in one pass.
    ///
    /// # Errors
    /// [`SignError::NeedsMessage`] for Ed25519, and for keys that do not say how they sign digests; otherwise as
    /// [`Signer::sign`].
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let _ = digest;
        Err(SignError::NeedsMessage)
    }
}

/// Why a signature could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The cryptographic crate refused; not known to happen.
    #[error("the signature could not be computed")]
    Failed,
    /// The key signs whole messages only.
    #[error("this key signs whole messages, not digests")]
    NeedsMessage,
    /// The token refused or answered nonsense.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Token(#[from] super::pkcs11::Pkcs11Error),
    /// The service refused or answered nonsense.
    #[cfg(feature = "online")]
    #[error(transparent)]
    Service(#[from] super::kms::KmsError),
}

impl SignError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Failed | Self::NeedsMessage => reason::SIGNING_FAILED,
            #[cfg(feature = "pkcs11")]
            Self::Token(error) => error.code(),
            #[cfg(feature = "online")]
            Self::Service(error) => error.code(),
        }
    }
}

/// The random numbers could not be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the operating system gave no random numbers")]
pub struct RandomError;

impl RandomError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::NO_RANDOM
    }
}

/// Where random numbers come from. An argument, so that tests can be repeated.
pub trait Random {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// [`RandomError`] when there are none.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator. The only one for real keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}

/// A key that signs, held in memory.
pub struct PrivateKey {
    secret: Secret,
    public: PublicKey,
}

// Each is wiped by its own crate when dropped.
enum Secret {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    /// The largest key file that is read.
    pub const MAX_PEM_BYTES: usize = PublicKey::MAX_PEM_BYTES;

    /// Reads a PEM file with one private key. `password` is called once, and only if the key is encrypted and its
    /// parameters are within the limits.
    ///
    /// # Errors
    /// [`OpenError`]: what is wrong with the file or password, or the closure's own error.
    pub fn from_pem<E>(
        text: &[u8],
        password: impl FnOnce(PasswordNeeded) -> Result<Password, E>,
    ) -> Result<Self, OpenError<E>> {
        let blocks = pem::blocks(
            text,
            Limits {
                bytes: Self::MAX_PEM_BYTES,
                blocks: 4,
            },
        );
        let blocks = blocks.map_err(KeyError::from)?;
        let block = the_key(&blocks)?;
        if block.has_headers {
            return Err(KeyError::LegacyEncryption.into());
        }
        match block.label {
            "PRIVATE KEY" => Ok(Self::from_pkcs8_der(&block.content)?),
            "EC PRIVATE KEY" => Ok(Self::from_sec1_der(&block.content, None)?),
            "ENCRYPTED PRIVATE KEY" => Ok(Self::from_pkcs8_decrypted(&encrypted::decrypt(
                &block.content,
                password,
            )?)?),
            cosign::LABEL | cosign::OLD_LABEL => {
                let sealed = Sealed::parse(&block.content)?;
                let password = password(PasswordNeeded::Cosign).map_err(OpenError::Password)?;
                Ok(Self::from_pkcs8_der(&sealed.open(&password)?)?)
            }
            label => Err(other_label(label).into()),
        }
    }

    /// Reads a DER PKCS#8 key that is not encrypted.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with the key.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed { what: "PKCS#8 key" };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let info = PrivateKeyInfoRef::decode(&mut reader).map_err(malformed)?;
        if !reader.is_finished() {
            return Err(KeyError::TrailingData);
        }
        let key = match info.algorithm.oid {
            EC_PUBLIC_KEY => {
                let curve = public::named_curve(&info.algorithm)?;
                Self::from_sec1_der(info.private_key.as_bytes(), Some(curve))?
            }
            ED25519 => Self::from_ed25519(&info)?,
            oid => return Err(public::unsupported_algorithm(oid, None)),
        };
        match info.public_key.map(|point| point.as_bytes()) {
            Some(point) => key.with_stored_point(point),
            None => Ok(key),
        }
    }

    /// As [`PrivateKey::from_pkcs8_der`], for text that came out of a cipher without an authenticator: what is not
    /// even a PKCS#8 key was decrypted with a wrong password (one in 256 has valid padding by chance).
    fn from_pkcs8_decrypted(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_pkcs8_der(der).map_err(|error| match error {
            KeyError::Malformed { .. } | KeyError::TrailingData => KeyError::WrongPassword,
            other => other,
        })
    }

    /// Reads a DER `ECPrivateKey`. The curve is named around it (PKCS#8), in it (SEC1), or both alike.
    fn from_sec1_der(der: &[u8], outer: Option<Algorithm>) -> Result<Self, KeyError> {
        let malformed = |_| {
            if has_explicit_parameters(der) {
                KeyError::ExplicitParameters
            } else {
                KeyError::Malformed { what: "ECPrivateKey" }
            }
        };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let key = EcPrivateKey::decode(&mut reader).map_err(malformed)?;
        if !reader.is_finished() {
            return Err(KeyError::TrailingData);
        }
        let named = match &key.parameters {
            Some(EcParameters::NamedCurve(oid)) => Some(public::curve_of(*oid)?),
            None => None,
        };
        let algorithm = match (outer, named) {
            (Some(outer), Some(inner)) if outer != inner => return Err(KeyError::Mismatch),
            (Some(curve), _) | (None, Some(curve)) => curve,
            (None, None) => {
                return Err(KeyError::Malformed {
                    what: "name of the curve",
                });
            }
        };
        let private = Self::from_scalar(algorithm, key.private_key)?;
        match key.public_key {
            Some(point) => private.with_stored_point(Some(point)),
            None => Ok(private),
        }
    }

    /// A key from its private number, big-endian, as long as the field.
    fn from_scalar(algorithm: Algorithm, scalar: &[u8]) -> Result<Self, KeyError> {
        let invalid = || KeyError::InvalidScalar { algorithm };
        let secret = match algorithm {
            Algorithm::P256 => p256::ecdsa::SigningKey::from_slice(scalar).ok().map(Secret::P256),
            Algorithm::P384 => p384::ecdsa::SigningKey::from_slice(scalar).ok().map(Secret::P384),
            Algorithm::P521 => p521::ecdsa::SigningKey::from_slice(scalar).ok().map(Secret::P521),
            Algorithm::Ed25519 => scalar.try_into().ok().map(|seed| {
                let seed = Zeroizing::new(seed);
                Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed))
            }),
        };
        let secret = secret.ok_or_else(invalid)?;
        let public = PublicKey::from_inner(secret.public()).ok_or_else(invalid)?;
        Ok(Self { secret, public })
    }

    /// RFC 8410 section 7: the private key is an OCTET STRING inside the OCTET STRING.
    fn from_ed25519(info: &PrivateKeyInfoRef<'_>) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed { what: "Ed25519 key" };
        if info.algorithm.parameters.is_some() {
            return Err(KeyError::Malformed {
                what: "AlgorithmIdentifier of Ed25519",
            });
        }
        let seed = <&der::asn1::OctetStringRef>::from_der(info.private_key.as_bytes()).map_err(malformed)?;
        Self::from_scalar(Algorithm::Ed25519, seed.as_bytes())
    }

    /// Refuses a file whose public half is another key's: it would sign what its owner cannot verify.
    fn with_stored_point(self, point: Option<&[u8]>) -> Result<Self, KeyError> {
        let point = point.ok_or(KeyError::Mismatch)?;
        let stored = PublicKey::from_point(self.public.algorithm(), point)?;
        if stored == self.public {
            Ok(self)
        } else {
            Err(KeyError::Mismatch)
        }
    }

    /// Makes a new key.
    ///
    /// # Errors
    /// [`RandomError`] when there are no random numbers.
    pub fn generate(algorithm: Algorithm, random: &mut dyn Random) -> Result<Self, RandomError> {
        // A draw fails with a probability below 2^-32 on each curve; ten failures mean the generator is broken.
        for _ in 0..10 {
            let mut scalar = Zeroizing::new(vec![0; algorithm.field_bytes()]);
            random.fill(&mut scalar)?;
            if algorithm == Algorithm::P521 {
                scalar[0] &= 1;
            }
            if let Ok(key) = Self::from_scalar(algorithm, &scalar) {
                return Ok(key);
            }
        }
        Err(RandomError)
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The key as `PRIVATE KEY` PEM, **not encrypted**.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        pem::encode("PRIVATE KEY", &self.to_pkcs8_der())
    }

    /// The key as cosign writes it, encrypted. cosign and `weightlock sign` read it.
    ///
    /// # Errors
    /// [`RandomError`] when there are no random numbers for salt and nonce.
    pub fn to_cosign_pem(
        &self,
        password: &Password,
        random: &mut dyn Random,
    ) -> Result<Zeroizing<String>, RandomError> {
        let (mut salt, mut nonce) = ([0; 32], [0; 24]);
        random.fill(&mut salt)?;
        random.fill(&mut nonce)?;
        let json = cosign::seal(&self.to_pkcs8_der(), password, salt, nonce).map_err(|_| RandomError)?;
        Ok(pem::encode(cosign::LABEL, &json))
    }

    /// PKCS#8 as OpenSSL and Go write it: the curve named outside, the public point stored inside.
    fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let (scalar, point) = (self.secret.to_bytes(), self.public.point());
        let algorithm = self.public.algorithm();
        let curve = algorithm.curve_oid();
        let inner = match curve {
            Some(_) => EcPrivateKey {
                private_key: &scalar,
                parameters: None,
                public_key: Some(&point),
            }
            .to_der(),
            None => der::asn1::OctetStringRef::new(&scalar).and_then(|seed| seed.to_der()),
        };
        let inner = Zeroizing::new(inner.expect("a key of fixed size has a DER form"));
        let identifier = AlgorithmIdentifierRef {
            oid: if curve.is_some() { EC_PUBLIC_KEY } else { ED25519 },
            parameters: curve.as_ref().map(Into::into),
        };
        let octets = der::asn1::OctetStringRef::new(&inner).expect("a short octet string");
        let info = PrivateKeyInfoRef::new(identifier, octets);
        Zeroizing::new(info.to_der().expect("a key of fixed size has a DER form"))
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.secret {
            Secret::Ed25519(key) => {
                let signature = key.try_sign(message).map_err(|_| SignError::Failed)?;
                Ok(signature.to_bytes().to_vec())
            }
            _ => self.sign_digest(&self.public.algorithm().hash().digest(message)),
        }
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        if digest.len() != self.public.algorithm().hash().digest_bytes() {
            return Err(SignError::Failed);
        }
        let failed = |_| SignError::Failed;
        Ok(match &self.secret {
            Secret::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign_prehash(digest).map_err(failed)?;
                signature.as_bytes().to_vec()
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign_prehash(digest).map_err(failed)?;
                signature.as_bytes().to_vec()
            }
            Secret::P521(key) => {
                let signature: p521::ecdsa::DerSignature = key.sign_prehash(digest).map_err(failed)?;
                signature.as_bytes().to_vec()
            }
            Secret::Ed25519(_) => return Err(SignError::NeedsMessage),
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl Secret {
    fn public(&self) -> Inner {
        match self {
            Self::P256(key) => Inner::P256(*key.verifying_key()),
            Self::P384(key) => Inner::P384(*key.verifying_key()),
            Self::P521(key) => Inner::P521(*key.verifying_key()),
            Self::Ed25519(key) => Inner::Ed25519(key.verifying_key()),
        }
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::P256(key) => key.to_bytes().to_vec(),
            Self::P384(key) => key.to_bytes().to_vec(),
            Self::P521(key) => key.to_bytes().to_vec(),
            Self::Ed25519(key) => key.to_bytes().to_vec(),
        })
    }
}

/// The one private key among the blocks. OpenSSL puts `EC PARAMETERS` before it, others a certificate behind it.
fn the_key<'a, 'b>(blocks: &'b [Block<'a>]) -> Result<&'b Block<'a>, KeyError> {
    let mut keys = blocks.iter().filter(|block| block.label.ends_with("PRIVATE KEY"));
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => Err(KeyError::SeveralKeys),
        (None, _) => Err(blocks
            .first()
            .map_or(KeyError::Pem(pem::PemError::NoBlock), |block| {
                other_label(block.label)
            })),
    }
}

fn other_label(label: &str) -> KeyError {
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => KeyError::IsPublic,
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => KeyError::IsCertificate,
        "RSA PRIVATE KEY" => KeyError::UnsupportedAlgorithm {
            algorithm: "RSA".into(),
        },
        "DSA PRIVATE KEY" => KeyError::UnsupportedAlgorithm {
            algorithm: "DSA".into(),
        },
        "OPENSSH PRIVATE KEY" => KeyError::UnsupportedAlgorithm {
            algorithm: "OpenSSH format".into(),
        },
        label => KeyError::NotAKey { label: label.into() },
    }
}

/// Whether an `ECPrivateKey` carries `[0] SEQUENCE …` where the name of a curve belongs.
fn has_explicit_parameters(der: &[u8]) -> bool {
    let probe = || {
        let mut outer = SliceReader::new(der).ok()?;
        let body = der::AnyRef::decode(&mut outer).ok()?;
        let mut fields = SliceReader::new(body.value()).ok()?;
        u8::decode(&mut fields).ok()?;
        <&der::asn1::OctetStringRef>::decode(&mut fields).ok()?;
        let parameters = der::AnyRef::decode(&mut fields).ok()?;
        (parameters.value().first() == Some(&0x30)).then_some(())
    };
    probe().is_some()
}

//! X.509 certificates: reading them, and deciding whether a chain of them leads to a trusted root.
//!
//! [`Certificate`] reads DER and PEM (RFC 5280 section 4), strictly and with limits. [`validate`] builds the path
//! from a signer's certificate to a root that the user gave, and checks every certificate on it at a stated time
//! (RFC 5280 section 6). There is no built-in list of roots and no clock.
//!
//! Signatures are checked over the bytes as received, never over a re-encoding. The decoded structures come from
//! the `x509-cert` crate; the decisions are here.

mod algorithm;
mod error;
mod extension;
mod name_constraint;
mod path;
mod reason;
mod refusal;
mod time;

use std::fmt;

use der::{AnyRef, Decode, Reader, SliceReader};
use weightlock_artifact::text::Shown;

use crate::{
    key::{KeyError, PublicKey},
    pem::{self, Limits},
};
use algorithm::SignatureAlgorithm;
use extension::Extensions;

pub(crate) use algorithm::{RsaPadding, rsa_signed};
pub use error::CertificateError;
pub use path::{Profile, ValidatedPath, validate};
pub use reason::EXPLANATIONS;
pub use refusal::CertificateRefusal;
pub use time::UnixTime;

/// A certificate that could be read. Nothing about it has been verified.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Vec<u8>,
    signature_algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    serial: Vec<u8>,
    issuer: DistinguishedName,
    subject: DistinguishedName,
    not_before: UnixTime,
    not_after: UnixTime,
    spki: Vec<u8>,
    extensions: Extensions,
}

/// A name as received, byte for byte, and decoded.
#[derive(Clone)]
struct DistinguishedName {
    der: Vec<u8>,
    decoded: x509_cert::name::Name,
}

impl Certificate {
    /// The largest certificate that is read. Honest ones have one to four thousand bytes.
    pub const MAX_DER_BYTES: usize = 64 * 1024;
    /// The largest PEM file; the list of all public web roots has a tenth of it.
    pub const MAX_PEM_BYTES: usize = 2 << 20;
    /// The most certificates in one file; the list of all public web roots has under 200.
    pub const MAX_COUNT: usize = 512;

    /// Reads one DER certificate.
    ///
    /// # Errors
    /// [`CertificateError`] names what is wrong.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > Self::MAX_DER_BYTES {
            return Err(CertificateError::TooLarge {
                limit: Self::MAX_DER_BYTES,
            });
        }
        let malformed = |_| CertificateError::Malformed { what: "certificate" };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let decoded = x509_cert::Certificate::decode(&mut reader).map_err(malformed)?;
        if !reader.is_finished() {
            return Err(CertificateError::TrailingData);
        }
        let raw = RawParts::read(der).map_err(malformed)?;
        Self::from_parts(der, &decoded, &raw)
    }

    fn from_parts(
        der: &[u8],
        decoded: &x509_cert::Certificate,
        raw: &RawParts<'_>,
    ) -> Result<Self, CertificateError> {
        let tbs = decoded.tbs_certificate();
        let inner = decoded.signature_algorithm();
        // RFC 5280 section 4.1.1.2: the signed and the unsigned mention of the algorithm must agree.
        if inner != tbs.signature() {
            return Err(CertificateError::Malformed {
                what: "signature algorithm",
            });
        }
        let extensions = tbs.extensions().map_or(&[][..], Vec::as_slice);
        if !extensions.is_empty() && tbs.version() != x509_cert::Version::V3 {
            return Err(CertificateError::Malformed { what: "version" });
        }
        let signature = decoded.signature().as_bytes();
        let seconds = |time: x509_cert::time::Time| UnixTime(time.to_unix_duration().as_secs());
        Ok(Self {
            der: der.to_vec(),
            signed: raw.signed.to_vec(),
            signature_algorithm: SignatureAlgorithm::parse(inner)?,
            signature: signature
                .ok_or(CertificateError::Malformed { what: "signature" })?
                .to_vec(),
            serial: tbs.serial_number().as_bytes().to_vec(),
            issuer: DistinguishedName {
                der: raw.issuer.to_vec(),
                decoded: tbs.issuer().clone(),
            },
            subject: DistinguishedName {
                der: raw.subject.to_vec(),
                decoded: tbs.subject().clone(),
            },
            not_before: seconds(tbs.validity().not_before),
            not_after: seconds(tbs.validity().not_after),
            spki: raw.spki.to_vec(),
            extensions: Extensions::parse(extensions)?,
        })
    }

    /// Reads a PEM file with exactly one certificate.
    ///
    /// # Errors
    /// [`CertificateError`] names what is wrong.
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let mut chain = Self::chain_from_pem(text)?;
        match (chain.pop(), chain.len()) {
            (Some(certificate), 0) => Ok(certificate),
            (_, others) => Err(CertificateError::NotOne { count: others + 1 }),
        }
    }

    /// Reads a PEM file with one or more certificates, in the order written. Other blocks are refused.
    ///
    /// # Errors
    /// [`CertificateError`] names what is wrong.
    pub fn chain_from_pem(text: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let limits = Limits {
            bytes: Self::MAX_PEM_BYTES,
            blocks: Self::MAX_COUNT,
        };
        let blocks = pem::blocks(text, limits)?;
        blocks
            .iter()
            .map(|block| match block.label {
                "CERTIFICATE" | "X509 CERTIFICATE" => Self::from_der(&block.content),
                label => Err(CertificateError::NotACertificate { label: label.into() }),
            })
            .collect()
    }

    /// The certificate as received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM, 64 columns.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der).to_string()
    }

    /// Whom it is about, as RFC 4514 text. From a stranger: show it through [`Shown`].
    #[must_use]
    pub fn subject(&self) -> String {
        self.subject.decoded.to_string()
    }

    /// Who vouches, as RFC 4514 text. From a stranger: show it through [`Shown`].
    #[must_use]
    pub fn issuer(&self) -> String {
        self.issuer.decoded.to_string()
    }

    /// The serial number in lower-case hexadecimal.
    #[must_use]
    pub fn serial(&self) -> String {
        self.serial.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// E-mail addresses, URIs and host names of the subject alternative name, in order. From a stranger.
    pub fn alternative_names(&self) -> impl Iterator<Item = &str> {
        use x509_cert::ext::pkix::name::GeneralName;
        let names = self
            .extensions
            .subject_alt_name
            .as_ref()
            .map_or(&[][..], |names| names.0.as_slice());
        names.iter().filter_map(|name| match name {
            GeneralName::Rfc822Name(text)
            | GeneralName::DnsName(text)
            | GeneralName::UniformResourceIdentifier(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The first second of its validity.
    #[must_use]
    pub const fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// The last second of its validity.
    #[must_use]
    pub const fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// The key it is about, if it is one that Weightlock uses.
    ///
    /// # Errors
    /// [`KeyError`] for RSA and others.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki_der(&self.spki)
    }

    /// Whether subject and issuer are the same name.
    fn is_self_issued(&self) -> bool {
        self.subject.der == self.issuer.der
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &Shown(&self.subject()).to_string())
            .field("issuer", &Shown(&self.issuer()).to_string())
            .field("serial", &self.serial())
            .finish_non_exhaustive()
    }
}

/// The parts whose exact bytes count: what is signed, and what is compared.
struct RawParts<'a> {
    signed: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    spki: &'a [u8],
}

impl<'a> RawParts<'a> {
    /// Walks the outer shape, which `x509-cert` has accepted already (RFC 5280 section 4.1):
    ///
    /// ```text
    /// SEQUENCE { tbs SEQUENCE { [0] version?, serial, algorithm, issuer, validity, subject, spki, … }, … }
    /// ```
    fn read(der: &'a [u8]) -> der::Result<Self> {
        let certificate = AnyRef::from_der(der)?;
        let mut outer = SliceReader::new(certificate.value())?;
        let signed = outer.tlv_bytes()?;
        let tbs = AnyRef::from_der(signed)?;
        let mut fields = SliceReader::new(tbs.value())?;
        if fields.peek_byte() == Some(0xa0) {
            fields.tlv_bytes()?;
        }
        let mut field = || fields.tlv_bytes();
        let (_serial, _algorithm, issuer, _validity, subject, spki) =
            (field()?, field()?, field()?, field()?, field()?, field()?);
        Ok(Self {
            signed,
            issuer,
            subject,
            spki,
        })
    }
}

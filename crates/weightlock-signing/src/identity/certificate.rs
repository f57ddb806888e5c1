//! An [`Identity`] out of a certificate that a Sigstore authority issued (RFC 5280 section 4.2.1.6; Fulcio's
//! `certificate-specification.md` and `oid-info.md`).
//!
//! ```text
//! subjectAltName   exactly one of rfc822Name, URI, otherName 1.3.6.1.4.1.57264.1.7 (UTF8String)
//! 57264.1.8        issuer, a DER UTF8String; where it is absent:
//! 57264.1.1        issuer, bare characters
//! 57264.1.2 – .24  claims, see `Claim`
//! ```
//!
//! Refused: no name or several (which of them signed would be a matter of taste), names of other kinds, no issuer, two
//! issuers that differ, an extension twice, values that are not text or have control characters.

use std::collections::BTreeMap;

use der::{
    Decode,
    asn1::{ObjectIdentifier, Utf8StringRef},
};
use x509_cert::ext::{
    Extension,
    pkix::{SubjectAltName, name::GeneralName},
};

use super::{Claim, Encoding, Identity, Name};
use crate::certificate::Certificate;

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
const USERNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
const ISSUER_BARE: u32 = 1;
const ISSUER: u32 = 8;

/// Why no identity can be read from a certificate.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The certificate, or an extension of it, is not encoded as it must be.
    #[error("the signer's certificate cannot be read: {what}")]
    Malformed {
        /// Which part.
        what: String,
    },
    /// There is no name, or more than one, or one of another kind.
    #[error("the signer's certificate has {found} usable names; a Sigstore identity has exactly one")]
    NotOneName {
        /// How many there are.
        found: usize,
    },
    /// Nobody is named as having vouched for the name.
    #[error("the signer's certificate does not say who vouched for the name in it")]
    NoIssuer,
    /// The two places for the issuer differ.
    #[error("the signer's certificate names two issuers of the identity")]
    TwoIssuers,
}

fn malformed(what: impl Into<String>) -> IdentityError {
    IdentityError::Malformed { what: what.into() }
}

impl Identity {
    /// Reads the identity from a DER certificate. **Nobody's signature is checked.**
    ///
    /// # Errors
    /// [`IdentityError`] names what is wrong.
    pub fn of_certificate(der: &[u8]) -> Result<Self, IdentityError> {
        if der.len() > Certificate::MAX_DER_BYTES {
            return Err(malformed("it is larger than any honest one"));
        }
        let certificate =
            x509_cert::Certificate::from_der(der).map_err(|_| malformed("it is no X.509 certificate"))?;
        let extensions = certificate
            .tbs_certificate()
            .extensions()
            .map_or(&[][..], Vec::as_slice);
        for (index, extension) in extensions.iter().enumerate() {
            let oid = extension.extn_id;
            if extensions[..index].iter().any(|earlier| earlier.extn_id == oid) {
                return Err(malformed(format!("the extension {oid} is there twice")));
            }
        }
        let (issuer, claims) = claims(extensions)?;
        Ok(Self {
            name: name(extensions)?,
            issuer,
            claims,
        })
    }
}

fn name(extensions: &[Extension]) -> Result<Name, IdentityError> {
    let Some(extension) = extensions
        .iter()
        .find(|extension| extension.extn_id == SUBJECT_ALT_NAME)
    else {
        return Err(IdentityError::NotOneName { found: 0 });
    };
    let names = SubjectAltName::from_der(extension.extn_value.as_bytes())
        .map_err(|_| malformed("its subject alternative name"))?;
    let [name] = names.0.as_slice() else {
        return Err(IdentityError::NotOneName { found: names.0.len() });
    };
    match name {
        GeneralName::Rfc822Name(name) => Ok(Name::Email(clean(name.as_str())?)),
        GeneralName::UniformResourceIdentifier(name) => Ok(Name::Uri(clean(name.as_str())?)),
        GeneralName::OtherName(other) if other.type_id == USERNAME => {
            let name = other.value.decode_as::<Utf8StringRef<'_>>();
            let name = name.map_err(|_| malformed("its user name"))?;
            Ok(Name::Username(clean(name.as_str())?))
        }
        _ => Err(IdentityError::NotOneName { found: 0 }),
    }
}

fn claims(extensions: &[Extension]) -> Result<(String, BTreeMap<Claim, String>), IdentityError> {
    let (mut bare, mut issuer, mut claims) = (None, None, BTreeMap::new());
    for extension in extensions {
        let value = extension.extn_value.as_bytes();
        match number(extension.extn_id) {
            Some(ISSUER_BARE) => bare = Some(text(value, Encoding::Bare, "its issuer")?),
            Some(ISSUER) => issuer = Some(text(value, Encoding::Der, "its issuer")?),
            Some(number) => {
                if let Some(claim) = Claim::numbered(number) {
                    claims.insert(claim, text(value, claim.encoding(), claim.name())?);
                }
            }
            None => {}
        }
    }
    let issuer = match (issuer, bare) {
        (Some(issuer), Some(bare)) if issuer != bare => return Err(IdentityError::TwoIssuers),
        (Some(issuer), _) | (None, Some(issuer)) => issuer,
        (None, None) => return Err(IdentityError::NoIssuer),
    };
    Ok((issuer, claims))
}

/// The last arc of an extension that lies directly below Fulcio's.
fn number(oid: ObjectIdentifier) -> Option<u32> {
    (oid.parent()? == ARC).then(|| oid.arcs().last())?
}

fn text(value: &[u8], encoding: Encoding, what: &str) -> Result<String, IdentityError> {
    let text = match encoding {
        Encoding::Bare => std::str::from_utf8(value).ok(),
        Encoding::Der => Utf8StringRef::from_der(value).ok().map(|text| text.as_str()),
    };
    clean(text.ok_or_else(|| malformed(what))?)
}

/// A name that a terminal or a log would show as another one is no name.
fn clean(text: &str) -> Result<String, IdentityError> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(malformed("a text in it is empty or has control characters"));
    }
    Ok(text.to_owned())
}

//! The extensions path validation needs (RFC 5280 section 4.2), decoded once.

use der::{Decode, asn1::ObjectIdentifier};
use x509_cert::ext::{
    Extension,
    pkix::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints,
        SubjectAltName, SubjectKeyIdentifier,
    },
};

use super::CertificateError;

const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// More than any honest certificate has (about fifteen); keeps the search for duplicates short.
const MAX_EXTENSIONS: usize = 64;

/// What a certificate says about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Extensions {
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(super) subject_alt_name: Option<SubjectAltName>,
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) subject_key_identifier: Option<SubjectKeyIdentifier>,
    pub(super) authority_key_identifier: Option<AuthorityKeyIdentifier>,
    /// The first extension that is marked critical and not understood here.
    pub(super) unknown_critical: Option<ObjectIdentifier>,
}

impl Extensions {
    pub(super) fn parse(extensions: &[Extension]) -> Result<Self, CertificateError> {
        if extensions.len() > MAX_EXTENSIONS {
            return Err(CertificateError::Malformed {
                what: "number of extensions",
            });
        }
        let mut parsed = Self::default();
        for (index, extension) in extensions.iter().enumerate() {
            let oid = extension.extn_id;
            if extensions[..index].iter().any(|earlier| earlier.extn_id == oid) {
                return Err(CertificateError::DuplicateExtension { oid: oid.to_string() });
            }
            parsed.take(extension)?;
        }
        Ok(parsed)
    }

    fn take(&mut self, extension: &Extension) -> Result<(), CertificateError> {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            BASIC_CONSTRAINTS => self.basic_constraints = Some(decode(value, "basicConstraints")?),
            KEY_USAGE => self.key_usage = Some(decode(value, "keyUsage")?),
            EXTENDED_KEY_USAGE => self.extended_key_usage = Some(decode(value, "extendedKeyUsage")?),
            SUBJECT_ALT_NAME => self.subject_alt_name = Some(decode(value, "subjectAltName")?),
            NAME_CONSTRAINTS => self.name_constraints = Some(decode(value, "nameConstraints")?),
            SUBJECT_KEY_IDENTIFIER => {
                self.subject_key_identifier = Some(decode(value, "subjectKeyIdentifier")?);
            }
            AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_identifier = Some(decode(value, "authorityKeyIdentifier")?);
            }
            // Every policy is acceptable here, so the names of policies cannot change the answer. What could
            // (policyConstraints, inhibitAnyPolicy) is refused below when critical.
            CERTIFICATE_POLICIES => {}
            oid if extension.critical => self.unknown_critical = self.unknown_critical.or(Some(oid)),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn is_ca(&self) -> bool {
        self.basic_constraints
            .as_ref()
            .is_some_and(|constraints| constraints.ca)
    }

    /// Whether an extended key usage is present that leaves out code signing.
    pub(super) fn excludes_code_signing(&self) -> bool {
        let usages = self.extended_key_usage.as_ref();
        usages.is_some_and(|usages| {
            !usages
                .0
                .iter()
                .any(|oid| matches!(*oid, CODE_SIGNING | ANY_PURPOSE))
        })
    }

    /// Whether an extended key usage names code signing.
    pub(super) fn names_code_signing(&self) -> bool {
        self.extended_key_usage
            .as_ref()
            .is_some_and(|usages| usages.0.contains(&CODE_SIGNING))
    }
}

fn decode<'a, T: Decode<'a>>(value: &'a [u8], what: &'static str) -> Result<T, CertificateError> {
    T::from_der(value).map_err(|_| CertificateError::Malformed { what })
}

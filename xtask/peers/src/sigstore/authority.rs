//! Certificate authorities: a root, an intermediate below it, and the certificates they issue (RFC 5280).

use super::{der, digest, key::Key};

/// A certificate with its key.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) key: Key,
    pub(super) der: Vec<u8>,
    name: Vec<u8>,
}

/// A root and an intermediate for one purpose.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) root: Issued,
    pub(super) intermediate: Issued,
}

/// What a certificate is good for, as an extended key usage.
pub(super) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(super) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

/// What is to be certified.
pub(super) struct Template<'a> {
    /// The subject's common name; leaves of Fulcio have none.
    pub(super) subject: Option<&'a str>,
    pub(super) spki: &'a [u8],
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) extensions: Vec<Vec<u8>>,
}

impl Authority {
    /// An authority whose certificates are valid from an hour ago for ten years.
    pub(super) fn new(name: &str, purpose: &str, now: i64) -> Self {
        let (not_before, not_after) = (now - 3600, now + 10 * 365 * 86_400);
        let (root_key, intermediate_key) = (Key::generate(), Key::generate());
        let (root, below) = (format!("{name} root"), format!("{name} intermediate"));
        let root_name = distinguished_name(Some(&root));
        let template = Template {
            subject: Some(&root),
            spki: &root_key.spki,
            not_before,
            not_after,
            extensions: vec![
                key_usage(true),
                basic_constraints(1),
                subject_key_identifier(&root_key.spki),
            ],
        };
        let der = certify(&template.to_be_signed(&root_name), &root_key);
        let template = Template {
            subject: Some(&below),
            spki: &intermediate_key.spki,
            not_before,
            not_after,
            extensions: vec![
                key_usage(true),
                extended_key_usage(purpose, false),
                basic_constraints(0),
                subject_key_identifier(&intermediate_key.spki),
                authority_key_identifier(&root_key.spki),
            ],
        };
        let intermediate_der = certify(&template.to_be_signed(&root_name), &root_key);
        Self {
            root: Issued {
                key: root_key,
                der,
                name: root_name,
            },
            intermediate: Issued {
                key: intermediate_key,
                der: intermediate_der,
                name: distinguished_name(Some(&below)),
            },
        }
    }

    /// What the intermediate would sign for this template.
    pub(super) fn to_be_signed(&self, template: &Template<'_>) -> Vec<u8> {
        template.to_be_signed(&self.intermediate.name)
    }

    /// A certificate of the intermediate.
    pub(super) fn issue(&self, template: &Template<'_>) -> Vec<u8> {
        certify(&self.to_be_signed(template), &self.intermediate.key)
    }

    /// The extension every leaf needs to be found below the intermediate.
    pub(super) fn key_identifier(&self) -> Vec<u8> {
        authority_key_identifier(&self.intermediate.key.spki)
    }

    /// The issuer of a leaf and the root above it.
    pub(super) fn chain(&self) -> [&[u8]; 2] {
        [&self.intermediate.der, &self.root.der]
    }

    /// The intermediate's name in DER.
    pub(super) fn name(&self) -> &[u8] {
        &self.intermediate.name
    }
}

impl Template<'_> {
    /// TBSCertificate, with a random serial number.
    fn to_be_signed(&self, issuer: &[u8]) -> Vec<u8> {
        let mut serial = [0; 16];
        getrandom::fill(&mut serial).expect("the operating system has random numbers");
        serial[0] = serial[0] & 0x7f | 0x40;
        der::sequence(&[
            der::explicit(0, &der::integer(&[2])),
            der::integer(&serial),
            ecdsa_with_sha256(),
            issuer.to_vec(),
            der::sequence(&[der::utc_time(self.not_before), der::utc_time(self.not_after)]),
            distinguished_name(self.subject),
            self.spki.to_vec(),
            der::explicit(3, &der::sequence(&self.extensions)),
        ])
    }
}

/// Signs a TBSCertificate.
pub(super) fn certify(to_be_signed: &[u8], key: &Key) -> Vec<u8> {
    der::sequence(&[
        to_be_signed.to_vec(),
        ecdsa_with_sha256(),
        der::bits(&key.sign(to_be_signed)),
    ])
}

pub(super) fn ecdsa_with_sha256() -> Vec<u8> {
    der::sequence(&[der::oid("1.2.840.10045.4.3.2")])
}

fn distinguished_name(common_name: Option<&str>) -> Vec<u8> {
    let attribute = |oid, text| der::set(vec![der::sequence(&[der::oid(oid), der::utf8(text)])]);
    common_name.map_or_else(
        || der::sequence(&[]),
        |name| {
            der::sequence(&[
                attribute("2.5.4.10", "weightlock tests"),
                attribute("2.5.4.3", name),
            ])
        },
    )
}

pub(super) fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(oid)];
    if critical {
        parts.push(der::boolean(true));
    }
    parts.push(der::octets(value));
    der::sequence(&parts)
}

/// For signing certificates, or for signing anything else.
pub(super) fn key_usage(certificates: bool) -> Vec<u8> {
    let bits = if certificates {
        [1, 0b0000_0110]
    } else {
        [7, 0b1000_0000]
    };
    extension("2.5.29.15", true, &der::tlv(0x03, &bits))
}

pub(super) fn extended_key_usage(purpose: &str, critical: bool) -> Vec<u8> {
    extension("2.5.29.37", critical, &der::sequence(&[der::oid(purpose)]))
}

fn basic_constraints(path_length: u8) -> Vec<u8> {
    let value = der::sequence(&[der::boolean(true), der::integer(&[path_length])]);
    extension("2.5.29.19", true, &value)
}

pub(super) fn subject_key_identifier(spki: &[u8]) -> Vec<u8> {
    extension("2.5.29.14", false, &der::octets(&digest(spki)[..20]))
}

fn authority_key_identifier(spki: &[u8]) -> Vec<u8> {
    let value = der::sequence(&[der::tlv(0x80, &digest(spki)[..20])]);
    extension("2.5.29.35", false, &value)
}

/// The parts of a certificate that the services look at.
pub(super) struct Seen<'a> {
    pub(super) spki: &'a [u8],
    /// The serial number with its tag.
    pub(super) serial: &'a [u8],
}

/// Reads a certificate as far as the logs and the timestamp authority need.
pub(super) fn see(certificate: &[u8]) -> Option<Seen<'_>> {
    let mut outer = der::expect(&mut &*certificate, 0x30)?.content;
    let mut fields = der::expect(&mut outer, 0x30)?.content;
    der::expect(&mut fields, 0xa0)?;
    let serial = der::expect(&mut fields, 0x02)?.whole;
    for _ in ["algorithm", "issuer", "validity", "subject"] {
        der::expect(&mut fields, 0x30)?;
    }
    let spki = der::expect(&mut fields, 0x30)?.whole;
    Some(Seen { spki, serial })
}

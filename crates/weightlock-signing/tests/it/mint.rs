//! Makes certificates with any content, honest or not. DER by hand: no library writes what should be refused.

use weightlock_signing::{
    certificate::{Certificate, CertificateError, UnixTime},
    key::{Algorithm, PrivateKey, Signer},
};

use super::Repeatable;

/// 2026-11-21T12:00:00Z, the moment the tests ask about.
pub(crate) const NOW: UnixTime = UnixTime(1_795_262_400);

const P256_SHA256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";

pub(crate) const KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x0f";
pub(crate) const BASIC_CONSTRAINTS: &[u8] = b"\x06\x03\x55\x1d\x13";
pub(crate) const NAME_CONSTRAINTS: &[u8] = b"\x06\x03\x55\x1d\x1e";
pub(crate) const SUBJECT_ALT_NAME: &[u8] = b"\x06\x03\x55\x1d\x11";
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x25";
pub(crate) const AUTHORITY_KEY_ID: &[u8] = b"\x06\x03\x55\x1d\x23";
pub(crate) const SUBJECT_KEY_ID: &[u8] = b"\x06\x03\x55\x1d\x0e";
pub(crate) const POLICY_CONSTRAINTS: &[u8] = b"\x06\x03\x55\x1d\x24";
pub(crate) const CODE_SIGNING: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x03";
pub(crate) const SERVER_AUTH: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";

/// `tag`, length, the parts one after the other.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut der = vec![tag];
    match body.len() {
        length @ ..0x80 => der.push(length as u8),
        length @ ..0x100 => der.extend([0x81, length as u8]),
        length => der.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    der.extend(body);
    der
}

/// A name with one common name; empty text gives the empty name.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return tlv(0x30, &[]);
    }
    let attribute = tlv(
        0x30,
        &[b"\x06\x03\x55\x04\x03", &tlv(0x0c, &[common_name.as_bytes()])],
    );
    tlv(0x30, &[&tlv(0x31, &[&attribute])])
}

/// An extension.
pub(crate) fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { b"\x01\x01\xff" } else { b"" };
    tlv(0x30, &[oid, critical, &tlv(0x04, &[value])])
}

/// `keyUsage` with the given bits, first byte only: 0x80 digitalSignature, 0x04 keyCertSign.
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    let unused = bits.trailing_zeros() as u8;
    extension(KEY_USAGE, true, &[3, 2, unused, bits])
}

/// `basicConstraints` of an authority.
pub(crate) fn authority(path_length: Option<u8>) -> Vec<u8> {
    let limit = path_length.map(|limit| vec![2, 1, limit]).unwrap_or_default();
    extension(BASIC_CONSTRAINTS, true, &tlv(0x30, &[b"\x01\x01\xff", &limit]))
}

pub(crate) fn extended_key_usage(purposes: &[&[u8]]) -> Vec<u8> {
    extension(EXTENDED_KEY_USAGE, false, &tlv(0x30, purposes))
}

/// A certificate to be made. The key of a party is derived from its number.
#[derive(Clone)]
pub(crate) struct Mint {
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) key: u8,
    pub(crate) issuer_key: u8,
    pub(crate) serial: u8,
    pub(crate) not_before: &'static str,
    pub(crate) not_after: &'static str,
    pub(crate) extensions: Vec<Vec<u8>>,
}

pub(crate) fn key(number: u8) -> PrivateKey {
    PrivateKey::generate(Algorithm::P256, &mut Repeatable(number)).unwrap()
}

/// A leaf that may sign.
pub(crate) fn leaf(subject: &str, issuer: &str, key: u8, issuer_key: u8) -> Mint {
    Mint {
        subject: name(subject),
        issuer: name(issuer),
        key,
        issuer_key,
        serial: key,
        not_before: "250101000000Z",
        not_after: "450101000000Z",
        extensions: vec![key_usage(0x80)],
    }
}

/// An authority without limits.
pub(crate) fn ca(subject: &str, issuer: &str, key: u8, issuer_key: u8) -> Mint {
    Mint {
        extensions: vec![authority(None), key_usage(0x04)],
        ..leaf(subject, issuer, key, issuer_key)
    }
}

impl Mint {
    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(crate) fn instead(mut self, extensions: Vec<Vec<u8>>) -> Self {
        self.extensions = extensions;
        self
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        let algorithm = tlv(0x30, &[P256_SHA256]);
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        let tail = if extensions.is_empty() {
            vec![]
        } else {
            tlv(0xa3, &[&tlv(0x30, &extensions)])
        };
        let time = |text: &str| tlv(if text.len() == 13 { 0x17 } else { 0x18 }, &[text.as_bytes()]);
        let validity = tlv(0x30, &[&time(self.not_before), &time(self.not_after)]);
        let key_pair = key(self.key);
        let spki = key_pair.public_key().to_spki_der();
        let signed = tlv(
            0x30,
            &[
                &[0xa0, 3, 2, 1, 2],
                &[2, 1, self.serial],
                &algorithm,
                &self.issuer,
                &validity,
                &self.subject,
                spki,
                &tail,
            ],
        );
        let signature = key(self.issuer_key).sign(&signed).unwrap();
        tlv(0x30, &[&signed, &algorithm, &tlv(0x03, &[&[0], &signature])])
    }

    pub(crate) fn parse(&self) -> Result<Certificate, CertificateError> {
        Certificate::from_der(&self.to_der())
    }

    pub(crate) fn make(&self) -> Certificate {
        self.parse().unwrap()
    }
}

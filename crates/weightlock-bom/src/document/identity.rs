//! Names that are made from content: the serial number of a document, and package URLs where no registry gave one.

use sha1::{Digest as _, Sha1};
use weightlock_artifact::digest::{Algorithm, Digest};

use crate::graph::{Component, Kind, Property, Value};

/// The name space for URLs (RFC 9562, section 6.6).
const URLS: [u8; 16] = [
    0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
];
/// What our own name space is called in it.
const OWN: &[u8] = b"urn:weightlock:bom:v1";

/// The UUID of version 5 (RFC 9562, section 5.5) of a text, in our own name space: equal texts have equal numbers.
pub fn uuid(text: &str) -> String {
    let bytes = version5(version5(URLS, OWN), text.as_bytes());
    let mut hex = weightlock_artifact::digest::hex(&bytes);
    for at in [20, 16, 12, 8] {
        hex.insert(at, '-');
    }
    hex
}

/// SHA-1 is no protection here: whoever forges a document can write any number into it.
fn version5(space: [u8; 16], name: &[u8]) -> [u8; 16] {
    let mut hasher = Sha1::new();
    hasher.update(space);
    hasher.update(name);
    let digest = hasher.finalize();
    let mut bytes = [0; 16];
    for (at, (to, from)) in bytes.iter_mut().zip(&digest).enumerate() {
        *to = match at {
            6 => from & 0x0f | 0x50,
            8 => from & 0x3f | 0x80,
            _ => *from,
        };
    }
    bytes
}

/// The SHA-256 of a component, where it has one.
pub(super) fn sha256(component: &Component) -> Option<&Digest> {
    let mut digests = component.claims(Property::Digest).iter();
    digests.find_map(|claim| match &claim.value {
        Value::Digest(digest) if digest.algorithm() == Algorithm::Sha256 => Some(digest),
        _ => None,
    })
}

/// A package URL for what has none: of the type `generic`, which is anybody's, with the digest where there is one.
pub(super) fn generic_purl(name: &str, version: Option<&str>, component: &Component) -> Option<String> {
    if name.is_empty()
        || matches!(
            component.kind,
            Kind::File | Kind::Step | Kind::Person | Kind::Organisation
        )
    {
        return None;
    }
    let mut purl = format!("pkg:generic/{}", encoded(name));
    if let Some(version) = version.filter(|it| !it.is_empty()) {
        purl = format!("{purl}@{}", encoded(version));
    }
    if let Some(digest) = sha256(component) {
        purl = format!("{purl}?checksum=sha256:{}", digest.hex());
    }
    Some(purl)
}

fn encoded(text: &str) -> String {
    let byte = |it: u8| {
        if it.is_ascii_alphanumeric() || b"-._~".contains(&it) {
            char::from(it).to_string()
        } else {
            format!("%{it:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9562, appendix A.4.
    #[test]
    fn uuids_are_of_version_5() {
        const DNS: [u8; 16] = [
            0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
        ];
        let hex = weightlock_artifact::digest::hex(&version5(DNS, b"www.example.com"));
        assert_eq!(hex, "2ed6657de927568b95e12665a8aea6a2");
        assert_eq!(uuid("a"), uuid("a"));
        assert_ne!(uuid("a"), uuid("b"));
        assert_eq!(uuid("").len(), 36);
    }

    #[test]
    fn a_generic_purl_is_encoded_once() {
        let graph = crate::graph::Graph::about(crate::graph::Ref::subject(), Kind::Model);
        let component = graph.component(graph.subject()).expect("it is there");
        assert_eq!(
            generic_purl("my model", Some("1/2"), component).as_deref(),
            Some("pkg:generic/my%20model@1%2F2")
        );
        assert_eq!(generic_purl("", None, component), None);
    }
}

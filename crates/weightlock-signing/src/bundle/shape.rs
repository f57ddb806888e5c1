//! The members that a bundle with logs, clocks or identities may have, and no others: as protobuf's own readers have it. A
//! member that this version does not know could mean something to another verifier.
//!
//! Bundles by key or certificate are read more leniently: the specification of model signatures lets tools add members.

use serde::{Deserialize, de::IgnoredAny};

use crate::json::{self, JsonError, Object};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Shape {
    #[serde(rename = "mediaType")]
    _media_type: IgnoredAny,
    #[serde(rename = "verificationMaterial")]
    _material: Object<Material>,
    #[serde(default, rename = "dsseEnvelope")]
    _envelope: Option<Object<Envelope>>,
    #[serde(default, rename = "messageSignature")]
    _message: Option<Object<Message>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Material {
    #[serde(default, rename = "publicKey")]
    _key: Option<Object<PublicKey>>,
    #[serde(default, rename = "x509CertificateChain")]
    _chain: Option<Object<Chain>>,
    #[serde(default, rename = "certificate")]
    _certificate: Option<Object<Certificate>>,
    #[serde(default, rename = "tlogEntries")]
    _entries: IgnoredAny,
    #[serde(default, rename = "timestampVerificationData")]
    _timestamps: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKey {
    #[serde(default, rename = "hint")]
    _hint: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chain {
    #[serde(rename = "certificates")]
    _certificates: Vec<Object<Certificate>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    #[serde(rename = "rawBytes")]
    _der: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(rename = "payload")]
    _payload: IgnoredAny,
    #[serde(rename = "payloadType")]
    _kind: IgnoredAny,
    #[serde(rename = "signatures")]
    _signatures: Vec<Object<Signature>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    #[serde(rename = "sig")]
    _signature: IgnoredAny,
    #[serde(default, rename = "keyid")]
    _key: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    #[serde(default, rename = "messageDigest")]
    _digest: Option<Object<Digest>>,
    #[serde(rename = "signature")]
    _signature: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    #[serde(rename = "algorithm")]
    _algorithm: IgnoredAny,
    #[serde(rename = "digest")]
    _digest: IgnoredAny,
}

/// Refuses a bundle that has other members.
pub(super) fn check(text: &[u8]) -> Result<(), JsonError> {
    json::read::<Shape>(text).map(drop)
}

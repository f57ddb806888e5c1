//! The bundle as it is written: version 0.3, one certificate, the entries and timestamps as the services gave them.

use serde_json::{Map, Value, json};

use crate::{
    base64::standard,
    bundle::{Content, MEDIA_TYPE},
    certificate::Certificate,
    envelope::Envelope,
};

/// A bundle of version 0.3.
pub(super) fn bundle(
    certificate: &Certificate,
    content: &Content,
    entries: &[Value],
    stamps: &[Vec<u8>],
) -> Vec<u8> {
    let mut material = Map::new();
    material.insert(
        "certificate".to_owned(),
        json!({"rawBytes": standard(certificate.as_der())}),
    );
    material.insert("tlogEntries".to_owned(), Value::Array(entries.to_vec()));
    if !stamps.is_empty() {
        let stamps = stamps
            .iter()
            .map(|stamp| json!({"signedTimestamp": standard(stamp)}));
        let stamps: Vec<Value> = stamps.collect();
        material.insert(
            "timestampVerificationData".to_owned(),
            json!({"rfc3161Timestamps": stamps}),
        );
    }
    let (member, content) = match content {
        Content::Envelope(one) => ("dsseEnvelope", envelope(one)),
        Content::Message(message) => {
            let digest = message
                .digest
                .as_ref()
                .map(|digest| json!({"algorithm": digest.algorithm, "digest": standard(&digest.bytes)}));
            let signature = standard(&message.signature);
            (
                "messageSignature",
                json!({"messageDigest": digest, "signature": signature}),
            )
        }
    };
    let bundle = json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        member: content,
    });
    bundle.to_string().into_bytes()
}

/// An envelope as bundles and logs have it.
pub(super) fn envelope(envelope: &Envelope) -> Value {
    json!({
        "payload": standard(&envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [{"sig": standard(&envelope.signature)}],
    })
}

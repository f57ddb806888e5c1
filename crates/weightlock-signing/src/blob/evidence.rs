//! What logs and clocks say about a signature, as one Sigstore bundle: the form that [`crate::sigstore`] judges.
//!
//! A bundle is judged as it was read. cosign's old bundle and its detached files say the same in other words, so they are
//! written as the bundle that says it: version 0.1 where a log promised the entry (SET), version 0.3 where there is only a
//! timestamp. Nothing is added to what they say but the blob's own digest, and nothing is judged here.

use serde::Deserialize;
use serde_json::{Value, json};
use weightlock_artifact::digest::Digest;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    BlobRefusal,
    verify::{BlobSignature, Signed},
};
use crate::{
    bundle::{Bundle, MEDIA_TYPE},
    cosign::{FormError, bundle::LogEntry, detached::Vouched},
    envelope::WireEnvelope,
    json::{self, Object},
};

const MEDIA_TYPE_0_1: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// The bundle in other words. `digest` is the blob's own SHA-256; a statement needs none.
pub(super) fn bundle(signature: &BlobSignature, digest: Option<&Digest>) -> Result<Bundle, BlobRefusal> {
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    let chain: Vec<Value> = match &signature.vouched {
        Some(Vouched::Certificates(chain)) => chain
            .iter()
            .map(|one| json!({"rawBytes": text(one.as_der())}))
            .collect(),
        Some(Vouched::Key(_)) | None => Vec::new(),
    };
    let Some(leaf) = chain.first() else {
        return Err(BlobRefusal::Method {
            found: "a key",
            wanted: "an identity",
        });
    };
    let mut material = match &signature.log_entry {
        Some(entry) => json!({
            "x509CertificateChain": {"certificates": [leaf]},
            "tlogEntries": [log_entry(entry)?],
        }),
        None => json!({"certificate": leaf}),
    };
    if let Some(timestamp) = &signature.timestamp {
        material["timestampVerificationData"] =
            json!({"rfc3161Timestamps": [{"signedTimestamp": text(timestamp)}]});
    }
    let media_type = match signature.log_entry {
        Some(_) => MEDIA_TYPE_0_1,
        None => MEDIA_TYPE,
    };
    let mut whole = json!({"mediaType": media_type, "verificationMaterial": material});
    match (&signature.signed, digest) {
        (Signed::Message { signature, .. }, Some(digest)) => {
            whole["messageSignature"] = json!({
                "messageDigest": {"algorithm": "SHA2_256", "digest": text(digest.as_bytes())},
                "signature": text(signature),
            });
        }
        (Signed::Message { .. }, None) => {
            return Err(BlobRefusal::Content {
                found: "a signature",
                wanted: "an attestation",
            });
        }
        (Signed::Envelope(envelope), _) => {
            // Strings and lists of strings: they have a JSON form.
            whole["dsseEnvelope"] = serde_json::to_value(WireEnvelope::from(envelope)).unwrap_or_default();
        }
    }
    Ok(Bundle::parse(whole.to_string().as_bytes())?)
}

/// The entry in protobuf's words. Its kind and version stand in the entry itself.
fn log_entry(entry: &LogEntry) -> Result<Value, BlobRefusal> {
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
        #[serde(rename = "apiVersion")]
        version: String,
    }
    let kind = json::read::<Kind>(&entry.body).map_err(|_| FormError::LogEntry { what: "body" })?;
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    Ok(json!({
        "logIndex": entry.log_index.to_string(),
        "logId": {"keyId": text(&entry.log_id)},
        "kindVersion": {"kind": kind.kind, "version": kind.version},
        "integratedTime": entry.integrated_time.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": text(&entry.signed_entry_timestamp)},
        "canonicalizedBody": text(&entry.body),
    }))
}

/// Whether the bundle brings a timestamp of a clock (RFC 3161).
pub(super) fn has_timestamp(bundle: &Bundle) -> bool {
    #[derive(Default, Deserialize)]
    struct Timed {
        #[serde(default, rename = "verificationMaterial")]
        material: Option<Object<Material>>,
    }
    #[derive(Default, Deserialize)]
    struct Material {
        #[serde(default, rename = "timestampVerificationData")]
        data: Option<Object<Data>>,
    }
    #[derive(Default, Deserialize)]
    struct Data {
        #[serde(default, rename = "rfc3161Timestamps")]
        timestamps: Vec<serde::de::IgnoredAny>,
    }
    let read = bundle.logged().map(|logged| json::read::<Timed>(&logged.text));
    let data = read.and_then(|read| read.ok()?.material?.0.data);
    data.is_some_and(|data| !data.0.timestamps.is_empty())
}

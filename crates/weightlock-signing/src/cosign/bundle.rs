//! The old bundle of cosign 1 and 2, and of 3 with `--new-bundle-format=false`:
//!
//! ```text
//! {"base64Signature": "<base64>",
//!  "cert": "<base64 of PEM>",
//!  "rekorBundle": {"SignedEntryTimestamp": "<base64>",
//!                  "Payload": {"body": "<base64>", "integratedTime": n, "logIndex": n, "logID": "<hex>"}}}
//! ```
//!
//! `cert` and `rekorBundle` may be absent; `cert` may hold a public key. For an attestation `base64Signature` is base64 of
//! the whole DSSE envelope; which of the two it is shows in the bytes, and [`OldBundle::content`] tells.
//!
//! Refused: repeated members, an empty signature, a log id that is not 32 bytes of lower-case hexadecimal, negative
//! times and indexes, members without the others.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{
    FormError,
    detached::{self, Vouched},
    envelope,
};
use crate::{
    base64::Base64,
    envelope::Envelope,
    json::{self, Object},
};

/// What messages call the file.
const WHAT: &str = "old bundle";

/// An old bundle. Nothing in it has been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OldBundle {
    /// What was signed, and the signature.
    pub content: Content,
    /// The signer's certificate or key, if it came along.
    pub vouched: Option<Vouched>,
    /// What the transparency log said.
    pub log_entry: Option<LogEntry>,
}

/// A signature over the blob, or an attestation about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// A signature over the blob's bytes.
    Message(Vec<u8>),
    /// A signed statement.
    Envelope(Envelope),
}

/// An entry of Rekor v1 with its signed timestamp (SET).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// The log's signature over the canonical JSON of the other members.
    pub signed_entry_timestamp: Vec<u8>,
    /// The entry: canonical JSON of what was logged.
    pub body: Vec<u8>,
    /// When the log took it, in seconds since 1970.
    pub integrated_time: u64,
    /// Its number in the log.
    pub log_index: u64,
    /// SHA-256 of the log's public key in DER.
    pub log_id: [u8; 32],
}

impl OldBundle {
    /// Larger bundles are not read.
    pub const MAX_BYTES: usize = crate::bundle::Bundle::MAX_BYTES;

    /// Whether a JSON text is meant as an old bundle: it has the one member that no other form has.
    #[must_use]
    pub fn is_one(text: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Probe {
            #[serde(rename = "base64Signature")]
            _signature: serde::de::IgnoredAny,
        }
        text.len() <= Self::MAX_BYTES && serde_json::from_slice::<Object<Probe>>(text).is_ok()
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// [`FormError`] names the first rule broken.
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        if text.len() > Self::MAX_BYTES {
            return Err(FormError::TooLarge {
                what: WHAT,
                limit: Self::MAX_BYTES,
            });
        }
        let wire: Wire = json::read(text).map_err(|source| FormError::Json { what: WHAT, source })?;
        let vouched = match wire.cert.filter(|cert| !cert.is_empty()) {
            Some(cert) => Some(detached::read_vouched(cert.as_bytes())?),
            None => None,
        };
        let log_entry = wire.rekor_bundle.map(|Object(entry)| entry.parse());
        Ok(Self {
            content: Content::of(wire.signature.0)?,
            vouched,
            log_entry: log_entry.transpose()?,
        })
    }

    /// The bundle as JSON, as cosign writes it.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let signature = match &self.content {
            Content::Message(signature) => signature.clone(),
            Content::Envelope(signed) => envelope::write(signed),
        };
        let cert = self.vouched.as_ref().map(|vouched| match vouched {
            // Only the signer's own: a chain has no place in this form.
            Vouched::Certificates(chain) => chain.first().map(|leaf| leaf.to_pem()).unwrap_or_default(),
            Vouched::Key(key) => key.to_pem(),
        });
        let wire = Wire {
            signature: Base64(signature),
            cert: cert.map(|pem| STANDARD.encode(pem)),
            rekor_bundle: self.log_entry.as_ref().map(|entry| Object(entry.into())),
        };
        // Strings and numbers: writing them to memory cannot fail.
        serde_json::to_vec(&wire).unwrap_or_default()
    }
}

impl Content {
    /// A DSSE envelope is a JSON object; a signature starts with a DER tag, or is 64 bytes long.
    fn of(bytes: Vec<u8>) -> Result<Self, FormError> {
        match bytes.trim_ascii_start().first() {
            None => Err(FormError::Empty {
                what: "member base64Signature",
            }),
            Some(b'{') if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok() => {
                envelope::read(&bytes).map(Self::Envelope)
            }
            Some(_) => Ok(Self::Message(bytes)),
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Wire {
    #[serde(rename = "base64Signature")]
    signature: Base64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cert: Option<String>,
    #[serde(default, rename = "rekorBundle", skip_serializing_if = "Option::is_none")]
    rekor_bundle: Option<Object<WireLogEntry>>,
}

#[derive(Deserialize, Serialize)]
struct WireLogEntry {
    #[serde(rename = "SignedEntryTimestamp")]
    signed_entry_timestamp: Base64,
    #[serde(rename = "Payload")]
    payload: Object<WirePayload>,
}

#[derive(Deserialize, Serialize)]
struct WirePayload {
    body: Base64,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logIndex")]
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

impl WireLogEntry {
    fn parse(self) -> Result<LogEntry, FormError> {
        let wrong = |what| FormError::LogEntry { what };
        let Object(payload) = self.payload;
        if self.signed_entry_timestamp.0.is_empty() {
            return Err(wrong("SignedEntryTimestamp"));
        }
        if payload.body.0.is_empty() {
            return Err(wrong("body"));
        }
        Ok(LogEntry {
            signed_entry_timestamp: self.signed_entry_timestamp.0,
            body: payload.body.0,
            integrated_time: u64::try_from(payload.integrated_time).map_err(|_| wrong("integratedTime"))?,
            log_index: u64::try_from(payload.log_index).map_err(|_| wrong("logIndex"))?,
            log_id: log_id(&payload.log_id).ok_or(wrong("logID"))?,
        })
    }
}

impl From<&LogEntry> for WireLogEntry {
    fn from(entry: &LogEntry) -> Self {
        let payload = WirePayload {
            body: Base64(entry.body.clone()),
            integrated_time: i64::try_from(entry.integrated_time).unwrap_or(i64::MAX),
            log_index: i64::try_from(entry.log_index).unwrap_or(i64::MAX),
            log_id: weightlock_artifact::digest::hex(&entry.log_id),
        };
        Self {
            signed_entry_timestamp: Base64(entry.signed_entry_timestamp.clone()),
            payload: Object(payload),
        }
    }
}

/// 64 lower-case hexadecimal digits: the log's signature covers the text, so only one spelling can be right.
fn log_id(text: &str) -> Option<[u8; 32]> {
    use weightlock_artifact::digest::{Algorithm, Digest};
    let digest = Digest::from_hex(Algorithm::Sha256, text).ok()?;
    if digest.hex() != text {
        return None;
    }
    digest.as_bytes().try_into().ok()
}

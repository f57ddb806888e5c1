//! Transparency logs (Rekor): an entry for a signature, and the proof that it is in the log.
//!
//! | version | call | entries |
//! |---|---|---|
//! | 1 (`openapi.yaml`) | `POST /api/v1/log/entries` | `hashedrekord` 0.0.1 for bytes, `dsse` 0.0.1 for envelopes |
//! | 2 (`rekor_service.proto`) | `POST /api/v2/log/entries` | `hashedrekord` 0.0.2; for envelopes over what their signature covers |
//!
//! The answer is written into the bundle as it must stand there. Whether it is about this signature, and proven, is the
//! verifier's matter.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use weightlock_transport::{Url, http::Client};

use super::{KeylessError, LogVersion, authority};
use crate::{
    base64::{from_standard, standard},
    bundle::log::LogEntry,
    certificate::Certificate,
    envelope::Envelope,
    json::{self as strict, Object},
    key::SignError,
};

/// An entry with its proof has ten thousand bytes; one of version 1 repeats nothing of the payload.
const MOST_BYTES: u64 = 4 << 20;
/// A tree of more leaves than fit into 64 bits has no more hashes in a proof.
const MOST_HASHES: usize = 64;

/// A signature that is to be logged.
pub(super) struct Entry<'a> {
    /// SHA-256 of what the signature covers.
    pub(super) digest: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) certificate: &'a Certificate,
    /// The envelope, where the signature is one.
    pub(super) envelope: Option<&'a Envelope>,
}

impl Entry<'_> {
    /// What is sent, and the kind of entry it makes.
    fn proposed(&self, version: LogVersion) -> (Value, &'static str) {
        match (version, self.envelope) {
            (LogVersion::First, None) => (
                json!({
                    "kind": "hashedrekord",
                    "apiVersion": "0.0.1",
                    "spec": {
                        "data": {"hash": {"algorithm": "sha256", "value": hex(self.digest)}},
                        "signature": {
                            "content": standard(self.signature),
                            "publicKey": {"content": authority::for_logs(self.certificate)},
                        },
                    },
                }),
                "hashedrekord",
            ),
            (LogVersion::First, Some(envelope)) => (
                json!({
                    "kind": "dsse",
                    "apiVersion": "0.0.1",
                    "spec": {"proposedContent": {
                        "envelope": super::write::envelope(envelope).to_string(),
                        "verifiers": [authority::for_logs(self.certificate)],
                    }},
                }),
                "dsse",
            ),
            (LogVersion::Second, _) => (
                json!({"hashedRekordRequestV002": {
                    "digest": standard(self.digest),
                    "signature": {
                        "content": standard(self.signature),
                        "verifier": {
                            "x509Certificate": {"rawBytes": standard(self.certificate.as_der())},
                            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                        },
                    },
                }}),
                "hashedrekord",
            ),
        }
    }

    /// Logs the signature: an entry as a bundle holds it.
    pub(super) fn log(&self, client: &Client, version: LogVersion, log: &Url) -> Result<Value, KeylessError> {
        let (proposed, kind) = self.proposed(version);
        let path = match version {
            LogVersion::First => ["api", "v1", "log", "entries"],
            LogVersion::Second => ["api", "v2", "log", "entries"],
        };
        let body = serde_json::to_vec(&proposed).map_err(|_| SignError::Failed)?;
        let answer = client
            .post(&log.below(path)?, "application/json", body)
            .header("Accept", "application/json")
            .limit(MOST_BYTES)
            .send()?;
        if (400..500).contains(&answer.status) {
            return Err(KeylessError::NotLogged {
                words: answer.words(),
                at: answer.at,
                status: answer.status,
            });
        }
        let answer = answer.success()?;
        read_entry(&answer.body, version, kind).map_err(|what| KeylessError::Log { at: answer.at, what })
    }
}

/// Reads the answer of a log: an entry of this kind, as a bundle holds it.
///
/// # Errors
/// What is wrong with it.
pub fn read_entry(answer: &[u8], version: LogVersion, kind: &str) -> Result<Value, &'static str> {
    let entry = match version {
        LogVersion::First => first(answer, kind),
        LogVersion::Second => second(answer, kind),
    }?;
    // What no bundle may hold is no answer: a hash of another length, a number in another spelling.
    match serde_json::from_value::<Object<LogEntry>>(entry.clone()) {
        Ok(_) => Ok(entry),
        Err(_) => Err("a part of it has not the form that bundles have"),
    }
}

#[derive(Deserialize)]
struct First {
    body: String,
    #[serde(rename = "integratedTime")]
    time: u64,
    #[serde(rename = "logID")]
    log_id: String,
    #[serde(rename = "logIndex")]
    index: u64,
    verification: Object<Verification>,
}

#[derive(Deserialize)]
struct Verification {
    #[serde(rename = "inclusionProof")]
    proof: Object<FirstProof>,
    #[serde(rename = "signedEntryTimestamp")]
    promise: String,
}

#[derive(Deserialize)]
struct FirstProof {
    checkpoint: String,
    hashes: Vec<String>,
    #[serde(rename = "logIndex")]
    index: u64,
    #[serde(rename = "rootHash")]
    root: String,
    #[serde(rename = "treeSize")]
    size: u64,
}

fn first(answer: &[u8], kind: &str) -> Result<Value, &'static str> {
    let entries: BTreeMap<String, Object<First>> =
        strict::read(answer).map_err(|_| "it has no entry with promise, proof and checkpoint")?;
    let mut entries = entries.into_values();
    let (Some(Object(entry)), None) = (entries.next(), entries.next()) else {
        return Err("it has not exactly one entry");
    };
    let Object(Verification { proof, promise }) = entry.verification;
    let Object(proof) = proof;
    let bytes = |text: &str| {
        from_hex(text)
            .map(|bytes| standard(&bytes))
            .ok_or("a hash is not hexadecimal")
    };
    if proof.hashes.len() > MOST_HASHES {
        return Err("its proof has more hashes than any tree");
    }
    let hashes = proof.hashes.iter().map(|hash| bytes(hash));
    Ok(json!({
        "logIndex": entry.index.to_string(),
        "logId": {"keyId": bytes(&entry.log_id)?},
        "kindVersion": {"kind": kind, "version": "0.0.1"},
        "integratedTime": entry.time.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": base64(&promise)?},
        "inclusionProof": {
            "logIndex": proof.index.to_string(),
            "rootHash": bytes(&proof.root)?,
            "treeSize": proof.size.to_string(),
            "hashes": hashes.collect::<Result<Vec<_>, _>>()?,
            "checkpoint": {"envelope": proof.checkpoint},
        },
        "canonicalizedBody": base64(&entry.body)?,
    }))
}

/// Protobuf's JSON: numbers of 64 bits are text, or numbers; a zero may be left out.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(u64),
    Text(String),
    #[default]
    Absent,
}

impl Number {
    fn text(self) -> Result<String, &'static str> {
        match self {
            Self::Plain(number) => Ok(number.to_string()),
            Self::Text(text) if text.parse::<u64>().is_ok() => Ok(text),
            Self::Text(_) => Err("a number in it is none"),
            Self::Absent => Ok("0".to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct Second {
    #[serde(default, rename = "logIndex")]
    index: Number,
    #[serde(rename = "logId")]
    log_id: Object<LogId>,
    #[serde(rename = "kindVersion")]
    kind: Object<Kind>,
    #[serde(rename = "inclusionProof")]
    proof: Object<SecondProof>,
    #[serde(rename = "canonicalizedBody")]
    body: String,
}

#[derive(Deserialize)]
struct LogId {
    #[serde(rename = "keyId")]
    key_id: String,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
struct SecondProof {
    #[serde(default, rename = "logIndex")]
    index: Number,
    #[serde(rename = "rootHash")]
    root: String,
    #[serde(rename = "treeSize")]
    size: Number,
    #[serde(default)]
    hashes: Vec<String>,
    checkpoint: Object<Checkpoint>,
}

#[derive(Deserialize)]
struct Checkpoint {
    envelope: String,
}

fn second(answer: &[u8], kind: &str) -> Result<Value, &'static str> {
    let entry: Second = strict::read(answer).map_err(|_| "it has no entry with proof and checkpoint")?;
    let (Object(proof), Object(found)) = (entry.proof, entry.kind);
    if (found.kind.as_str(), found.version.as_str()) != (kind, "0.0.2") {
        return Err("the entry is of another kind than was asked for");
    }
    if proof.hashes.len() > MOST_HASHES {
        return Err("its proof has more hashes than any tree");
    }
    let hashes = proof.hashes.iter().map(|hash| base64(hash));
    Ok(json!({
        "logIndex": entry.index.text()?,
        "logId": {"keyId": base64(&entry.log_id.0.key_id)?},
        "kindVersion": {"kind": kind, "version": "0.0.2"},
        "inclusionProof": {
            "logIndex": proof.index.text()?,
            "rootHash": base64(&proof.root)?,
            "treeSize": proof.size.text()?,
            "hashes": hashes.collect::<Result<Vec<_>, _>>()?,
            "checkpoint": {"envelope": proof.checkpoint.0.envelope},
        },
        "canonicalizedBody": base64(&entry.body)?,
    }))
}

/// The text, if it is base64.
fn base64(text: &str) -> Result<&str, &'static str> {
    from_standard(text)
        .map(|_| text)
        .ok_or("a field in it is not base64")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"aa":{"body":"e30=","integratedTime":7,"logID":"00ff000000000000000000000000000000000000000000000000000000000000","logIndex":3,"verification":{
        "inclusionProof":{"checkpoint":"c","hashes":["0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"],"logIndex":2,"rootHash":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b","treeSize":4},
        "signedEntryTimestamp":"AA=="}}}"#;
    const SECOND: &str = r#"{"logId":{"keyId":"AP8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"kindVersion":{"kind":"hashedrekord","version":"0.0.2"},
        "integratedTime":"0","inclusionPromise":null,"inclusionProof":{"logIndex":5,"rootHash":"CwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCws=","treeSize":"6",
        "checkpoint":{"envelope":"c"}},"canonicalizedBody":"e30="}"#;

    #[test]
    fn answers_become_entries_of_a_bundle() {
        let first = read_entry(FIRST.as_bytes(), LogVersion::First, "dsse").unwrap();
        assert_eq!(
            first["logId"]["keyId"],
            "AP8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        );
        assert_eq!(
            first["inclusionProof"]["hashes"],
            json!(["CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo="])
        );
        assert_eq!(first["kindVersion"], json!({"kind": "dsse", "version": "0.0.1"}));
        let second = read_entry(SECOND.as_bytes(), LogVersion::Second, "hashedrekord").unwrap();
        assert_eq!(second["logIndex"], "0");
        assert_eq!(second["inclusionProof"]["logIndex"], "5");
        assert_eq!(second.get("integratedTime"), None);
    }

    #[test]
    fn answers_without_proof_are_refused() {
        for (answer, version) in [
            ("{}".to_owned(), LogVersion::First),
            (format!("[{FIRST}]"), LogVersion::First),
            (FIRST.replace("\"aa\":{", "\"bb\":{},\"aa\":{"), LogVersion::First),
            (FIRST.replace("inclusionProof", "proof"), LogVersion::First),
            (
                FIRST.replace("signedEntryTimestamp", "promise"),
                LogVersion::First,
            ),
            (FIRST.replace("0a0a", "+a0a"), LogVersion::First),
            (FIRST.replace("AA==", "AB=="), LogVersion::First),
            (
                FIRST.replace("\"body\":\"e30=\",", "\"body\":\"e30=\",\"body\":\"e30=\","),
                LogVersion::First,
            ),
            (SECOND.replace("inclusionProof", "proof"), LogVersion::Second),
            (SECOND.replace("checkpoint", "point"), LogVersion::Second),
            (SECOND.replace("hashedrekord", "dsse"), LogVersion::Second),
            (SECOND.replace("\"6\"", "\"-6\""), LogVersion::Second),
        ] {
            assert!(
                read_entry(answer.as_bytes(), version, "hashedrekord").is_err(),
                "{answer}"
            );
        }
    }
}

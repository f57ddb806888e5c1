//! Entries of transparency logs and timestamps, as bundles carry them (protobuf-specs `sigstore_rekor.proto`,
//! `sigstore_common.proto`): their shape, strictly. What they prove is for [`crate::sigstore`].
//!
//! Every member is read, members that are not known are refused, and bytes have one spelling: what a log did not write
//! cannot hide in an entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use crate::{base64::Base64, json::Object};

/// More entries or timestamps than any honest bundle has (one; two while a log is replaced).
pub(crate) const MAX_EVIDENCE: usize = 32;

/// An entry of a transparency log.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogEntry {
    /// Absent for the first entry of a log: protobuf's JSON leaves out a zero.
    #[serde(default, rename = "logIndex")]
    pub(crate) index: Number,
    #[serde(rename = "logId")]
    pub(crate) log: Object<LogId>,
    #[serde(rename = "kindVersion")]
    pub(crate) kind: Object<KindVersion>,
    #[serde(default, rename = "integratedTime")]
    pub(crate) time: Option<Number>,
    #[serde(default, rename = "inclusionPromise")]
    pub(crate) promise: Option<Object<Promise>>,
    #[serde(default, rename = "inclusionProof")]
    pub(crate) proof: Option<Object<Proof>>,
    #[serde(rename = "canonicalizedBody")]
    pub(crate) body: Base64,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogId {
    #[serde(rename = "keyId")]
    pub(crate) key: Hash,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindVersion {
    pub(crate) kind: String,
    pub(crate) version: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Promise {
    #[serde(rename = "signedEntryTimestamp")]
    signed: Base64,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    #[serde(default, rename = "logIndex")]
    index: Number,
    #[serde(rename = "rootHash")]
    root: Hash,
    #[serde(rename = "treeSize")]
    size: Number,
    #[serde(default)]
    pub(crate) hashes: Vec<Hash>,
    pub(crate) checkpoint: Option<Object<Note>>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    #[serde(default)]
    pub(crate) envelope: String,
}

/// RFC 3161 timestamps.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timestamps {
    #[serde(default, rename = "rfc3161Timestamps")]
    pub(crate) rfc3161: Vec<Object<Timestamp>>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timestamp {
    #[serde(rename = "signedTimestamp")]
    token: Base64,
}

/// A 64-bit number, which protobuf's JSON writes as text and reads either way.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Value::deserialize(deserializer)? {
            Value::String(text) => text
                .parse()
                .ok()
                .filter(|number: &u64| number.to_string() == text),
            number => number.as_u64(),
        };
        number
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a whole number"))
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A SHA-256 in base64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Hash(pub(crate) [u8; 32]);

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Base64::deserialize(deserializer)?.0;
        let hash = bytes.try_into();
        hash.map(Self).map_err(|_| D::Error::custom("not a SHA-256"))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Base64(self.0.to_vec()).serialize(serializer)
    }
}

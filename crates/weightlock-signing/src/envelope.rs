//! DSSE, the Dead Simple Signing Envelope (protocol v1.0.2): signed bytes with their type.
//!
//! The signature covers the *pre-authentication encoding* of type and payload, so a payload can never be taken
//! for one of another type. The payload is kept as stored and never written anew before it is checked.

use serde::{Deserialize, Serialize};

use crate::{
    base64::Base64,
    json::{Misspelt, Object},
};

/// The payload type of in-toto statements.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// An envelope with exactly one signature. Nothing in it has been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// Media type of the payload.
    pub payload_type: String,
    /// The signed bytes, as stored.
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// The envelope has no signature, or several: which one was checked would be a matter of taste.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the envelope has {0} signatures; a Sigstore bundle has exactly one")]
pub struct NotOneSignature(pub usize);

/// What a signature over a payload of this type covers (DSSE protocol, "Signature Definition").
#[must_use]
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// What the signature covers.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.payload_type, &self.payload)
    }

    /// The envelope as JSON (DSSE protocol, "Envelope"), in one line without its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialising this type to memory cannot fail: keys are strings, and there is no I/O.
        serde_json::to_string(&WireEnvelope::from(self)).unwrap_or_default()
    }
}

/// The envelope as it is written in a bundle.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct WireEnvelope {
    payload: Base64,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<Object<WireSignature>>,
    #[serde(default, skip_serializing, rename = "payload_type")]
    _misspelt: Misspelt,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct WireSignature {
    sig: Base64,
    /// Never used to choose a key; absent, null and empty are all in use.
    #[serde(default, rename = "keyid")]
    key_id: Option<String>,
}

impl TryFrom<WireEnvelope> for Envelope {
    type Error = NotOneSignature;

    fn try_from(wire: WireEnvelope) -> Result<Self, NotOneSignature> {
        let [Object(signature)] =
            <[_; 1]>::try_from(wire.signatures).map_err(|all| NotOneSignature(all.len()))?;
        Ok(Self {
            payload_type: wire.payload_type,
            payload: wire.payload.0,
            signature: signature.sig.0,
        })
    }
}

impl From<&Envelope> for WireEnvelope {
    fn from(envelope: &Envelope) -> Self {
        let signature = WireSignature {
            sig: Base64(envelope.signature.clone()),
            key_id: Some(String::new()),
        };
        Self {
            payload: Base64(envelope.payload.clone()),
            payload_type: envelope.payload_type.clone(),
            signatures: vec![Object(signature)],
            _misspelt: Misspelt,
        }
    }
}

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the DSSE protocol text.
    #[test]
    fn encodes_as_the_protocol_says() {
        let bytes = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}

//! Whole bundles, made without a client: for tests of verifiers.

use serde_json::{Map, Value, json};

use super::{
    Account, Rekor, Sigstore, account::name_of, base64, digest, fulcio::encoded_certificate, hex, key::Key,
    pre_authentication, unhex,
};

/// The forms bundles have had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BundleVersion {
    /// `;version=0.1`: a chain of certificates, a signed entry timestamp, no proof.
    V01,
    /// `;version=0.2`: as 0.1, with a proof.
    V02,
    /// `.v0.3`: one certificate.
    V03,
}

/// What is signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signed<'a> {
    /// Bytes, by a message signature.
    Message(&'a [u8]),
    /// An in-toto statement, in an envelope.
    Statement(&'a [u8]),
    /// The same; a log of version 2 takes it by its envelope (`dsse` 0.0.2), as clients asked for in 2025.
    Envelope(&'a [u8]),
}

impl Sigstore {
    /// A bundle that `account` could have made just now: with a timestamp where the log gives no time, and where
    /// `timestamp` asks for one.
    ///
    /// # Panics
    /// When asked for what does not exist: [`Rekor::Both`], or a log of version 2 in a bundle before 0.3.
    #[must_use]
    pub fn bundle(
        &self,
        account: &Account,
        signed: Signed<'_>,
        version: BundleVersion,
        rekor: Rekor,
        timestamp: bool,
    ) -> String {
        let key = Key::generate();
        let mut claims = account.claims.clone();
        claims.insert("iss".to_owned(), json!(self.issuer()));
        let name = name_of(&claims).expect("the account has a name");
        let certificate = self.fulcio.issue(&key.spki, &name, &claims);
        let message = match signed {
            Signed::Message(bytes) => bytes.to_vec(),
            Signed::Statement(bytes) | Signed::Envelope(bytes) => pre_authentication(IN_TOTO, bytes),
        };
        let signature = key.sign(&message);
        let envelope = |payload| {
            json!({
                "payload": base64(payload),
                "payloadType": IN_TOTO,
                "signatures": [{"sig": base64(&signature)}],
            })
        };
        let entry = match rekor {
            Rekor::First => {
                let proposed = match signed {
                    Signed::Message(_) => hashed_rekord(&message, &signature, &certificate),
                    Signed::Statement(payload) | Signed::Envelope(payload) => {
                        dsse(&envelope(payload), &certificate)
                    }
                };
                let answer = self.first.add(&proposed).expect("our own entry is sound");
                entry_of_first(&answer, &proposed, version)
            }
            Rekor::Second => {
                let request = match signed {
                    Signed::Envelope(payload) => second_envelope(&envelope(payload), &certificate),
                    _ => second_request(&message, &signature, &certificate),
                };
                self.second.add(&request).expect("our own entry is sound")
            }
            Rekor::Both => panic!("an entry is in one log"),
        };
        let mut material = Map::new();
        let raw = json!({"rawBytes": base64(&certificate)});
        match version {
            BundleVersion::V03 => material.insert("certificate".to_owned(), raw),
            _ => material.insert("x509CertificateChain".to_owned(), json!({"certificates": [raw]})),
        };
        material.insert("tlogEntries".to_owned(), json!([entry]));
        if timestamp || rekor == Rekor::Second {
            let stamp = base64(&self.timestamps.stamp(&signature));
            let stamps = json!({"rfc3161Timestamps": [{"signedTimestamp": stamp}]});
            material.insert("timestampVerificationData".to_owned(), stamps);
        }
        let (member, content) = match signed {
            Signed::Statement(payload) | Signed::Envelope(payload) => ("dsseEnvelope", envelope(payload)),
            Signed::Message(_) => (
                "messageSignature",
                json!({
                    "messageDigest": {"algorithm": "SHA2_256", "digest": base64(&digest(&message))},
                    "signature": base64(&signature),
                }),
            ),
        };
        json!({
            "mediaType": version.media_type(),
            "verificationMaterial": material,
            member: content,
        })
        .to_string()
    }
}

impl Sigstore {
    /// Logs this in the log of version 1, and gives the entry as bundles hold it; for signatures by keys.
    ///
    /// # Panics
    /// When the log does not take it.
    #[must_use]
    pub fn logged(&self, proposed: &Value) -> Value {
        let answer = self.first.add(proposed).expect("the entry is sound");
        entry_of_first(&answer, proposed, BundleVersion::V03)
    }

    /// What the timestamp authority says of these bytes now.
    #[must_use]
    pub fn stamped(&self, bytes: &[u8]) -> Vec<u8> {
        self.timestamps.stamp(bytes)
    }
}

const IN_TOTO: &str = "application/vnd.in-toto+json";

impl BundleVersion {
    const fn media_type(self) -> &'static str {
        match self {
            Self::V01 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            Self::V02 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            Self::V03 => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }
}

fn hashed_rekord(message: &[u8], signature: &[u8], certificate: &[u8]) -> Value {
    json!({"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": hex(&digest(message))}},
        "signature": {
            "content": base64(signature),
            "publicKey": {"content": encoded_certificate(certificate)},
        },
    }})
}

fn dsse(envelope: &Value, certificate: &[u8]) -> Value {
    json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": {"proposedContent": {
        "envelope": envelope.to_string(),
        "verifiers": [encoded_certificate(certificate)],
    }}})
}

/// Version 2 logs envelopes by the digest of what their signature covers, too.
fn second_request(message: &[u8], signature: &[u8], certificate: &[u8]) -> Value {
    json!({"hashedRekordRequestV002": {
        "digest": base64(&digest(message)),
        "signature": {
            "content": base64(signature),
            "verifier": {
                "x509Certificate": {"rawBytes": base64(certificate)},
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            },
        },
    }})
}

fn second_envelope(envelope: &Value, certificate: &[u8]) -> Value {
    json!({"dsseRequestV002": {
        "envelope": envelope,
        "verifiers": [{
            "x509Certificate": {"rawBytes": base64(certificate)},
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        }],
    }})
}

/// The entry of a bundle from what version 1 answers.
fn entry_of_first(answer: &Value, proposed: &Value, version: BundleVersion) -> Value {
    let entry = answer
        .as_object()
        .and_then(|entries| entries.values().next())
        .expect("an answer has one entry");
    let bytes = |value: &Value| base64(&value.as_str().and_then(unhex).expect("hexadecimal"));
    let mut written = json!({
        "logIndex": entry["logIndex"].to_string(),
        "logId": {"keyId": bytes(&entry["logID"])},
        "kindVersion": {"kind": proposed["kind"], "version": proposed["apiVersion"]},
        "integratedTime": entry["integratedTime"].to_string(),
        "canonicalizedBody": entry["body"],
    });
    let verification = &entry["verification"];
    if let Some(promise) = verification.get("signedEntryTimestamp") {
        written["inclusionPromise"] = json!({"signedEntryTimestamp": promise});
    }
    if let Some(proof) = verification
        .get("inclusionProof")
        .filter(|_| version != BundleVersion::V01)
    {
        let hashes = proof["hashes"].as_array().map_or(&[][..], Vec::as_slice);
        written["inclusionProof"] = json!({
            "logIndex": proof["logIndex"].to_string(),
            "rootHash": bytes(&proof["rootHash"]),
            "treeSize": proof["treeSize"].to_string(),
            "hashes": hashes.iter().map(bytes).collect::<Vec<_>>(),
            "checkpoint": {"envelope": proof["checkpoint"]},
        });
    }
    written
}

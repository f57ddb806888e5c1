//! Rekor, the transparency log, in its two versions.
//!
//! | version | entries | what proves them |
//! |---|---|---|
//! | 1 (`openapi.yaml`) | `hashedrekord` 0.0.1, `dsse` 0.0.1, `intoto` 0.0.2 | signed entry timestamp, inclusion proof |
//! | 2 (`rekor_service.proto`) | `hashedrekord` 0.0.2, `dsse` 0.0.2 | inclusion proof; the time comes from elsewhere |
//!
//! Entries are checked as the real ones are: the signature must be by the given key or certificate.

use serde_json::{Value, json};

use super::{
    Lies, authority, base64, der, digest, hex,
    http::{Request, Response},
    key::{self, Key},
    lie::Lie,
    log::{Log, Place},
    unbase64,
};

/// One log.
#[derive(Debug)]
pub(super) struct Rekor {
    pub(super) log: Log,
    version: u8,
    lies: Lies,
}

/// What an entry is about: kind, version, and the specification that is logged.
struct Entry {
    kind: &'static str,
    version: &'static str,
    spec: Value,
}

/// What a request brings to check a signature with, as it was written.
struct Verifier {
    spki: Vec<u8>,
    is_certificate: bool,
    der: Vec<u8>,
}

impl Rekor {
    pub(super) fn new(version: u8, lies: Lies) -> Self {
        let origin = match version {
            1 => "rekor.example.com - 2605736670972794746",
            _ => "log2026.rekor.example.com",
        };
        Self {
            log: Log::new(origin.to_owned(), lies.clone()),
            version,
            lies,
        }
    }

    pub(super) fn answer(&self, request: &Request) -> Response {
        let wanted = format!("/api/v{}/log/entries", self.version);
        if (request.method.as_str(), &request.path) != ("POST", &wanted) {
            return Response::refused(404, "Not Found");
        }
        let Some(body) = request.json() else {
            return Response::refused(400, "no JSON");
        };
        match self.add(&body) {
            Some(entry) => Response {
                tag: named(&entry),
                ..Response::json(201, &entry)
            },
            None => Response::refused(400, "the entry cannot be verified"),
        }
    }

    /// Logs an entry, and gives what the log answers.
    pub(super) fn add(&self, proposed: &Value) -> Option<Value> {
        let mut entry = match self.version {
            1 => first(proposed),
            _ => second(proposed),
        }?;
        if self.lies.told(Lie::EntryOfAnotherSignature) {
            falsify(&mut entry.spec);
        }
        let body = canonical(&json!({
            "apiVersion": entry.version,
            "kind": entry.kind,
            "spec": entry.spec,
        }));
        let place = self.log.append(body.as_bytes());
        Some(match self.version {
            1 => self.first_answer(&body, &place),
            _ => self.second_answer(&entry, &body, &place),
        })
    }

    fn first_answer(&self, body: &str, place: &Place) -> Value {
        let late = if self.lies.told(Lie::LateEntry) { 4200 } else { 0 };
        let time = super::now() + late;
        let promised = if self.lies.told(Lie::SetOfAnotherEntry) {
            base64(b"another entry")
        } else {
            base64(body.as_bytes())
        };
        let log_id = hex(&self.log.key.id());
        let promise = canonical(&json!({
            "body": promised,
            "integratedTime": time,
            "logID": log_id,
            "logIndex": place.index,
        }));
        let mut verification = serde_json::Map::new();
        if !self.lies.told(Lie::NoProof) {
            let proof = json!({
                "checkpoint": place.checkpoint,
                "hashes": place.hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
                "logIndex": place.index,
                "rootHash": hex(&place.root),
                "treeSize": place.size,
            });
            verification.insert("inclusionProof".to_owned(), proof);
        }
        if !self.lies.told(Lie::NoSet) {
            let signature = base64(&self.log.key.sign(promise.as_bytes()));
            verification.insert("signedEntryTimestamp".to_owned(), json!(signature));
        }
        let uuid = format!("24296fb24b8ad77a{}", hex(&digest(body.as_bytes())));
        json!({uuid: {
            "body": base64(body.as_bytes()),
            "integratedTime": time,
            "logID": log_id,
            "logIndex": place.index,
            "verification": verification,
        }})
    }

    fn second_answer(&self, entry: &Entry, body: &str, place: &Place) -> Value {
        let mut answer = json!({
            "logIndex": place.index.to_string(),
            "logId": {"keyId": base64(&self.log.key.id())},
            "kindVersion": {"kind": entry.kind, "version": entry.version},
            "integratedTime": "0",
            "inclusionPromise": null,
            "inclusionProof": Log::proof_json(place),
            "canonicalizedBody": base64(body.as_bytes()),
        });
        if self.lies.told(Lie::NoProof) {
            answer["inclusionProof"] = Value::Null;
        }
        answer
    }
}

/// Entries of version 1.
fn first(proposed: &Value) -> Option<Entry> {
    let spec = &proposed["spec"];
    match (proposed["kind"].as_str()?, proposed["apiVersion"].as_str()?) {
        ("hashedrekord", "0.0.1") => {
            let signature = unbase64(spec["signature"]["content"].as_str()?)?;
            let verifier = pem_verifier(spec["signature"]["publicKey"]["content"].as_str()?)?;
            let hash = &spec["data"]["hash"];
            let value = hash["value"].as_str()?;
            if hash["algorithm"] != "sha256"
                || !key::verifies_digest(&verifier.spki, &super::unhex(value)?, &signature)
            {
                return None;
            }
            Some(Entry {
                kind: "hashedrekord",
                version: "0.0.1",
                spec: json!({
                    "data": {"hash": {"algorithm": "sha256", "value": value}},
                    "signature": {
                        "content": base64(&signature),
                        "publicKey": {"content": base64(verifier.pem().as_bytes())},
                    },
                }),
            })
        }
        ("dsse", "0.0.1") => {
            let content = &spec["proposedContent"];
            let text = content["envelope"].as_str()?;
            let envelope = Envelope::read(&serde_json::from_str(text).ok()?, 1)?;
            let verifier = pem_verifier(content["verifiers"][0].as_str()?)?;
            let signature = envelope.verified(&verifier.spki)?;
            Some(Entry {
                kind: "dsse",
                version: "0.0.1",
                spec: json!({
                    "envelopeHash": {"algorithm": "sha256", "value": hex(&digest(text.as_bytes()))},
                    "payloadHash": {"algorithm": "sha256", "value": hex(&digest(&envelope.payload))},
                    "signatures": [{
                        "signature": base64(signature),
                        "verifier": base64(verifier.pem().as_bytes()),
                    }],
                }),
            })
        }
        ("intoto", "0.0.2") => intoto(&spec["content"]),
        _ => None,
    }
}

/// Payload and signature are in base64 twice; the payload itself is not logged.
fn intoto(content: &Value) -> Option<Entry> {
    let written = &content["envelope"];
    let envelope = Envelope::read(written, 2)?;
    let public = written["signatures"][0]["publicKey"].as_str()?;
    let verifier = pem_verifier(public)?;
    envelope.verified(&verifier.spki)?;
    Some(Entry {
        kind: "intoto",
        version: "0.0.2",
        spec: json!({"content": {
            "envelope": {
                "payloadType": envelope.kind,
                "signatures": [{
                    "publicKey": base64(verifier.pem().as_bytes()),
                    "sig": written["signatures"][0]["sig"],
                }],
            },
            "hash": content["hash"],
            "payloadHash": {"algorithm": "sha256", "value": hex(&digest(&envelope.payload))},
        }}),
    })
}

/// Entries of version 2. A request holds one of two members; protobuf's JSON may spell the digit in two ways.
fn second(proposed: &Value) -> Option<Entry> {
    if let Some(request) = proposed.get("hashedRekordRequestV002") {
        let signed = unbase64(request["digest"].as_str()?)?;
        let signature = unbase64(request["signature"]["content"].as_str()?)?;
        let verifier = &request["signature"]["verifier"];
        let (spki, logged) = protobuf_verifier(verifier)?;
        if !key::verifies_digest(&spki, &signed, &signature) {
            return None;
        }
        return Some(Entry {
            kind: "hashedrekord",
            version: "0.0.2",
            spec: json!({"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": base64(&signed)},
                "signature": {"content": base64(&signature), "verifier": logged},
            }}),
        });
    }
    let request = proposed.get("dsseRequestV002")?;
    let envelope = Envelope::read(&request["envelope"], 1)?;
    let (spki, logged) = protobuf_verifier(&request["verifiers"][0])?;
    let signature = envelope.verified(&spki)?;
    Some(Entry {
        kind: "dsse",
        version: "0.0.2",
        spec: json!({"dsseV002": {
            "payloadHash": {"algorithm": "SHA2_256", "digest": base64(&digest(&envelope.payload))},
            "signatures": [{"content": base64(signature), "verifier": logged}],
        }}),
    })
}

/// The key of a `Verifier` message, and the message as it is logged.
fn protobuf_verifier(verifier: &Value) -> Option<(Vec<u8>, Value)> {
    if verifier["keyDetails"] != "PKIX_ECDSA_P256_SHA_256" {
        return None;
    }
    let raw = |member: &str| verifier[member]["rawBytes"].as_str().and_then(unbase64);
    let (spki, member, der) = match (raw("x509Certificate"), raw("publicKey")) {
        (Some(certificate), None) => {
            let spki = authority::see(&certificate)?.spki.to_vec();
            (spki, "x509Certificate", certificate)
        }
        (None, Some(spki)) => (spki.clone(), "publicKey", spki),
        _ => return None,
    };
    let logged = json!({
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        member: {"rawBytes": base64(&der)},
    });
    key::is_key(&spki).then_some((spki, logged))
}

/// Base64 of PEM, of a certificate or of a key.
fn pem_verifier(text: &str) -> Option<Verifier> {
    let (label, der) = der::from_pem(&String::from_utf8(unbase64(text)?).ok()?)?;
    let (spki, is_certificate) = match label.as_str() {
        "CERTIFICATE" => (authority::see(&der)?.spki.to_vec(), true),
        "PUBLIC KEY" => (der.clone(), false),
        _ => return None,
    };
    key::is_key(&spki).then_some(Verifier {
        spki,
        is_certificate,
        der,
    })
}

impl Verifier {
    fn pem(&self) -> String {
        der::pem(
            if self.is_certificate {
                "CERTIFICATE"
            } else {
                "PUBLIC KEY"
            },
            &self.der,
        )
    }
}

/// A DSSE envelope with its first signature.
struct Envelope {
    kind: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Envelope {
    /// Reads an envelope whose bytes are in base64 so many times.
    fn read(written: &Value, times: usize) -> Option<Self> {
        let decoded = |text: &Value| {
            let mut bytes = text.as_str()?.as_bytes().to_vec();
            for _ in 0..times {
                bytes = unbase64(std::str::from_utf8(&bytes).ok()?)?;
            }
            Some(bytes)
        };
        Some(Self {
            kind: written["payloadType"].as_str()?.to_owned(),
            payload: decoded(&written["payload"])?,
            signature: decoded(&written["signatures"][0]["sig"])?,
        })
    }

    fn verified(&self, spki: &[u8]) -> Option<&[u8]> {
        let signed = super::pre_authentication(&self.kind, &self.payload);
        key::verifies(spki, &signed, &self.signature).then_some(&self.signature)
    }
}

/// Puts another signature over another artifact into the specification of an entry.
fn falsify(spec: &mut Value) {
    let stranger = Key::generate();
    let text = base64(&stranger.sign(b"another artifact"));
    for pointer in [
        "/signature/content",
        "/signatures/0/signature",
        "/content/envelope/signatures/0/sig",
        "/hashedRekordV002/signature/content",
        "/dsseV002/signatures/0/content",
    ] {
        if let Some(place) = spec.pointer_mut(pointer) {
            *place = json!(text);
        }
    }
}

/// RFC 8785 for what logs hold: objects, arrays, text and whole numbers.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            let members = names.iter().map(|name| {
                format!(
                    "{}:{}",
                    Value::String((*name).clone()),
                    canonical(&members[name.as_str()])
                )
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// The entry's own name, where the answer is a list by names (version 1).
fn named(answer: &Value) -> Option<String> {
    let members = answer.as_object()?;
    let name = members.keys().next().filter(|_| members.len() == 1);
    name.cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_in_order_at_every_depth() {
        let value = json!({"b": [{"z": 1, "a": null}], "a": "\u{e9}\n"});
        assert_eq!(canonical(&value), "{\"a\":\"é\\n\",\"b\":[{\"a\":null,\"z\":1}]}");
    }

    #[test]
    fn a_signature_that_does_not_fit_is_not_logged() {
        let rekor = Rekor::new(1, Lies::default());
        let key = Key::generate();
        let entry = |signed: &[u8]| {
            json!({"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": hex(&digest(b"artifact"))}},
                "signature": {
                    "content": base64(&key.sign(signed)),
                    "publicKey": {"content": base64(der::pem("PUBLIC KEY", &key.spki).as_bytes())},
                },
            }})
        };
        assert!(rekor.add(&entry(b"artifact")).is_some());
        assert!(rekor.add(&entry(b"another")).is_none());
    }
}

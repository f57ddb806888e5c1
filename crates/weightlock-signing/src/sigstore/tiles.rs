//! Entries of the kind `dsse 0.0.2`, which logs of the second generation (tile-backed Rekor) gave to envelopes in 2025,
//! and which the Sigstore client does not read. They are taken out of the bundle before the client sees it, and proven
//! here by the same steps and with the client's own parts:
//!
//! 1. the body names the hash of this payload, this signature and this signer;
//! 2. the body's leaf hash is in the tree of the checkpoint, at the entry's index (RFC 6962 section 2.1.1);
//! 3. the checkpoint is signed by a log that is believed (C2SP signed-note, tlog-checkpoint).
//!
//! The size and root written beside the proof are covered by no signature and are not read, as the client does.

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sigstore_verify::{
    crypto::{Checkpoint, Keyring},
    rekor::body::DsseV002Body,
    types::{HashAlgorithm, Sha256Hash},
};

use super::{SigstoreRefusal, Whom, verify::signature};
use crate::{
    base64::Base64,
    bundle::{Bundle, Content},
    json::{self, Object},
};

/// More entries than any honest bundle has (one; two while a log is replaced).
const MAX_ENTRIES: usize = 8;

/// What was taken out, and the bundle without it.
pub(super) struct Tiles {
    pub(super) rest: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default, rename = "logIndex")]
    index: Option<Value>,
    #[serde(rename = "canonicalizedBody")]
    body: Base64,
    #[serde(rename = "inclusionProof")]
    proof: Option<Object<Proof>>,
}

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    hashes: Vec<Base64>,
    checkpoint: Option<Object<Note>>,
}

#[derive(Deserialize)]
struct Note {
    envelope: String,
}

/// Takes the entries of this kind out of a bundle. `None` when there are none.
pub(super) fn set_aside(bundle: &[u8]) -> Result<Option<Tiles>, SigstoreRefusal> {
    // Bundles without such an entry, which are nearly all, are not read twice.
    if !bundle.windows(b"0.0.2".len()).any(|window| window == b"0.0.2") {
        return Ok(None);
    }
    let malformed = |error: &dyn std::fmt::Display| SigstoreRefusal::Malformed {
        what: error.to_string(),
    };
    let mut document: Value = json::read(bundle).map_err(|error| malformed(&error))?;
    let Some(entries) = document
        .pointer_mut("/verificationMaterial/tlogEntries")
        .and_then(Value::as_array_mut)
    else {
        return Ok(None);
    };
    if entries.len() > MAX_ENTRIES {
        return Err(SigstoreRefusal::Malformed {
            what: format!("{} log entries", entries.len()),
        });
    }
    let ours: Vec<_> = entries.extract_if(.., |entry| is_ours(entry)).collect();
    if ours.is_empty() {
        return Ok(None);
    }
    let entries = ours
        .into_iter()
        .map(|entry| serde_json::from_value::<Object<Entry>>(entry).map(|entry| entry.0));
    Ok(Some(Tiles {
        entries: entries
            .collect::<Result<_, _>>()
            .map_err(|error| malformed(&error))?,
        rest: serde_json::to_vec(&document).map_err(|error| malformed(&error))?,
    }))
}

fn is_ours(entry: &Value) -> bool {
    let kind = &entry["kindVersion"];
    kind["kind"] == "dsse" && kind["version"] == "0.0.2"
}

impl Tiles {
    /// Proves every entry that was taken out.
    pub(super) fn prove(
        &self,
        bundle: &Bundle,
        whom: Whom<'_>,
        logs: &Keyring,
    ) -> Result<(), SigstoreRefusal> {
        self.entries.iter().try_for_each(|entry| {
            entry.is_about(bundle, whom)?;
            entry.is_in(logs)
        })
    }
}

impl Entry {
    fn is_about(&self, bundle: &Bundle, whom: Whom<'_>) -> Result<(), SigstoreRefusal> {
        let other = |what: &str| SigstoreRefusal::OtherEntry {
            what: what.to_owned(),
        };
        let malformed = |what: String| SigstoreRefusal::MalformedEntry { what };
        let Content::Envelope(envelope) = &bundle.content else {
            return Err(other("it is about an envelope, and the bundle has none"));
        };
        let body: Value = json::read(&self.body.0).map_err(|error| malformed(error.to_string()))?;
        if body["kind"] != "dsse" || body["apiVersion"] != "0.0.2" {
            return Err(malformed("it is of another kind inside than outside".to_owned()));
        }
        let body: DsseV002Body =
            serde_json::from_value(body).map_err(|error| malformed(error.to_string()))?;
        let logged = body.spec.dsse_v002;
        if logged.payload_hash.algorithm != HashAlgorithm::Sha2256 {
            return Err(malformed("the payload's hash is not SHA-256".to_owned()));
        }
        if logged.payload_hash.digest.as_bytes() != Sha256::digest(&envelope.payload).as_slice() {
            return Err(other("it has another payload"));
        }
        let [one] = logged.signatures.as_slice() else {
            return Err(other("it has not exactly one signature"));
        };
        if one.content.as_bytes() != signature(&bundle.content) {
            return Err(other("it has another signature"));
        }
        let signer = match (&one.verifier.x509_certificate, &one.verifier.public_key) {
            (Some(certificate), None) => certificate.raw_bytes.as_bytes(),
            (None, Some(key)) => key.raw_bytes.as_bytes(),
            _ => return Err(malformed("it names its signer not in exactly one way".to_owned())),
        };
        let ours = match whom {
            Whom::Identity(_) => bundle.signing_certificate(),
            Whom::Key(key) => Some(key.to_spki_der()),
        };
        if Some(signer) == ours {
            Ok(())
        } else {
            Err(other("it has another signer"))
        }
    }

    fn is_in(&self, logs: &Keyring) -> Result<(), SigstoreRefusal> {
        let proof = self.proof.as_ref().ok_or(SigstoreRefusal::NoLogEntry)?;
        let note = proof.0.checkpoint.as_ref().ok_or(SigstoreRefusal::NoCheckpoint)?;
        let checkpoint =
            Checkpoint::from_text(&note.0.envelope).map_err(|error| SigstoreRefusal::Checkpoint {
                what: error.to_string(),
            })?;
        let now = jiff::Timestamp::now();
        let signed = checkpoint.signatures().iter().any(|by| {
            logs.keys_by_hint(&by.key_id, now)
                .any(|key| key.verify(checkpoint.signed_data(), &by.signature).is_ok())
        });
        if !signed {
            return Err(SigstoreRefusal::Checkpoint {
                what: "no log that is believed signed it".to_owned(),
            });
        }
        let inclusion = |what: String| SigstoreRefusal::Inclusion { what };
        let hashes = proof
            .0
            .hashes
            .iter()
            .map(|hash| <[u8; 32]>::try_from(hash.0.as_slice()).map(Sha256Hash::new));
        let hashes = hashes
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| inclusion("a hash has not 32 bytes".to_owned()))?;
        sigstore_merkle::verify_inclusion_proof(
            &sigstore_merkle::hash_leaf(&self.body.0),
            self.index()
                .ok_or_else(|| inclusion("the index is no number".to_owned()))?,
            checkpoint.tree_size(),
            &hashes,
            checkpoint.root_hash(),
        )
        .map_err(|error| inclusion(error.to_string()))
    }

    /// protobuf's JSON writes 64-bit numbers as text, and leaves out a zero.
    fn index(&self) -> Option<u64> {
        match &self.index {
            None => Some(0),
            Some(Value::String(text)) => text.parse().ok(),
            Some(number) => number.as_u64(),
        }
    }
}

//! Entries of the kind `dsse 0.0.2`, which logs of the second generation (tile-backed Rekor) gave to envelopes in 2025,
//! and which the Sigstore client does not read. They are taken out of the bundle before the client sees it, and proven
//! here by the same steps and with the client's own parts:
//!
//! 1. the body names the hash of this payload, this signature and this signer;
//! 2. the body's leaf hash is in the tree of the checkpoint, at the entry's index (RFC 6962 section 2.1.1);
//! 3. the checkpoint is signed by a log that is believed (C2SP signed-note, tlog-checkpoint).
//!
//! The size and root written beside the proof are covered by no signature and are not read, as the client does.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sigstore_verify::{
    crypto::{Checkpoint, Keyring},
    rekor::body::DsseV002Body,
    types::{HashAlgorithm, Sha256Hash},
};

use super::{SigstoreRefusal, Whom, verify::signature};
use crate::{
    bundle::{Bundle, Content, Logged, log::LogEntry},
    json::{self, Object},
};

/// What was taken out, and the bundle without it.
pub(super) struct Tiles<'a> {
    pub(super) rest: Vec<u8>,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a>(&'a LogEntry);

/// Takes the entries of this kind out of a bundle. `None` when there are none.
pub(super) fn set_aside(bundle: &Logged) -> Result<Option<Tiles<'_>>, SigstoreRefusal> {
    let entries: Vec<_> = bundle
        .entries
        .iter()
        .filter(|entry| is_ours(entry))
        .map(Entry)
        .collect();
    if entries.is_empty() {
        return Ok(None);
    }
    let malformed = |error: &dyn std::fmt::Display| SigstoreRefusal::Malformed {
        what: error.to_string(),
    };
    let mut rest: Value = json::read(&bundle.text).map_err(|error| malformed(&error))?;
    let others: Vec<_> = bundle.entries.iter().filter(|entry| !is_ours(entry)).collect();
    rest["verificationMaterial"]["tlogEntries"] =
        serde_json::to_value(others).map_err(|error| malformed(&error))?;
    Ok(Some(Tiles {
        rest: serde_json::to_vec(&rest).map_err(|error| malformed(&error))?,
        entries,
    }))
}

fn is_ours(entry: &LogEntry) -> bool {
    entry.kind.0.kind == "dsse" && entry.kind.0.version == "0.0.2"
}

impl Tiles<'_> {
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

impl Entry<'_> {
    fn is_about(&self, bundle: &Bundle, whom: Whom<'_>) -> Result<(), SigstoreRefusal> {
        let other = |what: &str| SigstoreRefusal::OtherEntry {
            what: what.to_owned(),
        };
        let malformed = |what: String| SigstoreRefusal::MalformedEntry { what };
        let Content::Envelope(envelope) = &bundle.content else {
            return Err(other("it is about an envelope, and the bundle has none"));
        };
        let body: Value = json::read(&self.0.body.0).map_err(|error| malformed(error.to_string()))?;
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
        let Object(proof) = self.0.proof.as_ref().ok_or(SigstoreRefusal::NoLogEntry)?;
        let Object(note) = proof.checkpoint.as_ref().ok_or(SigstoreRefusal::NoCheckpoint)?;
        let unsound = |what: String| SigstoreRefusal::Checkpoint { what };
        if self.0.promise.is_some() || self.0.time.is_some_and(|time| time.0 != 0) {
            return Err(SigstoreRefusal::Promise {
                what: "logs of this generation make no promises and tell no times".to_owned(),
            });
        }
        let checkpoint = Checkpoint::from_text(&note.envelope).map_err(|error| unsound(error.to_string()))?;
        let now = jiff::Timestamp::now();
        let signed = checkpoint.signatures().iter().any(|by| {
            logs.keys_by_hint(&by.key_id, now)
                .any(|key| key.verify(checkpoint.signed_data(), &by.signature).is_ok())
        });
        if !signed {
            return Err(unsound("no log that is believed signed it".to_owned()));
        }
        let hashes: Vec<_> = proof.hashes.iter().map(|hash| Sha256Hash::new(hash.0)).collect();
        sigstore_merkle::verify_inclusion_proof(
            &sigstore_merkle::hash_leaf(&self.0.body.0),
            self.0.index.0,
            checkpoint.tree_size(),
            &hashes,
            checkpoint.root_hash(),
        )
        .map_err(|error| SigstoreRefusal::Inclusion {
            what: error.to_string(),
        })
    }
}

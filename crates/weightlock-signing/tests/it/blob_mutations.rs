//! Every form that a blob's signature comes in, changed in every way its tree has: none verifies, except where the change
//! means nothing. The tables are reviewed by people; a row that says `accepted` needs a reason, given here:
//!
//! * members that are not known, and with them every member that may be absent under another name.
//! * `hint` absent, null or empty: it selects nothing, and nothing is believed for its sake. `tlogEntries` absent or empty:
//!   cosign writes none with a key.
//! * `keyid` of an envelope selects nothing.
//! * `cert` of an old bundle absent, null or empty: a key decides alone. With certificates it is needed.
//! * `rekorBundle` of an old bundle where a key or a private authority decides: nobody asks a log then, so its absence
//!   changes nothing; what is there must still be readable. For identities nothing of it may change: `blob_identities`.
//! * in a statement, signed again: the predicate is what the signer claims; names of subjects are informational; a subject
//!   named twice is the same subject; a digest may be written in capitals.

use std::{collections::BTreeMap, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock_artifact::digest::Algorithm;
use weightlock_signing::{
    blob::{
        Blob, BlobRefusal, BlobSignature, Checks, Needs, Trust, sign, sign_statement, statement, verify,
        verify_attestation,
    },
    bundle::Bundle,
    cosign::{bundle::OldBundle, detached, envelope},
    key::PrivateKey,
    oms::SigningMaterial,
};

use super::{private, tree::Tree};

const BLOB: &[u8] = b"a blob";
const TYPE: &str = "https://example.com/x";

fn key() -> PrivateKey {
    private("keys/p256.key.pem")
}

fn trust() -> Trust {
    Trust::Key(key().public_key().clone())
}

fn blob() -> Blob {
    Blob::read(&mut &*BLOB, &Needs::of_key(key().public_key())).unwrap()
}

fn payload() -> Vec<u8> {
    let digest = Algorithm::Sha256.digest(BLOB);
    statement("blob", &digest, TYPE, json!({"a": 1}))
}

/// Reads a bundle of either form, as the command line does.
fn read(text: &[u8]) -> Result<BlobSignature, BlobRefusal> {
    if OldBundle::is_one(text) {
        Ok(OldBundle::parse(text)?.into())
    } else {
        BlobSignature::try_from(Bundle::parse(text)?)
    }
}

fn told<T>(answer: Result<T, BlobRefusal>) -> &'static str {
    match answer {
        Ok(_) => "accepted",
        Err(refusal) => refusal.code().as_str(),
    }
}

fn signature_answer(signature: Result<BlobSignature, BlobRefusal>) -> &'static str {
    told(signature.and_then(|signature| verify(&blob(), &signature, &trust())))
}

fn statement_answer(signature: Result<BlobSignature, BlobRefusal>) -> &'static str {
    let checks = Checks::about(TYPE, Algorithm::Sha256.digest(BLOB));
    told(signature.and_then(|signature| verify_attestation(&signature, &trust(), &checks)))
}

/// One row per place and answer, with the kinds of change that lead to it.
fn table(tree: &Tree, ask: impl Fn(&Tree) -> &'static str) -> String {
    assert_eq!(ask(tree), "accepted", "{}", tree.text());
    let mut rows: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for mutation in tree.mutations() {
        let kinds = rows.entry((mutation.place, ask(&mutation.tree))).or_default();
        if !kinds.contains(&mutation.kind) {
            kinds.push(mutation.kind);
        }
    }
    let mut text = String::new();
    for ((place, answer), kinds) in rows {
        let place = if place.is_empty() { "(whole)" } else { &place };
        writeln!(text, "{place} | {answer} | {}", kinds.join(", ")).unwrap();
    }
    text
}

fn entry() -> Value {
    let body = json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {}}).to_string();
    json!({
        "SignedEntryTimestamp": STANDARD.encode([1, 2, 3]),
        "Payload": {
            "body": STANDARD.encode(body),
            "integratedTime": 1_700_000_000,
            "logIndex": 7,
            "logID": "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d",
        },
    })
}

#[test]
fn a_key_bundle_over_the_blob() {
    let signed = sign(&blob(), &key(), &SigningMaterial::Key).unwrap();
    let tree = Tree::parse(&signed.to_bundle().unwrap());
    insta::assert_snapshot!(table(&tree, |changed| signature_answer(read(
        changed.text().as_bytes()
    ))));
}

#[test]
fn a_key_bundle_with_a_statement() {
    let signed = sign_statement(payload(), &key(), &SigningMaterial::Key).unwrap();
    let tree = Tree::parse(&signed.to_bundle().unwrap());
    insta::assert_snapshot!(table(&tree, |changed| statement_answer(read(
        changed.text().as_bytes()
    ))));
}

#[test]
fn an_old_bundle_with_everything() {
    let signed = sign(&blob(), &key(), &SigningMaterial::Key).unwrap();
    let mut whole: Value = serde_json::from_slice(&signed.to_old_bundle()).unwrap();
    whole["cert"] = json!(STANDARD.encode(key().public_key().to_pem()));
    whole["rekorBundle"] = entry();
    insta::assert_snapshot!(table(&Tree::from(whole), |changed| {
        signature_answer(read(changed.text().as_bytes()))
    }));
}

#[test]
fn an_envelope_by_itself() {
    let signed = sign_statement(payload(), &key(), &SigningMaterial::Key).unwrap();
    let tree = Tree::parse(&signed.to_signature_file());
    insta::assert_snapshot!(table(&tree, |changed| {
        let read = envelope::read(changed.text().as_bytes()).map_err(BlobRefusal::from);
        statement_answer(read.map(BlobSignature::envelope))
    }));
}

/// The statement itself, signed again each time: what is wrong with it is not the signature.
#[test]
fn statements_signed_again() {
    let tree = Tree::parse(&payload());
    insta::assert_snapshot!(table(&tree, |changed| {
        let signed = sign_statement(changed.text().into_bytes(), &key(), &SigningMaterial::Key).unwrap();
        statement_answer(Ok(signed.as_signature()))
    }));
}

/// A detached signature has no tree: every bit of its file.
#[test]
fn one_flipped_bit_in_a_detached_signature() {
    let signed = sign(&blob(), &key(), &SigningMaterial::Key).unwrap();
    let file = signed.to_signature_file();
    for index in 0..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[index] ^= 1 << bit;
            let read = detached::read_signature(&changed).map_err(BlobRefusal::from);
            let answer = signature_answer(read.map(BlobSignature::detached));
            assert!(
                ["WL-SIG-INVALID", "WL-BLOB-MALFORMED"].contains(&answer),
                "byte {index}, bit {bit}: {answer}"
            );
        }
    }
}

#[test]
fn what_is_written_is_read_again() {
    let mut whole = json!({"base64Signature": STANDARD.encode([1, 2, 3])});
    whole["cert"] = json!(STANDARD.encode(key().public_key().to_pem()));
    whole["rekorBundle"] = entry();
    let read = OldBundle::parse(whole.to_string().as_bytes()).unwrap();
    assert_eq!(OldBundle::parse(&read.to_json()).unwrap(), read);
    let again: Value = serde_json::from_slice(&read.to_json()).unwrap();
    assert_eq!(again, whole);
}

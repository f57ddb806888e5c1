//! Signed bundles changed in every way their tree has: none verifies, except where the change means nothing.
//!
//! The two tables are reviewed by people. A row that says `accepted` needs a reason, given here:
//!
//! * `keyid` is a text for people and selects nothing; absent, null and any text are the same.
//! * `hint` absent, null or empty: the reference before 1.1.0 wrote none, and it selects nothing either. `tlogEntries`
//!   absent or empty is what the same releases wrote.
//! * members that are not known, outside the signed payload or in it (OMS 5.2.1), and with them every member that may
//!   be absent under another name.
//! * in the statement, signed again: the subject's name is informational; what the signer ignores is theirs to say.

use std::{collections::BTreeMap, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock_signing::{
    Refusal, Trust,
    bundle::{Bundle, Content, Material},
    envelope::{Envelope, IN_TOTO, pre_authentication_encoding},
    key::{PrivateKey, Signer as _},
    oms::{VerifiedStatement, verify},
};

use super::{private, tree::Tree};

fn key() -> PrivateKey {
    private("keys/p256.key.pem")
}

fn answer(bundle: &[u8]) -> Result<VerifiedStatement, Refusal> {
    verify(bundle, &Trust::Key(key().public_key().clone()))
}

fn envelope(bundle: &mut Bundle) -> &mut Envelope {
    match &mut bundle.content {
        Content::Envelope(envelope) => envelope,
        Content::Message(_) => panic!("a model signature has an envelope"),
    }
}

fn told(answer: &Result<VerifiedStatement, Refusal>) -> &'static str {
    match answer {
        Ok(_) => "accepted",
        Err(refusal) => refusal.code().as_str(),
    }
}

fn signed(payload: &[u8]) -> Tree {
    let signature = key()
        .sign(&pre_authentication_encoding(IN_TOTO, payload))
        .unwrap();
    Tree::from(json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": key().public_key().hint_pem()}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": STANDARD.encode(payload),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": STANDARD.encode(signature), "keyid": ""}],
        },
    }))
}

fn root(digests: &[Vec<u8>]) -> String {
    let all = digests.concat();
    weightlock_artifact::digest::Algorithm::Sha256.digest(&all).hex()
}

fn digest(of: &str) -> Vec<u8> {
    weightlock_artifact::digest::Algorithm::Sha256
        .digest(of.as_bytes())
        .as_bytes()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    weightlock_artifact::digest::hex(bytes)
}

fn by_file() -> Value {
    let (a, b) = (digest("a"), digest("b"));
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root(&[a.clone(), b.clone()])}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files", "hash_type": "sha256", "allow_symlinks": false, "ignore_paths": ["cache"],
            },
            "resources": [
                {"name": "config.json", "algorithm": "sha256", "digest": hex(&a)},
                {"name": "weights/w.bin", "algorithm": "sha256", "digest": hex(&b)},
            ],
        },
    })
}

fn by_shard() -> Value {
    let (a, b) = (digest("a"), digest("b"));
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root(&[a.clone(), b.clone()])}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "shards", "hash_type": "sha256", "allow_symlinks": false, "shard_size": 10,
            },
            "resources": [
                {"name": "w.bin:0:10", "algorithm": "sha256-sharded-10", "digest": hex(&a)},
                {"name": "w.bin:10:15", "algorithm": "sha256-sharded-10", "digest": hex(&b)},
            ],
        },
    })
}

/// One row per place and answer, with the kinds of change that lead to it.
fn table(tree: &Tree, ask: impl Fn(&Tree) -> &'static str) -> String {
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

#[test]
fn changed_bundles() {
    let bundle = signed(by_file().to_string().as_bytes());
    assert!(answer(bundle.text().as_bytes()).is_ok());
    insta::assert_snapshot!(table(&bundle, |changed| told(&answer(changed.text().as_bytes()))));
}

#[test]
fn changed_statements_under_the_old_signature() {
    for statement in [by_file(), by_shard()] {
        let payload = statement.to_string();
        let Tree::Object(mut members) = signed(payload.as_bytes()) else {
            unreachable!()
        };
        let tree = Tree::parse(payload.as_bytes());
        let mut texts: Vec<String> = tree.mutations().iter().map(|one| one.tree.text()).collect();
        texts.extend([tree.spaced(" "), tree.reversed().text(), format!("{payload}\n")]);
        for text in texts {
            let envelope = members.iter_mut().find(|(key, _)| key == "dsseEnvelope").unwrap();
            let Tree::Object(envelope) = &mut envelope.1 else {
                unreachable!()
            };
            let field = envelope.iter_mut().find(|(key, _)| key == "payload").unwrap();
            field.1 = Tree::Leaf(STANDARD.encode(&text).into());
            let answer = answer(Tree::Object(members.clone()).text().as_bytes());
            assert_eq!(told(&answer), "WL-SIG-INVALID", "{text}");
        }
    }
}

#[test]
fn changed_statements_signed_again_by_file() {
    let tree = Tree::from(by_file());
    insta::assert_snapshot!(table(&tree, |changed| {
        told(&answer(signed(changed.text().as_bytes()).text().as_bytes()))
    }));
}

#[test]
fn changed_statements_signed_again_by_shard() {
    let tree = Tree::from(by_shard());
    insta::assert_snapshot!(table(&tree, |changed| {
        told(&answer(signed(changed.text().as_bytes()).text().as_bytes()))
    }));
}

#[test]
fn what_means_the_same_still_verifies() {
    for statement in [by_file(), by_shard()] {
        let tree = Tree::from(statement.clone());
        let payloads = [tree.text(), tree.spaced(" \n\t\r"), tree.reversed().text()];
        let plain = answer(signed(payloads[0].as_bytes()).text().as_bytes()).unwrap();
        for payload in payloads {
            let bundle = signed(payload.as_bytes());
            for text in [
                bundle.text(),
                bundle.spaced("\r\n\t "),
                bundle.reversed().text(),
                format!("{}\n", bundle.text()),
            ] {
                let verified = answer(text.as_bytes()).unwrap();
                assert_eq!(verified.statement(), plain.statement());
            }
        }
    }
}

/// The bundle as its readers understand it, without what is of no consequence.
fn essence(text: &[u8]) -> Option<Bundle> {
    let mut bundle = Bundle::parse(text).ok()?;
    if let Material::PublicKey { hint } = &mut bundle.material {
        *hint = None;
    }
    Some(bundle)
}

#[test]
fn one_flipped_bit_anywhere_in_the_bundle() {
    let text = signed(by_file().to_string().as_bytes()).text().into_bytes();
    let whole = essence(&text);
    assert!(whole.is_some());
    let mut accepted = 0;
    for index in 0..text.len() {
        for bit in 0..8 {
            let mut changed = text.clone();
            changed[index] ^= 1 << bit;
            if answer(&changed).is_ok() {
                assert_eq!(essence(&changed), whole, "{}", String::from_utf8_lossy(&changed));
                accepted += 1;
            }
        }
    }
    // Letters of the names and values of keyid, hint and tlogEntries.
    assert!(accepted < 8 * 25, "{accepted} changes were accepted");
}

#[test]
fn one_flipped_bit_anywhere_in_the_signature_or_the_payload() {
    let bundle = Bundle::parse(signed(by_file().to_string().as_bytes()).text().as_bytes()).unwrap();
    let parts: [fn(&mut Bundle) -> &mut Vec<u8>; 2] = [
        |bundle| &mut envelope(bundle).signature,
        |bundle| &mut envelope(bundle).payload,
    ];
    for part in parts {
        let length = part(&mut bundle.clone()).len();
        for index in 0..length {
            for bit in 0..8 {
                let mut changed = bundle.clone();
                part(&mut changed)[index] ^= 1 << bit;
                let answer = answer(&changed.to_json().unwrap());
                assert_eq!(told(&answer), "WL-SIG-INVALID", "byte {index}, bit {bit}");
            }
        }
    }
}

//! Lists that are believed, and each way in which one is not.

use serde_json::{Value, json};

use super::*;
use crate::{
    Trust,
    key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom},
    oms::SigningMaterial,
    statement::{sign_evidence, verify_evidence},
};

fn file(path: &str, content: &[u8]) -> (ManifestFile, VerityDigest) {
    let path = ArtifactPath::parse(path).unwrap();
    let digest = Algorithm::Sha256.digest(content);
    let file = ManifestFile::new(path, content.len() as u64, digest).unwrap();
    (file, VerityDigest::of(content))
}

fn list() -> VerityList {
    VerityList::new(vec![file("w.bin", b"weights"), file("e", b""), file("a/b", b"x")]).unwrap()
}

fn signed(statement: &Statement) -> VerifiedEvidence {
    let key = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
    let bundle = sign_evidence(statement, &key, &SigningMaterial::Key).unwrap();
    let trust = Trust::Key(key.public_key().clone());
    verify_evidence(&bundle, &trust).unwrap()
}

#[test]
fn a_signed_list_is_read_back() {
    let list = list();
    let evidence = signed(&list.statement(list.manifest().subjects("m")));
    assert_eq!(VerityList::read(&evidence).unwrap(), list);
    let names: Vec<&str> = list
        .manifest()
        .files()
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(names, ["a/b", "e", "w.bin"]);
    assert_eq!(list.digests[2], VerityDigest::of(b"weights"));
}

#[test]
fn a_list_of_another_model_and_another_kind_of_statement_are_not() {
    let list = list();
    let other = VerityList::new(vec![file("w.bin", b"other")]).unwrap();
    let mixed = signed(&list.statement(other.manifest().subjects("m")));
    assert!(matches!(VerityList::read(&mixed), Err(NotBelieved::OtherModel)));
    let mut review = list.statement(list.manifest().subjects("m"));
    review.predicate_type = "urn:weightlock:leaves:v1".to_owned();
    assert!(matches!(
        VerityList::read(&signed(&review)),
        Err(NotBelieved::Kind)
    ));
}

/// Each change of a sound list, and that it is refused.
#[test]
fn other_forms_are_refused() {
    let sound = serde_json::to_value(Predicate::of(&list())).unwrap();
    let parse = |value: &Value| VerityList::parse(value.to_string().as_bytes());
    assert_eq!(parse(&sound).unwrap(), list());
    let changes: [(&str, Value); 14] = [
        ("/algorithm", json!("sha512")),
        ("/blockSize", json!(65536)),
        ("/blockSize", json!(4096.0)),
        ("/files", json!({})),
        ("/files/0", json!([])),
        ("/files/0/path", json!("../w.bin")),
        ("/files/0/path", json!("w.bin")),
        ("/files/0/path", json!("zz")),
        ("/files/0/path", json!("model.sig")),
        ("/files/0/size", json!(-1)),
        ("/files/0/size", json!("7")),
        ("/files/0/sha256", json!("ab")),
        ("/files/0/fsVerity", json!("zz".repeat(32))),
        ("/files/0/fsVerity", json!(null)),
    ];
    for (place, value) in changes {
        let mut changed = sound.clone();
        *changed.pointer_mut(place).unwrap() = value;
        assert!(parse(&changed).is_err(), "{place}: {changed}");
    }
    let mut lacking = sound.clone();
    lacking["files"][0].as_object_mut().unwrap().remove("fsVerity");
    assert!(parse(&lacking).is_err());
    let twice = sound.to_string().replacen("\"size\":", "\"size\":1,\"size\":", 1);
    assert!(VerityList::parse(twice.as_bytes()).is_err());
}

/// The seeds of the fuzz target: two are sound, each of the others breaks one rule.
#[test]
fn what_is_read_is_written_back() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/verity_list");
    let mut sound = 0;
    for seed in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        if let Ok(list) = VerityList::parse(&bytes) {
            assert_eq!(list.to_text(), String::from_utf8(bytes).unwrap());
            sound += 1;
        }
    }
    assert_eq!(sound, 2);
}

//! Loads of models whose signer listed fs-verity digests, on a machine of whose kernel nothing is believed: everything is read.
//! What a kernel with fs-verity answers is tried by `cargo xtask verity`.

use std::{fs, os::unix::fs::FileExt as _};

use tempfile::TempDir;
use weightlock_artifact::{
    digest::{Algorithm, verity::VerityDigest},
    manifest::ManifestFile,
};
use weightlock_runtime::{
    folder::PrivateFolder,
    guard::{
        Guarded,
        verity::{self, Vouching},
    },
    sealed::Seal,
};
use weightlock_signing::{
    Trust,
    key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom},
    oms::{SigningMaterial, model::Mismatch},
    predicate::verity::{NotBelieved, SignedVerity, VerityList},
    statement::{VerifiedEvidence, sign_evidence, verify_evidence},
};

use super::{Signed, content, path, rules, settings};

const WEIGHTS: usize = (1 << 20) + 4097;

fn model() -> Signed {
    Signed::new(&[
        ("w.bin", &content(WEIGHTS, 1)),
        ("sub/config.json", b"{}"),
        ("empty", b""),
    ])
}

/// The list of these files, as they lie in the model.
fn list(signed: &Signed, names: &[&str]) -> VerityList {
    let one = |name: &&str| {
        let bytes = fs::read(signed.file(name)).unwrap();
        let digest = Algorithm::Sha256.digest(&bytes);
        let file = ManifestFile::new(path(name), bytes.len() as u64, digest).unwrap();
        (file, VerityDigest::of(&bytes))
    };
    VerityList::new(names.iter().map(one).collect()).unwrap()
}

fn evidence(list: &VerityList, key: &PrivateKey) -> VerifiedEvidence {
    let statement = list.statement(list.manifest().subjects("m"));
    let bundle = sign_evidence(&statement, key, &SigningMaterial::Key).unwrap();
    let trust = Trust::Key(key.public_key().clone());
    verify_evidence(&bundle, &trust).unwrap()
}

const ALL: [&str; 3] = ["w.bin", "sub/config.json", "empty"];

fn checked(signed: &Signed) -> SignedVerity {
    SignedVerity::check(&signed.verified(), &evidence(&list(signed, &ALL), &signed.key)).unwrap()
}

fn read(signed: &Signed, list: SignedVerity, notes: &TempDir) -> Result<Guarded, Mismatch> {
    let notes = PrivateFolder::open(&notes.path().join("notes")).unwrap();
    let vouching = Vouching {
        signed: list,
        notes: &notes,
    };
    let read = verity::read(
        &signed.verified(),
        &vouching,
        signed.root(),
        &rules(),
        None,
        settings(),
        &(),
    );
    read.unwrap()
}

#[test]
fn files_for_which_no_kernel_answers_are_read() {
    let (signed, notes) = (model(), tempfile::tempdir().unwrap());
    for _ in 0..2 {
        let guarded = read(&signed, checked(&signed), &notes).unwrap();
        assert_eq!(guarded.model().comparison().bytes_vouched, 0);
        assert!(guarded.model().is_complete());
        for (name, sealed) in guarded.files() {
            assert_eq!(sealed.seal(), Seal::Memory);
            let bytes = fs::read(signed.file(name.as_str())).unwrap();
            assert!(sealed.map().unwrap().as_ref() == bytes, "{name}");
        }
    }
    let noted = fs::read_dir(notes.path().join("notes")).unwrap().count();
    assert_eq!(
        noted, 0,
        "nothing is worked out for files that no kernel protects"
    );
}

#[test]
fn a_changed_file_is_refused_whatever_is_listed() {
    let (signed, notes) = (model(), tempfile::tempdir().unwrap());
    let list = checked(&signed);
    let file = fs::File::options()
        .write(true)
        .open(signed.file("w.bin"))
        .unwrap();
    file.write_all_at(&[!content(WEIGHTS, 1)[7]], 7).unwrap();
    assert!(read(&signed, list, &notes).is_err());
}

#[test]
fn a_list_counts_only_by_the_same_signer_for_exactly_the_signed_files() {
    let signed = model();
    let check = |list: &VerityList, key| SignedVerity::check(&signed.verified(), &evidence(list, key));
    let whole = list(&signed, &ALL);
    let found = check(&whole, &signed.key).unwrap();
    let (file, digest) = found.file(&path("w.bin")).unwrap();
    assert_eq!(
        (file.size, *digest),
        (WEIGHTS as u64, VerityDigest::of(&content(WEIGHTS, 1)))
    );
    assert!(found.file(&path("other")).is_none());
    let other = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
    assert!(matches!(check(&whole, &other), Err(NotBelieved::OtherSigner)));
    let lacking = list(&signed, &ALL[..2]);
    assert!(matches!(
        check(&lacking, &signed.key),
        Err(NotBelieved::OtherFiles)
    ));
    fs::write(signed.file("sub/config.json"), "{ }").unwrap();
    let newer = list(&signed, &ALL);
    assert!(matches!(check(&newer, &signed.key), Err(NotBelieved::OtherFiles)));
}

#[test]
fn a_list_of_another_model_changes_nothing() {
    let (signed, notes) = (model(), tempfile::tempdir().unwrap());
    let other = Signed::new(&[("w.bin", b"other"), ("sub/config.json", b"{}"), ("empty", b"")]);
    let guarded = read(&signed, checked(&other), &notes).unwrap();
    assert_eq!(guarded.files().len(), 3);
}

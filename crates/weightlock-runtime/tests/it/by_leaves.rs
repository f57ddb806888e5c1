//! Whole models by signed leaves: the same bytes and the same refusals as by digests, and never leaves that nobody proved.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use tempfile::TempDir;
use weightlock_artifact::{
    digest::{Algorithm, engine::Observer},
    drift::Change,
    leaf::{LEAF, LeafTable},
};
use weightlock_runtime::{
    Error,
    folder::PrivateFolder,
    guard::{self, Guarded, Leaves},
};
use weightlock_signing::{
    oms::{
        SigningMaterial,
        model::{Mismatch, Rules},
    },
    predicate::leaves,
    statement::sign_evidence,
};

use super::{Signed, content, path, rules, settings};

const WEIGHTS: usize = 3 * (1 << 20) + 4097;

fn model() -> Signed {
    Signed::new(&[
        ("w.bin", &content(WEIGHTS, 1)),
        ("config.json", b"{}"),
        ("empty", b""),
    ])
}

/// A folder for notes.
struct Notes(TempDir);

impl Notes {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> PrivateFolder {
        PrivateFolder::open(&self.0.path().join("notes")).unwrap()
    }

    fn count(&self) -> usize {
        fs::read_dir(self.0.path().join("notes")).unwrap().count()
    }
}

fn read_with(
    signed: &Signed,
    notes: &Notes,
    rules: &Rules<'_>,
    observer: &dyn Observer,
) -> Result<Result<Guarded, Mismatch>, Error> {
    let notes = notes.open();
    let leaves = Leaves {
        table: signed.table(),
        notes: &notes,
    };
    let verified = signed.verified();
    guard::read(
        &verified,
        signed.root(),
        rules,
        Some(leaves),
        settings(),
        observer,
    )
}

fn read(signed: &Signed, notes: &Notes) -> Result<Guarded, Mismatch> {
    read_with(signed, notes, &rules(), &()).unwrap()
}

fn bytes(guarded: &Guarded, name: &str) -> Vec<u8> {
    guarded.files()[&path(name)].map().unwrap().as_ref().to_vec()
}

/// A model and notes that know of its leaves.
fn proven() -> (Signed, Notes) {
    let (signed, notes) = (model(), Notes::new());
    read(&signed, &notes).unwrap();
    assert_eq!(notes.count(), 1);
    (signed, notes)
}

#[test]
fn leaves_stand_in_once_they_were_compared_beside_the_digests() {
    let (signed, notes) = (model(), Notes::new());
    for by_leaves in [false, true, true] {
        let guarded = read(&signed, &notes).unwrap();
        assert_eq!(guarded.by_leaves(), by_leaves);
        assert!(guarded.model().is_complete());
        assert!(bytes(&guarded, "w.bin") == content(WEIGHTS, 1));
        assert_eq!(bytes(&guarded, "config.json"), b"{}");
        assert!(bytes(&guarded, "empty").is_empty());
        let manifest = guarded.model().comparison().manifest.as_ref().unwrap();
        assert_eq!(manifest.files().len(), 3);
    }
    // Another user's knowledge is not this one's.
    assert!(!read(&signed, &Notes::new()).unwrap().by_leaves());
    let other = Signed::new(&[("w.bin", b"other")]);
    assert!(!read(&other, &notes).unwrap().by_leaves());
}

#[test]
fn one_flipped_bit_in_any_leaf_is_refused_with_the_digest_that_is_there() {
    let (signed, notes) = proven();
    let good = content(WEIGHTS, 1);
    let leaf = usize::try_from(LEAF).unwrap();
    for at in [0, leaf - 1, leaf, 2 * leaf + 77, WEIGHTS - 4097, WEIGHTS - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(signed.file("w.bin"), &bad).unwrap();
        let mismatch = read(&signed, &notes).unwrap_err();
        let found = Algorithm::Sha256.digest(&bad);
        let names = |change: &Change| matches!(change, Change::Changed { path, found: there, .. } if path.as_str() == "w.bin" && *there == found);
        assert!(mismatch.comparison().drift.changes().iter().any(names), "{at}");
    }
    for length in [0, 1, leaf, WEIGHTS - 1, WEIGHTS + 1, 4 * leaf] {
        let mut bad = good.clone();
        bad.resize(length, 0);
        fs::write(signed.file("w.bin"), &bad).unwrap();
        assert_eq!(
            read(&signed, &notes).unwrap_err().codes()[0].as_str(),
            "WL-SIG-TAMPERED"
        );
    }
    fs::write(signed.file("w.bin"), &good).unwrap();
    assert!(read(&signed, &notes).unwrap().by_leaves());
    fs::write(signed.file("extra"), b"").unwrap();
    drop(read(&signed, &notes).unwrap_err());
}

/// The bytes that stay are those of the first reading, whatever the second one finds.
#[test]
fn a_file_that_is_put_right_after_it_was_read_is_refused() {
    struct Restore<'a>(&'a Signed, AtomicUsize);

    impl Observer for Restore<'_> {
        fn begins(&self, _: u64) {
            if self.1.fetch_add(1, SeqCst) == 1 {
                let file = fs::File::options()
                    .write(true)
                    .open(self.0.file("w.bin"))
                    .unwrap();
                file.write_all_at(&content(1, 1), 0).unwrap();
            }
        }
    }

    let (signed, notes) = proven();
    let mut bad = content(WEIGHTS, 1);
    bad[0] ^= 1;
    fs::write(signed.file("w.bin"), &bad).unwrap();
    let restore = Restore(&signed, AtomicUsize::new(0));
    let refused = read_with(&signed, &notes, &rules(), &restore).unwrap_err();
    assert_eq!(refused.code().as_str(), "WL-ART-CHANGED");
    assert_eq!(restore.1.load(SeqCst), 2);
}

#[test]
fn signed_leaves_of_other_bytes_prove_nothing_and_harm_nothing() {
    let (mut signed, notes) = (model(), Notes::new());
    let at = signed.table.len() - 40;
    signed.table[at] ^= 1;
    let parsed = LeafTable::parse(&signed.table).unwrap();
    let statement = leaves::statement(parsed.manifest().subjects("m"), &signed.table);
    signed.evidence = sign_evidence(&statement, &signed.key, &SigningMaterial::Key).unwrap();
    for _ in 0..2 {
        let guarded = read(&signed, &notes).unwrap();
        assert!(!guarded.by_leaves());
        assert!(bytes(&guarded, "w.bin") == content(WEIGHTS, 1));
    }
    assert_eq!(notes.count(), 0);
}

#[test]
fn some_files_prove_nothing_of_the_others() {
    let (signed, notes) = (model(), Notes::new());
    let weights = |name: &_| *name == path("w.bin");
    let some = Rules {
        only: Some(&weights),
        ..rules()
    };
    let read_some = || read_with(&signed, &notes, &some, &()).unwrap().unwrap();
    assert!(!read_some().by_leaves() && !read_some().by_leaves());
    assert_eq!(notes.count(), 0);
    read(&signed, &notes).unwrap();
    let guarded = read_some();
    assert!(guarded.by_leaves() && !guarded.model().is_complete());
    assert!(bytes(&guarded, "w.bin") == content(WEIGHTS, 1));
}

#[test]
fn leaves_of_another_signature_are_passed_over() {
    let (signed, notes) = proven();
    let changed = content(WEIGHTS, 2);
    let different = Signed::new(&[("w.bin", &changed)]);
    let leaves = Leaves {
        table: signed.table(),
        notes: &notes.open(),
    };
    let verified = different.verified();
    let guarded = guard::read(
        &verified,
        different.root(),
        &rules(),
        Some(leaves),
        settings(),
        &(),
    );
    let guarded = guarded.unwrap().unwrap();
    assert!(!guarded.by_leaves() && bytes(&guarded, "w.bin") == changed);
}

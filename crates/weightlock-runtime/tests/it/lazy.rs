//! Parts of a model: each byte that is handed out was verified, and what was not signed is not handed out.

use std::{
    fs,
    ops::Range,
    os::unix::fs::{FileExt as _, symlink},
};

use weightlock_artifact::leaf::LEAF;
use weightlock_runtime::{
    Error,
    folder::PrivateFolder,
    guard::{
        lazy::{self, Lazy},
        leaves::StandIn,
    },
    private::View,
};
use weightlock_signing::{
    oms::SigningMaterial,
    predicate::leaves::{self, NotBelieved, SignedTable},
    statement::{sign_evidence, verify_evidence},
};

use super::{Signed, content, path, requests, rules, settings};

const WEIGHTS: usize = 5 * (1 << 20) + 4097;

fn model() -> Signed {
    Signed::new(&[
        ("w.bin", &content(WEIGHTS, 1)),
        ("sub/config.json", b"{}"),
        ("empty", b""),
    ])
}

fn stand_in(signed: &Signed) -> StandIn {
    StandIn::derive(signed.table(), signed.root(), settings(), &()).unwrap()
}

fn open(signed: &Signed, leaves: StandIn) -> Lazy {
    let opened = lazy::open(
        &signed.verified(),
        leaves,
        signed.root(),
        &rules(),
        settings(),
        &(),
    );
    opened.unwrap().unwrap()
}

fn opened(signed: &Signed) -> Lazy {
    open(signed, stand_in(signed))
}

fn read(lazy: &Lazy, name: &str, range: Range<u64>) -> Result<View, Error> {
    lazy.read(&path(name), range, &())
}

/// Flips a bit of a file in its place.
fn flip(signed: &Signed, name: &str, at: u64) {
    let whole = signed.place.path().join("m");
    let target = if whole.is_file() { whole } else { signed.file(name) };
    let file = fs::File::options().read(true).write(true).open(target).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

#[test]
fn ranges_are_the_bytes_that_were_signed() {
    let signed = model();
    let weights = content(WEIGHTS, 1);
    let size = WEIGHTS as u64;
    let lazy = opened(&signed);
    assert!(lazy.is_complete());
    assert_eq!((lazy.bytes(), lazy.verified_bytes()), (size + 2, 0));
    for range in [
        size - 1..size,
        LEAF - 1..LEAF + 1,
        3 * LEAF..4 * LEAF,
        7..8,
        0..0,
        size..size,
        0..size,
    ] {
        let view = read(&lazy, "w.bin", range.clone()).unwrap();
        let (start, end) = (range.start as usize, range.end as usize);
        assert!(view.as_ref() == &weights[start..end], "{range:?}");
    }
    assert_eq!(lazy.verified_bytes(), size);
    assert_eq!(read(&lazy, "sub/config.json", 0..2).unwrap().as_ref(), b"{}");
    assert!(read(&lazy, "empty", 0..0).unwrap().as_ref().is_empty());
}

#[test]
fn only_covering_leaves_are_read_and_the_first_always() {
    let signed = model();
    let lazy = opened(&signed);
    read(&lazy, "w.bin", 3 * LEAF + 5..3 * LEAF + 6).unwrap();
    assert_eq!(lazy.verified_bytes(), 2 * LEAF);
    read(&lazy, "w.bin", 3 * LEAF..4 * LEAF).unwrap();
    assert_eq!(lazy.verified_bytes(), 2 * LEAF, "a leaf is read once");
    // A file that was touched since the survey is not opened at all.
    let lazy = opened(&signed);
    flip(&signed, "w.bin", 8);
    let refused = read(&lazy, "w.bin", 3 * LEAF..3 * LEAF + 1).unwrap_err();
    assert_eq!(refused.code().as_str(), "WL-ART-CHANGED");
}

#[test]
fn a_leaf_that_differs_is_refused_and_so_is_the_rest_of_its_file() {
    let signed = model();
    let lazy = opened(&signed);
    read(&lazy, "w.bin", 0..1).unwrap();
    let kept = read(&lazy, "w.bin", LEAF..LEAF + 10).unwrap();
    let before = kept.as_ref().to_vec();
    flip(&signed, "w.bin", LEAF + 5);
    flip(&signed, "w.bin", 4 * LEAF + 1);
    let refused = read(&lazy, "w.bin", 2 * LEAF..5 * LEAF).unwrap_err();
    assert!(
        matches!(&refused, Error::LeafDiffers { range, .. } if *range == (4 * LEAF..5 * LEAF)),
        "{refused}"
    );
    assert_eq!(refused.code().as_str(), "WL-SIG-TAMPERED");
    for range in [2 * LEAF..3 * LEAF, 0..1] {
        let again = read(&lazy, "w.bin", range).unwrap_err();
        assert_eq!(again.code().as_str(), "WL-SIG-TAMPERED");
    }
    // What was shown before stays what it was, and other files are not concerned.
    assert_eq!(kept.as_ref(), before);
    assert_eq!(read(&lazy, "sub/config.json", 0..2).unwrap().as_ref(), b"{}");
    drop(lazy);
    assert_eq!(kept.as_ref(), before);
}

#[test]
fn what_is_not_there_is_not_read() {
    let signed = model();
    let lazy = opened(&signed);
    let size = WEIGHTS as u64;
    #[expect(clippy::reversed_empty_ranges, reason = "that is what must be refused")]
    let ranges = [
        0..size + 1,
        size..size + 1,
        size + 1..size + 1,
        5..4,
        u64::MAX - 1..u64::MAX,
    ];
    for range in ranges {
        let refused = read(&lazy, "w.bin", range.clone()).unwrap_err();
        assert_eq!(refused.code().as_str(), "WL-RUN-RANGE", "{range:?}");
    }
    let refused = read(&lazy, "other", 0..0).unwrap_err();
    assert!(matches!(refused, Error::NoSuchRange { size: None, .. }));
    assert_eq!(lazy.verified_bytes(), 0);
}

/// What happens to a model, by a word for it.
type Change = (&'static str, fn(&Signed));

/// What a file becomes between the survey and its first byte, or between two reads.
const CHANGES: [Change; 4] = [
    ("cut off", |signed| {
        let file = fs::File::options()
            .write(true)
            .open(signed.file("w.bin"))
            .unwrap();
        file.set_len(2 * LEAF).unwrap();
    }),
    ("longer", |signed| {
        let file = fs::File::options()
            .write(true)
            .open(signed.file("w.bin"))
            .unwrap();
        file.set_len(WEIGHTS as u64 + 1).unwrap();
    }),
    ("replaced", |signed| {
        fs::write(signed.file("../other"), content(WEIGHTS, 9)).unwrap();
        fs::rename(signed.file("../other"), signed.file("w.bin")).unwrap();
    }),
    ("a link", |signed| {
        fs::rename(signed.file("w.bin"), signed.file("../other")).unwrap();
        symlink("../other", signed.file("w.bin")).unwrap();
    }),
];

#[test]
fn a_file_that_changes_after_the_survey_is_refused_or_read_as_it_was() {
    let weights = content(WEIGHTS, 1);
    for (what, change) in CHANGES {
        let signed = model();
        let leaves = stand_in(&signed);
        let lazy = open(&signed, leaves);
        change(&signed);
        assert!(read(&lazy, "w.bin", 0..1).is_err(), "{what}");

        let signed = model();
        let lazy = opened(&signed);
        read(&lazy, "w.bin", 0..1).unwrap();
        change(&signed);
        // The descriptor leads to the file that was opened, whatever the name leads to.
        match read(&lazy, "w.bin", 3 * LEAF..3 * LEAF + 100) {
            Ok(view) => assert_eq!(view.as_ref(), &weights[3 << 20..(3 << 20) + 100], "{what}"),
            Err(error) => assert!(matches!(error, Error::Artifact(_)), "{what}: {error}"),
        }
        let seen = read(&lazy, "w.bin", 0..LEAF).unwrap();
        assert!(
            seen.as_ref() == &weights[..1 << 20],
            "{what}: what was read stays"
        );
    }
}

#[test]
fn names_are_compared_before_any_byte_is_handed_out() {
    let changes: [Change; 4] = [
        ("WL-SIG-EXTRA-FILE", |signed| {
            fs::write(signed.file("modeling.py"), "").unwrap();
        }),
        ("WL-SIG-TAMPERED", |signed| {
            fs::remove_file(signed.file("sub/config.json")).unwrap();
        }),
        ("WL-SIG-TAMPERED", |signed| {
            fs::write(signed.file("sub/config.json"), "{ }").unwrap();
        }),
        ("WL-SIG-TAMPERED", |signed| {
            fs::remove_file(signed.file("empty")).unwrap();
            symlink("w.bin", signed.file("empty")).unwrap();
        }),
    ];
    for (code, change) in changes {
        let signed = model();
        let leaves = stand_in(&signed);
        change(&signed);
        let opened = lazy::open(
            &signed.verified(),
            leaves,
            signed.root(),
            &rules(),
            settings(),
            &(),
        );
        let codes = opened.unwrap().unwrap_err().codes();
        assert_eq!(codes[0].as_str(), code);
    }
}

#[test]
fn a_part_of_the_files_is_said_to_be_one() {
    let signed = model();
    let only = |path: &weightlock_artifact::path::ArtifactPath| path.as_str() == "w.bin";
    let rules = weightlock_signing::oms::model::Rules {
        only: Some(&only),
        ..rules()
    };
    let leaves = stand_in(&signed);
    let lazy = lazy::open(&signed.verified(), leaves, signed.root(), &rules, settings(), &());
    let lazy = lazy.unwrap().unwrap();
    assert!(!lazy.is_complete());
    assert_eq!(lazy.files().count(), 1);
    assert!(read(&lazy, "sub/config.json", 0..2).is_err());
    assert!(read(&lazy, "w.bin", 0..2).is_ok());
}

#[test]
fn only_a_table_of_the_signer_and_of_this_signature_stands_in() {
    let (signed, other) = (model(), model());
    let check = |verified: &Signed, table: &Signed| {
        let evidence = verify_evidence(&table.evidence, &table.trust()).unwrap();
        SignedTable::check(&verified.verified(), &evidence, &table.table)
    };
    assert!(check(&signed, &signed).is_ok());
    // The same files, and another signer.
    assert!(matches!(check(&signed, &other), Err(NotBelieved::OtherSigner)));
    let evidence = verify_evidence(&signed.evidence, &signed.trust()).unwrap();
    let mut table = signed.table.clone();
    *table.last_mut().unwrap() ^= 1;
    let refused = SignedTable::check(&signed.verified(), &evidence, &table);
    assert!(matches!(refused, Err(NotBelieved::OtherTable)));
    // The same signer, and other files.
    let mut changed = Signed::new(&[("w.bin", b"other"), ("sub/config.json", b"{}"), ("empty", b"")]);
    let subjects = changed.table().table().manifest().subjects("m");
    let statement = leaves::statement(subjects, &changed.table);
    changed.evidence = sign_evidence(&statement, &signed.key, &SigningMaterial::Key).unwrap();
    let evidence = verify_evidence(&changed.evidence, &signed.trust()).unwrap();
    let refused = SignedTable::check(&signed.verified(), &evidence, &changed.table);
    assert!(matches!(refused, Err(NotBelieved::OtherFiles)));
    // A table that is right, for another signature.
    let leaves = stand_in(&other);
    let third = Signed::new(&[("w.bin", b"third")]);
    let refused = lazy::open(&third.verified(), leaves, third.root(), &rules(), settings(), &());
    assert_eq!(refused.unwrap_err().code().as_str(), "WL-RUN-LEAVES");
}

/// A signer who is mistaken, or worse: the table is rightly signed, and its leaves are those of other bytes.
#[test]
fn leaves_of_other_bytes_never_stand_in() {
    let mut signed = model();
    let at = signed.table.len() - 40;
    signed.table[at] ^= 1;
    let parsed = weightlock_artifact::leaf::LeafTable::parse(&signed.table).unwrap();
    let statement = leaves::statement(parsed.manifest().subjects("m"), &signed.table);
    signed.evidence = sign_evidence(&statement, &signed.key, &SigningMaterial::Key).unwrap();
    let refused = StandIn::derive(signed.table(), signed.root(), settings(), &()).unwrap_err();
    assert!(matches!(refused, Error::OtherLeaves { .. }), "{refused}");
    // Nor does a table of which the files are not at hand.
    let signed = model();
    flip(&signed, "w.bin", 100);
    let refused = StandIn::derive(signed.table(), signed.root(), settings(), &()).unwrap_err();
    assert_eq!(refused.code().as_str(), "WL-RUN-LEAVES");
}

#[test]
fn what_was_derived_once_is_remembered_for_this_table_only() {
    let (signed, other) = (model(), Signed::new(&[("w.bin", b"other")]));
    let place = tempfile::tempdir().unwrap();
    let folder = PrivateFolder::open(&place.path().join("private")).unwrap();
    let table = StandIn::remembered(signed.table(), &folder).unwrap_err();
    let leaves = StandIn::derive(table, signed.root(), settings(), &()).unwrap();
    leaves.remember(&folder).unwrap();
    let leaves = StandIn::remembered(signed.table(), &folder).unwrap();
    assert!(StandIn::remembered(other.table(), &folder).is_err());
    let lazy = open(&signed, leaves);
    assert_eq!(read(&lazy, "sub/config.json", 1..2).unwrap().as_ref(), b"}");
    for note in fs::read_dir(place.path().join("private")).unwrap() {
        fs::write(note.unwrap().path(), "yes").unwrap();
    }
    assert!(StandIn::remembered(signed.table(), &folder).is_err());
}

#[test]
fn a_model_of_one_file_may_have_another_name_now() {
    let place = tempfile::tempdir().unwrap();
    let bytes = content(3 << 20, 4);
    fs::write(place.path().join("model.gguf"), &bytes).unwrap();
    let signed = Signed::sign(place, "model.gguf");
    fs::rename(
        signed.place.path().join("model.gguf"),
        signed.place.path().join("m"),
    )
    .unwrap();
    let lazy = opened(&signed);
    assert!(read(&lazy, "m", 5..LEAF + 5).unwrap().as_ref() == &bytes[5..(1 << 20) + 5]);
    flip(&signed, "", 2 * LEAF);
    assert!(read(&lazy, "m", 2 * LEAF..2 * LEAF + 1).is_err());
}

#[test]
fn threads_that_want_the_same_leaves_read_them_once() {
    let signed = model();
    let lazy = opened(&signed);
    let weights = content(WEIGHTS, 1);
    std::thread::scope(|scope| {
        for start in 0..8_u64 {
            let (lazy, weights) = (&lazy, &weights);
            scope.spawn(move || {
                let view = read(lazy, "w.bin", start * 1000..3 * LEAF).unwrap();
                assert!(view.as_ref() == &weights[start as usize * 1000..3 << 20]);
            });
        }
    });
    assert_eq!(lazy.verified_bytes(), 3 * LEAF);
}

#[test]
fn the_seeds_of_the_fuzz_target_are_played() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/lazy_reads");
    let mut played = 0;
    for seed in fs::read_dir(seeds).unwrap() {
        requests::play(&fs::read(seed.unwrap().path()).unwrap());
        played += 1;
    }
    assert!(played >= 5);
}

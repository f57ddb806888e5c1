//! Lock files: what is read is what the writer makes, and nothing else.

use std::{fs, path::Path};

use proptest::prelude::*;
use weightlock_artifact::{
    digest::Algorithm,
    drift::Change,
    manifest::{Manifest, ManifestFile},
    path::ArtifactPath,
};
use weightlock_policy::{
    Lock, ModelName, Pins,
    lock::{Difference, Entry, Files, Line, LockError, LockedSigner, Place},
};

const HEAD: &str =
    "# Made by `weightlock lock`. It pins models and authenticates none of them.\nversion = 1\n";

fn name(text: &str) -> ModelName {
    ModelName::parse(text).unwrap()
}

fn folder(files: &[(&str, &str)]) -> Files {
    let files = files.iter().map(|(path, content)| {
        let digest = Algorithm::Sha256.digest(content.as_bytes());
        ManifestFile::new(ArtifactPath::parse(*path).unwrap(), content.len() as u64, digest).unwrap()
    });
    Files::Folder(Manifest::new(files).unwrap())
}

fn entry(files: Files) -> Entry {
    Entry {
        place: Place::parse("models/pebble").unwrap(),
        source: Some(Line::parse("hub:acme/pebble").unwrap()),
        revision: None,
        files,
        signers: vec![key('1')],
        verdict: None,
    }
}

fn key(digit: char) -> LockedSigner {
    LockedSigner::Key {
        fingerprint: digit.to_string().repeat(64),
    }
}

/// A lock of a folder with a name that needs escaping, and of one file.
fn text() -> String {
    let mut lock = Lock::default();
    let files = folder(&[("a \"b\" \\ 100%.bin", "x"), ("config.json", "{}")]);
    lock.add(name("acme/pebble"), entry(files)).unwrap();
    let file = Files::File {
        digest: Algorithm::Sha256.digest(b"stone"),
        size: 5,
    };
    let stone = Entry {
        place: Place::parse("/srv/stone.gguf").unwrap(),
        source: None,
        signers: Vec::new(),
        ..entry(file)
    };
    lock.add(name("stone"), stone).unwrap();
    lock.to_text().unwrap()
}

#[test]
fn what_is_read_is_written_back() {
    let text = text();
    let lock = Lock::parse(text.as_bytes()).unwrap();
    assert_eq!(lock.to_text().unwrap(), text);
    assert_eq!(lock.len(), 2);
    assert_eq!(Lock::parse(HEAD.as_bytes()).map(|lock| lock.is_empty()), Ok(true));
}

#[test]
fn nothing_but_what_the_writer_makes_is_read() {
    let good = text();
    let digest = Algorithm::Sha256.digest(b"stone").to_string();
    let other = Algorithm::Sha256.digest(b"other").to_string();
    for (from, to, why) in [
        ("version = 1", "version = 2", "its version is 2"),
        ("version = 1", "version = -1", "line 2"),
        ("version = 1\n", "", "missing field"),
        ("version = 1", "version = 1\nextra = 1", "unknown field"),
        (
            "name = \"stone\"",
            "name = \"stone\"\nowner = \"x\"",
            "unknown field",
        ),
        (
            "name = \"stone\"",
            "name = \"stone\"\nname = \"stone\"",
            "duplicate key",
        ),
        ("name = \"stone\"", "name = \"acme/pebble\"", "locked twice"),
        ("name = \"stone\"", "name = \"../stone\"", "no name of a model"),
        (
            "name = \"stone\"",
            "name = \"aaa\"",
            "not as `weightlock lock` writes it",
        ),
        (
            "path = \"/srv/stone.gguf\"",
            "path = \"../stone.gguf\"",
            "does not lead",
        ),
        (
            "path = \"/srv/stone.gguf\"",
            "path = \"/srv/../stone.gguf\"",
            "component",
        ),
        ("path = \"/srv/stone.gguf\"", "path = \"\"", "empty"),
        ("path = \"/srv/stone.gguf\"", "path = \"/a\\u001b[0m\"", "control"),
        ("size = 5", "size = -5", "line "),
        ("size = 5", "", "either files or"),
        ("size = 5", "size = 5\nfiles = []", "either files or"),
        (digest.as_str(), "sha256:00", "64 digits"),
        (" 2 config.json", " 3 config.json", "not that of its files"),
        ("config.json", "../config.json", "no manifest"),
        ("config.json\",", "config.json\",\n  \"x\",", "no manifest"),
        ("kind = \"key\"", "kind = \"god\"", "unknown variant"),
        ("kind = \"key\"", "kind = \"key\", more = \"x\"", "unknown field"),
        (&"1".repeat(64), &"1".repeat(63), "64 hexadecimal digits"),
        ("version = 1", "version  = 1", "line 2 is not as"),
        ("size = 5\n", "size = 5\n\n", "is not as"),
        ("# Made", "# made", "line 1 is not as"),
        (
            "source = \"hub:acme/pebble\"",
            "source = 'hub:acme/pebble'",
            "is not as",
        ),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from} is not in the text");
        let error = Lock::parse(text.as_bytes()).unwrap_err();
        let mut told = error.to_string();
        if let LockError::Files { source, .. } = &error {
            told += &source.to_string();
        }
        assert!(told.contains(why), "{from} → {to}: {told}");
    }
    // A digest that is changed with nothing else is that of another file, which the one who holds the file finds out.
    let text = good.replace(&digest, &other);
    assert!(Lock::parse(text.as_bytes()).is_ok());
    assert_eq!(Lock::parse(b"\xff"), Err(LockError::NotUtf8));
    assert_eq!(
        Lock::parse(&vec![b'#'; Lock::MAX_BYTES + 1]),
        Err(LockError::Size)
    );
    let many = (0..=Lock::MAX_MODELS).map(|number| {
        format!("\n[[model]]\nname = \"m{number}\"\npath = \"m\"\ndigest = \"{digest}\"\nsize = 5\n")
    });
    let many = HEAD.to_owned() + &many.collect::<String>();
    assert_eq!(Lock::parse(many.as_bytes()), Err(LockError::TooMany));
    let deep = format!("{HEAD}x = {}{}\n", "[".repeat(5000), "]".repeat(5000));
    assert!(matches!(
        Lock::parse(deep.as_bytes()),
        Err(LockError::Form { .. })
    ));
}

#[test]
fn a_name_is_never_locked_twice_and_never_replaced_by_adding() {
    let mut lock = Lock::parse(text().as_bytes()).unwrap();
    let before = lock.clone();
    let again = lock.add(name("stone"), entry(folder(&[("a", "b")])));
    assert_eq!(again, Err(LockError::Duplicate(name("stone"))));
    assert_eq!(lock.replace(&name("other"), entry(folder(&[("a", "b")]))), None);
    assert_eq!(lock, before);
    assert!(
        lock.replace(&name("stone"), entry(folder(&[("a", "b")])))
            .is_some()
    );
    assert_ne!(lock, before);
}

#[test]
fn differences_are_told_by_file_and_who_is_missed() {
    let locked = entry(folder(&[("a", "1"), ("b", "2"), ("c", "3")]));
    assert!(Difference::between(&locked, &locked.clone()).is_empty());
    let found = Entry {
        files: folder(&[("a", "1"), ("b", "x"), ("d", "4")]),
        signers: vec![key('2')],
        ..locked.clone()
    };
    let difference = Difference::between(&locked, &found);
    let words: Vec<String> = difference
        .drift
        .changes()
        .iter()
        .map(|change| match change {
            Change::Added { path } => format!("+{path}"),
            Change::Removed { path } => format!("-{path}"),
            Change::Changed { path, .. } => format!("~{path}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(words, ["~b", "-c", "+d"]);
    assert!(difference.digest.is_some() && difference.has_other_signer() && !difference.has_other_source());
    // Somebody who signs besides takes nobody's place; nobody in somebody's place is missed.
    let with = |signers: Vec<LockedSigner>| Entry {
        signers,
        ..locked.clone()
    };
    assert!(!Difference::between(&locked, &with(vec![key('1'), key('2')])).has_other_signer());
    assert!(Difference::between(&locked, &with(Vec::new())).has_other_signer());
    assert!(!Difference::between(&with(Vec::new()), &locked).has_other_signer());
    // A source that is no longer said is another one; one that is said for the first time is not.
    let from = |source: Option<&str>| Entry {
        source: source.map(|text| Line::parse(text).unwrap()),
        ..locked.clone()
    };
    for (one, other, is_other) in [
        (Some("hub:acme/pebble"), Some("hub:evil/pebble"), true),
        (Some("hub:acme/pebble"), None, true),
        (None, Some("hub:acme/pebble"), false),
        (None, None, false),
    ] {
        let difference = Difference::between(&from(one), &from(other));
        assert_eq!(difference.has_other_source(), is_other, "{one:?} → {other:?}");
    }
    // One file in the place of a folder, also where the file's content is the folder's manifest.
    let Files::Folder(manifest) = &locked.files else {
        panic!()
    };
    let forged = manifest.to_text();
    let file = Files::File {
        digest: Algorithm::Sha256.digest(forged.as_bytes()),
        size: forged.len() as u64,
    };
    assert_eq!(file.digest(), locked.files.digest());
    let difference = Difference::between(
        &locked,
        &Entry {
            files: file,
            ..locked.clone()
        },
    );
    assert!(difference.digest.is_some() && !difference.is_empty());
}

/// The seeds of the fuzz targets `lock` and `pins`.
#[test]
fn every_seed_is_what_it_is_a_seed_for() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (target, least) in [("lock", 4), ("pins", 2)] {
        let mut sound = 0;
        for seed in fs::read_dir(corpus.join(target)).unwrap() {
            let path = seed.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let written = if target == "lock" {
                Lock::parse(&bytes).ok().map(|lock| lock.to_text().unwrap())
            } else {
                Pins::parse(&bytes).ok().map(|pins| pins.to_text())
            };
            let is_broken = path.file_name().unwrap().to_string_lossy().starts_with("broken");
            assert_eq!(written.is_none(), is_broken, "{}", path.display());
            if let Some(written) = written {
                assert_eq!(written.into_bytes(), bytes);
                sound += 1;
            }
        }
        assert!(sound >= least, "only {sound} seeds of {target}");
    }
}

proptest! {
    #[test]
    fn whatever_can_be_locked_is_read_back(
        paths in proptest::collection::btree_set("[^/\0]{1,9}(/[^/\0]{1,5})?", 1..6),
        source in proptest::option::of("[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,20}"),
        size in any::<u32>(),
        is_file in any::<bool>(),
    ) {
        let files = paths.iter().filter_map(|path| {
            let digest = Algorithm::Sha256.digest(path.as_bytes());
            ManifestFile::new(ArtifactPath::parse(path.clone()).ok()?, u64::from(size), digest)
        });
        let files = if is_file {
            Files::File { digest: Algorithm::Sha256.digest(b"x"), size: u64::from(size) }
        } else {
            match Manifest::new(files) {
                Ok(manifest) if !manifest.files().is_empty() => Files::Folder(manifest),
                _ => return Ok(()),
            }
        };
        let entry = Entry {
            source: source.and_then(|text| Line::parse(&text).ok()),
            ..entry(files)
        };
        let mut lock = Lock::default();
        lock.add(name("m"), entry).unwrap();
        let text = lock.to_text().unwrap();
        prop_assert_eq!(Lock::parse(text.as_bytes()), Ok(lock));
    }
}

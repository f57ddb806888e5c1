//! Models about which a policy decides: what was judged is what is handed out.

use std::{collections::BTreeSet, fs, io::Read as _, os::unix::fs::symlink};

use weightlock_artifact::{
    digest::{Algorithm, engine::Observer},
    inventory::{Inventory, Links, Root, Scope},
};
use weightlock_policy::{Decision, Mode, Tier, Verdict};
use weightlock_runtime::{
    Error,
    guard::judged::{Unjudged, hold},
    view::Frozen as _,
};

use super::{path, settings};

fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let file = place.path().join("m").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    place
}

fn held(place: &tempfile::TempDir, scope: &Scope, observer: &dyn Observer) -> Result<Unjudged, Error> {
    let root = Root::open(&place.path().join("m"), Links::Refused).unwrap();
    hold(root, scope, settings(), observer).map(|read| read.expect("plain files"))
}

fn verdict(decision: Decision, digest: weightlock_artifact::digest::Digest) -> Verdict {
    Verdict {
        decision,
        digest,
        revision: None,
        mode: Mode::Production,
        tier: Tier::High,
        now: jiff::Timestamp::UNIX_EPOCH,
        asked: Vec::new(),
        demands: BTreeSet::new(),
        general: Vec::new(),
        waivers: Vec::new(),
        level: Default::default(),
        policies: Vec::new(),
    }
}

const FILES: [(&str, &str); 3] = [
    ("config.json", "{}"),
    ("a/weights.bin", "numbers"),
    (".gitattributes", "*"),
];

/// The digest is that of the manifest, as everything else works it out.
#[test]
fn what_is_held_is_named_as_the_folder_is() {
    let place = place(&FILES);
    let held = held(&place, &Scope::model(), &()).unwrap();
    let names: Vec<&str> = held.digests().keys().map(|path| path.as_str()).collect();
    assert_eq!(names, ["a/weights.bin", "config.json"]);
    let text = format!(
        "weightlock-manifest-v1\n{} 7 a/weights.bin\n{} 2 config.json\n",
        Algorithm::Sha256.digest(b"numbers").hex(),
        Algorithm::Sha256.digest(b"{}").hex()
    );
    assert_eq!(*held.digest(), Algorithm::Sha256.digest(text.as_bytes()));
    // Of one file it is that of the file.
    let root = Root::open(&place.path().join("m/config.json"), Links::Refused).unwrap();
    let one = hold(root, &Scope::model(), settings(), &()).unwrap().unwrap();
    assert_eq!(*one.digest(), Algorithm::Sha256.digest(b"{}"));
}

/// Whatever happens to the folder, the root shows what is in memory.
#[test]
fn the_root_of_what_is_held_shows_nothing_else() {
    let place = place(&FILES);
    let held = held(&place, &Scope::model(), &()).unwrap();
    fs::write(place.path().join("m/config.json"), "changed").unwrap();
    fs::write(place.path().join("m/evil.py"), "changed").unwrap();
    fs::rename(place.path().join("m"), place.path().join("gone")).unwrap();
    let seen = Inventory::walk(held.root().reopen().unwrap(), &Scope::everything()).unwrap();
    let names: Vec<&str> = seen.entries().iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(names, ["a/weights.bin", "config.json"]);
    let mut text = String::new();
    seen.root()
        .open_file(&path("config.json"))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "{}");
    seen.still_holds(&Scope::everything()).unwrap();
}

#[test]
fn nothing_is_handed_out_but_by_a_verdict_that_allows_these_bytes() {
    let place = place(&FILES);
    let digest = *held(&place, &Scope::model(), &()).unwrap().digest();
    let other = Algorithm::Sha256.digest(b"another model");
    for (decision, about) in [
        (Decision::Deny, digest),
        (Decision::Quarantine, digest),
        (Decision::Allow, other),
    ] {
        let held = held(&place, &Scope::model(), &()).unwrap();
        let refused = held.accept(&verdict(decision, about), |_| true).unwrap_err();
        assert!(matches!(refused, Error::NotAllowed { .. }), "{refused:?}");
        assert_eq!(refused.code().as_str(), "WL-RUN-NOT-ALLOWED");
    }
    let held = held(&place, &Scope::model(), &()).unwrap();
    let judged = held.accept(&verdict(Decision::Allow, digest), |_| true).unwrap();
    assert_eq!((judged.files().len(), *judged.digest()), (2, digest));
    assert_eq!(judged.only_digest(), None, "there are two");
}

/// Names that are no part of a model are there for whoever compares signatures, and go to nobody.
#[test]
fn what_was_signed_besides_the_model_is_held_and_not_handed_out() {
    let place = place(&FILES);
    let listed = [path(".gitattributes")];
    let scope = Scope::model().but_keeping(listed.iter());
    let narrow = *held(&place, &Scope::model(), &()).unwrap().digest();
    let held = held(&place, &scope, &()).unwrap();
    assert_eq!((held.digests().len(), *held.digest()), (3, narrow));
    let wanted = |path: &weightlock_artifact::path::ArtifactPath| path.as_str() != "config.json";
    let judged = held.accept(&verdict(Decision::Allow, narrow), wanted).unwrap();
    let names: Vec<&str> = judged.files().keys().map(|path| path.as_str()).collect();
    assert_eq!(names, ["a/weights.bin"]);
    assert_eq!(judged.only_digest(), Some(&Algorithm::Sha256.digest(b"numbers")));
}

#[test]
fn what_is_no_plain_file_is_not_held() {
    let place = place(&FILES);
    symlink("config.json", place.path().join("m/link")).unwrap();
    let root = || Root::open(&place.path().join("m"), Links::Refused).unwrap();
    let refused = hold(root(), &Scope::model(), settings(), &())
        .unwrap()
        .unwrap_err();
    assert_eq!(refused.irregular().len(), 1);
    fs::remove_file(place.path().join("m/link")).unwrap();
    for name in ["config.json", "a/weights.bin"] {
        fs::remove_file(place.path().join("m").join(name)).unwrap();
    }
    assert!(
        hold(root(), &Scope::model(), settings(), &()).unwrap().is_err(),
        "nothing is no model"
    );
}

/// Changes the folder while it is read.
struct Meddler<'a>(&'a tempfile::TempDir, &'static str);

impl Observer for Meddler<'_> {
    fn advanced(&self, _: u64) {
        let folder = self.0.path().join("m");
        match self.1 {
            "added" => fs::write(folder.join("evil.py"), "import os").unwrap(),
            "removed" => drop(fs::remove_file(folder.join("a/weights.bin"))),
            _ => fs::write(folder.join("config.json"), "changed").unwrap(),
        }
    }
}

#[test]
fn a_folder_that_changes_while_it_is_read_is_not_held() {
    for what in ["added", "removed", "changed"] {
        let place = place(&FILES);
        let refused = held(&place, &Scope::model(), &Meddler(&place, what)).unwrap_err();
        assert_eq!(refused.code().as_str(), "WL-ART-CHANGED", "{what}: {refused:?}");
    }
}

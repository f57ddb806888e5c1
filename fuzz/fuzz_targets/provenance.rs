//! Provenance of strangers, and the documents and repositories around it: what is read is written in one form, which reads as
//! the same; nothing is told that holds a secret by its name; a list or a requirement with a fault is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_bom::{
    provenance::{
        Provenance,
        command::{Folders, LEFT_OUT, told},
        description::Description,
        evaluation::{harness, model_index, results},
        git::{Head, Index, Object, ignore::Rules, packed_refs, remote_url, source_uri},
        inputs::changes,
        review::Review,
    },
    slsa::{BuilderList, Expected, Facts, Level, Link, OpenEnds, Requirements, Source, SourceUri, Steps},
};
use weightlock_artifact::standing::Standing;

fn predicate(text: &[u8]) {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(text) else { return };
    let _ = Review::read(&value);
    let Ok(read) = Provenance::read(&value) else { return };
    let written = read.to_predicate();
    let again = Provenance::read(&written).expect("it reads its own form");
    assert_eq!(again, read);
    assert!(changes(&read, &again).is_empty());
    for parent in read.parents() {
        assert!(!parent.parts.is_empty());
        let _ = (parent.digest(), parent.files().count(), parent.name().len());
    }
    let source = Source::of(&read, None);
    let _ = Expected::default().content(&read, None);
    let links = [Link {
        provenance: &read,
        standing: Standing::Declared,
    }];
    let steps = Steps::of(&links, &OpenEnds::default(), &[]);
    assert!(steps.0.iter().all(|step| step.standing != Standing::Verified), "a claim verifies nothing");
    let asked = Requirements::parse(b"version: 1\nlevel: 1\nsource: {commit: true}\n").expect("sound");
    let facts = Facts {
        level: Level::L0,
        provenance: Some(&read),
        source,
        steps: &steps,
        reviewers: 0,
        rejected: 0,
    };
    assert!(!asked.unmet(&facts).is_empty(), "level 0 is not level 1");
}

fn documents(text: &[u8]) {
    if let Ok(requirements) = Requirements::parse(text) {
        assert!(!requirements.lines().is_empty());
    }
    if let Ok(list) = BuilderList::parse(text) {
        assert!(list.builders.iter().all(|one| one.level != Level::L0));
    }
    if let Ok(read) = Description::parse(text) {
        let again = Provenance::read(&read.provenance.to_predicate());
        assert!(again.is_ok() || read.provenance.builder.is_empty());
    }
    let _ = (model_index::read(text), results::read(text), harness::read(text));
}

fn repository(bytes: &[u8]) {
    let _ = (Head::parse(bytes), packed_refs(bytes).count());
    for sha256 in [false, true] {
        if let Ok(index) = Index::parse(bytes, sha256) {
            assert!(index.entries.iter().all(|entry| !entry.path.is_empty()));
            let _ = index.tree();
        }
    }
    let object: Option<Object> = weightlock_bom::provenance::git::loose(bytes);
    let _ = object.and_then(|object| object.tree());
    let mut rules = Rules::default();
    if rules.add(b"a/", bytes).is_some() {
        let _ = (rules.ignore(b"a/b/c.pyc", false), rules.ignore(b"a/b", true));
        // Whatever a repository ignores is not ignored outside of its folder.
        assert!(!rules.ignore(b"b/c", false));
    }
    if let Some(uri) = remote_url(bytes, "origin").and_then(|url| source_uri(&url)) {
        let authority = uri.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
        assert!(!authority.contains('@'), "{uri}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    match first % 3 {
        0 => predicate(rest),
        1 => documents(rest),
        _ => repository(rest),
    }
    let text = String::from_utf8_lossy(rest).into_owned();
    let _ = SourceUri::parse(&text);
    let arguments = [format!("--token={text}"), "--password".to_owned(), format!("x{text}")];
    let shown = told(&arguments, Folders::default());
    assert_eq!(shown.words[2], LEFT_OUT);
    assert!(text.is_empty() || shown.words[0].ends_with(LEFT_OUT));
    assert!(shown.left_out >= 1 && shown.words.len() == arguments.len());
});

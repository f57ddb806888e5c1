//! The walk against hostile folders, on a real file system.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink, net::UnixListener},
    path::Path,
};

use super::*;

fn path(text: &str) -> ArtifactPath {
    ArtifactPath::parse(text).unwrap()
}

fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "content").unwrap();
    }
    folder
}

fn walk(folder: &Path, links: Links, scope: &Scope) -> Inventory {
    Inventory::walk(Root::open(folder, links).unwrap(), scope).unwrap()
}

fn names(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

#[test]
fn lists_files_in_component_order_and_passes_over_built_in_names() {
    let model = folder(&[
        "a.txt",
        "a-b/c.bin",
        "a/b.bin",
        ".git/HEAD",
        "model.sig",
        ".weightlock/x",
        "sub/.gitignore",
    ]);
    fs::create_dir(model.path().join("empty")).unwrap();
    let found = walk(model.path(), Links::Refused, &Scope::model());
    assert_eq!(
        names(found.entries()),
        ["a/b.bin", "a-b/c.bin", "a.txt", "sub/.gitignore"]
    );
    assert_eq!(
        found.skipped(),
        [path(".git"), path(".weightlock"), path("model.sig")]
    );
    assert_eq!(found.irregular(), []);
    assert_eq!(found.bytes(), 4 * 7);
    assert!(found.entry(&path("a.txt")).is_some());
    assert!(found.entry(&path("model.sig")).is_none());
}

#[test]
fn sets_aside_what_a_signer_ignores_but_still_sees_it() {
    let model = folder(&["w.bin", "cache/x.bin", "cache2/y.bin", "cache/new/z.bin"]);
    let found = walk(
        model.path(),
        Links::Refused,
        &Scope::model().setting_aside([path("cache")]),
    );
    assert_eq!(names(found.entries()), ["cache2/y.bin", "w.bin"]);
    assert_eq!(names(found.set_aside()), ["cache/new/z.bin", "cache/x.bin"]);
}

#[test]
fn a_listed_name_is_looked_at_even_where_it_would_be_skipped() {
    let model = folder(&["w.bin", ".gitignore", ".git/HEAD"]);
    let listed = [path(".gitignore"), path("w.bin")];
    let found = walk(
        model.path(),
        Links::Refused,
        &Scope::model().but_keeping(listed.iter()),
    );
    assert_eq!(names(found.entries()), [".gitignore", "w.bin"]);
}

#[test]
fn every_strange_thing_is_reported_with_its_kind() {
    let model = folder(&["w.bin", "sub/x"]);
    let at = |name: &str| model.path().join(name);
    symlink("w.bin", at("inside")).unwrap();
    symlink("sub", at("to-folder")).unwrap();
    symlink("../../../etc/hostname", at("outside")).unwrap();
    symlink("/etc/hostname", at("absolute")).unwrap();
    symlink("nothing", at("broken")).unwrap();
    symlink("loop", at("loop")).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe"),
        FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    fs::write(model.path().join(OsStr::from_bytes(b"bad\xff")), "x").unwrap();

    let refused = walk(model.path(), Links::Refused, &Scope::model());
    assert_eq!(names(refused.entries()), ["sub/x", "w.bin"]);
    assert_eq!(
        kinds(&refused),
        [
            ("absolute", "WL-ART-SYMLINK"),
            ("bad\u{fffd}", "WL-ART-NAME"),
            ("broken", "WL-ART-SYMLINK"),
            ("inside", "WL-ART-SYMLINK"),
            ("loop", "WL-ART-SYMLINK"),
            ("outside", "WL-ART-SYMLINK"),
            ("pipe", "WL-ART-SPECIAL-FILE"),
            ("socket", "WL-ART-SPECIAL-FILE"),
            ("to-folder", "WL-ART-SYMLINK"),
        ]
    );

    let followed = walk(model.path(), Links::FilesInside, &Scope::model());
    assert_eq!(names(followed.entries()), ["inside", "sub/x", "w.bin"]);
    assert!(followed.entry(&path("inside")).unwrap().through_link);
    assert_eq!(
        kinds(&followed),
        [
            ("absolute", "WL-ART-LINK-OUTSIDE"),
            ("bad\u{fffd}", "WL-ART-NAME"),
            ("broken", "WL-ART-LINK-BROKEN"),
            ("loop", "WL-ART-LINK-BROKEN"),
            ("outside", "WL-ART-LINK-OUTSIDE"),
            ("pipe", "WL-ART-SPECIAL-FILE"),
            ("socket", "WL-ART-SPECIAL-FILE"),
            ("to-folder", "WL-ART-LINK-TO-FOLDER"),
        ]
    );
    assert_eq!(
        followed
            .root()
            .open_file(&path("inside"))
            .unwrap()
            .metadata()
            .unwrap()
            .len(),
        7
    );
}

fn kinds(inventory: &Inventory) -> Vec<(&str, &str)> {
    inventory
        .irregular()
        .iter()
        .map(|found| (found.name.as_str(), found.kind.code().as_str()))
        .collect()
}

#[test]
fn a_hub_cache_snapshot_is_followed_into_its_own_blobs_only() {
    let cache = folder(&[
        "models--org--tiny/blobs/aa11",
        "models--org--tiny/refs/main",
        "models--org--evil/blobs/cc33",
    ]);
    let snapshot = cache.path().join("models--org--tiny/snapshots/0123");
    fs::create_dir_all(snapshot.join("sub")).unwrap();
    symlink("../../blobs/aa11", snapshot.join("config.json")).unwrap();
    symlink("../../../blobs/aa11", snapshot.join("sub/weights.bin")).unwrap();
    symlink(
        "../../../models--org--evil/blobs/cc33",
        snapshot.join("other.bin"),
    )
    .unwrap();
    symlink("../../blobs/gone", snapshot.join("gone.bin")).unwrap();
    let found = walk(&snapshot, Links::Refused, &Scope::model());
    assert!(found.root().is_hub_snapshot());
    assert_eq!(names(found.entries()), ["config.json", "sub/weights.bin"]);
    assert_eq!(
        kinds(&found),
        [
            ("gone.bin", "WL-ART-LINK-BROKEN"),
            ("other.bin", "WL-ART-SYMLINK")
        ]
    );
    assert_eq!(fs::read(snapshot.join("config.json")).unwrap(), b"content");
    assert!(found.root().open_file(&path("config.json")).is_ok());
}

#[test]
fn a_file_swapped_for_something_else_after_the_walk_is_not_opened() {
    let model = folder(&["w.bin", "secret/s"]);
    let found = walk(model.path(), Links::Refused, &Scope::model());
    fs::remove_file(model.path().join("w.bin")).unwrap();
    symlink("secret/s", model.path().join("w.bin")).unwrap();
    let swapped = found.root().open_file(&path("w.bin"));
    assert!(matches!(swapped, Err(Error::Changed { .. })), "{swapped:?}");
    fs::remove_file(model.path().join("w.bin")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        model.path().join("w.bin"),
        FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    assert!(matches!(
        found.root().open_file(&path("w.bin")),
        Err(Error::Changed { .. })
    ));
}

#[test]
fn a_second_walk_notices_what_came_went_or_changed() {
    let model = folder(&["w.bin"]);
    let scope = Scope::model();
    let found = walk(model.path(), Links::Refused, &scope);
    found.still_holds(&scope).unwrap();
    fs::write(model.path().join("evil.py"), "x").unwrap();
    let Err(Error::Changed { path, .. }) = found.still_holds(&scope) else {
        panic!("not noticed")
    };
    assert!(path.ends_with("evil.py"));
    fs::remove_file(model.path().join("evil.py")).unwrap();
    found.still_holds(&scope).unwrap();
    symlink("w.bin", model.path().join("link")).unwrap();
    assert!(found.still_holds(&scope).is_err());
}

#[test]
fn one_file_is_a_model_too_and_a_pipe_is_not() {
    let place = folder(&["m.gguf"]);
    let found = walk(&place.path().join("m.gguf"), Links::Refused, &Scope::model());
    assert_eq!(names(found.entries()), ["m.gguf"]);
    assert_eq!(found.root().base_name(), "m.gguf");
    assert_eq!(found.root().kind(), &RootKind::File(path("m.gguf")));
    assert!(matches!(
        Root::open(Path::new("/dev/null"), Links::Refused),
        Err(Error::NotAModel { .. })
    ));
    let missing = Root::open(&place.path().join("none"), Links::Refused).unwrap_err();
    assert_eq!(missing.code().as_str(), "WL-IO-NOT-FOUND");
}

#[test]
fn sizes_of_sparse_files_may_add_up_to_more_than_a_number_holds() {
    let model = folder(&["a", "b"]);
    let mut found = walk(model.path(), Links::Refused, &Scope::everything());
    for entry in &mut found.entries {
        entry.stamp.size = 7 << 60;
    }
    assert_eq!(found.bytes(), 14 << 60);
    found.entries.extend_from_within(..1);
    assert_eq!(found.bytes(), u64::MAX);
}

/// A model whose files are held is what it was, whatever happens to the folder.
#[test]
fn held_files_stand_in_for_those_on_disk() {
    let model = folder(&["w.bin", "a/b/c.json", ".gitattributes"]);
    let root = Root::open(model.path(), Links::Refused).unwrap();
    let before = Inventory::walk(root, &Scope::model()).unwrap();
    let held = before.entries().iter().map(|entry| {
        let file = before.root().open_file(&entry.path).unwrap();
        (entry.path.clone(), std::sync::Arc::new(file.into()))
    });
    let held = before.root().holding(held.collect()).unwrap();
    fs::remove_dir_all(model.path().join("a")).unwrap();
    fs::rename(model.path().join("w.bin"), model.path().join("other")).unwrap();
    fs::write(model.path().join("w.bin"), "changed").unwrap();
    symlink("w.bin", model.path().join("link")).unwrap();
    let now = Inventory::walk(held, &Scope::model()).unwrap();
    assert_eq!(names(now.entries()), ["a/b/c.json", "w.bin"]);
    assert_eq!(now.folders(), [path("a"), path("a/b")]);
    assert!(now.irregular().is_empty());
    for name in ["w.bin", "a/b/c.json"] {
        for _ in 0..2 {
            let file = now.root().open_file(&path(name)).unwrap();
            assert_eq!(
                std::io::read_to_string(file).unwrap(),
                "content",
                "each from its start"
            );
        }
    }
    assert!(now.root().has(&path("a")) && !now.root().has(&path("link")));
    let missing = now.root().open_file(&path("other")).unwrap_err();
    assert_eq!(missing.code().as_str(), "WL-IO-NOT-FOUND");
    now.still_holds(&Scope::model()).unwrap();
    // What the scope passes over is passed over among them, too.
    let narrow = Scope::model().skipping([path("a")]);
    let narrow = Inventory::walk(now.root().reopen().unwrap(), &narrow).unwrap();
    assert_eq!(
        (names(narrow.entries()), narrow.skipped()),
        (vec!["w.bin"], &[path("a")][..])
    );
}

//! `trust update` from repositories that the reference implementation of TUF made.

use std::fs;

use weightlock_peers::tuf::{Mirror, Repositories};
use weightlock_signing::sigstore::{Instance, TrustRoot};

use crate::run::{Place, Ran};

const CONFIG: &[u8] = br#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}"#;

fn repositories() -> Option<Repositories> {
    let root = TrustRoot::embedded(Instance::Staging).unwrap();
    Repositories::make(root.to_json(), CONFIG)
}

fn update(place: &Place, made: &Repositories, mirror: &Mirror, more: &[&str]) -> Ran {
    let keys = made.file("root.json");
    let url = mirror.url();
    let mut arguments = vec![
        "trust",
        "update",
        "ours",
        "--tuf-root",
        keys.to_str().unwrap(),
        "--mirror",
        &url,
    ];
    arguments.extend(more);
    place.run(arguments)
}

#[test]
fn a_root_is_fetched_kept_and_listed() {
    let Some(made) = repositories() else { return };
    let place = Place::new();
    let mirror = made.serve("good");
    let first = update(&place, &made, &mirror, &[]).yes();
    assert!(first.stdout.starts_with("ours updated: "), "{first:?}");
    let again = update(&place, &made, &mirror, &[]).yes();
    assert!(again.stdout.starts_with("ours is current: "), "{again:?}");
    let listed = place.run(["trust", "list"]).yes();
    assert!(listed.stdout.contains(&mirror.url()), "{listed:?}");
    let exported = place.run(["trust", "export", "ours"]).yes();
    let staging = place.run(["trust", "export", "staging"]).yes();
    assert_eq!(exported.stdout.trim(), staging.stdout.trim());
    let folder = place.path("home/.local/share/weightlock/trust");
    let mut kept: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    kept.sort();
    assert_eq!(kept, ["ours.json", "ours.tuf"]);
    let told = update(&place, &made, &mirror, &["--json"]);
    assert!(
        told.stdout.contains("\"version\": 1") || told.stdout.contains("\"version\":1"),
        "{told:?}"
    );
}

#[test]
fn what_is_refused_changes_nothing() {
    let Some(made) = repositories() else { return };
    let place = Place::new();
    for (name, code, reason) in [
        ("expired", 1, "WL-TUF-EXPIRED"),
        ("forged", 1, "WL-TUF-SIGNATURE"),
        ("changed", 1, "WL-TUF-INTEGRITY"),
        ("empty", 3, "WL-TUF-MISSING"),
        ("useless", 2, "WL-ROOT-MEDIA-TYPE"),
    ] {
        update(&place, &made, &made.serve(name), &[]).refused(code, reason);
    }
    assert!(!place.path("home/.local").exists());
    let newer = made.serve("newer");
    update(&place, &made, &newer, &[]).yes();
    let kept = fs::read(place.path("home/.local/share/weightlock/trust/ours.json")).unwrap();
    update(&place, &made, &made.serve("older"), &["--replace"]).refused(1, "WL-TUF-ROLLBACK");
    update(&place, &made, &newer, &["--offline"]).refused(2, "WL-CLI-OFFLINE");
    let now = fs::read(place.path("home/.local/share/weightlock/trust/ours.json")).unwrap();
    assert_eq!(kept, now);
    place.write("home/.local/share/weightlock/trust/ours.tuf", "{}");
    update(&place, &made, &newer, &[]).refused(3, "WL-TUF-MALFORMED");
}

#[test]
fn a_root_that_came_on_another_way_is_not_replaced_unasked() {
    let Some(made) = repositories() else { return };
    let place = Place::new();
    let exported = place.run(["trust", "export", "staging"]).yes();
    place.write("root.json", &exported.stdout);
    place
        .run(["trust", "import", "root.json", "--name", "ours"])
        .yes();
    let mirror = made.serve("good");
    update(&place, &made, &mirror, &[]).refused(2, "WL-CLI-USAGE");
    update(&place, &made, &mirror, &["--replace"]).yes();
    let other = made.serve("plain");
    update(&place, &made, &other, &[]).refused(2, "WL-CLI-USAGE");
}

#[test]
fn names_and_addresses_are_checked_before_anybody_is_called() {
    let place = Place::new();
    place
        .run(["trust", "update", "nobody"])
        .refused(2, "WL-ROOT-NAME");
    place
        .run(["trust", "update", "production", "--mirror", "ftp://example.org"])
        .refused(2, "WL-NET-ADDRESS");
    assert_eq!(
        place
            .run(["trust", "update", "ours", "--tuf-root", "root.json"])
            .code,
        2
    );
    place
        .run(["trust", "update", "--offline"])
        .refused(2, "WL-CLI-OFFLINE");
    place
        .run(["trust", "update", "staging", "--mirror", "http://127.0.0.1:1"])
        .refused(4, "WL-NET-CONNECT");
}

//! `weightlock trust`: the roots that are built in, and those that are brought.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;
use weightlock_peers::sigstore::{Account, BundleVersion, Rekor, Signed, Sigstore};

use crate::run::{Place, Ran};

#[test]
fn roots_are_listed_with_source_and_age() {
    let place = Place::new();
    let listed = place.run(["trust", "list"]).yes();
    listed
        .says("production")
        .says("staging")
        .says("github")
        .says("built in")
        .says("old");
    let json: Value = serde_json::from_str(&place.run(["trust", "list", "--json"]).stdout).unwrap();
    let roots = json["result"]["roots"].as_array().unwrap();
    assert_eq!(roots.len(), 3);
    for root in roots {
        let kinds: Vec<_> = root["authorities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["kind"])
            .collect();
        assert!(kinds.iter().any(|kind| *kind == "certificates"), "{root}");
        let has_log = kinds.iter().any(|kind| *kind == "log");
        assert_eq!(root["without_log"], !has_log, "{root}");
    }
    place
        .run(["trust", "list", "-v"])
        .yes()
        .says("certificate-log")
        .says("timestamps");
}

#[test]
fn an_imported_root_is_used_by_its_name() {
    let sigstore = Sigstore::start();
    let place = Place::new();
    place.write("root.json", sigstore.trusted_root());
    place.write("weights.bin", b"weights");
    let account = Account::email("signer@example.com");
    let signed = Signed::Message(b"weights");
    let bundle = sigstore.bundle(&account, signed, BundleVersion::V03, Rekor::First, false);
    place.write("weights.bin.sigstore.json", bundle);
    let verify = |name: &str| {
        let words = ["verify-blob", "weights.bin", "--identity", "signer@example.com"];
        let from = ["--identity-provider", sigstore.issuer(), "--sigstore", name];
        place.run(words.into_iter().chain(from))
    };
    verify("corp").refused(2, "WL-ROOT-NAME");
    place
        .run(["trust", "import", "root.json", "--name", "corp"])
        .yes()
        .says("sha256");
    verify("corp").yes();
    verify("production").refused(1, "WL-LOG-PROMISE");
    place.run(["trust", "list"]).yes().says("corp").says("root.json");
    // What is exported is what was imported, and comes in again.
    place.run(["trust", "export", "corp", "-o", "out.json"]).yes();
    assert_eq!(
        fs::read(place.path("out.json")).unwrap(),
        fs::read(place.path("root.json")).unwrap()
    );
    assert_eq!(
        place.run(["trust", "export", "corp"]).stdout,
        fs::read_to_string(place.path("root.json")).unwrap()
    );
    assert_ne!(place.run(["trust", "export", "corp", "-o", "out.json"]).code, 0);
    assert_ne!(
        place.run(["trust", "import", "out.json", "--name", "corp"]).code,
        0
    );
    place
        .run(["trust", "import", "out.json", "--name", "corp", "--replace"])
        .yes();
    // Whoever can write the root decides for everybody.
    let kept = place.path("home/.local/share/weightlock/trust/corp.json");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o666)).unwrap();
    verify("corp").refused(4, "WL-ROOT-UNSAFE");
}

/// A relative path in `XDG_DATA_HOME` would let the folder that one stands in decide, such as a model's.
#[test]
fn what_lies_where_one_stands_is_no_root_of_the_user() {
    let place = Place::new();
    place.write("root.json", Sigstore::start().trusted_root());
    let mut import = place.command(["trust", "import", "root.json", "--name", "production"]);
    Ran::of(import.env("WEIGHTLOCK_TRUST_DIR", place.path("data/weightlock/trust"))).yes();
    let listed = |base: &str| {
        let mut list = place.command(["trust", "list"]);
        Ran::of(list.env("XDG_DATA_HOME", base)).yes().stdout
    };
    assert!(listed(place.path("data").to_str().unwrap()).contains("root.json"));
    assert!(!listed("data").contains("root.json"));
}

#[test]
fn what_is_no_root_is_not_imported() {
    let place = Place::new();
    place.write("empty.json", b"{}");
    place.write(
        "signing.json",
        br#"{"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}"#,
    );
    place.write("root.pem", b"-----BEGIN CERTIFICATE-----\n");
    let nobody = br#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    place.write("nobody.json", nobody);
    for (file, code) in [
        ("empty.json", "WL-ROOT-MEDIA-TYPE"),
        ("signing.json", "WL-ROOT-MEDIA-TYPE"),
        ("root.pem", "WL-ROOT-MALFORMED"),
        ("nobody.json", "WL-ROOT-MALFORMED"),
    ] {
        place
            .run(["trust", "import", file, "--name", "corp"])
            .refused(2, code)
            .says("not imported: nothing was changed");
    }
    place.write("root.json", Sigstore::start().trusted_root());
    for name in ["../corp", "Corp", "-x", ""] {
        place
            .run(["trust", "import", "root.json", &format!("--name={name}")])
            .refused(2, "WL-ROOT-NAME");
    }
    assert!(!place.path("home/.local").exists());
}

#[test]
fn an_old_root_is_told_and_refused_where_that_is_asked() {
    let sigstore = Sigstore::start();
    let place = Place::new();
    place.write("root.json", sigstore.trusted_root());
    place
        .run(["trust", "import", "root.json", "--name", "corp"])
        .yes();
    let kept = place.path("home/.local/share/weightlock/trust/corp.json");
    let mut old: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    old["obtained"] = "2025-01-01T00:00:00Z".into();
    fs::write(&kept, old.to_string()).unwrap();
    place.run(["trust", "list"]).yes().says("OLD");
    place.write("weights.bin", b"weights");
    let account = Account::email("signer@example.com");
    let signed = Signed::Message(b"weights");
    let bundle = sigstore.bundle(&account, signed, BundleVersion::V03, Rekor::First, false);
    place.write("weights.bin.sigstore.json", bundle);
    let verify = |more: &[&str]| {
        let words = ["verify-blob", "weights.bin", "--identity", "signer@example.com"];
        let from = ["--identity-provider", sigstore.issuer(), "--sigstore", "corp"];
        place.run([&words[..], &from, more].concat())
    };
    verify(&[]).yes();
    verify(&["--max-root-age", "90"]).refused(1, "WL-ROOT-STALE");
    verify(&["--max-root-age", "36500"]).yes();
    // Of a file that is named, by a flag or a variable, nobody knows.
    let file = [
        "verify-blob",
        "weights.bin",
        "--identity",
        "signer@example.com",
        "--identity-provider",
        sigstore.issuer(),
    ];
    let named = [&file[..], &["--trusted-root", "root.json"]].concat();
    place.run(&named).yes();
    let aged = ["--max-root-age", "36500"];
    place
        .run([&named[..], &aged].concat())
        .refused(1, "WL-ROOT-STALE");
    let mut command = place.command([&file[..], &aged].concat());
    Ran::of(command.env("WEIGHTLOCK_TRUST_ROOT", "root.json")).refused(1, "WL-ROOT-STALE");
}

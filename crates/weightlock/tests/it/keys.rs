//! `key generate` and `key inspect`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::run::{Place, Ran, key};

#[test]
fn a_pair_is_made_once_and_never_replaced() {
    let place = Place::new();
    place.write("pass", "correct horse\n");
    let made = place
        .run(["key", "generate", "release", "--password-file", "pass", "--json"])
        .yes()
        .json();
    let result = &made["result"];
    assert_eq!(result["algorithm"], "ECDSA P-256");
    assert_eq!(
        (&result["encrypted"], &result["signs_models"]),
        (&true.into(), &true.into())
    );
    let private = fs::read_to_string(place.path("release.key")).unwrap();
    assert!(private.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
    let mode = |name| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("release.key"), mode("release.pub")), (0o600, 0o644));

    place
        .run(["key", "generate", "release", "--password-file", "pass"])
        .refused(2, "WL-KEY-EXISTS")
        .says("weightlock key inspect release.key");
    assert_eq!(fs::read_to_string(place.path("release.key")).unwrap(), private);
}

#[test]
fn either_file_alone_stops_a_new_pair_and_neither_is_touched() {
    for name in ["a.key", "a.pub"] {
        let place = Place::new();
        place.write(name, "mine");
        place
            .run(["key", "generate", "--unencrypted", "a"])
            .refused(2, "WL-KEY-EXISTS")
            .says(name);
        assert_eq!(fs::read_to_string(place.path(name)).unwrap(), "mine");
        assert_eq!(
            fs::read_dir(place.path("")).unwrap().count(),
            1,
            "nothing else was written"
        );
    }
}

#[test]
fn without_a_password_or_a_place_nothing_is_written() {
    let place = Place::new();
    place.run(["key", "generate"]).refused(2, "WL-CLI-NO-PASSWORD");
    place
        .run(["key", "generate", "--unencrypted", "none/a"])
        .refused(4, "WL-IO-NOT-FOUND");
    place
        .run(["key", "generate", "--password-file", "none"])
        .refused(4, "WL-IO-NOT-FOUND");
    place
        .run(["key", "generate", "--dry-run"])
        .yes()
        .says("would be written weightlock.key");
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 0);
}

#[test]
fn every_kind_is_made_signs_what_it_may_and_is_recognised() {
    for (kind, named, models) in [
        ("p256", "ECDSA P-256", true),
        ("p384", "ECDSA P-384", true),
        ("p521", "ECDSA P-521", true),
        ("ed25519", "Ed25519", false),
    ] {
        let place = Place::with_model();
        let made = place
            .run([
                "key",
                "generate",
                "k",
                "--unencrypted",
                "--algorithm",
                kind,
                "--json",
            ])
            .yes()
            .json();
        for file in ["k.key", "k.pub"] {
            let seen = place.run(["key", "inspect", file, "--json"]).yes().json();
            let found = &seen["result"]["key"];
            assert_eq!(
                (found["algorithm"].as_str(), &found["signs_models"]),
                (Some(named), &models.into())
            );
            assert_eq!(found["fingerprints"], made["result"]["fingerprints"]);
        }
        let signed = place.run(["sign", "--key", "k.key", "m"]);
        if models {
            signed.yes();
            place.run(["verify", "--key", "k.pub", "m"]).yes();
        } else {
            signed.refused(2, "WL-KEY-NOT-FOR-OMS");
        }
    }
}

#[test]
fn an_encrypted_key_is_described_without_its_password_and_opened_with_it() {
    let place = Place::new();
    place.write("pass", "correct horse\n");
    place.write("wrong", "battery staple\n");
    place
        .run(["key", "generate", "k", "--password-file", "pass"])
        .yes();
    let closed = place.run(["key", "inspect", "k.key", "--json"]).yes().json();
    assert_eq!(closed["result"]["encryption"], "cosign");
    assert!(closed["result"]["key"].is_null());
    let open = place
        .run(["key", "inspect", "k.key", "--password-file", "pass", "--json"])
        .yes()
        .json();
    let public = place.run(["key", "inspect", "k.pub", "--json"]).yes().json();
    assert_eq!(open["result"]["key"], public["result"]["key"]);
    place
        .run(["key", "inspect", "k.key", "--password-file", "wrong"])
        .refused(2, "WL-KEY-WRONG-PASSWORD");
}

#[test]
fn certificates_are_described_and_other_files_refused() {
    let place = Place::new();
    let chain = key("signing-cert.pem");
    if chain.is_file() {
        place
            .run(["key", "inspect", chain.to_str().unwrap()])
            .yes()
            .says("issuer");
    }
    place.write("notes.txt", "hello");
    place
        .run(["key", "inspect", "notes.txt"])
        .refused(2, "WL-KEY-NOT-A-KEY");
    place.write("empty", "");
    place
        .run(["key", "inspect", "empty"])
        .refused(2, "WL-KEY-NOT-A-KEY");
    place
        .run(["key", "inspect", "pkcs11:token=a;object=b"])
        .refused(2, "WL-CLI-USAGE");
    place.run(["key", "inspect", "."]).refused(4, "WL-IO-FAILED");
}

/// The password comes from the environment, under both names; ours wins.
#[test]
fn passwords_come_from_the_environment_too() {
    let place = Place::new();
    let generate = |name: &str, ours: Option<&str>, cosigns: &str| {
        let mut command = place.command(["key", "generate", name]);
        command.env("COSIGN_PASSWORD", cosigns);
        if let Some(ours) = ours {
            command.env("WEIGHTLOCK_PASSWORD", ours);
        }
        Ran::of(&mut command).yes();
    };
    generate("one", None, "cosign's");
    generate("two", Some("ours"), "cosign's");
    place.write("cosigns", "cosign's");
    place.write("ours", "ours");
    place
        .run(["key", "inspect", "one.key", "--password-file", "cosigns"])
        .yes();
    place
        .run(["key", "inspect", "two.key", "--password-file", "ours"])
        .yes();
    place
        .run(["key", "inspect", "two.key", "--password-file", "cosigns"])
        .refused(2, "WL-KEY-WRONG-PASSWORD");
}

//! `weightlock pins`, and pins in `verify` and `run`.

use std::fs;

use weightlock::commands::{pins::verify::PinsVerified, pins::write::PinsWritten, verify::Verified};

use crate::{
    attest::path,
    run::{Place, Ran},
};

fn publisher() -> String {
    path("p256.pub.pem")
}

fn deployer() -> String {
    path("p384.pub.pem")
}

/// A model that its publisher signed, and pins that whoever deploys it signed.
fn pinned() -> Place {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.run(["pins", "write", "pebble=m"]).yes();
    sign_pins(&place);
    place
}

fn sign_pins(place: &Place) {
    let key = path("p384.key.pem");
    let arguments = [
        "sign-blob",
        "--key",
        &key,
        "--bundle",
        "weightlock.pins.sigstore.json",
        "weightlock.pins",
    ];
    let _ = fs::remove_file(place.path("weightlock.pins.sigstore.json"));
    let ran = place.run(arguments);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

fn verify(place: &Place, more: &[&str]) -> Ran {
    let (publisher, deployer) = (publisher(), deployer());
    let signers = ["pins", "verify", "--pins-key", &deployer, "--key", &publisher];
    place.run([&signers[..], more].concat())
}

/// S30: both checks always, each with its own code.
#[test]
fn both_checks_are_made_whatever_the_other_says() {
    type Spoil = fn(&Place);
    let tamper: Spoil = |place| place.flip("m/config.json", 3, 1);
    let cases: [(&str, Spoil, &[&str]); 11] = [
        ("nothing", |_| {}, &[]),
        ("a changed model", tamper, &["WL-PINS-DIGEST", "WL-SIG-TAMPERED"]),
        (
            "another version, rightly signed",
            |place| {
                place.write("m/config.json", "{}");
                place.sign(&["--replace"]).yes();
            },
            &["WL-PINS-DIGEST"],
        ),
        (
            "no signature of the model",
            |place| fs::remove_file(place.path("m/model.sig")).unwrap(),
            &["WL-SIG-UNSIGNED"],
        ),
        (
            "another signer of the same bytes",
            |place| {
                let key = path("p384.key.pem");
                place.run(["sign", "--replace", "--key", &key, "m"]).yes();
            },
            &["WL-SIG-KEY-MISMATCH"],
        ),
        (
            "no signature of the pins",
            |place| fs::remove_file(place.path("weightlock.pins.sigstore.json")).unwrap(),
            &["WL-PINS-SIGNATURE"],
        ),
        (
            "pins that somebody else signed",
            |place| {
                fs::remove_file(place.path("weightlock.pins.sigstore.json")).unwrap();
                let key = path("p256.key.pem");
                let bundle = "weightlock.pins.sigstore.json";
                place
                    .run(["sign-blob", "--key", &key, "--bundle", bundle, "weightlock.pins"])
                    .yes();
            },
            &["WL-PINS-SIGNATURE"],
        ),
        (
            "pins that were changed after they were signed",
            |place| {
                place.write("m/config.json", "{}");
                place.sign(&["--replace"]).yes();
                place.run(["pins", "write", "--replace", "pebble=m"]).yes();
            },
            &["WL-PINS-SIGNATURE"],
        ),
        (
            "everything at once",
            |place| {
                fs::remove_file(place.path("weightlock.pins.sigstore.json")).unwrap();
                place.flip("m/config.json", 3, 1);
            },
            &["WL-PINS-SIGNATURE", "WL-PINS-DIGEST", "WL-SIG-TAMPERED"],
        ),
        (
            "pins of another model",
            |place| {
                place.run(["pins", "write", "--replace", "stone=m"]).yes();
                sign_pins(place);
            },
            &["WL-PINS-MISSING"],
        ),
        (
            "the model is a file with the manifest's text",
            |place| {
                let digest = place.run(["digest", "--manifest", "m"]).stdout;
                let digest = digest.split_whitespace().next().unwrap().to_owned();
                place.write(
                    "weightlock.pins",
                    format!("weightlock-pins-v1\nfile {digest} pebble\n"),
                );
                sign_pins(place);
            },
            &["WL-PINS-DIGEST"],
        ),
    ];
    for (what, spoil, codes) in cases {
        let place = pinned();
        spoil(&place);
        let ran = verify(&place, &["pebble=m"]);
        let code = i32::from(!codes.is_empty());
        assert_eq!(ran.refusal(), (code, codes.to_vec()), "{what}: {ran:#?}");
        let document = verify(&place, &["--json", "pebble=m"]).document::<PinsVerified>();
        assert_eq!(document["result"]["models"][0]["holds"], code == 0, "{what}");
        // The same answer where a program is to be started, or the model is verified by itself.
        let (publisher, deployer) = (publisher(), deployer());
        let signers = [
            "--pins",
            "weightlock.pins",
            "--pins-key",
            &deployer,
            "--key",
            &publisher,
        ];
        let ran = place.run([&["verify"], &signers[..], &["--pinned-as", "pebble", "m"]].concat());
        assert_eq!(ran.refusal(), (code, codes.to_vec()), "{what}: {ran:#?}");
        let program = ["--model", "m=pebble", "--", "/bin/cat", "{pebble}/config.json"];
        let ran = place.run([&["run", "-q"], &signers[..], &program].concat());
        assert_eq!(ran.refusal(), (code, codes.to_vec()), "{what}: {ran:#?}");
        assert_eq!(
            ran.stdout.is_empty(),
            code != 0,
            "{what}: the program was started: {ran:#?}"
        );
    }
}

#[test]
fn pins_that_cannot_be_read_stop_everything() {
    for (text, code) in [
        ("", "WL-PINS-FILE"),
        ("weightlock-pins-v1\n", "WL-PINS-FILE"),
        ("weightlock-pins-v2\nfile sha256:00 pebble\n", "WL-PINS-FILE"),
    ] {
        let place = pinned();
        place.write("weightlock.pins", text);
        sign_pins(&place);
        let ran = verify(&place, &["pebble=m"]);
        assert_eq!(ran.refusal(), (2, vec![code]), "{text:?}: {ran:#?}");
    }
    let place = pinned();
    fs::remove_file(place.path("weightlock.pins")).unwrap();
    assert_eq!(
        verify(&place, &["pebble=m"]).refusal(),
        (4, vec!["WL-IO-NOT-FOUND"])
    );
    // What keeps the digest from being worked out is told beside what the signature's check ended with.
    let place = pinned();
    fs::remove_file(place.path("m/model.sig")).unwrap();
    assert_eq!(place.program("mkfifo", ["m/pipe"]).code, 0);
    assert_eq!(
        verify(&place, &["pebble=m"]).refusal(),
        (1, vec!["WL-SIG-UNSIGNED", "WL-ART-SPECIAL-FILE"])
    );
    // Nobody is named whose signature would count.
    let place = pinned();
    place
        .run(["pins", "verify", "pebble=m"])
        .refused(2, "WL-CLI-NO-TRUST");
    // Without a signer of their own, pins are the publisher's to sign, and they are not.
    let ran = place.run(["pins", "verify", "--key", &publisher(), "pebble=m"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-PINS-SIGNATURE"]), "{ran:#?}");
    let ran = place.run(["verify", "--pins-key", &deployer(), "--key", &publisher(), "m"]);
    ran.refused(2, "WL-CLI-USAGE");
}

#[test]
fn pins_are_written_from_models_and_from_a_lock_and_never_replaced_unasked() {
    let place = pinned();
    let text = fs::read_to_string(place.path("weightlock.pins")).unwrap();
    place.write("stone.gguf", "stone");
    place.run(["lock", "add", "pebble=m", "stone=stone.gguf"]);
    let ran = place.run(["pins", "write", "--lock", "weightlock.lock"]);
    assert_eq!(ran.code, 4, "{ran:#?}");
    assert!(ran.stderr.contains("--replace"), "{ran:#?}");
    assert_eq!(fs::read_to_string(place.path("weightlock.pins")).unwrap(), text);
    let ran = place.run([
        "pins",
        "write",
        "--json",
        "--lock",
        "weightlock.lock",
        "-o",
        "all.pins",
    ]);
    let models = ran.document::<PinsWritten>()["result"]["models"].clone();
    assert_eq!(
        (&models[0]["shape"], &models[1]["shape"]),
        (&"folder".into(), &"file".into()),
        "{ran:#?}"
    );
    place
        .run([
            "pins",
            "write",
            "--lock",
            "weightlock.lock",
            "-o",
            "one.pins",
            "pebble",
        ])
        .yes();
    assert_eq!(fs::read_to_string(place.path("one.pins")).unwrap(), text);
    for (more, code, reason) in [
        (vec!["--lock", "weightlock.lock", "sand"], 1, "WL-LOCK-MISSING"),
        (vec!["pebble=m", "pebble=m"], 2, "WL-CLI-USAGE"),
        (vec!["../pebble=m"], 2, "WL-CLI-USAGE"),
        (vec!["nothing"], 4, "WL-IO-NOT-FOUND"),
    ] {
        let ran = place.run([&["pins", "write", "-o", "new.pins"], &more[..]].concat());
        assert_eq!(ran.refusal(), (code, vec![reason]), "{more:?}: {ran:#?}");
        assert!(!place.path("new.pins").exists());
    }
}

/// The answer of `verify` says by whom the pins were signed.
#[test]
fn what_was_demanded_besides_is_in_the_answer() {
    let place = pinned();
    place
        .run(["lock", "add", "--key", &publisher(), "pebble=m"])
        .yes();
    let ran = place.run([
        "verify",
        "--json",
        "--key",
        &publisher(),
        "--pins",
        "weightlock.pins",
        "--pins-key",
        &deployer(),
        "--pinned-as",
        "pebble",
        "--lock",
        "weightlock.lock",
        "m",
    ]);
    let result = ran.document::<Verified>()["result"].clone();
    assert_eq!(result["locked_as"]["name"], "pebble", "{ran:#?}");
    assert!(
        result["pinned_as"]["signed_by"]
            .as_str()
            .unwrap()
            .starts_with("ECDSA P-384"),
        "{ran:#?}"
    );
}

/// Whoever locks, pins and verifies without a name means the same one.
#[test]
fn a_model_without_a_name_is_called_the_same_everywhere() {
    let place = Place::new();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let repository = "models--acme--pebble";
    place.write(&format!("{repository}/blobs/b"), "{}");
    let snapshot = format!("{repository}/snapshots/{commit}");
    fs::create_dir_all(place.path(&snapshot)).unwrap();
    std::os::unix::fs::symlink("../../blobs/b", place.path(&snapshot).join("config.json")).unwrap();
    place.write(&format!("{repository}/refs/main"), commit);
    place.write("x/config.json", "other");
    let pins = |output: &str, model: &str| {
        let ran = place.run(["pins", "write", "-o", output, model]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let text = fs::read_to_string(place.path(output)).unwrap();
        text.trim_end().rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(pins("weightlock.pins", repository), "acme/pebble");
    assert_eq!(pins("snapshot.pins", &snapshot), "acme/pebble");
    assert_eq!(pins("x.pins", "x"), "x");
    let ran = place.run(["lock", "add", "--json", repository]);
    assert_eq!(
        ran.json()["result"]["models"][0]["name"],
        "acme/pebble",
        "{ran:#?}"
    );
    sign_pins(&place);
    // Nobody signed the model; the pin is found and holds. A snapshot is verified, and no repository.
    for (model, code) in [
        (snapshot.as_str(), "WL-SIG-UNSIGNED"),
        (repository, "WL-CLI-LAYOUT"),
    ] {
        assert_eq!(verify(&place, &[model]).refusal().1, [code], "{model}");
    }
    // What a link leads to does not say by which pin it is judged.
    std::os::unix::fs::symlink(&snapshot, place.path("stone")).unwrap();
    let ran = verify(&place, &["stone"]);
    assert_eq!(
        ran.refusal().1,
        ["WL-PINS-MISSING", "WL-SIG-UNSIGNED"],
        "{ran:#?}"
    );
}

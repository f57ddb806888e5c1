//! Manners of every verb: suggestions (U8), silence (U9), both spellings (U14), secrets (U15).

use crate::run::{Place, Ran};

#[test]
fn a_slip_of_the_finger_is_answered_with_what_was_meant() {
    let place = Place::with_model();
    for (arguments, meant) in [
        (&["verfiy", "m"][..], "'verify'"),
        (&["verify", "--kye", "a.pub", "m"], "'--key'"),
        (&["key", "generat"], "'generate'"),
        (&["completions", "bsh"], "bash"),
        (
            &["explain", "WL-SIG-TAMPRED"],
            "weightlock explain WL-SIG-TAMPERED",
        ),
        (&["man", "verfy"], "weightlock man verify"),
        (&["scn", "m"], "'scan'"),
        (&["scan", "m", "--fial-on", "high"], "'--fail-on'"),
        (&["scan", "m", "--fail-on", "hihg"], "'high'"),
        (&["explain", "broken-fromat"], "weightlock explain broken-format"),
    ] {
        let ran = place.run(arguments);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {ran:#?}"
        );
        ran.says(meant);
    }
    place.write("release.pub", "");
    place
        .run(["key", "inspect", "relaese.pub"])
        .refused(4, "WL-IO-NOT-FOUND")
        .says("did you mean release.pub ?");
    place
        .run_with_key("verify", "p256.pub.pem", &[])
        .refused(1, "WL-SIG-UNSIGNED");
    let key = crate::run::key("p256.pub.pem");
    place
        .run(["verify", "--key", key.to_str().unwrap(), "./mm"])
        .refused(4, "WL-IO-NOT-FOUND")
        .says("did you mean ./m ?");
}

#[test]
fn quiet_says_nothing_of_success_and_quieter_nothing_at_all() {
    let place = Place::new();
    for (arguments, code) in [
        (&["version"][..], 0),
        (&["doctor"], 0),
        (&["demo"], 0),
        (&["explain", "WL-SIG-TAMPERED"], 0),
        (&["key", "generate", "--unencrypted"], 0),
        (&["key", "inspect", "none"], 4),
        (&["scan", "none"], 4),
        (&["explain", "WL-NO-SUCH"], 2),
    ] {
        let quieter: Vec<_> = arguments.iter().chain(&["-qq"]).collect();
        let ran = place.run(quieter);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (code, "", ""),
            "{arguments:?}"
        );
        let _ = std::fs::remove_file(place.path("weightlock.key"));
        let _ = std::fs::remove_file(place.path("weightlock.pub"));
        let quiet: Vec<_> = arguments.iter().chain(&["-q"]).collect();
        let ran = place.run(quiet);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.is_empty()),
            (code, "", code == 0),
            "{arguments:?}"
        );
    }
}

#[test]
fn flags_are_read_with_hyphens_and_underscores_and_under_other_tools_names() {
    let place = Place::with_model();
    place.sign(&["--ignore_paths", "m/none", "--dry_run"]).yes();
    place.sign(&["--ignore-paths=m/none"]).yes();
    let public = crate::run::key("p256.pub.pem");
    let private = crate::run::key("p256.key.pem");
    let (public, private) = (public.to_str().unwrap(), private.to_str().unwrap());
    place.run(["verify", "key", "--public_key", public, "m"]).yes();
    place.run([
        "verify",
        "key",
        "--public-key",
        public,
        "--ignore_unsigned_files",
        "m",
    ]);
    place
        .run([
            "sign",
            "key",
            "--private_key",
            private,
            "--signature",
            "x.sig",
            "m",
        ])
        .yes();
    for verb in ["sign", "verify"] {
        let help = place.run([verb, "--help"]).yes().stdout;
        assert_eq!(help.matches("--key <").count(), 1, "listed once: {help}");
        assert!(
            !help.contains("private_key") && !help.contains("ignore_paths"),
            "{help}"
        );
    }
}

const CANARY: &str = "canary-5a1e-c0ffee";

/// The password is in a file or in the environment; it must be nowhere else.
#[test]
fn a_flag_wins_over_a_variable_also_over_that_of_another_flag() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let file = |name: &str| crate::run::key(name).to_str().unwrap().to_owned();
    let (private, public, root) = (
        file("p256.key.pem"),
        file("p256.pub.pem"),
        file("root-ca.cert.pem"),
    );
    let with =
        |variable: (&str, &str), arguments: &[&str]| Ran::of(place.command(arguments).envs([variable]));
    let key = ("WEIGHTLOCK_PUBLIC_KEY", public.as_str());
    with(key, &["verify", "m"]).yes();
    with(key, &["verify", "--certificate-chain", &root, "m"]).refused(1, "WL-SIG-METHOD");
    with(key, &["verify", "certificate", "m"]).refused(2, "WL-CLI-NO-TRUST");
    with(("WEIGHTLOCK_PRIVATE_KEY", &private), &["sign", "m"]).yes();
    let token = ["sign", "--pkcs11-uri", "pkcs11:token=none;bad", "m"];
    with(("WEIGHTLOCK_PRIVATE_KEY", &private), &token).refused(2, "WL-PKCS11-URI");
    for (variable, arguments, json) in [
        (("WEIGHTLOCK_FORMAT", "text"), &["version", "--json"][..], true),
        (("WEIGHTLOCK_JSON", "1"), &["version", "--format", "text"], false),
        (("WEIGHTLOCK_JSON", "1"), &["version"], true),
        (("WEIGHTLOCK_JSON", "false"), &["version"], false),
        (("WEIGHTLOCK_FORMAT", "json"), &["version"], true),
    ] {
        let ran = with(variable, arguments).yes();
        assert_eq!(ran.stdout.starts_with('{'), json, "{variable:?} {arguments:?}");
    }
    for refused in [
        with(("WEIGHTLOCK_JSON", "maybe"), &["version"]),
        place.run(["version", "--json", "--format", "text"]),
    ] {
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(!refused.stdout.contains(env!("CARGO_PKG_VERSION")), "{refused:?}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let place = Place::with_model();
    place.write("pass", CANARY);
    place.write("wrong", "something else");
    let check = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command
            .env("WEIGHTLOCK_PASSWORD", CANARY)
            .env("COSIGN_PASSWORD", CANARY)
            .env("COSIGN_PKCS11_PIN", CANARY);
        let ran = Ran::of(&mut command);
        assert!(
            !format!("{ran:?}").contains(CANARY),
            "{arguments:?} shows the secret: {ran:#?}"
        );
        ran
    };
    check(&["key", "generate", "k", "-v"]).yes();
    check(&["key", "inspect", "k.key", "--json"]).yes();
    check(&["key", "inspect", "k.key", "--password-file", "wrong", "-vv"])
        .refused(2, "WL-KEY-WRONG-PASSWORD");
    check(&["sign", "--key", "k.key", "m", "--json", "-vv"]).yes();
    check(&["verify", "--key", "k.pub", "m", "--json"]).yes();
    check(&["verify", "--key", "k.key", "m"]).refused(2, "WL-KEY-IS-PRIVATE");
    for verb in [&["sign"][..], &["verify"], &["key", "generate"], &["doctor"]] {
        check(&[verb, &["--help"]].concat()).yes();
        check(&[&["man"], verb].concat()).yes();
    }
    check(&["doctor", "--json"]).yes();
    check(&["completions", "bash"]).yes();
    for entry in walk(&place.path("")) {
        let text = std::fs::read(&entry).unwrap();
        let holds = text.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
        assert!(
            !holds || entry.ends_with("pass"),
            "{} holds the secret",
            entry.display()
        );
    }
    // No flag takes a secret as its value.
    let taken = place.run(["key", "generate", "--password", CANARY]);
    assert_eq!(taken.code, 2);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path))
        } else {
            files.push(path)
        }
    }
    files
}

/// The verb that was called is the one that help names, with the forms that it has.
#[test]
fn help_names_the_verb_that_was_called() {
    let place = Place::with_model();
    place.write("m/README.md", "# A model\n");
    place.write(
        "policy.toml",
        "version = 1\nmode = \"development\"\n[require]\ncoverage = true\n",
    );
    for (arguments, help) in [
        (["sign", "m"].as_slice(), "weightlock sign --key NAME.key MODEL"),
        (
            &["gate", "--attest", "--policy", "policy.toml", "m"],
            "weightlock gate --attest --key NAME.key MODEL",
        ),
        (
            &["card", "sign", "m"],
            "weightlock card sign --key NAME.key MODEL",
        ),
        (
            &["bom", "--sign", "m"],
            "weightlock bom --sign --key NAME.key MODEL",
        ),
        (&["verify", "m"], "weightlock verify --key SIGNER.pub MODEL"),
        (
            &["pins", "verify", "m"],
            "weightlock pins verify --key SIGNER.pub MODEL",
        ),
        (
            &["inspect", "--format", "csv", "m"],
            "--format text or --format json or --format html",
        ),
        (
            &["digest", "--format", "html", "m"],
            "--format text or --format json",
        ),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:#?}");
        let line = format!("  = help: {help}\n");
        assert!(ran.stderr.contains(&line), "{arguments:?}: {ran:#?}");
    }
}

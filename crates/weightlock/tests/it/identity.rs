//! `weightlock verify` by identity, as a person or a job runs it: on signatures that services gave out earlier, without them.

use std::{fs, process::Command};

use weightlock_peers::{
    Peer, program,
    sigstore::{Account, Rekor, Sigstore},
    skip,
};

use crate::run::{Place, Ran};

const NAME: &str = "https://github.com/acme/model/.github/workflows/release.yml@refs/tags/v1";
const PATTERN: &str = "https://github.com/acme/model/.github/workflows/*@refs/tags/*";

/// A model signed by a workflow, whose services are gone.
struct Signed {
    place: Place,
    issuer: String,
}

impl Signed {
    fn new() -> Self {
        let sigstore = Sigstore::start();
        let place = Place::with_model();
        let account = Account::github("acme/model", "release.yml", "refs/tags/v1", "push");
        place.write("trust.json", sigstore.trust_config(Rekor::First));
        place.write("root.json", sigstore.trusted_root());
        place.write("token", sigstore.token(&account));
        let words = ["sign", "sigstore", "m", "--trust-config", "trust.json"];
        let token = ["--identity-token-file", "token", "--yes"];
        let signed = place.run(words.into_iter().chain(token));
        assert_eq!(signed.code, 0, "{signed:?}");
        let issuer = sigstore.issuer().to_owned();
        Self { place, issuer }
    }

    fn words<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let words = [
            "verify",
            "m",
            "--trusted-root",
            "root.json",
            "--identity-provider",
            &self.issuer,
        ];
        words.into_iter().chain(more.iter().copied()).collect()
    }

    fn verify(&self, more: &[&str]) -> Ran {
        self.place.run(self.words(more))
    }
}

/// S21, X8: the one that is named, with expected and found where it is another.
#[test]
fn only_the_identity_that_is_asked_for_counts() {
    let signed = Signed::new();
    signed
        .verify(&["--identity", NAME])
        .yes()
        .says(NAME)
        .says("transparency log");
    signed.verify(&["--certificate-identity", NAME]).yes();
    signed
        .verify(&["--identity", &NAME.replace("v1", "v2")])
        .refused(1, "WL-ID-MISMATCH")
        .says("expected")
        .says("found")
        .says("they differ from character");
    signed.verify(&["--identity-pattern", PATTERN]).yes();
    let other = PATTERN.replace("acme/model", "acme/mode");
    signed
        .verify(&["--identity-pattern", &other])
        .refused(1, "WL-ID-MISMATCH");
    let words = ["verify", "m", "--trusted-root", "root.json", "--identity", NAME];
    let strange = ["--identity-provider", "https://accounts.example.org"];
    signed
        .place
        .run(words.iter().chain(&strange))
        .refused(1, "WL-ID-ISSUER");
    signed.place.run(words).refused(2, "WL-CLI-NO-TRUST");
    // Without the deployment's root, it is nobody the public instance knows.
    let public = [
        "verify",
        "m",
        "--identity",
        NAME,
        "--identity-provider",
        &signed.issuer,
    ];
    signed.place.run(public).refused(1, "WL-TIME-INVALID");
    // A root without an identity would decide nothing.
    signed
        .place
        .run_with_key("verify", "p256.pub.pem", &["--trusted-root", "root.json"])
        .refused(2, "WL-CLI-USAGE");
    // No ready-made command accepts the one that was found.
    let told = signed.verify(&["--identity", "mallory@example.com"]);
    let helps: Vec<_> = told
        .stderr
        .lines()
        .filter(|line| line.contains("help:"))
        .collect();
    assert!(!helps.iter().any(|help| help.contains(NAME)), "{told:?}");
}

#[test]
fn claims_of_the_workflow_are_required_to_the_letter() {
    let signed = Signed::new();
    let by = |more: &[&str]| signed.verify(&[&["--identity", NAME], more].concat());
    for (flag, right, wrong) in [
        ("--workflow-repository", "acme/model", "acme/models"),
        (
            "--workflow-repository",
            "https://github.com/acme/model",
            "https://github.com/acme/mode",
        ),
        ("--workflow-ref", "refs/tags/v1", "refs/heads/main"),
        ("--workflow-trigger", "push", "workflow_dispatch"),
        (
            "--certificate-github-workflow-repository",
            "acme/model",
            "acme/other",
        ),
        (
            "--certificate-github-workflow-ref",
            "refs/tags/v1",
            "refs/tags/v2",
        ),
        ("--claim", "build-trigger=push", "build-trigger=pull_request"),
    ] {
        by(&[flag, right]).yes();
        by(&[flag, wrong])
            .refused(1, "WL-ID-CLAIM")
            .says("expected")
            .says("found");
    }
    let unknown = by(&["--claim", "colour=red"]);
    assert!(
        unknown.code == 2 && unknown.stderr.contains("build-trigger"),
        "{unknown:?}"
    );
}

#[test]
fn anybody_has_a_dangerous_name_and_is_nobody_in_production() {
    let signed = Signed::new();
    let words = [
        "verify",
        "m",
        "--trusted-root",
        "root.json",
        "--danger-any-identity",
    ];
    let told = signed.place.run(words).yes().says(NAME).says("not asked");
    assert!(told.stdout.contains("identity"), "{told:#?}");
    let mut command = signed.place.command(words);
    Ran::of(command.env("WEIGHTLOCK_MODE", "production")).refused(2, "WL-DANGER-REFUSED");
    for flag in ["--danger-without-log", "--danger-without-sct"] {
        let words = signed.words(&["--identity", NAME, flag]);
        let mut command = signed.place.command(&words);
        Ran::of(command.env("WEIGHTLOCK_MODE", "production")).refused(2, "WL-DANGER-REFUSED");
        signed.place.run(&words).yes().says("not asked");
    }
}

/// X6: the kernel sees no socket, and none is missed where there is no network at all.
#[test]
fn an_identity_is_verified_without_a_socket() {
    let signed = Signed::new();
    let words = signed.words(&["--identity", NAME, "--offline"]);
    let run = |before: &str, arguments: &[&str]| {
        let mut command = Command::new(before);
        command
            .args(arguments)
            .arg(env!("CARGO_BIN_EXE_weightlock"))
            .args(&words);
        command
            .current_dir(signed.place.path(""))
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        Ran::of(command.env("HOME", signed.place.path("home")))
    };
    if let Some(strace) = program(Peer::Strace) {
        let trace = signed.place.path("trace");
        let trace = trace.to_str().unwrap();
        let ran = run(
            strace.to_str().unwrap(),
            &["-f", "-qq", "-e", "trace=%network", "-o", trace],
        );
        match fs::read_to_string(trace) {
            Ok(calls) => {
                assert!(
                    !calls.contains("socket(") && !calls.contains("connect("),
                    "{calls}"
                );
                ran.yes();
            }
            Err(_) => skip("strace may not trace here"),
        }
    }
    let apart = Command::new("unshare").args(["-rn", "true"]).status();
    if apart.is_ok_and(|status| status.success()) {
        run("unshare", &["-rn"]).yes();
    } else {
        skip("this machine does not permit network namespaces");
    }
}

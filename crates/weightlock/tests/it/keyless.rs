//! `weightlock sign sigstore`, against services that implement the real protocols.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use weightlock_peers::{
    on_path,
    sigstore::{Account, JOB_SECRET, Lie, Rekor, Service, Sigstore, Trouble},
    skip,
};

use crate::run::{Place, Ran};

/// A model, a trust configuration and a token.
fn place(sigstore: &Sigstore, rekor: Rekor, account: &Account) -> Place {
    let place = Place::with_model();
    place.write("trust.json", sigstore.trust_config(rekor));
    place.write("token", sigstore.token(account) + "\n");
    place
}

const WITH_FILE: [&str; 5] = [
    "--trust-config",
    "trust.json",
    "--identity-token-file",
    "token",
    "--yes",
];

/// Refused with this code, after what would be published was said or before.
#[track_caller]
fn refused(ran: Ran, code: i32, reason: &str) -> Ran {
    assert_eq!(ran.code, code, "{ran:#?}");
    assert!(
        ran.stderr.contains(&format!("error[{reason}]")),
        "{reason}: {ran:#?}"
    );
    assert_eq!(ran.stdout, "", "a refusal has no result on standard output");
    ran
}

fn sign(place: &Place, more: &[&str]) -> Ran {
    place.run([&["sign", "sigstore", "m"], more].concat())
}

fn verify(place: &Place, identity: &str, issuer: &str) -> Ran {
    place.run([
        "verify",
        "m",
        "--identity",
        identity,
        "--identity-provider",
        issuer,
        "--trusted-root",
        "trust.json",
    ])
}

#[test]
fn an_identity_signs_and_verifies() {
    let sigstore = Sigstore::start();
    for (rekor, account) in [
        (Rekor::First, Account::email("signer@example.com")),
        (
            Rekor::Second,
            Account::github("acme/model", "release.yml", "refs/tags/v1", "push"),
        ),
        (
            Rekor::Both,
            Account::gitlab("acme/model", "refs/heads/main", "push"),
        ),
    ] {
        let place = place(&sigstore, rekor, &account);
        let signed = sign(&place, &[&WITH_FILE[..], &["--leaves", "--fs-verity"]].concat());
        assert_eq!(signed.code, 0, "{signed:?}");
        assert!(signed.stdout.contains(&account.identity()), "{signed:?}");
        assert!(signed.stderr.contains("for ever"), "{signed:?}");
        assert!(
            signed.stderr.contains(&sigstore.url(Service::Fulcio)),
            "{signed:?}"
        );
        verify(&place, &account.identity(), sigstore.issuer()).yes();
        verify(&place, "mallory@example.com", sigstore.issuer()).refused(1, "WL-ID-MISMATCH");
        verify(&place, &account.identity(), "https://issuer.example.org").refused(1, "WL-ID-ISSUER");
        let evidence = fs::read_dir(place.path("m/.weightlock/evidence"))
            .unwrap()
            .count();
        assert_eq!(evidence, 2);
        place.flip("m/model.safetensors", 100, 1);
        verify(&place, &account.identity(), sigstore.issuer()).refused(1, "WL-SIG-TAMPERED");
    }
    // Its root is another one.
    let other = Sigstore::start();
    let account = Account::email("signer@example.com");
    let place = place(&sigstore, Rekor::First, &account);
    sign(&place, &WITH_FILE);
    place.write("trust.json", other.trust_config(Rekor::First));
    verify(&place, &account.identity(), sigstore.issuer()).refused(1, "WL-TIME-INVALID");
}

#[test]
fn nothing_is_published_without_a_yes_or_a_way_to_sign() {
    let sigstore = Sigstore::start();
    let place = place(&sigstore, Rekor::First, &Account::email("signer@example.com"));
    let config = ["--trust-config", "trust.json"];
    let file = ["--identity-token-file", "token"];
    for (more, code, says) in [
        ([&config[..], &file].concat(), "WL-CLI-NOT-CONFIRMED", "--yes"),
        (
            [&config[..], &["--yes"]].concat(),
            "WL-OIDC-NO-TERMINAL",
            "--identity-token-file",
        ),
        (
            [&config[..], &["--yes", "--device-flow"]].concat(),
            "WL-OIDC-NO-TERMINAL",
            "terminal",
        ),
        (
            [&config[..], &["--yes", "--use-ambient-credentials"]].concat(),
            "WL-OIDC-NOTHING-AMBIENT",
            "token",
        ),
        ([&file[..], &["--yes"]].concat(), "WL-CLI-USAGE", "--production"),
        (
            [&WITH_FILE[..], &["--offline"]].concat(),
            "WL-CLI-OFFLINE",
            "--offline",
        ),
        (
            [&WITH_FILE[..], &["--incremental"]].concat(),
            "WL-CLI-USAGE",
            "--incremental",
        ),
        (
            [&config[..], &["--yes", "--identity-token", "e30.e30.e30"]].concat(),
            "WL-CLI-USAGE",
            "SIGSTORE_ID_TOKEN",
        ),
        (
            [&config[..], &["--yes", "--identity-token-file", "trust.json"]].concat(),
            "WL-OIDC-MALFORMED",
            "token",
        ),
    ] {
        refused(sign(&place, &more), 2, code).says(says);
    }
    for unheard in ["--signing-config", "--trusted-root"] {
        assert_eq!(sign(&place, &[unheard, "trust.json"]).code, 2);
    }
    assert!(!place.path("m/model.sig").exists());
    assert_eq!(sigstore.requests(Service::Fulcio), 0);
}

#[test]
fn a_dry_run_calls_nobody() {
    let sigstore = Sigstore::start();
    let place = place(&sigstore, Rekor::First, &Account::email("signer@example.com"));
    let ran = sign(&place, &[&WITH_FILE[..], &["--dry-run"]].concat());
    assert!(ran.stdout.starts_with("would sign m: 3 files"), "{ran:?}");
    assert!(!place.path("m/model.sig").exists());
    assert_eq!(sigstore.requests(Service::Fulcio), 0);
}

#[test]
fn a_token_is_never_shown() {
    let sigstore = Sigstore::start();
    let account = Account::email("signer@example.com");
    let place = place(&sigstore, Rekor::First, &account);
    let token = fs::read_to_string(place.path("token")).unwrap();
    let claims = token.split('.').nth(1).unwrap().to_owned();
    for lie in [None, Some(Lie::OtherIdentity), Some(Lie::NoSct)] {
        sigstore.lie(lie);
        for form in ["--json", "--verbose"] {
            let ran = sign(&place, &[&WITH_FILE[..], &[form]].concat());
            assert!(!format!("{ran:?}").contains(&claims), "{lie:?} {form}");
        }
    }
    let ran = sign(
        &place,
        &[
            "--trust-config",
            "trust.json",
            "--yes",
            "--identity-token",
            token.trim(),
        ],
    );
    assert!(!format!("{ran:?}").contains(&claims), "{ran:?}");
}

#[test]
fn a_lying_or_broken_service_leaves_no_signature() {
    let sigstore = Sigstore::start();
    let place = place(&sigstore, Rekor::First, &Account::email("signer@example.com"));
    for (lie, code) in [
        (Lie::OtherIdentity, "WL-CA-OTHER-IDENTITY"),
        (Lie::SctOfAnotherLog, "WL-CERT-SCT"),
        (Lie::EntryOfAnotherSignature, "WL-LOG-OTHER-ENTRY"),
        (Lie::TimestampOfOtherBytes, "WL-TIME-ANSWER"),
    ] {
        sigstore.lie(Some(lie));
        let ran = sign(&place, &[&WITH_FILE[..], &["--json"]].concat());
        assert_ne!(ran.code, 0, "{lie:?}: {ran:?}");
        assert!(ran.codes().contains(&code.to_owned()), "{lie:?}: {ran:?}");
        assert!(!place.path("m/model.sig").exists(), "{lie:?}");
    }
    sigstore.lie(None);
    sigstore.trouble(Service::RekorFirst, Some(Trouble::Fails));
    refused(sign(&place, &WITH_FILE), 4, "WL-NET-STATUS");
    assert!(!place.path("m/model.sig").exists());
}

#[test]
fn ones_own_signature_is_replaced_and_nobody_elses() {
    let sigstore = Sigstore::start();
    let place = place(&sigstore, Rekor::First, &Account::email("signer@example.com"));
    assert_eq!(sign(&place, &WITH_FILE).code, 0);
    let first = fs::read(place.path("m/model.sig")).unwrap();
    assert_eq!(sign(&place, &WITH_FILE).code, 0);
    let second = fs::read(place.path("m/model.sig")).unwrap();
    assert_ne!(first, second);
    place.write("token", sigstore.token(&Account::email("ada@example.com")));
    refused(sign(&place, &WITH_FILE), 1, "WL-SIG-EXISTS").says("ada@example.com");
    assert_eq!(fs::read(place.path("m/model.sig")).unwrap(), second);
    assert_eq!(sign(&place, &[&WITH_FILE[..], &["--replace"]].concat()).code, 0);
    verify(&place, "ada@example.com", sigstore.issuer()).yes();
}

#[test]
fn one_signer_is_named() {
    let sigstore = Sigstore::start();
    let place = place(&sigstore, Rekor::First, &Account::email("signer@example.com"));
    place.write("blob", "a blob");
    let with_key = [&WITH_FILE[..], &["--key", "release.key"]].concat();
    sign(&place, &with_key)
        .refused(2, "WL-CLI-USAGE")
        .says("two different signers");
    let blob = |more: &[&str]| place.run([&["sign-blob", "blob"], &WITH_FILE[..], more].concat());
    blob(&["--key", "release.key"])
        .refused(2, "WL-CLI-USAGE")
        .says("two different signers");
    blob(&["--output-signature", "blob.sig"])
        .refused(2, "WL-CLI-USAGE")
        .says("--bundle");
    assert_eq!(sigstore.requests(Service::Fulcio), 0);
    assert_eq!(blob(&[]).code, 0);
    assert!(place.path("blob.sigstore.json").is_file());
}

#[test]
fn jobs_sign_with_what_they_find() {
    let sigstore = Sigstore::start();
    let job = Account::github("acme/model", "release.yml", "refs/tags/v1", "push");
    sigstore.sign_in(job.clone());
    let place = place(&sigstore, Rekor::Second, &job);
    let arguments = ["sign", "sigstore", "m", "--trust-config", "trust.json", "--yes"];
    let github = |command: &mut Command| {
        command.env("GITHUB_ACTIONS", "true");
        command.env(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            format!("{}/job?x=1", sigstore.issuer()),
        );
    };
    let mut command = place.command(arguments);
    github(&mut command);
    let signed = Ran::of(command.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", JOB_SECRET));
    assert_eq!(signed.code, 0, "{signed:?}");
    assert!(!format!("{signed:?}").contains(JOB_SECRET));
    let mut command = place.command(arguments);
    github(&mut command);
    refused(Ran::of(&mut command), 2, "WL-OIDC-NOT-ALLOWED").says("id-token: write");
    let signed = Ran::of(
        place
            .command(arguments)
            .env("SIGSTORE_ID_TOKEN", sigstore.token(&job)),
    );
    assert_eq!(signed.code, 0, "{signed:?}");
    let signed = Ran::of(
        place
            .command(arguments)
            .env("GCE_METADATA_HOST", sigstore.issuer().replace("http://", "")),
    );
    assert_eq!(signed.code, 0, "{signed:?}");
    let ran = Ran::of(place.command(arguments).env("GITLAB_CI", "true"));
    refused(ran, 2, "WL-OIDC-NOT-ALLOWED").says("id_tokens");
    verify(&place, &job.identity(), sigstore.issuer()).yes();
}

/// A run of the binary on a terminal of its own.
struct Terminal {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Terminal {
    fn run(place: &Place, arguments: &str) -> Option<Self> {
        if on_path("script").is_none() {
            skip("there is no program `script`, which gives a terminal");
            return None;
        }
        let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_weightlock"));
        let mut child = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(place.path(""))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", place.path("home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, said })
    }

    fn answer(&mut self, text: &str) {
        self.child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    /// The first line with this in it.
    fn line(&mut self, with: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.said.read_line(&mut line).unwrap(),
                0,
                "it ended before saying {with:?}"
            );
            if line.contains(with) {
                return line.trim().to_owned();
            }
        }
    }

    fn end(mut self) -> (i32, String) {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code().unwrap(), rest)
    }
}

/// Opens an address and goes where it is sent.
fn browse(mut address: String) {
    for _ in 0..3 {
        let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        // The port may be closed at once; what was said before counts.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        match answer.lines().find_map(|line| line.strip_prefix("Location: ")) {
            Some(next) => address = next.to_owned(),
            None => return,
        }
    }
}

#[test]
fn a_person_says_yes_and_logs_in() {
    let sigstore = Sigstore::start();
    sigstore.sign_in(Account::email("ada@example.com"));
    let place = place(&sigstore, Rekor::First, &Account::email("nobody@example.com"));
    let arguments = "sign sigstore m --trust-config trust.json --no-progress --color never";
    for flow in ["", "--device-flow"] {
        let Some(mut terminal) = Terminal::run(&place, &format!("{arguments} {flow}")) else {
            return;
        };
        terminal.answer("y\n");
        let line = terminal.line(if flow.is_empty() { "/auth?" } else { "Open " });
        browse(
            line.split(' ')
                .find(|word| word.starts_with("http://"))
                .unwrap()
                .to_owned(),
        );
        let (code, said) = terminal.end();
        assert_eq!(code, 0, "{flow}: {said}");
        assert!(said.contains("signed m"), "{flow}: {said}");
        verify(&place, "ada@example.com", sigstore.issuer()).yes();
        fs::remove_file(place.path("m/model.sig")).unwrap();
    }
    let Some(mut terminal) = Terminal::run(&place, arguments) else {
        return;
    };
    let asked = sigstore.requests(Service::Fulcio);
    terminal.answer("n\n");
    let (code, said) = terminal.end();
    assert!(
        code == 2 && said.contains("WL-CLI-NOT-CONFIRMED"),
        "{code}: {said}"
    );
    assert_eq!(sigstore.requests(Service::Fulcio), asked);
}

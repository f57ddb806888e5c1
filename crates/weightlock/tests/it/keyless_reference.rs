//! Both directions with the real clients of Sigstore: what the reference of model signing and Python's sigstore sign with
//! private services, Weightlock verifies, and the other way round; and none accepts what it must not.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use weightlock_peers::{
    Peer, program,
    sigstore::{Account, Rekor, Sigstore},
    skip,
};

use crate::run::Place;

const BLOB: &[u8] = b"a blob, such as a tokenizer";

/// Two who sign and verify models by identity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Ours,
    Reference,
}

struct Bench {
    place: Place,
    reference: PathBuf,
    sigstore: Sigstore,
    account: Account,
}

impl Bench {
    fn new(rekor: Rekor, account: Account) -> Option<Self> {
        let reference = program(Peer::ModelSigning)?;
        let sigstore = Sigstore::start();
        let place = Place::with_model();
        place.write("trust.json", sigstore.trust_config(rekor));
        place.write("blob", BLOB);
        place.write("token", sigstore.token(&account));
        Some(Self {
            place,
            reference,
            sigstore,
            account,
        })
    }

    fn command(&self, who: Who, words: &[&str]) -> Command {
        let mut command = match who {
            Who::Ours => self.place.command(["compat", "model_signing"]),
            Who::Reference => {
                let mut command = Command::new(&self.reference);
                command
                    .current_dir(self.place.path(""))
                    .env("HOME", self.place.path("home"));
                command
            }
        };
        command
            .args(words)
            .args(["--trust_config", "trust.json", "--signature", "model.sig"]);
        command
    }

    fn sign(&self, who: Who) {
        let mut command = self.command(who, &["sign", "sigstore"]);
        match who {
            Who::Ours => command.args(["--identity_token_file", "token"]),
            Who::Reference => command
                .arg("--identity_token")
                .arg(self.sigstore.token(&self.account)),
        };
        let output = command.arg("m").output().unwrap();
        assert!(output.status.success(), "{who:?}: {output:?}");
        assert!(
            output.stdout.ends_with(b"Signing succeeded\n"),
            "{who:?}: {output:?}"
        );
    }

    fn verify(&self, who: Who, identity: &str, issuer: &str) -> (bool, String) {
        let mut command = self.command(who, &["verify", "sigstore"]);
        command.args(["--identity", identity, "--identity_provider", issuer, "m"]);
        told(&command.output().unwrap())
    }

    fn verifies(&self, who: Who) -> (bool, String) {
        self.verify(who, &self.account.identity(), self.sigstore.issuer())
    }
}

/// Whether it verified; it must end in one of its two ways.
fn told(output: &Output) -> (bool, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => (true, said),
        Some(1) => (false, said),
        other => panic!("{other:?}: {said}"),
    }
}

#[test]
fn models_in_both_directions_and_refusals() {
    for (rekor, account) in [
        (Rekor::First, Account::email("signer@example.com")),
        (
            Rekor::Second,
            Account::github("acme/model", "release.yml", "refs/tags/v1", "push"),
        ),
    ] {
        let Some(bench) = Bench::new(rekor, account) else {
            return;
        };
        for signer in [Who::Ours, Who::Reference] {
            bench.sign(signer);
            for verifier in [Who::Ours, Who::Reference] {
                let pair = format!("{rekor:?}: {signer:?} by {verifier:?}");
                let (verified, said) = bench.verifies(verifier);
                assert!(verified, "{pair}: {said}");
                let issuer = bench.sigstore.issuer();
                let (verified, said) = bench.verify(verifier, "mallory@example.com", issuer);
                assert!(!verified, "{pair}: another identity: {said}");
                let identity = bench.account.identity();
                let (verified, said) = bench.verify(verifier, &identity, "https://issuer.example.org");
                assert!(!verified, "{pair}: another issuer: {said}");
                bench.place.flip("m/config.json", 3, 1);
                let (verified, said) = bench.verifies(verifier);
                assert!(
                    !verified && said.contains("Hash mismatch"),
                    "{pair}: tampered: {said}"
                );
                bench.place.flip("m/config.json", 3, 1);
                let other = Sigstore::start();
                bench.place.write("trust.json", other.trust_config(rekor));
                let (verified, said) = bench.verifies(verifier);
                assert!(!verified, "{pair}: another root: {said}");
                bench
                    .place
                    .write("trust.json", bench.sigstore.trust_config(rekor));
            }
        }
    }
}

/// The client's own command line, which comes with the reference.
fn python_sigstore(bench: &Bench) -> Option<Command> {
    let program = bench.reference.with_file_name("sigstore");
    if !program.is_file() {
        skip("Python's sigstore is not beside the reference");
        return None;
    }
    let mut command = Command::new(program);
    command
        .current_dir(bench.place.path(""))
        .env("HOME", bench.place.path("home"))
        .args(["--trust-config", "trust.json"]);
    Some(command)
}

fn conformance(bench: &Bench, words: &[&str]) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_weightlock-conformance"));
    let mut command = Command::new(binary);
    command.current_dir(bench.place.path("")).args(words);
    command.output().unwrap()
}

#[test]
fn blobs_in_both_directions_and_refusals() {
    for rekor in [Rekor::First, Rekor::Second] {
        let Some(bench) = Bench::new(rekor, Account::email("signer@example.com")) else {
            return;
        };
        let (identity, issuer) = (bench.account.identity(), bench.sigstore.issuer().to_owned());
        bench.place.write("root.json", bench.sigstore.trusted_root());
        bench
            .place
            .write("signing.json", bench.sigstore.signing_config(rekor));
        let token = bench.sigstore.token(&bench.account);
        let Some(mut theirs) = python_sigstore(&bench) else {
            return;
        };
        let output = theirs
            .args([
                "sign",
                "--identity-token",
                &token,
                "--bundle",
                "theirs.json",
                "blob",
            ])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let output = conformance(
            &bench,
            &[
                "sign-bundle",
                "--identity-token",
                &token,
                "--bundle",
                "ours.json",
                "--trusted-root",
                "root.json",
                "--signing-config",
                "signing.json",
                "blob",
            ],
        );
        assert!(output.status.success(), "{output:?}");
        let words = [
            "sign-blob",
            "--trust-config",
            "trust.json",
            "--identity-token-file",
            "token",
            "--yes",
        ];
        let signed = bench
            .place
            .run([&words[..], &["--bundle", "verb.json", "blob"]].concat());
        assert_eq!(signed.code, 0, "{signed:?}");
        assert!(signed.stdout.contains(&identity), "{signed:?}");
        for bundle in ["ours.json", "verb.json", "theirs.json"] {
            let ours = |identity: &str| {
                let words = [
                    "verify-bundle",
                    "--bundle",
                    bundle,
                    "--certificate-identity",
                    identity,
                    "--certificate-oidc-issuer",
                    &issuer,
                    "--trusted-root",
                    "root.json",
                    "blob",
                ];
                conformance(&bench, &words).status.success()
            };
            let theirs = |identity: &str| {
                let mut command = python_sigstore(&bench).unwrap();
                command.args([
                    "verify",
                    "identity",
                    "--bundle",
                    bundle,
                    "--cert-identity",
                    identity,
                ]);
                command.args(["--cert-oidc-issuer", &issuer, "blob"]);
                command.output().unwrap().status.success()
            };
            assert!(ours(&identity) && theirs(&identity), "{rekor:?} {bundle}");
            assert!(!ours("mallory@example.com") && !theirs("mallory@example.com"));
            fs::write(bench.place.path("blob"), b"another blob").unwrap();
            assert!(
                !ours(&identity) && !theirs(&identity),
                "{rekor:?} {bundle}: tampered"
            );
            bench.place.write("blob", BLOB);
        }
    }
}

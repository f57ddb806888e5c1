//! The real client of Sigstore, in Python, signs with the services and verifies what they give out.
//!
//! Without this the services could be wrong in the same way as the program that is tested with them.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

use std::{fs, path::PathBuf, process::Command};

use weightlock_peers::{
    Peer, program,
    sigstore::{Account, BundleVersion, Lie, Rekor, Signed, Sigstore},
};

const MESSAGE: &[u8] = b"weights";
const STATEMENT: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m","digest":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}],"predicateType":"https://example.com/p","predicate":{}}"#;

/// A folder for the client, with a trust configuration.
struct Client {
    python: PathBuf,
    folder: tempfile::TempDir,
}

impl Client {
    fn new(sigstore: &Sigstore, rekor: Rekor) -> Option<Self> {
        let python = program(Peer::ModelSigning)?.with_file_name("python");
        let client = Self {
            python,
            folder: tempfile::tempdir().unwrap(),
        };
        client.write("trust.json", sigstore.trust_config(rekor));
        client.write("message", MESSAGE);
        client.write("statement", STATEMENT);
        Some(client)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn believe(&self, sigstore: &Sigstore, account: &Account) {
        let who = serde_json::json!({"identity": account.identity(), "issuer": sigstore.issuer()});
        self.write("who.json", who.to_string());
    }

    /// Whether the client did it, and what it said.
    fn run(&self, act: &str) -> (bool, String) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client.py");
        let mut command = Command::new(&self.python);
        command.args([script, act]).arg(self.folder.path());
        let output = command.env("HOME", self.folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success() && output.stdout == b"done\n", said)
    }

    #[track_caller]
    fn does(&self, act: &str) {
        let (done, said) = self.run(act);
        assert!(done, "{act}: {said}");
    }
}

#[test]
fn the_real_client_signs_and_verifies_with_the_services() {
    let sigstore = Sigstore::start();
    for rekor in [Rekor::First, Rekor::Second, Rekor::Both] {
        let Some(client) = Client::new(&sigstore, rekor) else {
            return;
        };
        for account in [
            Account::email("signer@example.com"),
            Account::github("acme/model", "release.yml", "refs/heads/main", "push"),
        ] {
            client.write("token", sigstore.token(&account));
            client.believe(&sigstore, &account);
            client.does("sign");
            client.does("verify-message");
            client.does("verify-statement");
        }
        client.believe(&sigstore, &Account::email("mallory@example.com"));
        assert!(!client.run("verify-message").0);
        assert!(!client.run("verify-statement").0);
    }
}

#[test]
fn the_real_client_accepts_whole_bundles() {
    let sigstore = Sigstore::start();
    let Some(client) = Client::new(&sigstore, Rekor::Both) else {
        return;
    };
    let account = Account::gitlab("acme/model", "refs/heads/main", "push");
    client.believe(&sigstore, &account);
    for (version, rekor, timestamp) in [
        (BundleVersion::V03, Rekor::First, false),
        (BundleVersion::V03, Rekor::First, true),
        (BundleVersion::V03, Rekor::Second, true),
        (BundleVersion::V02, Rekor::First, false),
    ] {
        let bundle = |signed| sigstore.bundle(&account, signed, version, rekor, timestamp);
        client.write("message.json", bundle(Signed::Message(MESSAGE)));
        client.does("verify-message");
        client.write("statement.json", bundle(Signed::Statement(STATEMENT)));
        client.does("verify-statement");
        client.write("message.json", bundle(Signed::Message(b"other weights")));
        assert!(!client.run("verify-message").0, "{version:?} {rekor:?}");
    }
}

/// Each lie is a real one: what was made under it is refused by a verifier that is not ours.
#[test]
fn the_real_client_refuses_what_was_made_with_lies() {
    let sigstore = Sigstore::start();
    let Some(client) = Client::new(&sigstore, Rekor::Both) else {
        return;
    };
    let account = Account::email("signer@example.com");
    client.believe(&sigstore, &account);
    // The log itself refuses another key's certificate; a nonce is gone once a bundle is written.
    fs::create_dir(client.folder.path().join("lies")).unwrap();
    let unseen = [Lie::OtherKey, Lie::OtherNonce];
    let first = [Lie::CERTIFICATES.as_slice(), &Lie::ENTRIES, &Lie::PROMISES].concat();
    let second = [Lie::ENTRIES.as_slice(), &Lie::TIMESTAMPS].concat();
    for (rekor, lies) in [(Rekor::First, first), (Rekor::Second, second)] {
        for lie in lies.into_iter().filter(|lie| !unseen.contains(lie)) {
            sigstore.lie(Some(lie));
            let signed = Signed::Message(MESSAGE);
            let bundle = sigstore.bundle(&account, signed, BundleVersion::V03, rekor, false);
            sigstore.lie(None);
            client.write(&format!("lies/{lie:?} {rekor:?}"), bundle);
        }
    }
    client.does("refuse");
}

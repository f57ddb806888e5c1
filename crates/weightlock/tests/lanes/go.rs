//! Lane `go`: keys and blobs go to and from the real cosign.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

mod attest;
mod cosign_blobs;
mod cosign_keyless;
mod cosign_kms;
mod provenance;
mod sigstore_services;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use weightlock_peers::{Peer, program};

const PASSWORD: &str = "a password of the lane";

struct Pair {
    folder: tempfile::TempDir,
    cosign: PathBuf,
}

impl Pair {
    fn new() -> Option<Self> {
        let cosign = program(Peer::Cosign)?;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("m")).unwrap();
        fs::write(folder.path().join("m/config.json"), "{}").unwrap();
        fs::write(folder.path().join("blob"), "a blob").unwrap();
        Some(Self { folder, cosign })
    }

    fn run(&self, program: &Path, arguments: &[&str], password: &str) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        command
            .env("COSIGN_PASSWORD", password)
            .env("HOME", self.folder.path());
        command.output().unwrap()
    }

    #[track_caller]
    fn ours(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(Path::new(env!("CARGO_BIN_EXE_weightlock")), arguments, PASSWORD);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn cosign(&self, arguments: &[&str], password: &str) -> Output {
        self.run(&self.cosign, arguments, password)
    }

    /// Signs a blob with cosign and a key, without any log.
    fn cosign_signs(&self, key: &str, password: &str) -> Output {
        let arguments = [
            "sign-blob",
            "--yes",
            "--key",
            key,
            "--use-signing-config=false",
            "--tlog-upload=false",
            "--bundle",
            "blob.sigstore.json",
            "blob",
        ];
        self.cosign(&arguments, password)
    }

    fn cosign_verifies(&self, key: &str) -> Output {
        let arguments = [
            "verify-blob",
            "--key",
            key,
            "--bundle",
            "blob.sigstore.json",
            "--insecure-ignore-tlog",
            "blob",
        ];
        self.cosign(&arguments, "")
    }
}

/// S5: a key that cosign made signs models here, and nothing else than its password opens it.
#[test]
fn a_key_made_by_cosign_signs_models() {
    let Some(pair) = Pair::new() else { return };
    let made = pair.cosign(&["generate-key-pair"], PASSWORD);
    assert!(made.status.success(), "{made:?}");
    assert!(pair.ours(&["key", "inspect", "cosign.key"], 0).contains("P-256"));
    pair.ours(&["sign", "--key", "cosign.key", "m"], 0);
    pair.ours(&["verify", "--key", "cosign.pub", "m"], 0);
    fs::write(pair.folder.path().join("m/config.json"), "{ }").unwrap();
    pair.ours(&["verify", "--key", "cosign.pub", "m"], 1);
    let ours = Path::new(env!("CARGO_BIN_EXE_weightlock"));
    let wrong = pair.run(ours, &["sign", "--key", "cosign.key", "m"], "another password");
    assert_ne!(wrong.status.code(), Some(0), "{wrong:?}");
}

/// S5: a key made here signs and verifies blobs in cosign, and nothing else than its password opens it.
///
/// cosign opens keys on every curve. It only verifies what it signed with P-256, its own kind of key: with P-384 it
/// signs over SHA-384 and verifies over SHA-256.
#[test]
fn a_key_made_here_signs_blobs_in_cosign() {
    let Some(pair) = Pair::new() else { return };
    for algorithm in ["p256", "p384", "p521", "ed25519"] {
        pair.ours(&["key", "generate", algorithm, "--algorithm", algorithm], 0);
        let (private, public) = (format!("{algorithm}.key"), format!("{algorithm}.pub"));
        let wrong = pair.cosign_signs(&private, "another password");
        assert!(!wrong.status.success(), "{algorithm}: {wrong:?}");
        let signed = pair.cosign_signs(&private, PASSWORD);
        assert!(signed.status.success(), "{algorithm}: {signed:?}");
        if algorithm != "p256" {
            continue;
        }
        let verified = pair.cosign_verifies(&public);
        assert!(verified.status.success(), "{algorithm}: {verified:?}");
        fs::write(pair.folder.path().join("blob"), "another blob").unwrap();
        let refused = pair.cosign_verifies(&public);
        assert!(!refused.status.success(), "{algorithm}: {refused:?}");
        fs::write(pair.folder.path().join("blob"), "a blob").unwrap();
    }
}

//! Keys that services keep, in the real cosign and here: the same references, variables and services. It also shows that the
//! stand-ins speak as the clients of the products expect.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use weightlock_peers::{
    Peer,
    moto::{Moto, REGION},
    program,
    vault::{TOKEN, Vault},
};

struct Place {
    folder: tempfile::TempDir,
    cosign: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Place {
    fn new(variables: Vec<(&'static str, String)>) -> Option<Self> {
        let cosign = program(Peer::Cosign)?;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("blob"), "a blob").unwrap();
        Some(Self {
            folder,
            cosign,
            variables,
        })
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        command.env("HOME", self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.output().unwrap()
    }

    fn ours(&self, arguments: &[&str]) -> Output {
        self.run(Path::new(env!("CARGO_BIN_EXE_weightlock")), arguments)
    }

    fn cosign(&self, arguments: &[&str]) -> Output {
        self.run(&self.cosign, arguments)
    }

    /// Both name the same public key, and each verifies what the other signed, by the public key in a file and by the service.
    #[track_caller]
    fn agree(&self, key: &str) {
        let public = self.cosign(&["public-key", "--key", key]);
        assert!(public.status.success(), "{public:?}");
        fs::write(self.folder.path().join("key.pub"), &public.stdout).unwrap();
        let told = |output: Output| String::from_utf8(output.stdout).unwrap();
        let by_file = told(self.ours(&["key", "inspect", "key.pub"]));
        let by_service = told(self.ours(&["key", "inspect", "--online", key]));
        let facts = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(facts(&by_file), facts(&by_service));

        let theirs = [
            "--use-signing-config=false",
            "--tlog-upload=false",
            "--bundle",
            "theirs.json",
            "blob",
        ];
        let signed = self.cosign(&[&["sign-blob", "--yes", "--key", key][..], &theirs].concat());
        assert!(signed.status.success(), "{signed:?}");
        for by in [&["--key", "key.pub"][..], &["--key", key, "--online"]] {
            let words = [&["verify-blob", "--bundle", "theirs.json", "blob"][..], by].concat();
            let verified = self.ours(&words);
            assert!(verified.status.success(), "{words:?}: {verified:?}");
        }
        let signed = self.ours(&["sign-blob", "--key", key, "--bundle", "ours.json", "blob"]);
        assert!(signed.status.success(), "{signed:?}");
        let verify = [
            "verify-blob",
            "--bundle",
            "ours.json",
            "--insecure-ignore-tlog",
            "blob",
            "--key",
        ];
        for by in ["key.pub", key] {
            let verified = self.cosign(&[&verify[..], &[by]].concat());
            assert!(verified.status.success(), "{by}: {verified:?}");
        }
        fs::write(self.folder.path().join("blob"), "another blob").unwrap();
        let refused = self.cosign(&[&verify[..], &[key]].concat());
        assert!(!refused.status.success(), "{refused:?}");
        let words = [
            "verify-blob",
            "--bundle",
            "theirs.json",
            "blob",
            "--online",
            "--key",
            key,
        ];
        assert_eq!(self.ours(&words).status.code(), Some(1));
        fs::write(self.folder.path().join("blob"), "a blob").unwrap();
    }
}

#[test]
fn a_key_of_vault_is_the_same_for_both() {
    let vault = Vault::start();
    let variables = vec![("VAULT_ADDR", vault.url()), ("VAULT_TOKEN", TOKEN.to_owned())];
    let Some(mut place) = Place::new(variables) else {
        return;
    };
    vault.create("release", "ecdsa-p256");
    place.agree("hashivault://release");
    vault.rotate("release");
    // When it verifies by the service, cosign 3.1.3 has to be told the version of the key.
    place.variables.push(("VAULT_KEY_PREFIX", "vault:v2:".to_owned()));
    place.agree("hashivault://release");
    let refused = |key: &str| {
        let theirs = place.cosign(&["public-key", "--key", key]);
        let ours = place.ours(&["key", "inspect", "--online", key]);
        assert!(
            !theirs.status.success() && !ours.status.success(),
            "{key}: {theirs:?} {ours:?}"
        );
    };
    refused("hashivault://missing");
    refused("hashivault://a/b");
}

#[test]
fn a_key_of_aws_is_the_same_for_both() {
    let Some(moto) = Moto::start() else { return };
    let variables = vec![
        ("AWS_ENDPOINT_URL", moto.url().to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", moto.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", moto.secret.clone()),
    ];
    let Some(place) = Place::new(variables) else {
        return;
    };
    let id = moto.create("release", "ECC_NIST_P256", "SIGN_VERIFY");
    place.agree("awskms:///alias/release");
    place.agree(&format!("awskms:///arn:aws:kms:{REGION}:123456789012:key/{id}"));
}

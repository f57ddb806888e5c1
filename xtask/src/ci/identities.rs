//! The services of Sigstore beside the tests of the wheel, which sign their models as an identity of them.
//!
//! They run in this process while the tests run in theirs. What a signer and a verifier need lies in a folder that the tests
//! get by [`VARIABLE`]: without it, tests of identities are skipped, and say so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::json;
use weightlock_peers::sigstore::{Account, Rekor, Sigstore};

/// Names the folder.
const VARIABLE: &str = "WEIGHTLOCK_TEST_SIGSTORE";

/// Who signs, and who else can.
const NAMES: [&str; 2] = ["release@example.com", "mallory@example.com"];

/// Longer than any step may take, in seconds.
const TOKEN_LASTS: u64 = 3600;

/// The services, until dropped.
pub(super) struct Identities {
    folder: PathBuf,
    _services: Sigstore,
}

impl Identities {
    /// Starts them, and writes:
    ///
    /// - `trust.json`, the trust configuration to sign with, `token` to sign as the identity, and `other_token` as another;
    /// - `trusted_root.json` to verify with, and `other_root.json` of another deployment;
    /// - `who.json`, the identity and who vouches for it.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let services = Sigstore::start();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let [account, other] = NAMES.map(|name| Account::email(name).with("exp", json!(now + TOKEN_LASTS)));
        let who = json!({"identity": account.identity(), "identity_provider": services.issuer()});
        let written = [
            ("trust.json", services.trust_config(Rekor::Both)),
            ("token", services.token(&account)),
            ("other_token", services.token(&other)),
            ("trusted_root.json", services.trusted_root()),
            ("other_root.json", Sigstore::start().trusted_root()),
            ("who.json", who.to_string()),
        ];
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, content) in written {
            let file = folder.join(name);
            fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            _services: services,
        })
    }

    /// Tells tests where the folder is.
    pub(super) fn tell(&self, tests: &mut Command) {
        tests.env(VARIABLE, &self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_of_two_deployments_and_of_one_identity() {
        let around = tempfile::tempdir().unwrap();
        let identities = Identities::start(&around.path().join("sigstore")).unwrap();
        let mut tests = Command::new("true");
        identities.tell(&mut tests);
        let folder = tests.get_envs().find(|(name, _)| *name == VARIABLE).unwrap().1;
        let read = |name: &str| fs::read_to_string(Path::new(folder.unwrap()).join(name)).unwrap();
        assert_ne!(read("trusted_root.json"), read("other_root.json"));
        assert_ne!(read("token"), read("other_token"));
        assert!(read("trust.json").contains("signingConfig") && read("who.json").contains(NAMES[0]));
    }
}

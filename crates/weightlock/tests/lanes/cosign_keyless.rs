//! Keyless, with the services of the tests: what the real cosign signs is verified here, and both refuse the same. The
//! words after the verb are the same for the two.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock_peers::{
    Peer, program,
    sigstore::{Account, BundleVersion, Lie, Rekor, Signed, Sigstore},
};

const WHO: &str = "signer@example.com";
const STATEMENT_TYPE: &str = "https://example.com/x";

struct Place {
    folder: tempfile::TempDir,
    cosign: PathBuf,
    sigstore: Sigstore,
}

impl Place {
    fn new() -> Option<Self> {
        let cosign = program(Peer::Cosign)?;
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            cosign,
            sigstore: Sigstore::start(),
        };
        place.write("blob", "a blob");
        place.write("changed", "a blog");
        place.write("predicate", r#"{"a": 1}"#);
        place.write("root.json", place.sigstore.trusted_root());
        place.write("stranger.json", Sigstore::start().trusted_root());
        place.write("first.json", place.sigstore.signing_config(Rekor::First));
        place.write("second.json", place.sigstore.signing_config(Rekor::Second));
        place.write("token", place.sigstore.token(&Account::email(WHO)));
        Some(place)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn command(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path());
        command
    }

    fn run(&self, program: &Path, words: &[&str]) -> Output {
        self.command(program, words).output().unwrap()
    }

    /// The real cosign signs with the services of a signing configuration.
    #[track_caller]
    fn signs(&self, verb: &str, config: &str, bundle: &str, more: &[&str]) {
        let words = [
            verb,
            "--yes",
            "--identity-token",
            "token",
            "--signing-config",
            config,
        ];
        let words = [
            &words[..],
            &["--trusted-root", "root.json", "--bundle", bundle],
            more,
            &["blob"],
        ]
        .concat();
        let signed = self.run(&self.cosign, &words);
        assert!(signed.status.success(), "{words:?}: {signed:?}");
    }

    /// We sign with the same services; a token is never on the command line.
    #[track_caller]
    fn we_sign(&self, verb: &str, config: &str, bundle: &str, more: &[&str]) {
        let ours = Path::new(env!("CARGO_BIN_EXE_weightlock"));
        let words = ["--yes", "--signing-config", config, "--trusted-root", "root.json"];
        let native = [
            &[verb],
            &words[..],
            &["--identity-token-file", "token", "--bundle", bundle],
            more,
            &["blob"],
        ];
        let signed = self.run(ours, &native.concat());
        assert!(signed.status.success(), "{native:?}: {signed:?}");
        let instead = [
            &["compat", "cosign", verb],
            &words[..],
            &["--identity-token", "token", "--bundle", "instead"],
            more,
        ];
        let signed = self.run(ours, &[&instead.concat()[..], &["blob"]].concat());
        assert!(signed.status.success(), "{instead:?}: {signed:?}");
        let who = self.who(WHO, self.sigstore.issuer(), "root.json");
        let verify = verb
            .replace("sign-", "verify-")
            .replace("attest-blob", "verify-blob-attestation");
        let kind: &[&str] = if verb == "attest-blob" {
            &["--type", STATEMENT_TYPE]
        } else {
            &[]
        };
        let words = [
            &[verify.as_str(), "--bundle", "instead"],
            kind,
            &who[..],
            &["blob"],
        ]
        .concat();
        let answer = self.both(&words, None);
        assert!(answer.is_ok(), "{answer:?}");
    }

    /// Asks both with the same words, and says where they are not as expected: `None` for "both accept", or the code that
    /// we must name when both refuse.
    fn both(&self, words: &[&str], expected: Option<&str>) -> Result<(), String> {
        let theirs = self.run(&self.cosign, words);
        let ours = self.run(Path::new(env!("CARGO_BIN_EXE_weightlock")), words);
        let said = String::from_utf8_lossy(&ours.stderr);
        let right = match expected {
            None => theirs.status.success() && ours.status.success(),
            Some(code) => {
                theirs.status.code() == Some(1)
                    && ours.status.code() == Some(1)
                    && said.starts_with(&format!("error[{code}"))
            }
        };
        if right {
            Ok(())
        } else {
            Err(format!("{words:?}, {expected:?}: {theirs:?} and {ours:?}"))
        }
    }

    fn who<'a>(&'a self, name: &'a str, issuer: &'a str, root: &'a str) -> [&'a str; 6] {
        let words = [
            "--certificate-identity",
            name,
            "--certificate-oidc-issuer",
            issuer,
        ];
        [words[0], words[1], words[2], words[3], "--trusted-root", root]
    }
}

#[test]
fn what_cosign_signs_keyless_verifies_here_and_nothing_else_does() {
    let Some(place) = Place::new() else { return };
    let issuer = place.sigstore.issuer();
    let mut wrong = Vec::new();
    place.signs("sign-blob", "first.json", "1", &[]);
    place.signs("sign-blob", "second.json", "2", &[]);
    place.we_sign("sign-blob", "first.json", "m1", &[]);
    place.we_sign("sign-blob", "second.json", "m2", &[]);
    for bundle in ["1", "2", "m1", "m2"] {
        let cases = [
            (place.who(WHO, issuer, "root.json"), "blob", None),
            (place.who(WHO, issuer, "root.json"), "changed", Some("WL-SIG-")),
            (
                place.who("other@example.com", issuer, "root.json"),
                "blob",
                Some("WL-ID-MISMATCH"),
            ),
            (
                place.who("SIGNER@example.com", issuer, "root.json"),
                "blob",
                Some("WL-ID-MISMATCH"),
            ),
            (
                place.who(WHO, "https://issuer.example.com", "root.json"),
                "blob",
                Some("WL-ID-ISSUER"),
            ),
            (place.who(WHO, issuer, "stranger.json"), "blob", Some("WL-")),
        ];
        for (who, blob, expected) in cases {
            let words = [&["verify-blob", "--bundle", bundle], &who[..], &[blob]].concat();
            wrong.extend(place.both(&words, expected).err());
        }
    }
    let statement = ["--predicate", "predicate", "--type", STATEMENT_TYPE];
    place.signs("attest-blob", "second.json", "a", &statement);
    place.we_sign("attest-blob", "first.json", "ma", &statement);
    let cases = [
        (WHO, STATEMENT_TYPE, "blob", None),
        (WHO, STATEMENT_TYPE, "changed", Some("WL-BLOB-SUBJECT")),
        (WHO, "spdx", "blob", Some("WL-BLOB-PREDICATE-TYPE")),
        (
            "other@example.com",
            STATEMENT_TYPE,
            "blob",
            Some("WL-ID-MISMATCH"),
        ),
    ];
    let all = ["a", "ma"]
        .into_iter()
        .flat_map(|bundle| cases.map(|case| (bundle, case)));
    for (bundle, (name, kind, blob, expected)) in all {
        let who = place.who(name, issuer, "root.json");
        let words = ["verify-blob-attestation", "--bundle", bundle, "--type", kind];
        wrong.extend(place.both(&[&words[..], &who, &[blob]].concat(), expected).err());
    }
    assert!(wrong.is_empty(), "{} cases: {wrong:#?}", wrong.len());
}

/// Each lie of a service, in a bundle that was made with it: cosign refuses it, and so do we.
#[test]
fn what_services_lie_about_is_refused_by_both() {
    let Some(place) = Place::new() else { return };
    let (issuer, account) = (place.sigstore.issuer().to_owned(), Account::email(WHO));
    // Those that a log of its own does not take, or that leave no trace in a bundle.
    let unseen = [Lie::OtherKey, Lie::OtherNonce];
    let first = [Lie::CERTIFICATES.as_slice(), &Lie::ENTRIES, &Lie::PROMISES].concat();
    let second = [Lie::ENTRIES.as_slice(), &Lie::TIMESTAMPS].concat();
    let mut wrong = Vec::new();
    for (rekor, lies) in [(Rekor::First, first), (Rekor::Second, second)] {
        for lie in lies.into_iter().filter(|lie| !unseen.contains(lie)) {
            place.sigstore.lie(Some(lie));
            let signed = Signed::Message(b"a blob");
            let bundle = place
                .sigstore
                .bundle(&account, signed, BundleVersion::V03, rekor, false);
            place.sigstore.lie(None);
            place.write("lie", bundle);
            let who = place.who(WHO, &issuer, "root.json");
            let words = [&["verify-blob", "--bundle", "lie"], &who[..], &["blob"]].concat();
            let answer = place.both(&words, Some("WL-"));
            wrong.extend(answer.err().map(|said| format!("{lie:?} {rekor:?}: {said}")));
        }
    }
    assert!(wrong.is_empty(), "{} lies: {wrong:#?}", wrong.len());
}

/// The form of cosign 1 and 2, made of a bundle of the same log: cosign 2 and 3 read it, and so do we.
#[test]
fn the_old_bundle_of_an_identity_is_read_alike() {
    let Some(place) = Place::new() else { return };
    let issuer = place.sigstore.issuer().to_owned();
    let signed = Signed::Message(b"a blob");
    let made = place.sigstore.bundle(
        &Account::email(WHO),
        signed,
        BundleVersion::V01,
        Rekor::First,
        false,
    );
    place.write("old", old(&serde_json::from_str(&made).unwrap()).to_string());
    let ours = Path::new(env!("CARGO_BIN_EXE_weightlock"));
    let (Some(two), parts) = (program(Peer::CosignTwo), parts(&place)) else {
        return;
    };
    for (name, blob, code) in [
        (WHO, "blob", 0),
        (WHO, "changed", 1),
        ("other@example.com", "blob", 1),
    ] {
        let who = place.who(name, &issuer, "root.json");
        let words = [&["verify-blob", "--bundle", "old"], &who[..], &[blob]].concat();
        let ran = place.run(ours, &words);
        assert_eq!(ran.status.code(), Some(code), "{words:?}: {ran:?}");
        let ran = place.run(ours, &[&["compat", "cosign"], &words[..]].concat());
        assert_eq!(ran.status.code(), Some(code), "{words:?}: {ran:?}");
        // For this form it takes authorities and logs one by one, from variables.
        let words = [&["verify-blob", "--bundle", "old"], &who[..4], &[blob]].concat();
        for cosign in [&place.cosign, &two] {
            let theirs = place
                .command(cosign, &words)
                .envs(parts.clone())
                .output()
                .unwrap();
            assert_eq!(theirs.status.code(), Some(code), "{words:?}: {theirs:?}");
        }
    }
}

/// What a trust root says, in the files that cosign 2 takes by variables.
fn parts(place: &Place) -> Vec<(&'static str, PathBuf)> {
    let root: Value = serde_json::from_str(&place.sigstore.trusted_root()).unwrap();
    let write = |name: &'static str, label: &str, values: &[&Value]| {
        let blocks: Vec<String> = values
            .iter()
            .map(|value| pem(label, value.as_str().unwrap()))
            .collect();
        place.write(name, blocks.concat());
        (name, place.folder.path().join(name))
    };
    let chain = root["certificateAuthorities"][0]["certChain"]["certificates"]
        .as_array()
        .unwrap();
    let chain: Vec<&Value> = chain.iter().map(|one| &one["rawBytes"]).collect();
    vec![
        write("SIGSTORE_ROOT_FILE", "CERTIFICATE", &chain),
        write(
            "SIGSTORE_REKOR_PUBLIC_KEY",
            "PUBLIC KEY",
            &[&root["tlogs"][0]["publicKey"]["rawBytes"]],
        ),
        write(
            "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE",
            "PUBLIC KEY",
            &[&root["ctlogs"][0]["publicKey"]["rawBytes"]],
        ),
    ]
}

fn pem(label: &str, base64: &str) -> String {
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// The same in the words of cosign before bundles.
fn old(bundle: &Value) -> Value {
    let material = &bundle["verificationMaterial"];
    let entry = &material["tlogEntries"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let number = |value: &Value| text(value).parse::<i64>().unwrap();
    let raw = text(&material["x509CertificateChain"]["certificates"][0]["rawBytes"]);
    let pem = pem("CERTIFICATE", &raw);
    let log = STANDARD.decode(text(&entry["logId"]["keyId"])).unwrap();
    json!({
        "base64Signature": bundle["messageSignature"]["signature"],
        "cert": STANDARD.encode(pem),
        "rekorBundle": {
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"],
                "integratedTime": number(&entry["integratedTime"]),
                "logIndex": number(&entry["logIndex"]),
                "logID": log.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            },
        },
    })
}

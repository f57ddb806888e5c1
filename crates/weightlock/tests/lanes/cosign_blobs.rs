//! Blobs between Weightlock and the real cosign, both ways: every form of file, every type of statement, and what both
//! refuse. A case is a name that states the property, what each of the two is asked, and what each must answer. Where
//! they differ, the case says so, and `docs/compat/cosign.md` says why.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock_peers::{Peer, program};

const PASSWORD: &str = "a password of the lane";

/// What the two answer.
enum Expected {
    /// Both accept.
    Good,
    /// Both refuse: a part of what cosign says, and our code.
    Bad(&'static str, &'static str),
    /// cosign accepts and we refuse, with this code.
    Stricter(&'static str),
    /// cosign refuses, saying this, and we accept.
    Wider(&'static str),
}

use Expected::{Bad, Good, Stricter, Wider};

struct Case {
    name: &'static str,
    /// Words after the verb, for both; `KEY:x` is the key of x, `CHAIN` the private authority.
    words: &'static [&'static str],
    blob: &'static str,
    expected: Expected,
}

struct Workshop {
    folder: tempfile::TempDir,
    three: PathBuf,
    two: PathBuf,
}

impl Workshop {
    fn new() -> Option<Self> {
        let (three, two) = (program(Peer::Cosign)?, program(Peer::CosignTwo)?);
        let workshop = Self {
            folder: tempfile::tempdir().unwrap(),
            three,
            two,
        };
        workshop.write("blob", b"a blob");
        workshop.write("changed", b"a blog");
        workshop.write("predicate", br#"{"a": 1}"#);
        Some(workshop)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, program: &Path, words: &[&str], password: &str) -> Output {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.folder.path());
        command
            .env("COSIGN_PASSWORD", password)
            .env("HOME", self.folder.path())
            .env_remove("WEIGHTLOCK_PUBLIC_KEY");
        command.output().unwrap()
    }

    #[track_caller]
    fn ours(&self, words: &[&str]) {
        let ran = self.run(Path::new(env!("CARGO_BIN_EXE_weightlock")), words, PASSWORD);
        assert!(ran.status.success(), "{words:?}: {ran:?}");
    }

    #[track_caller]
    fn cosign(&self, program: &Path, words: &[&str]) {
        let ran = self.run(program, words, PASSWORD);
        assert!(ran.status.success(), "{words:?}: {ran:?}");
    }

    #[track_caller]
    fn openssl(&self, words: &[&str]) {
        let ran = self.run(Path::new("openssl"), words, "");
        assert!(ran.status.success(), "{words:?}: {ran:?}");
    }

    /// Key pairs of cosign and of ours, and a private authority with an intermediate.
    fn keys(&self) {
        self.cosign(
            &self.three,
            &["generate-key-pair", "--output-key-prefix", "theirs"],
        );
        for name in ["mine", "other"] {
            self.ours(&["key", "generate", name]);
        }
        for (name, algorithm) in [("p384", "p384"), ("ed", "ed25519")] {
            self.ours(&["key", "generate", name, "--algorithm", algorithm]);
        }
        for name in ["root", "stranger"] {
            self.openssl(&[
                "ecparam",
                "-name",
                "prime256v1",
                "-genkey",
                "-noout",
                "-out",
                &format!("{name}.pem.key"),
            ]);
            self.openssl(&[
                "req",
                "-x509",
                "-new",
                "-key",
                &format!("{name}.pem.key"),
                "-subj",
                "/CN=root",
                "-days",
                "30",
                "-out",
                &format!("{name}.pem"),
                "-addext",
                "basicConstraints=critical,CA:TRUE",
                "-addext",
                "keyUsage=critical,keyCertSign",
            ]);
        }
        self.certify(
            "middle",
            "root",
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n",
        );
        let leaf = "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectAltName=email:dev@example.com\n";
        self.certify("leaf", "middle", leaf);
        let both = [self.read("middle.pem"), self.read("root.pem")].concat();
        self.write("chain.pem", &both);
        let strange = [self.read("middle.pem"), self.read("stranger.pem")].concat();
        self.write("strange.pem", &strange);
        self.openssl(&[
            "pkcs8",
            "-topk8",
            "-nocrypt",
            "-in",
            "leaf.pem.key",
            "-out",
            "leaf.plain",
        ]);
        self.cosign(
            &self.three,
            &[
                "import-key-pair",
                "--key",
                "leaf.plain",
                "--output-key-prefix",
                "leaf",
            ],
        );
    }

    fn certify(&self, name: &str, by: &str, extensions: &str) {
        let (key, request, extra) = (
            format!("{name}.pem.key"),
            format!("{name}.csr"),
            format!("{name}.ext"),
        );
        self.write(&extra, extensions.as_bytes());
        self.openssl(&[
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
            &key,
        ]);
        self.openssl(&[
            "req",
            "-new",
            "-key",
            &key,
            "-subj",
            &format!("/CN={name}"),
            "-out",
            &request,
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &format!("{by}.pem"),
            "-CAkey",
            &format!("{by}.pem.key"),
            "-CAcreateserial",
            "-days",
            "20",
            "-extfile",
            &extra,
            "-out",
            &format!("{name}.pem"),
        ]);
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The same file with one thing about its JSON changed.
    fn edited(&self, from: &str, to: &str, edit: impl FnOnce(&mut Value)) {
        let mut value: Value = serde_json::from_slice(&self.read(from)).unwrap();
        edit(&mut value);
        self.write(to, value.to_string().as_bytes());
    }

    /// Every form by every signer: `m` is ours, `3` and `2` are cosign's.
    fn signatures(&self) {
        let quiet = ["--yes", "--use-signing-config=false", "--tlog-upload=false"];
        let old = ["--new-bundle-format=false"];
        let certified = [
            "--key",
            "leaf.key",
            "--certificate",
            "leaf.pem",
            "--certificate-chain",
            "chain.pem",
        ];
        let middle = [
            "--key",
            "leaf.key",
            "--certificate",
            "leaf.pem",
            "--certificate-chain",
            "middle.pem",
        ];
        let attest = ["--predicate", "predicate", "--type", "https://example.com/x"];

        for (name, key) in [
            ("m", "mine.key"),
            ("p384", "p384.key"),
            ("ed", "ed.key"),
            ("mt", "theirs.key"),
        ] {
            let bundle = format!("{name}.new");
            self.ours(&["sign-blob", "--key", key, "--bundle", &bundle, "blob"]);
            let (bundle, alone) = (format!("{name}.old"), format!("{name}.sig"));
            let words = [
                "sign-blob",
                "--key",
                key,
                "--bundle",
                &bundle,
                "--output-signature",
                &alone,
                "blob",
            ];
            self.ours(&[&words[..], &old].concat());
        }
        self.ours(&[&["sign-blob", "--bundle", "mc.new", "blob"], &middle[..]].concat());
        let both = ["--output-signature", "mc.sig", "--output-certificate", "mc.cert"];
        self.ours(
            &[
                &["sign-blob", "--bundle", "mc.old", "blob"],
                &old[..],
                &both,
                &middle,
            ]
            .concat(),
        );
        self.ours(
            &[
                &["attest-blob", "--key", "mine.key", "--bundle", "ma.new", "blob"],
                &attest[..],
            ]
            .concat(),
        );
        let alone = ["--output-signature", "ma.sig"];
        self.ours(
            &[
                &["attest-blob", "--key", "mine.key", "--bundle", "ma.old", "blob"],
                &attest[..],
                &old,
                &alone,
            ]
            .concat(),
        );

        let three = |words: &[&str]| self.cosign(&self.three, &[words, &quiet].concat());
        three(&["sign-blob", "--key", "theirs.key", "--bundle", "3.new", "blob"]);
        three(&["sign-blob", "--key", "mine.key", "--bundle", "3m.new", "blob"]);
        three(&["sign-blob", "--key", "p384.key", "--bundle", "3p384.new", "blob"]);
        let words = [
            "sign-blob",
            "--key",
            "theirs.key",
            "--bundle",
            "3.old",
            "--output-signature",
            "3.sig",
            "blob",
        ];
        three(&[&words[..], &old].concat());
        three(&["sign-blob", "--key", "ed.key", "--bundle", "3ed.new", "blob"]);
        three(&[
            "sign-blob",
            "--key",
            "ed.key",
            "--bundle",
            "3ed.old",
            "--new-bundle-format=false",
            "blob",
        ]);
        three(&[&["sign-blob", "--bundle", "3c.new", "blob"], &certified[..]].concat());
        let both = ["--output-signature", "3c.sig", "--output-certificate", "3c.cert"];
        three(
            &[
                &["sign-blob", "--bundle", "3c.old", "blob"],
                &old[..],
                &both,
                &certified,
            ]
            .concat(),
        );
        three(
            &[
                &["attest-blob", "--key", "theirs.key", "--bundle", "3a.new", "blob"],
                &attest[..],
            ]
            .concat(),
        );
        let alone = ["--output-signature", "3a.sig"];
        three(
            &[
                &["attest-blob", "--key", "theirs.key", "--bundle", "3a.old", "blob"],
                &attest[..],
                &old,
                &alone,
            ]
            .concat(),
        );

        let two =
            |words: &[&str]| self.cosign(&self.two, &[words, &["--yes", "--tlog-upload=false"]].concat());
        two(&[
            "sign-blob",
            "--key",
            "theirs.key",
            "--bundle",
            "2.old",
            "--output-signature",
            "2.sig",
            "blob",
        ]);
        two(&[
            "sign-blob",
            "--key",
            "theirs.key",
            "--bundle",
            "2.new",
            "--new-bundle-format",
            "blob",
        ]);
        let words = [
            "attest-blob",
            "--key",
            "theirs.key",
            "--bundle",
            "2a.old",
            "--output-signature",
            "2a.sig",
            "blob",
        ];
        two(&[&words[..], &attest].concat());
    }

    /// Files with something wrong.
    fn damage(&self) {
        let zero = STANDARD.encode([0; 32]);
        self.edited("3.new", "hint.new", |all| {
            all["verificationMaterial"]["publicKey"]["hint"] = json!("x")
        });
        self.edited("3.new", "digest.new", |all| {
            all["messageSignature"]["messageDigest"]["digest"] = json!(zero)
        });
        self.edited("3.new", "nodigest.new", |all| {
            all["messageSignature"]["messageDigest"] = Value::Null
        });
        self.edited("3.new", "nosignature.new", |all| {
            all["messageSignature"]["signature"] = json!("")
        });
        self.edited("3.new", "nomaterial.new", |all| {
            all["verificationMaterial"] = json!({})
        });
        self.edited("3.new", "future.new", |all| {
            all["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.9+json");
        });
        self.edited("3.new", "early.new", |all| {
            all["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
        });
        self.edited("3.new", "both.new", |all| {
            let envelope =
                serde_json::from_slice::<Value>(&self.read("3a.new")).unwrap()["dsseEnvelope"].clone();
            all["dsseEnvelope"] = envelope;
        });
        self.edited("3.old", "empty.old", |all| all["base64Signature"] = json!(""));
        self.edited("3.old", "text.old", |all| {
            all["base64Signature"] = json!("no base64")
        });
        self.edited("3c.old", "strange.old", |all| {
            all["cert"] = json!(STANDARD.encode(self.read("stranger.pem")));
        });
        let signature = String::from_utf8(self.read("3.sig")).unwrap();
        self.write("cut.sig", &signature.as_bytes()[..signature.len() - 8]);
        self.write("empty.sig", b"");
        self.write("line.sig", format!("{}\n", signature.trim()).as_bytes());
        self.write("raw.sig", &STANDARD.decode(signature.trim()).unwrap());
        self.edited("3a.sig", "type.sig", |all| {
            all["payloadType"] = json!("text/plain")
        });
        self.edited("3a.sig", "two.sig", |all| {
            let one = all["signatures"][0].clone();
            all["signatures"] = json!([one.clone(), one]);
        });
        self.edited("3a.sig", "payload.sig", |all| {
            let payload = STANDARD.decode(all["payload"].as_str().unwrap()).unwrap();
            let payload = String::from_utf8(payload).unwrap().replace("\"a\":1", "\"a\":2");
            all["payload"] = json!(STANDARD.encode(payload));
        });
    }

    /// What a case's words are for one of the two.
    fn words(&self, verb: &str, case: &Case, is_cosign: bool) -> Vec<String> {
        let mut words = vec![verb.to_owned()];
        for word in case.words {
            match (word.strip_prefix("KEY:"), *word) {
                (Some(key), _) => words.extend(["--key".to_owned(), format!("{key}.pub")]),
                (None, "CHAIN") if is_cosign => words.extend(
                    [
                        "--certificate-chain",
                        "chain.pem",
                        "--certificate-oidc-issuer-regexp",
                        ".*",
                        "--insecure-ignore-sct",
                    ]
                    .map(str::to_owned),
                ),
                (None, "STRANGE") if is_cosign => words.extend(
                    [
                        "--certificate-chain",
                        "strange.pem",
                        "--certificate-oidc-issuer-regexp",
                        ".*",
                        "--insecure-ignore-sct",
                    ]
                    .map(str::to_owned),
                ),
                (None, "CHAIN") => words.extend(["--certificate-chain", "chain.pem"].map(str::to_owned)),
                (None, "STRANGE") => words.extend(["--certificate-chain", "strange.pem"].map(str::to_owned)),
                (None, word) => words.push(word.to_owned()),
            }
        }
        if is_cosign {
            words.push("--insecure-ignore-tlog".to_owned());
        }
        words.push(case.blob.to_owned());
        words
    }

    /// Asks both and says what is not as expected.
    fn compare(&self, program: &Path, verb: &str, case: &Case) -> Result<(), String> {
        let ask = |program: &Path, is_cosign| {
            let words = self.words(verb, case, is_cosign);
            self.run(program, &words.iter().map(String::as_str).collect::<Vec<_>>(), "")
        };
        let theirs = ask(program, true);
        let ours = ask(Path::new(env!("CARGO_BIN_EXE_weightlock")), false);
        // In its place: the same words, its exit code, its word for success; our answer.
        let words = self.words(verb, case, true);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let instead = self.run(
            Path::new(env!("CARGO_BIN_EXE_weightlock")),
            &[&["compat", "cosign"], &words[..]].concat(),
            "",
        );
        let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
        let accepts = matches!(case.expected, Good | Wider(_));
        let in_place = instead.status.code() == Some(i32::from(!accepts))
            && said(&instead).contains("Verified OK") == accepts
            && said(&instead).contains("error during command execution: ") != accepts;
        let (their_words, our_words) = (said(&theirs), said(&ours));
        let accepted = theirs.status.success() && their_words.contains("Verified OK");
        let refused = |why: &str| {
            theirs.status.code() == Some(1)
                && their_words.contains(why)
                && !their_words.contains("Verified OK")
        };
        let we_accept = ours.status.code() == Some(0) && our_words.is_empty();
        let we_refuse =
            |code: &str| ours.status.code() == Some(1) && our_words.starts_with(&format!("error[{code}]"));
        let right = match case.expected {
            Good => accepted && we_accept,
            Bad(why, code) => refused(why) && we_refuse(code),
            Stricter(code) => accepted && we_refuse(code),
            Wider(why) => refused(why) && we_accept,
        };
        if right && in_place {
            Ok(())
        } else {
            Err(format!(
                "{}: cosign said {their_words}and we said {our_words}{ours:?}, in its place {instead:?}",
                case.name
            ))
        }
    }
}

const fn case(
    name: &'static str,
    words: &'static [&'static str],
    blob: &'static str,
    expected: Expected,
) -> Case {
    Case {
        name,
        words,
        blob,
        expected,
    }
}

/// What cosign says when the signature does not fit.
const NO_FIT: &str = "invalid signature when validating ASN.1 encoded signature";
/// What it says when it finds something else than a signature.
const NO_NUMBERS: &str = "Invalid IEEE_P1363 encoded bytes";

/// Signatures (signing-formats 3.1 and 3.2).
const SIGNATURES: &[Case] = &[
    case(
        "our key and our bundle",
        &["KEY:mine", "--bundle", "m.new"],
        "blob",
        Good,
    ),
    case(
        "our key and our old bundle",
        &["KEY:mine", "--bundle", "m.old"],
        "blob",
        Good,
    ),
    case(
        "our key and our detached signature",
        &["KEY:mine", "--signature", "m.sig"],
        "blob",
        Good,
    ),
    case(
        "cosign's key and our bundle",
        &["KEY:theirs", "--bundle", "mt.new"],
        "blob",
        Good,
    ),
    case(
        "cosign's key and our old bundle",
        &["KEY:theirs", "--bundle", "mt.old"],
        "blob",
        Good,
    ),
    case(
        "our key and cosign's bundle",
        &["KEY:mine", "--bundle", "3m.new"],
        "blob",
        Good,
    ),
    case(
        "cosign's key and its bundle",
        &["KEY:theirs", "--bundle", "3.new"],
        "blob",
        Good,
    ),
    case(
        "cosign's key and its old bundle",
        &["KEY:theirs", "--bundle", "3.old"],
        "blob",
        Good,
    ),
    case(
        "cosign's key and its detached signature",
        &["KEY:theirs", "--signature", "3.sig"],
        "blob",
        Good,
    ),
    case(
        "a bundle of cosign 2",
        &["KEY:theirs", "--bundle", "2.new"],
        "blob",
        Good,
    ),
    case(
        "an old bundle of cosign 2",
        &["KEY:theirs", "--bundle", "2.old"],
        "blob",
        Good,
    ),
    case(
        "a detached signature of cosign 2",
        &["KEY:theirs", "--signature", "2.sig"],
        "blob",
        Good,
    ),
    case(
        "our Ed25519 bundle",
        &["KEY:ed", "--bundle", "ed.new"],
        "blob",
        Good,
    ),
    case(
        "our old Ed25519 bundle",
        &["KEY:ed", "--bundle", "ed.old"],
        "blob",
        Good,
    ),
    case(
        "cosign's old Ed25519 bundle",
        &["KEY:ed", "--bundle", "3ed.old"],
        "blob",
        Good,
    ),
    case(
        "a detached signature with a line end",
        &["KEY:theirs", "--signature", "line.sig"],
        "blob",
        Good,
    ),
    case(
        "a detached signature as bytes",
        &["KEY:theirs", "--signature", "raw.sig"],
        "blob",
        Good,
    ),
    case(
        "a certificate of a private authority and our old bundle",
        &[
            "CHAIN",
            "--certificate-identity",
            "dev@example.com",
            "--bundle",
            "mc.old",
        ],
        "blob",
        Good,
    ),
    case(
        "a certificate of a private authority and our detached files",
        &[
            "CHAIN",
            "--certificate-identity",
            "dev@example.com",
            "--signature",
            "mc.sig",
            "--certificate",
            "mc.cert",
        ],
        "blob",
        Good,
    ),
    case(
        "a certificate of a private authority and cosign's old bundle",
        &[
            "CHAIN",
            "--certificate-identity",
            "dev@example.com",
            "--bundle",
            "3c.old",
        ],
        "blob",
        Good,
    ),
    case(
        "a certificate of a private authority and cosign's detached files",
        &[
            "CHAIN",
            "--certificate-identity",
            "dev@example.com",
            "--signature",
            "3c.sig",
            "--certificate",
            "3c.cert",
        ],
        "blob",
        Good,
    ),
    case(
        "the certificate as PEM",
        &[
            "CHAIN",
            "--certificate-identity",
            "dev@example.com",
            "--signature",
            "3c.sig",
            "--certificate",
            "leaf.pem",
        ],
        "blob",
        Good,
    ),
    case(
        "an old bundle with a certificate, by the key in it",
        &["KEY:leaf", "--bundle", "3c.old"],
        "blob",
        Good,
    ),
    case(
        "another blob under our bundle",
        &["KEY:mine", "--bundle", "m.new"],
        "changed",
        Bad(NO_FIT, "WL-BLOB-DIGEST"),
    ),
    case(
        "another blob under cosign's bundle",
        &["KEY:theirs", "--bundle", "3.new"],
        "changed",
        Bad(NO_FIT, "WL-BLOB-DIGEST"),
    ),
    case(
        "another blob under our old bundle",
        &["KEY:mine", "--bundle", "m.old"],
        "changed",
        Bad(NO_FIT, "WL-SIG-INVALID"),
    ),
    case(
        "another blob under cosign's old bundle",
        &["KEY:theirs", "--bundle", "3.old"],
        "changed",
        Bad(NO_FIT, "WL-SIG-INVALID"),
    ),
    case(
        "another blob under our detached signature",
        &["KEY:mine", "--signature", "m.sig"],
        "changed",
        Bad(NO_FIT, "WL-SIG-INVALID"),
    ),
    case(
        "another blob under cosign's detached signature",
        &["KEY:theirs", "--signature", "3.sig"],
        "changed",
        Bad(NO_FIT, "WL-SIG-INVALID"),
    ),
    case(
        "another blob under our Ed25519 bundle",
        &["KEY:ed", "--bundle", "ed.new"],
        "changed",
        Bad("failed to verify signature", "WL-BLOB-DIGEST"),
    ),
    case(
        "another key with our bundle",
        &["KEY:other", "--bundle", "m.new"],
        "blob",
        Bad(NO_FIT, "WL-SIG-KEY-MISMATCH"),
    ),
    case(
        "another key with cosign's bundle",
        &["KEY:other", "--bundle", "3.new"],
        "blob",
        Bad(NO_FIT, "WL-SIG-KEY-MISMATCH"),
    ),
    case(
        "another key with our old bundle",
        &["KEY:other", "--bundle", "m.old"],
        "blob",
        Bad(NO_FIT, "WL-SIG-INVALID"),
    ),
    case(
        "another key with cosign's old bundle",
        &["KEY:other", "--bundle", "3.old"],
        "blob",
        Bad(NO_FIT, "WL-SIG-INVALID"),
    ),
    case(
        "another key with a detached signature",
        &["KEY:other", "--signature", "3.sig"],
        "blob",
        Bad(NO_FIT, "WL-SIG-INVALID"),
    ),
    case(
        "another key than the certificate's",
        &["KEY:other", "--bundle", "3c.old"],
        "blob",
        Bad(NO_FIT, "WL-SIG-KEY-MISMATCH"),
    ),
    case(
        "a bundle about another digest",
        &["KEY:theirs", "--bundle", "digest.new"],
        "blob",
        Bad("artifact digest does not match message digest", "WL-BLOB-DIGEST"),
    ),
    case(
        "a bundle without digest",
        &["KEY:theirs", "--bundle", "nodigest.new"],
        "blob",
        Bad("", "WL-BLOB-ALGORITHM"),
    ),
    case(
        "a bundle with an empty signature",
        &["KEY:theirs", "--bundle", "nosignature.new"],
        "blob",
        Bad("", "WL-SIG-INVALID"),
    ),
    case(
        "a bundle without material",
        &["KEY:theirs", "--bundle", "nomaterial.new"],
        "blob",
        Bad(NO_NUMBERS, "WL-SIG-MATERIAL"),
    ),
    case(
        "a bundle of an unknown version",
        &["KEY:theirs", "--bundle", "future.new"],
        "blob",
        Bad("", "WL-SIG-MEDIA-TYPE"),
    ),
    case(
        "a bundle with two contents",
        &["KEY:theirs", "--bundle", "both.new"],
        "blob",
        Bad(NO_NUMBERS, "WL-SIG-MALFORMED"),
    ),
    case(
        "an old bundle with an empty signature",
        &["KEY:theirs", "--bundle", "empty.old"],
        "blob",
        Bad("", "WL-BLOB-MALFORMED"),
    ),
    case(
        "an old bundle without base64",
        &["KEY:theirs", "--bundle", "text.old"],
        "blob",
        Bad("", "WL-BLOB-MALFORMED"),
    ),
    case(
        "a truncated signature",
        &["KEY:theirs", "--signature", "cut.sig"],
        "blob",
        Bad("", "WL-SIG-INVALID"),
    ),
    case(
        "an empty signature",
        &["KEY:theirs", "--signature", "empty.sig"],
        "blob",
        Bad("", "WL-BLOB-MALFORMED"),
    ),
    case(
        "a certificate for another name",
        &[
            "CHAIN",
            "--certificate-identity",
            "other@example.com",
            "--bundle",
            "3c.old",
        ],
        "blob",
        Bad("none of the expected identities matched", "WL-BLOB-NAME"),
    ),
    case(
        "a certificate of another authority",
        &[
            "STRANGE",
            "--certificate-identity",
            "dev@example.com",
            "--bundle",
            "3c.old",
        ],
        "blob",
        Bad("cert verification failed", "WL-CERT-KEY-IDENTIFIER"),
    ),
    case(
        "somebody else's certificate in the bundle",
        &[
            "CHAIN",
            "--certificate-identity",
            "dev@example.com",
            "--bundle",
            "strange.old",
        ],
        "blob",
        Bad("cert verification failed", "WL-CERT-KEY-IDENTIFIER"),
    ),
    case(
        "another certificate than the one in the bundle",
        &[
            "CHAIN",
            "--certificate-identity",
            "dev@example.com",
            "--bundle",
            "3c.old",
            "--certificate",
            "stranger.pem",
        ],
        "blob",
        Bad(
            "the cert passed in does not match the cert in the provided bundle",
            "WL-BLOB-CERTIFICATE",
        ),
    ),
    case(
        "a wrong hint",
        &["KEY:theirs", "--bundle", "hint.new"],
        "blob",
        Stricter("WL-SIG-KEY-MISMATCH"),
    ),
    case(
        "version 0.1 without a log",
        &["KEY:theirs", "--bundle", "early.new"],
        "blob",
        Stricter("WL-SIG-MEDIA-TYPE"),
    ),
    case(
        "an attestation is no signature",
        &["KEY:theirs", "--bundle", "3a.new"],
        "blob",
        Stricter("WL-BLOB-CONTENT"),
    ),
    case(
        "our P-384 bundle",
        &["KEY:p384", "--bundle", "p384.new"],
        "blob",
        Wider(NO_FIT),
    ),
    case(
        "cosign's P-384 bundle",
        &["KEY:p384", "--bundle", "3p384.new"],
        "blob",
        Wider(NO_FIT),
    ),
    case(
        "our bundle with a chain, by the key in it",
        &["KEY:leaf", "--bundle", "mc.new"],
        "blob",
        Wider(NO_NUMBERS),
    ),
    case(
        "cosign's bundle with a chain, by the key in it",
        &["KEY:leaf", "--bundle", "3c.new"],
        "blob",
        Wider(NO_NUMBERS),
    ),
    case(
        "cosign's Ed25519 bundle names no digest",
        &["KEY:ed", "--bundle", "3ed.new"],
        "blob",
        Bad("message is missing artifact digest", "WL-SIG-MALFORMED"),
    ),
];

const X: &str = "https://example.com/x";
const NO_SUBJECT: &str = "do not match digests in statement";

/// Attestations (signing-formats 3.2 and 3.5).
const ATTESTATIONS: &[Case] = &[
    case(
        "our attestation",
        &["KEY:mine", "--bundle", "ma.new", "--type", X],
        "blob",
        Good,
    ),
    case(
        "our attestation in an old bundle",
        &["KEY:mine", "--bundle", "ma.old", "--type", X],
        "blob",
        Good,
    ),
    case(
        "our envelope",
        &["KEY:mine", "--signature", "ma.sig", "--type", X],
        "blob",
        Good,
    ),
    case(
        "cosign's attestation",
        &["KEY:theirs", "--bundle", "3a.new", "--type", X],
        "blob",
        Good,
    ),
    case(
        "cosign's attestation in an old bundle",
        &["KEY:theirs", "--bundle", "3a.old", "--type", X],
        "blob",
        Good,
    ),
    case(
        "cosign's envelope",
        &["KEY:theirs", "--signature", "3a.sig", "--type", X],
        "blob",
        Good,
    ),
    case(
        "an attestation of cosign 2",
        &["KEY:theirs", "--bundle", "2a.old", "--type", X],
        "blob",
        Good,
    ),
    case(
        "an envelope of cosign 2",
        &["KEY:theirs", "--signature", "2a.sig", "--type", X],
        "blob",
        Good,
    ),
    case(
        "our attestation about another blob",
        &["KEY:mine", "--bundle", "ma.new", "--type", X],
        "changed",
        Bad(NO_SUBJECT, "WL-BLOB-SUBJECT"),
    ),
    case(
        "our old attestation about another blob",
        &["KEY:mine", "--bundle", "ma.old", "--type", X],
        "changed",
        Bad("", "WL-BLOB-SUBJECT"),
    ),
    case(
        "cosign's attestation about another blob",
        &["KEY:theirs", "--bundle", "3a.new", "--type", X],
        "changed",
        Bad(NO_SUBJECT, "WL-BLOB-SUBJECT"),
    ),
    case(
        "cosign's envelope about another blob",
        &["KEY:theirs", "--signature", "3a.sig", "--type", X],
        "changed",
        Bad("", "WL-BLOB-SUBJECT"),
    ),
    case(
        "our attestation of another type",
        &["KEY:mine", "--bundle", "ma.new"],
        "blob",
        Bad("invalid predicate type", "WL-BLOB-PREDICATE-TYPE"),
    ),
    case(
        "cosign's attestation of another type",
        &["KEY:theirs", "--bundle", "3a.new", "--type", "spdx"],
        "blob",
        Bad("invalid predicate type", "WL-BLOB-PREDICATE-TYPE"),
    ),
    case(
        "our attestation by another key",
        &["KEY:other", "--bundle", "ma.new", "--type", X],
        "blob",
        Bad(
            "accepted signatures do not match threshold",
            "WL-SIG-KEY-MISMATCH",
        ),
    ),
    case(
        "cosign's attestation by another key",
        &["KEY:other", "--bundle", "3a.old", "--type", X],
        "blob",
        Bad("accepted signatures do not match threshold", "WL-SIG-INVALID"),
    ),
    case(
        "a changed payload",
        &["KEY:theirs", "--signature", "payload.sig", "--type", X],
        "blob",
        Bad("accepted signatures do not match threshold", "WL-SIG-INVALID"),
    ),
    case(
        "another payload type",
        &["KEY:theirs", "--signature", "type.sig", "--type", X],
        "blob",
        Bad("invalid payloadType", "WL-BLOB-STATEMENT"),
    ),
    case(
        "a signature is no attestation",
        &["KEY:theirs", "--bundle", "3.new", "--type", X],
        "blob",
        Bad("bundle does not contain a DSSE envelope", "WL-BLOB-CONTENT"),
    ),
    case(
        "an old signature is no attestation",
        &["KEY:theirs", "--bundle", "3.old", "--type", X],
        "blob",
        Bad("", "WL-BLOB-CONTENT"),
    ),
    case(
        "a signature file is no envelope",
        &["KEY:theirs", "--signature", "3.sig", "--type", X],
        "blob",
        Bad("", "WL-BLOB-MALFORMED"),
    ),
    case(
        "an envelope with two signatures",
        &["KEY:theirs", "--signature", "two.sig", "--type", X],
        "blob",
        Stricter("WL-SIG-ONE-SIGNATURE"),
    ),
];

#[test]
fn both_give_the_same_answer_on_blobs() {
    let Some(workshop) = Workshop::new() else { return };
    workshop.keys();
    workshop.signatures();
    workshop.damage();
    let mut wrong = Vec::new();
    for (verb, cases) in [
        ("verify-blob", SIGNATURES),
        ("verify-blob-attestation", ATTESTATIONS),
    ] {
        for case in cases {
            wrong.extend(workshop.compare(&workshop.three, verb, case).err());
        }
    }
    let all = || SIGNATURES.iter().chain(ATTESTATIONS);
    let refusals = all()
        .filter(|case| matches!(case.expected, Bad(..) | Stricter(_)))
        .count();
    assert!(
        all().count() >= 40 && refusals >= 20,
        "{refusals} of {}",
        all().count()
    );
    assert!(wrong.is_empty(), "{} cases: {wrong:#?}", wrong.len());
}

/// What cosign 2 makes of our old forms; the new form it checks only with the public trust root at hand.
#[test]
fn cosign_2_reads_what_we_write_in_its_forms() {
    let Some(workshop) = Workshop::new() else { return };
    workshop.keys();
    workshop.signatures();
    workshop.damage();
    let old = |case: &&Case| {
        case.words
            .iter()
            .any(|word| word.ends_with(".old") || word.ends_with(".sig"))
    };
    let mut wrong = Vec::new();
    for (verb, cases) in [
        ("verify-blob", SIGNATURES),
        ("verify-blob-attestation", ATTESTATIONS),
    ] {
        for case in cases.iter().filter(old) {
            // It panics on Ed25519, and has other words for what it cannot read.
            if case.words.contains(&"KEY:ed") {
                continue;
            }
            wrong.extend(workshop.compare(&workshop.two, verb, case).err());
        }
    }
    assert!(wrong.is_empty(), "{} cases: {wrong:#?}", wrong.len());
}

/// Every word of `--type`, written by one and asked for from the other, and refused under another word.
#[test]
fn every_type_of_statement_is_known_by_the_same_word() {
    let Some(workshop) = Workshop::new() else { return };
    workshop.keys();
    let words = [
        "custom",
        "slsaprovenance",
        "slsaprovenance02",
        "slsaprovenance1",
        "spdx",
        "spdxjson",
        "cyclonedx",
        "link",
        "vuln",
        "openvex",
        "https://example.com/y",
    ];
    let ours = Path::new(env!("CARGO_BIN_EXE_weightlock"));
    for word in words {
        // cosign reads the predicates that it knows, and a link has members that must be there.
        let predicate = match word {
            "link" => {
                r#"{"_type": "link", "name": "x", "materials": {}, "products": {}, "byproducts": {}, "command": [], "environment": {}}"#
            }
            _ => "{}",
        };
        workshop.write("predicate", predicate.as_bytes());
        let statement = ["--predicate", "predicate", "--type", word, "blob"];
        workshop.ours(
            &[
                &["attest-blob", "--key", "mine.key", "--bundle", "m.new"],
                &statement[..],
            ]
            .concat(),
        );
        let quiet = ["--yes", "--use-signing-config=false", "--tlog-upload=false"];
        let words = ["attest-blob", "--key", "theirs.key", "--bundle", "3.new"];
        workshop.cosign(&workshop.three, &[&words[..], &quiet, &statement].concat());
        for (key, bundle) in [("mine.pub", "m.new"), ("theirs.pub", "3.new")] {
            let ask = |program: &Path, more: &[&str], wanted: &str| {
                let words = [
                    "verify-blob-attestation",
                    "--key",
                    key,
                    "--bundle",
                    bundle,
                    "--type",
                    wanted,
                    "blob",
                ];
                workshop
                    .run(program, &[&words[..], more].concat(), "")
                    .status
                    .code()
            };
            let lax = ["--insecure-ignore-tlog"];
            // What it writes as `spdx` is a text in the place of an object, and it does not read that again.
            let readable = i32::from(word == "spdx" && bundle == "3.new");
            assert_eq!(
                ask(&workshop.three, &lax, word),
                Some(readable),
                "cosign: {word} in {bundle}"
            );
            assert_eq!(ask(ours, &[], word), Some(0), "ours: {word} in {bundle}");
            let another = if word == "vuln" { "link" } else { "vuln" };
            assert_eq!(
                ask(&workshop.three, &lax, another),
                Some(1),
                "cosign: {word} in {bundle}"
            );
            assert_eq!(ask(ours, &[], another), Some(1), "ours: {word} in {bundle}");
        }
    }
}

//! Both directions with the reference implementation itself: what one signs the other verifies, and neither accepts
//! the model once a bit of it has changed.

use std::{
    fs,
    num::NonZeroU64,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use weightlock_artifact::{
    digest::{Algorithm, engine::Settings},
    inventory::{Links, Root},
};
use weightlock_peers::{Peer, program, skip};
use weightlock_signing::{
    key::{KeyError, OpenError, PrivateKey},
    oms::{
        Method, SigningMaterial,
        model::{Plan, Work, prepare},
        sign_statement,
    },
};

use crate::vectors;

const CURVES: [&str; 3] = ["p256", "p384", "p521"];

/// Who is asked.
#[derive(Clone)]
enum Tool {
    Ours,
    Reference(PathBuf),
}

impl Tool {
    fn both() -> Option<[Self; 2]> {
        Some([Self::Ours, Self::Reference(program(Peer::ModelSigning)?)])
    }

    fn command(&self) -> Command {
        match self {
            Self::Ours => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_weightlock"));
                command.args(["compat", "model_signing"]);
                command
            }
            Self::Reference(program) => Command::new(program),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Ours => "weightlock",
            Self::Reference(_) => "the reference",
        }
    }
}

fn key(name: &str) -> PathBuf {
    let keys = vectors::testdata().join("reference-1.1.1/keys");
    keys.join(format!("{name}.pem")).canonicalize().unwrap()
}

/// A model with what is easily got wrong: folders, names of many scripts, order, empty files, a quote.
struct Model {
    folder: tempfile::TempDir,
}

impl Model {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = Self { folder };
        for (name, content) in [
            ("config.json", "{}"),
            ("a/b.bin", "b"),
            ("a-b/c.bin", "c"),
            ("a.txt", "t"),
            ("模型/weights ① é.bin", "unicode"),
            ("e\u{301}.txt", "decomposed"),
            ("it's \"quoted\" \\.txt", "q"),
            ("🦀.txt", "beyond the first plane"),
            ("\u{fffd}.txt", "before it by code point, behind it by UTF-16"),
            ("empty.bin", ""),
            (".hidden/x", "h"),
            (".gitignore", "*"),
        ] {
            model.write(name, content.as_bytes());
        }
        model.write("big.bin", &(0..=255).cycle().take(2500).collect::<Vec<u8>>());
        model
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("model")
    }

    fn run(&self, command: &mut Command) -> Output {
        command
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    }

    /// Runs `sign`, or `verify`, on a target in the model's folder.
    fn ask(&self, tool: &Tool, words: &[&str], files: &[(&str, PathBuf)], target: &str) -> (bool, String) {
        let mut command = tool.command();
        command.args(words);
        for (option, file) in files {
            command.arg(option).arg(file);
        }
        let output = self.run(command.args(["--signature", "model.sig", target]));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        let done = match (words[0], output.status.code()) {
            ("sign", Some(0)) => said.ends_with("Signing succeeded\n"),
            ("verify", Some(0)) => said.ends_with("Verification succeeded\n"),
            (_, Some(1)) => false,
            other => panic!("{}: {other:?}: {said}", tool.name()),
        };
        (done, said)
    }

    /// Flips a bit, asks for a refusal, and flips it back.
    fn refused_when_changed(&self, name: &str, ask: impl Fn() -> (bool, String)) {
        let path = self.folder.path().join(name);
        let sound = fs::read(&path).unwrap();
        let mut changed = sound.clone();
        changed[0] ^= 1;
        fs::write(&path, changed).unwrap();
        let (verified, said) = ask();
        assert!(!verified && said.contains("Hash mismatch for "), "{said}");
        fs::write(&path, sound).unwrap();
    }
}

/// Each tool signs, each verifies, each refuses a changed model.
fn round(model: &Model, sign: (&[&str], &[(&str, PathBuf)]), verify: (&[&str], &[(&str, PathBuf)])) {
    let Some(tools) = Tool::both() else { return };
    for signer in &tools {
        let (signed, said) = model.ask(signer, sign.0, sign.1, "model");
        assert!(signed, "{} did not sign: {said}", signer.name());
        for verifier in &tools {
            let ask = || model.ask(verifier, verify.0, verify.1, "model");
            let (verified, said) = ask();
            assert!(verified, "{} by {}: {said}", signer.name(), verifier.name());
            model.refused_when_changed("model/模型/weights ① é.bin", ask);
        }
    }
}

#[test]
fn keys_of_every_curve_in_both_directions() {
    for curve in CURVES {
        round(
            &Model::new(),
            (
                &["sign", "key"],
                &[("--private_key", key(&format!("{curve}.key")))],
            ),
            (
                &["verify", "key"],
                &[("--public_key", key(&format!("{curve}.pub")))],
            ),
        );
    }
}

#[test]
fn certificates_in_both_directions() {
    round(
        &Model::new(),
        (
            &["sign", "certificate"],
            &[
                ("--private_key", key("leaf.key")),
                ("--signing_certificate", key("leaf.cert")),
                ("--certificate_chain", key("intermediate-ca.cert")),
            ],
        ),
        (
            &["verify", "certificate"],
            &[("--certificate_chain", key("root-ca.cert"))],
        ),
    );
}

#[test]
fn one_file_in_both_directions() {
    let Some(tools) = Tool::both() else { return };
    let model = Model::new();
    for signer in &tools {
        let private = [("--private_key", key("p256.key"))];
        let (signed, said) = model.ask(signer, &["sign", "key"], &private, "model/big.bin");
        assert!(signed, "{said}");
        for verifier in &tools {
            let public = [("--public_key", key("p256.pub"))];
            let ask = || model.ask(verifier, &["verify", "key"], &public, "model/big.bin");
            let (verified, said) = ask();
            assert!(verified, "{} by {}: {said}", signer.name(), verifier.name());
            model.refused_when_changed("model/big.bin", ask);
        }
    }
}

#[test]
fn both_say_the_same_of_a_model_that_differs() {
    let Some(tools) = Tool::both() else { return };
    let model = Model::new();
    let private = [("--private_key", key("p256.key"))];
    assert!(model.ask(&tools[0], &["sign", "key"], &private, "model").0);
    fs::remove_file(model.path().join("a.txt")).unwrap();
    fs::rename(model.path().join("a/b.bin"), model.path().join("renamed.bin")).unwrap();
    model.write("it's \"quoted\" \\.txt", b"Q");
    model.write("line\nfeed\u{202e}.txt", b"");
    let [ours, reference] = tools.map(|tool| {
        let public = [("--public_key", key("p256.pub"))];
        let (verified, said) = model.ask(&tool, &["verify", "key"], &public, "model");
        assert!(!verified);
        said.trim_end().to_owned()
    });
    assert_eq!(ours, format!("{reference} (WL-SIG-TAMPERED)"));
}

#[test]
fn what_is_left_out_is_the_same() {
    let Some(tools) = Tool::both() else { return };
    for options in [
        &["--ignore-paths", "model/a", "--ignore-paths", "elsewhere"][..],
        &["--no-ignore-git-paths"],
    ] {
        let model = Model::new();
        let ask = |tool: &Tool, words: &[&str], option: &str, file: &str| {
            let mut command = tool.command();
            command.args(words).args(options).arg(option).arg(key(file));
            let output = model.run(command.args(["--signature", "model/inside.sig", "model"]));
            assert_eq!(
                output.status.code(),
                Some(0),
                "{} {options:?}: {output:?}",
                tool.name()
            );
        };
        for signer in &tools {
            ask(
                signer,
                &["sign", "key"],
                "--private-key".replace("-k", "_k").as_str(),
                "p256.key",
            );
            for verifier in &tools {
                ask(verifier, &["verify", "key"], "--public_key", "p256.pub");
            }
        }
    }
}

/// Signs as native `sign` does: every built-in name is left out and recorded.
fn sign_natively(model: &Path, plan: &Plan) -> Vec<u8> {
    let mut work = Work {
        settings: Settings::new(Algorithm::Sha256),
        observer: &(),
        cache: None,
        keeper: None,
        leaves: None,
    };
    let root = Root::open(model, Links::Refused).unwrap();
    let prepared = prepare(root, plan, None, &mut work).unwrap().unwrap();
    let no_password = |_| Err::<_, OpenError<KeyError>>(OpenError::Key(KeyError::WrongPassword));
    let key = PrivateKey::from_pem(&fs::read(key("p256.key")).unwrap(), no_password).unwrap();
    sign_statement(&prepared.statement, &key, &SigningMaterial::Key).unwrap()
}

#[test]
fn evidence_added_after_signing_is_still_accepted_by_the_reference() {
    let Some(tools) = Tool::both() else { return };
    let model = Model::new();
    let bundle = sign_natively(&model.path(), &Plan::new());
    model.write("model.sig", &bundle);
    model.write(".weightlock/evidence/scan-0123456789abcdef.sigstore.json", b"{}");
    model.write(".weightlock/leaves/0123456789abcdef.bin", b"leaves");
    for tool in &tools {
        let mut command = tool.command();
        command.args(["verify", "key", "--signature", "model/model.sig", "--public_key"]);
        let output = model.run(command.arg(key("p256.pub")).arg("model"));
        assert_eq!(output.status.code(), Some(0), "{}: {output:?}", tool.name());
        // Moved and renamed, as a download is.
        let moved = model.folder.path().join("elsewhere");
        fs::rename(model.path(), &moved).unwrap();
        let mut command = tool.command();
        command.args([
            "verify",
            "key",
            "--signature",
            "elsewhere/model.sig",
            "--public_key",
        ]);
        let output = model.run(command.arg(key("p256.pub")).arg("elsewhere"));
        assert_eq!(output.status.code(), Some(0), "{}: {output:?}", tool.name());
        fs::rename(moved, model.path()).unwrap();
    }
}

/// The reference's Python, which does more than its command line. Its one argument is a script.
fn python(model: &Model, reference: &Path, script: &str) -> Output {
    let mut command = Command::new(reference.with_file_name("python"));
    command
        .args(["-c", script])
        .env("PRIVATE", key("p256.key"))
        .env("PUBLIC", key("p256.pub"));
    model.run(&mut command)
}

#[test]
fn shards_and_other_hashes_in_both_directions() {
    let Some(reference) = program(Peer::ModelSigning) else {
        return;
    };
    if !reference.with_file_name("python").is_file() {
        return skip("the reference's Python is not beside its program");
    }
    let shards = Method::Shards(NonZeroU64::new(1000).unwrap());
    // The reference has no shards of BLAKE3, and its own name for BLAKE2b.
    for (algorithm, name, method) in [
        (Algorithm::Sha256, "sha256", shards),
        (Algorithm::Blake2b, "blake2", shards),
        (Algorithm::Blake2b, "blake2", Method::Files),
        (Algorithm::Blake3, "blake3", Method::Files),
    ] {
        let model = Model::new();
        let plan = Plan {
            algorithm,
            method,
            ..Plan::new()
        };
        fs::write(
            model.folder.path().join("model.sig"),
            sign_natively(&model.path(), &plan),
        )
        .unwrap();
        let how = match method {
            Method::Files => format!("use_file_serialization(hashing_algorithm='{name}')"),
            Method::Shards(size) => {
                format!("use_shard_serialization(shard_size={size}, hashing_algorithm='{name}')")
            }
        };
        let verify = format!(
            "import os\nfrom model_signing import hashing, verifying\n\
             verifying.Config().use_elliptic_key_verifier(public_key=os.environ['PUBLIC'])\
             .set_hashing_config(hashing.Config().{how}).verify('model', 'model.sig')"
        );
        let output = python(&model, &reference, &verify);
        assert!(output.status.success(), "{verify}: {output:?}");
        let sign = format!(
            "import os\nfrom model_signing import hashing, signing\n\
             signing.Config().use_elliptic_key_signer(private_key=os.environ['PRIVATE'])\
             .set_hashing_config(hashing.Config().{how}).sign('model', 'model.sig')"
        );
        let output = python(&model, &reference, &sign);
        assert!(output.status.success(), "{sign}: {output:?}");
        let public = [("--public_key", key("p256.pub"))];
        let ask = || model.ask(&Tool::Ours, &["verify", "key"], &public, "model");
        let (verified, said) = ask();
        assert!(verified, "{algorithm:?} {method:?}: {said}");
        model.refused_when_changed("model/big.bin", ask);
    }
}

/// A token with one P-256 key, made by softhsm2 in the model's folder.
struct Token {
    module: PathBuf,
    configuration: PathBuf,
}

impl Token {
    const URI: &str = "pkcs11:token=oms;object=release?pin-value=4711";

    fn new(folder: &Path) -> Option<Self> {
        let token = Self {
            module: program(Peer::SofthsmModule)?,
            configuration: folder.join("softhsm2.conf"),
        };
        let (softhsm, tool) = (program(Peer::SofthsmUtil)?, program(Peer::Pkcs11Tool)?);
        let tokens = folder.join("tokens");
        fs::create_dir(&tokens).unwrap();
        let text = format!("directories.tokendir = {}\n", tokens.display());
        fs::write(&token.configuration, text).unwrap();
        let make = [
            "--init-token",
            "--free",
            "--label",
            "oms",
            "--pin",
            "4711",
            "--so-pin",
            "12345678",
        ];
        token.run(Command::new(softhsm).args(make));
        let mut on_token = Command::new(tool);
        on_token.arg("--module").arg(&token.module);
        on_token.args(["--token-label", "oms", "--login", "--pin", "4711", "--keypairgen"]);
        token.run(on_token.args(["--key-type", "EC:prime256v1", "--id", "01", "--label", "release"]));
        Some(token)
    }

    fn run(&self, command: &mut Command) -> Output {
        let output = command
            .env("SOFTHSM2_CONF", &self.configuration)
            .output()
            .unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        output
    }

    fn uri(&self) -> String {
        format!("{}&module-path={}", Self::URI, self.module.display())
    }

    /// The public key as `pkcs11-tool` gives it, turned into PEM by `openssl`.
    fn public_key(&self, folder: &Path) -> Option<PathBuf> {
        let (tool, openssl) = (program(Peer::Pkcs11Tool)?, program(Peer::Openssl)?);
        let (der, pem) = (folder.join("release.der"), folder.join("release.pub"));
        let mut read = Command::new(tool);
        read.arg("--module")
            .arg(&self.module)
            .args(["--token-label", "oms", "--read-object"]);
        self.run(
            read.args(["--type", "pubkey", "--id", "01", "--output-file"])
                .arg(&der),
        );
        let mut convert = Command::new(openssl);
        convert
            .args(["pkey", "-pubin", "-inform", "DER", "-in"])
            .arg(&der);
        self.run(convert.arg("-out").arg(&pem));
        Some(pem)
    }
}

#[test]
fn a_token_signs_and_the_public_key_verifies_in_both_directions() {
    let Some(tools) = Tool::both() else { return };
    let model = Model::new();
    let Some(token) = Token::new(model.folder.path()) else {
        return;
    };
    let Some(public) = token.public_key(model.folder.path()) else {
        return;
    };
    for signer in &tools {
        let mut command = signer.command();
        command.args(["sign", "pkcs11-key", "--pkcs11_uri", &token.uri(), "model"]);
        let output = model.run(command.env("SOFTHSM2_CONF", &token.configuration));
        if String::from_utf8_lossy(&output.stderr).contains("requires the 'pkcs11' extra") {
            skip("the reference is installed without its PKCS#11 extra (pykcs11): it signs with no token");
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{}: {output:?}", signer.name());
        for verifier in &tools {
            let ask = || {
                model.ask(
                    verifier,
                    &["verify", "key"],
                    &[("--public_key", public.clone())],
                    "model",
                )
            };
            let (verified, said) = ask();
            assert!(verified, "{} by {}: {said}", signer.name(), verifier.name());
            model.refused_when_changed("model/config.json", ask);
        }
    }
}

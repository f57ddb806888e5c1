//! A real token: softhsm2 in a folder of its own. Without softhsm2 and opensc the test is counted as skipped.
//!
//! The module takes its folder from an environment variable when it is loaded, and a test must not change its own
//! environment: so [`a_real_token`] makes the tokens and runs this program again for the tests in [`token`].

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use weightlock_peers::{Peer, program};

use super::path;

const PIN: &str = "canary-4711";

struct Workshop {
    module: PathBuf,
    folder: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Option<Self> {
        let module = program(Peer::SofthsmModule)?;
        for tool in [Peer::SofthsmUtil, Peer::Pkcs11Tool, Peer::Openssl] {
            program(tool)?;
        }
        let workshop = Self {
            module,
            folder: tempfile::tempdir().unwrap(),
        };
        let tokens = workshop.folder.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        std::fs::write(
            workshop.configuration(),
            format!("directories.tokendir = {}\n", tokens.display()),
        )
        .unwrap();
        Some(workshop)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        let output = command
            .args(arguments)
            .env("SOFTHSM2_CONF", self.configuration())
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {message}");
    }

    /// `pkcs11-tool` on the token `one`.
    fn on_one(&self, arguments: &[&str]) {
        let module = self.module.to_str().unwrap();
        let login = [
            "--module",
            module,
            "--token-label",
            "one",
            "--login",
            "--pin",
            PIN,
        ];
        self.run("pkcs11-tool", &[&login, arguments].concat());
    }

    fn write(&self, kind: &str, id: &str, label: &str, file: &Path) {
        let file = file.to_str().unwrap();
        self.on_one(&[
            "--write-object",
            file,
            "--type",
            kind,
            "--id",
            id,
            "--label",
            label,
        ]);
    }

    fn fill(&self) {
        for label in ["one", "two", "two"] {
            let so_pin = ["--so-pin", "12345678", "--pin", PIN];
            self.run(
                "softhsm2-util",
                &[&["--init-token", "--free", "--label", label][..], &so_pin].concat(),
            );
        }
        for (id, label, kind) in [
            ("01", "p256", "EC:prime256v1"),
            ("02", "p384", "EC:secp384r1"),
            ("03", "p521", "EC:secp521r1"),
            ("04", "twin", "EC:prime256v1"),
            ("05", "twin", "EC:prime256v1"),
            ("06", "rsa", "rsa:2048"),
            ("0a", "wallet", "EC:secp256k1"),
        ] {
            self.on_one(&[
                "--keypairgen",
                "--key-type",
                kind,
                "--id",
                id,
                "--label",
                label,
                "--usage-sign",
            ]);
        }
        let key = path("pki/leaf.key.pem");
        // Only the private key; with a certificate; with somebody else's public key.
        self.write("privkey", "07", "lonely", &key);
        self.write("privkey", "08", "certified", &key);
        self.write(
            "cert",
            "08",
            "certificate",
            &self.der("x509", &path("pki/leaf.cert.pem"), &[]),
        );
        self.write("privkey", "09", "impostor", &key);
        self.write(
            "pubkey",
            "09",
            "impostor",
            &self.der("pkey", &path("keys/other-p256.pub.pem"), &["-pubin"]),
        );
    }

    fn der(&self, kind: &str, pem: &Path, more: &[&str]) -> PathBuf {
        let file = self.folder.path().join(format!("{kind}.der"));
        let arguments = [
            kind,
            "-in",
            pem.to_str().unwrap(),
            "-outform",
            "DER",
            "-out",
            file.to_str().unwrap(),
        ];
        self.run("openssl", &[&arguments[..], more].concat());
        file
    }
}

#[test]
fn a_real_token() {
    let Some(workshop) = Workshop::new() else { return };
    workshop.fill();
    let pin_file = workshop.folder.path().join("pin");
    std::fs::write(&pin_file, format!("{PIN}\n")).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--test-threads=1", "pkcs11::token::"])
        .env("SOFTHSM2_CONF", workshop.configuration())
        .env("WEIGHTLOCK_TEST_MODULE", &workshop.module)
        .env("WEIGHTLOCK_TEST_PIN_FILE", pin_file)
        .output()
        .unwrap();
    let report = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{report}");
    assert!(report.contains("8 passed"), "{report}");
    assert!(!report.contains(PIN), "the PIN was shown: {report}");
}

/// Run in a process of their own, one after the other: who is logged in is a fact about the process.
mod token {
    use std::path::Path;

    use weightlock_signing::{
        certificate::Certificate,
        key::{
            Algorithm, Password, PublicKey, SignError, Signer,
            pkcs11::{Pkcs11Error, Pkcs11Signer, TokenOpenError, TokenOptions},
            uri::Uri,
        },
    };

    use super::{super::data, PIN};

    type Opened = Result<Pkcs11Signer, TokenOpenError<&'static str>>;

    fn module() -> String {
        std::env::var("WEIGHTLOCK_TEST_MODULE").unwrap()
    }

    fn open_with(uri: &str, options: TokenOptions<'_>) -> Opened {
        Pkcs11Signer::open(&Uri::parse(uri).unwrap(), options, |_| Ok(Password::new(PIN)))
    }

    /// Opens `pkcs11:PATH` on the test's module.
    fn open(path: &str) -> Opened {
        let module = module();
        open_with(
            &format!("pkcs11:{path}"),
            TokenOptions {
                module: Some(Path::new(&module)),
                certificate: None,
            },
        )
    }

    fn code(opened: Opened) -> &'static str {
        match opened {
            Ok(_) => "ok",
            Err(TokenOpenError::Token(error)) => error.code().as_str(),
            Err(TokenOpenError::Pin(why)) => why,
        }
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn every_curve_signs() {
        for (name, algorithm) in [
            ("p256", Algorithm::P256),
            ("p384", Algorithm::P384),
            ("p521", Algorithm::P521),
        ] {
            let signer = open(&format!("token=one;object={name};type=private")).unwrap();
            assert_eq!(signer.public_key().algorithm(), algorithm);
            for message in [&b""[..], b"message", &[7; 10_000]] {
                let signature = signer.sign(message).unwrap();
                assert_eq!(signer.public_key().verify(message, &signature), Ok(()));
            }
        }
        let by_id = open("token=one;id=%01").unwrap();
        let by_label = open("token=one;object=p256").unwrap();
        assert_eq!(by_id.public_key(), by_label.public_key());
        assert!(open("token=one;object=p256;id=%01").is_ok());
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn what_is_missing_or_ambiguous_is_said() {
        for (path, expected) in [
            ("token=nobody;object=p256", "WL-PKCS11-TOKEN-MISSING"),
            ("token=one;serial=00;object=p256", "WL-PKCS11-TOKEN-MISSING"),
            ("token=one;slot-id=4711;object=p256", "WL-PKCS11-TOKEN-MISSING"),
            (
                "token=one;manufacturer=Nobody;object=p256",
                "WL-PKCS11-TOKEN-MISSING",
            ),
            (
                "token=one;library-manufacturer=Nobody;object=p256",
                "WL-PKCS11-TOKEN-MISSING",
            ),
            ("token=two;object=p256", "WL-PKCS11-TOKEN-AMBIGUOUS"),
            ("object=p256", "WL-PKCS11-TOKEN-AMBIGUOUS"),
            ("token=one;object=nothing", "WL-PKCS11-KEY-MISSING"),
            ("token=one;object=p256;id=%02", "WL-PKCS11-KEY-MISSING"),
            ("token=one;object=twin", "WL-PKCS11-KEY-AMBIGUOUS"),
            ("token=one", "WL-PKCS11-KEY-AMBIGUOUS"),
            ("token=one;object=twin;id=%05", "ok"),
            ("token=one;object=rsa", "WL-PKCS11-UNSUPPORTED-KEY"),
            ("token=one;object=wallet", "WL-PKCS11-UNSUPPORTED-KEY"),
            (
                "token=one;object=p256;type=secret-key",
                "WL-PKCS11-UNSUPPORTED-KEY",
            ),
            ("token=one;object=lonely", "WL-PKCS11-PUBLIC-KEY-MISSING"),
        ] {
            assert_eq!(code(open(path)), expected, "{path}");
        }
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn a_wrong_pin_is_refused_and_none_is_guessed() {
        let module = module();
        let uri = |query: &str| {
            Uri::parse(&format!(
                "pkcs11:token=one;object=p256?module-path={module}{query}"
            ))
            .unwrap()
        };
        let with = |uri: &Uri, pin: Result<&str, &'static str>| {
            code(Pkcs11Signer::open(uri, TokenOptions::default(), |_| {
                pin.map(Password::new)
            }))
        };
        assert_eq!(with(&uri(""), Ok("wrong-pin")), "WL-PKCS11-PIN-WRONG");
        assert_eq!(with(&uri(""), Ok("")), "WL-PKCS11-PIN-WRONG");
        assert_eq!(with(&uri(""), Err("no terminal")), "no terminal");
        assert_eq!(with(&uri("&pin-value=wrong"), Ok(PIN)), "WL-PKCS11-PIN-WRONG");
        assert_eq!(with(&uri("&pin-value=canary-4711"), Err("asked")), "ok");
        assert_eq!(
            with(&uri("&pin-source=/no/such/file"), Ok(PIN)),
            "WL-PKCS11-PIN-SOURCE"
        );
        let file = std::env::var("WEIGHTLOCK_TEST_PIN_FILE").unwrap();
        assert_eq!(
            with(&uri(&format!("&pin-source=file:{file}")), Err("asked")),
            "ok"
        );
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn the_module_is_found_or_not() {
        for (query, expected) in [
            ("", "WL-PKCS11-MODULE-MISSING"),
            ("?module-name=no-such-module", "WL-PKCS11-MODULE-MISSING"),
            ("?module-path=libsofthsm2.so", "WL-PKCS11-MODULE-MISSING"),
            ("?module-path=/no/such/module.so", "WL-PKCS11-MODULE-LOAD"),
            ("?module-path=/etc/passwd", "WL-PKCS11-MODULE-LOAD"),
            ("?module-name=softhsm2", "ok"),
        ] {
            let uri = format!("pkcs11:token=one;object=p256{query}");
            assert_eq!(
                code(open_with(&uri, TokenOptions::default())),
                expected,
                "{query}"
            );
        }
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn a_library_that_is_no_module_is_refused() {
        let libc = std::fs::read_dir("/usr/lib/x86_64-linux-gnu")
            .ok()
            .and_then(|mut entries| {
                entries.find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.ends_with("libm.so.6")))
            });
        let Some(libc) = libc else { return };
        let uri = format!("pkcs11:token=one?module-path={}", libc.display());
        assert_eq!(
            code(open_with(&uri, TokenOptions::default())),
            "WL-PKCS11-MODULE-LOAD"
        );
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn the_public_half_may_come_from_a_certificate() {
        let certificate = Certificate::from_pem(&data("pki/leaf.cert.pem")).unwrap();
        let on_token = open("token=one;object=certified").unwrap();
        assert_eq!(on_token.certificate().unwrap(), certificate);
        assert_eq!(on_token.public_key(), &certificate.public_key().unwrap());
        assert!(on_token.sign(b"x").is_ok());

        let module = module();
        let options = TokenOptions {
            module: Some(Path::new(&module)),
            certificate: Some(&certificate),
        };
        let given = open_with("pkcs11:token=one;object=lonely", options).unwrap();
        assert!(given.sign(b"x").is_ok());
        let none = given.certificate().unwrap_err();
        assert!(matches!(none, Pkcs11Error::CertificateMissing { count: 0, .. }));
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn a_signature_that_its_public_key_denies_is_not_given_out() {
        let signer = open("token=one;object=impostor").unwrap();
        let other = PublicKey::from_pem(&data("keys/other-p256.pub.pem")).unwrap();
        assert_eq!(signer.public_key(), &other);
        let refused = signer.sign(b"x").unwrap_err();
        assert!(matches!(refused, SignError::Token(Pkcs11Error::BadSignature)));
        assert_eq!(refused.code().as_str(), "WL-PKCS11-BAD-SIGNATURE");
    }

    #[test]
    #[ignore = "run by a_real_token"]
    fn nothing_shown_holds_the_pin() {
        let module = module();
        let uri = format!("pkcs11:token=one;object=p256?pin-value=canary-4711&module-path={module}");
        let signer = open_with(&uri, TokenOptions::default()).unwrap();
        let shown = format!(
            "{signer:?} {:?}",
            open("token=one;object=none?").map(|_| ()).unwrap_err()
        );
        assert!(!shown.contains("canary"), "{}", shown.len());
    }
}

//! Lane `go`: models are signed with the real Fulcio, the real timestamp authority and the real log of version 2, on
//! loopback ports.
//!
//! The issuer of tokens and the certificate log are those of the test: Fulcio has none of its own. So is the log of
//! version 1, whose real program needs a database server.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use weightlock_peers::{
    Peer, program,
    sigstore::{Account, Rekor, Service, Sigstore},
};
use weightlock_transport::{
    Url,
    http::{Client, Settings},
};

/// A service in a process of its own, ended with the test.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(command: &mut Command, port: u16, ready: &str) -> Self {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        for _ in 0..300 {
            if process.try_get(ready).is_some() {
                return process;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{command:?} did not begin to answer");
    }

    fn try_get(&self, path: &str) -> Option<Vec<u8>> {
        let client = Client::new(Settings::default());
        let url = Url::parse(&format!("{}{path}", self.url)).unwrap();
        let answer = client.get(&url).send().ok()?.success().ok()?;
        Some(answer.body)
    }

    fn get(&self, path: &str) -> String {
        String::from_utf8(self.try_get(path).unwrap()).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
fn port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn fulcio(sigstore: &Sigstore, folder: &Path) -> Option<Process> {
    let program = program(Peer::Fulcio)?;
    let issuer = json!({"IssuerURL": sigstore.issuer(), "ClientID": "sigstore", "Type": "email"});
    let config = json!({"OIDCIssuers": {sigstore.issuer(): issuer}});
    fs::write(folder.join("fulcio.json"), config.to_string()).unwrap();
    let (http, grpc, metrics) = (port(), port(), port());
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(["serve", "--ca", "ephemeralca", "--config-path", "fulcio.json"])
        .args(["--host", "127.0.0.1", "--grpc-host", "127.0.0.1"])
        .args(["--port", &http.to_string(), "--grpc-port", &grpc.to_string()])
        .args(["--metrics-port", &metrics.to_string()])
        .args(["--ct-log-url", &sigstore.url(Service::Fulcio)])
        .args([
            "--legacy-unix-domain-socket",
            &format!("@fulcio-of-a-test-{http}"),
        ]);
    Some(Process::start(&mut command, http, "/api/v2/trustBundle"))
}

fn timestamps(folder: &Path) -> Option<Process> {
    let program = program(Peer::TimestampServer)?;
    let http = port();
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(["serve", "--host", "127.0.0.1", "--port", &http.to_string()])
        .args(["--timestamp-signer", "memory", "--disable-ntp-monitoring"]);
    Some(Process::start(&mut command, http, "/api/v1/timestamp/certchain"))
}

/// The real log, with the key of the test's, so that the trust root stays as it is.
fn log(sigstore: &Sigstore, folder: &Path) -> Option<Process> {
    let program = program(Peer::RekorTiles)?;
    fs::write(folder.join("log.key"), sigstore.second_log_key()).unwrap();
    let (http, grpc, metrics) = (port(), port(), port());
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(["serve", "--hostname", "log.example.com", "--storage-dir", "tree"])
        .args(["--signer-filepath", "log.key", "--checkpoint-interval", "1s"])
        .args(["--http-port", &http.to_string(), "--grpc-port", &grpc.to_string()])
        .args(["--http-metrics-port", &metrics.to_string()]);
    Some(Process::start(&mut command, http, "/healthz"))
}

/// The timestamp authority always listens on one port for its measurements, so one runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The certificates of PEM texts, as trusted roots hold them.
fn chain(pem: &str) -> Value {
    let blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks
        .map(|block| {
            let body = block.split("-----END").next().unwrap();
            json!({"rawBytes": body.split_whitespace().collect::<String>()})
        })
        .collect()
}

/// A model, and a trust configuration with the real services in place of the test's.
struct Bench {
    folder: tempfile::TempDir,
    sigstore: Sigstore,
    _processes: Vec<Process>,
    _alone: MutexGuard<'static, ()>,
}

impl Bench {
    fn new(rekor: Rekor) -> Option<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("m")).unwrap();
        fs::write(folder.path().join("m/config.json"), "{}").unwrap();
        let sigstore = Sigstore::start();
        let fulcio = fulcio(&sigstore, folder.path())?;
        let timestamps = timestamps(folder.path())?;
        let mut trust: Value = serde_json::from_str(&sigstore.trust_config(rekor)).unwrap();
        let bundle: Value = serde_json::from_str(&fulcio.get("/api/v2/trustBundle")).unwrap();
        let certificates = bundle["chains"][0]["certificates"].as_array().unwrap();
        let pem: String = certificates.iter().map(|one| one.as_str().unwrap()).collect();
        let root = &mut trust["trustedRoot"];
        root["certificateAuthorities"][0]["certChain"]["certificates"] = chain(&pem);
        let stamps = timestamps.get("/api/v1/timestamp/certchain");
        root["timestampAuthorities"][0]["certChain"]["certificates"] = chain(&stamps);
        let signing = &mut trust["signingConfig"];
        signing["caUrls"][0]["url"] = json!(fulcio.url);
        signing["tsaUrls"][0]["url"] = json!(format!("{}/api/v1/timestamp", timestamps.url));
        let mut processes = vec![fulcio, timestamps];
        if rekor == Rekor::Second {
            let log = log(&sigstore, folder.path())?;
            trust["signingConfig"]["rekorTlogUrls"][0]["url"] = json!(log.url);
            processes.push(log);
        }
        fs::write(folder.path().join("trust.json"), trust.to_string()).unwrap();
        Some(Self {
            folder,
            sigstore,
            _processes: processes,
            _alone: alone,
        })
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        command.env("HOME", self.folder.path()).output().unwrap()
    }

    fn ours(&self, arguments: &[&str]) -> Output {
        self.run(Path::new(env!("CARGO_BIN_EXE_weightlock")), arguments)
    }

    fn sign(&self, account: &Account) -> Output {
        let token = self.sigstore.token(account);
        fs::write(self.folder.path().join("token"), token).unwrap();
        let trust = ["--trust-config", "trust.json", "--identity-token-file", "token"];
        self.ours(&[&["sign", "sigstore", "m", "--yes"], &trust[..]].concat())
    }
}

#[test]
fn real_certificates_and_timestamps_are_used_and_verified() {
    let account = Account::email("signer@example.com");
    for rekor in [Rekor::First, Rekor::Second] {
        let Some(bench) = Bench::new(rekor) else { return };
        let signed = bench.sign(&account);
        assert!(signed.status.success(), "{rekor:?}: {signed:?}");
        let verify = |identity: &str| {
            let issuer = bench.sigstore.issuer();
            let whom = ["--identity", identity, "--identity-provider", issuer];
            bench.ours(&[&["verify", "m", "--trusted-root", "trust.json"], &whom[..]].concat())
        };
        let verified = verify("signer@example.com");
        assert!(verified.status.success(), "{rekor:?}: {verified:?}");
        let other = verify("mallory@example.com");
        assert_eq!(other.status.code(), Some(1), "{other:?}");
        if let Some(reference) = program(Peer::ModelSigning) {
            let issuer = bench.sigstore.issuer();
            let arguments = ["verify", "sigstore", "--trust_config", "trust.json"];
            let whom = ["--identity", "signer@example.com", "--identity_provider", issuer];
            let signature = ["--signature", "m/model.sig", "m"];
            let theirs = bench.run(&reference, &[&arguments[..], &whom, &signature].concat());
            assert!(theirs.status.success(), "{rekor:?}: {theirs:?}");
        }
    }
}

#[test]
fn the_real_authority_refuses_what_it_must() {
    let Some(bench) = Bench::new(Rekor::First) else {
        return;
    };
    let account = Account::email("signer@example.com");
    for (account, why) in [
        (
            account.clone().with("email_verified", false.into()),
            "an address that nobody checked",
        ),
        (
            account.with("iss", "https://issuer.example.org".into()),
            "an issuer it does not know",
        ),
    ] {
        let refused = bench.sign(&account);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(4), "{why}: {said}");
        assert!(said.contains("error[WL-CA-REFUSED]"), "{why}: {said}");
        assert!(!bench.folder.path().join("m/model.sig").exists(), "{why}");
    }
}

//! A stand-in for the transit engine of HashiCorp Vault and OpenBao, in this process.
//!
//! It is a fake: neither server can be fetched by the means tests have. It implements what the engine's documentation says
//! of making, reading, rotating and deleting keys, and of signing and verifying with them, answers mistakes with the engine's
//! status and words, and can be told to lie as no honest server does. The real cosign works with it. It keeps no secrets:
//! private keys are made from their names.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::{ecdsa::signature::hazmat::PrehashSigner as _, pkcs8::EncodePublicKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

pub use crate::http::Trouble;
use crate::http::{Request, Response, Server};

/// A running stand-in; it ends when dropped.
#[derive(Debug)]
pub struct Vault {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// How the server answers as no honest one does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// Signs with another key.
    AnotherKey,
    /// Says that another version of the key signed.
    AnotherVersion,
    /// Leaves the signature out.
    NoSignature,
    /// Names another type than the key has.
    AnotherType,
}

#[derive(Debug, Default)]
struct State {
    keys: BTreeMap<String, Key>,
    lie: Option<Lie>,
    /// The last request with a body, for tests that look at what was asked.
    asked: Value,
}

#[derive(Clone, Debug)]
struct Key {
    kind: String,
    versions: u64,
}

/// The token that the server takes; it stands in no answer.
pub const TOKEN: &str = "hvs.canary-7f3a9c";

/// Types of keys, all of the engine's that matter here: four that sign, one that does not.
const KINDS: [&str; 5] = [
    "ecdsa-p256",
    "ecdsa-p384",
    "ecdsa-p521",
    "ed25519",
    "aes256-gcm96",
];

impl Vault {
    /// Starts a server without keys.
    ///
    /// # Panics
    /// When the loopback interface has no free port.
    #[must_use]
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| answer(&mut locked(&shared), request));
        Self { server, state }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Makes a key of this type, as `vault write transit/keys/NAME type=…` does.
    pub fn create(&self, name: &str, kind: &str) {
        let key = Key {
            kind: kind.to_owned(),
            versions: 1,
        };
        locked(&self.state).keys.insert(name.to_owned(), key);
    }

    /// Adds a version to a key.
    pub fn rotate(&self, name: &str) {
        if let Some(key) = locked(&self.state).keys.get_mut(name) {
            key.versions += 1;
        }
    }

    /// Deletes a key.
    pub fn delete(&self, name: &str) {
        locked(&self.state).keys.remove(name);
    }

    /// Has it lie from now on.
    pub fn lie(&self, lie: Option<Lie>) {
        locked(&self.state).lie = lie;
    }

    /// Has it misbehave below its protocol from now on.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        self.server.trouble(trouble);
    }

    /// How many calls it had since the last change of [`Vault::trouble`].
    #[must_use]
    pub fn requests(&self) -> usize {
        self.server.requests()
    }

    /// What the last call with a body asked.
    #[must_use]
    pub fn asked(&self) -> Value {
        locked(&self.state).asked.clone()
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no thread panics with it")
}

fn refused(status: u16, words: &[&str]) -> Response {
    Response::json(status, &json!({ "errors": words }))
}

fn answer(state: &mut State, request: &Request) -> Response {
    if request.header("x-vault-token") != Some(TOKEN) {
        return refused(403, &["permission denied"]);
    }
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let writes = matches!(request.method.as_str(), "POST" | "PUT");
    if writes {
        state.asked = request.json().unwrap_or_default();
    }
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["v1", "transit", "keys", name]) => read(state, name),
        ("DELETE", ["v1", "transit", "keys", name]) => {
            state.keys.remove(*name);
            done()
        }
        (_, ["v1", "transit", "keys", name]) if writes => create(state, name),
        (_, ["v1", "transit", "keys", name, "rotate"]) if writes => match state.keys.get_mut(*name) {
            Some(key) => {
                key.versions += 1;
                done()
            }
            None => refused(400, &["key not found"]),
        },
        (_, ["v1", "transit", "sign", name]) if writes => sign(state, name, "sha2-256"),
        (_, ["v1", "transit", "sign", name, hash]) if writes => sign(state, name, hash),
        (_, ["v1", "transit", "verify", name, hash]) if writes => verify(state, name, hash),
        _ => refused(404, &[]),
    }
}

fn done() -> Response {
    Response::json(200, &json!({"data": null}))
}

fn create(state: &mut State, name: &str) -> Response {
    let kind = state.asked["type"].as_str().unwrap_or("aes256-gcm96").to_owned();
    if !KINDS.contains(&kind.as_str()) {
        return refused(400, &[&format!("unknown key type: {kind}")]);
    }
    state
        .keys
        .entry(name.to_owned())
        .or_insert(Key { kind, versions: 1 });
    done()
}

fn read(state: &State, name: &str) -> Response {
    let Some(key) = state.keys.get(name) else {
        return refused(404, &[]);
    };
    let versions = (1..=key.versions).map(|version| {
        let told = match public(&key.kind, name, version) {
            Some(public_key) => json!({
                "creation_time": "2026-11-22T09:00:00Z",
                "name": curve(&key.kind),
                "public_key": public_key,
            }),
            None => json!(1_795_338_000),
        };
        (version.to_string(), told)
    });
    let kind = match state.lie {
        Some(Lie::AnotherType) if key.kind == "ecdsa-p256" => "ecdsa-p384",
        Some(Lie::AnotherType) => "ecdsa-p256",
        _ => &key.kind,
    };
    Response::json(
        200,
        &json!({"data": {
            "deletion_allowed": true,
            "derived": false,
            "exportable": false,
            "keys": versions.collect::<serde_json::Map<_, _>>(),
            "latest_version": key.versions,
            "min_available_version": 0,
            "min_decryption_version": 1,
            "min_encryption_version": 0,
            "name": name,
            "supports_signing": key.kind != "aes256-gcm96",
            "type": kind,
        }}),
    )
}

fn sign(state: &State, name: &str, hash: &str) -> Response {
    let Some(key) = state.keys.get(name) else {
        return refused(400, &["signing key not found"]);
    };
    if key.kind == "aes256-gcm96" {
        return refused(400, &["key type aes256-gcm96 does not support signing"]);
    }
    let asked = &state.asked;
    let Some(input) = asked["input"]
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok())
    else {
        return refused(400, &["unable to decode input as base64"]);
    };
    // The command line sends numbers as text.
    let version = match &asked["key_version"] {
        Value::String(text) => text.parse().unwrap_or(u64::MAX),
        other => other.as_u64().unwrap_or(0),
    };
    let version = if version == 0 { key.versions } else { version };
    if version > key.versions {
        return refused(400, &["cannot sign with a version that does not exist"]);
    }
    let prehashed = asked["prehashed"].as_bool().unwrap_or(false);
    if key.kind == "ed25519" && prehashed {
        return refused(400, &["prehashed is not supported for ed25519"]);
    }
    let marshaling = asked["marshaling_algorithm"].as_str().unwrap_or("asn1");
    if marshaling != "asn1" {
        return refused(400, &["only asn1 is spoken here"]);
    }
    let Some(digest) = digest(hash, &input, prehashed) else {
        return refused(400, &[&format!("invalid hash algorithm {hash:?}")]);
    };
    let signer = if state.lie == Some(Lie::AnotherKey) {
        "another"
    } else {
        name
    };
    let Some(signature) = signature(&key.kind, signer, version, &input, &digest) else {
        return refused(400, &["the digest does not fit the key"]);
    };
    let said = version + u64::from(state.lie == Some(Lie::AnotherVersion));
    match state.lie {
        Some(Lie::NoSignature) => Response::json(200, &json!({"data": {"key_version": version}})),
        _ => Response::json(
            200,
            &json!({"data": {
                "key_version": said,
                "signature": format!("vault:v{said}:{}", STANDARD.encode(signature)),
            }}),
        ),
    }
}

fn verify(state: &State, name: &str, hash: &str) -> Response {
    let asked = &state.asked;
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let signature = text("signature").strip_prefix("vault:v");
    let parts = signature.and_then(|rest| rest.split_once(':'));
    let parts = parts.and_then(|(version, made)| Some((version.parse().ok()?, STANDARD.decode(made).ok()?)));
    let input = STANDARD.decode(text("input")).unwrap_or_default();
    let digest = digest(hash, &input, asked["prehashed"].as_bool().unwrap_or(false));
    let (Some(key), Some((version, made)), Some(digest)) = (state.keys.get(name), parts, digest) else {
        return refused(400, &["signature verification failed"]);
    };
    let valid = is_valid(&key.kind, name, version, &input, &digest, &made).unwrap_or(false);
    Response::json(200, &json!({"data": {"valid": valid}}))
}

/// What is signed: the input if it is a digest already.
fn digest(hash: &str, input: &[u8], prehashed: bool) -> Option<Vec<u8>> {
    let (length, digest) = match hash {
        "sha2-256" => (32, Sha256::digest(input).to_vec()),
        "sha2-384" => (48, Sha384::digest(input).to_vec()),
        "sha2-512" => (64, Sha512::digest(input).to_vec()),
        _ => return None,
    };
    match prehashed {
        true if input.len() == length => Some(input.to_vec()),
        true => None,
        false => Some(digest),
    }
}

fn seed(name: &str, version: u64) -> [u8; 64] {
    Sha512::digest(format!("{name} {version}")).into()
}

fn p256_key(seed: &[u8; 64]) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&seed[..32]).expect("nearly every number is a key")
}

fn p384_key(seed: &[u8; 64]) -> p384::ecdsa::SigningKey {
    p384::ecdsa::SigningKey::from_slice(&seed[..48]).expect("nearly every number is a key")
}

fn p521_key(seed: &[u8; 64]) -> p521::ecdsa::SigningKey {
    let padded = [&[0; 2], seed.as_slice()].concat();
    p521::ecdsa::SigningKey::from_slice(&padded).expect("nearly every number is a key")
}

fn ed25519_key(seed: &[u8; 64]) -> ed25519_dalek::SigningKey {
    let mut half = [0; 32];
    half.copy_from_slice(&seed[..32]);
    ed25519_dalek::SigningKey::from_bytes(&half)
}

/// The public half as the engine writes it: PEM, for Ed25519 the 32 bytes in base64. None for keys that have none.
fn public(kind: &str, name: &str, version: u64) -> Option<String> {
    let seed = seed(name, version);
    let der = match kind {
        "ecdsa-p256" => p256_key(&seed).verifying_key().to_public_key_der(),
        "ecdsa-p384" => p384_key(&seed).verifying_key().to_public_key_der(),
        "ecdsa-p521" => p521_key(&seed).verifying_key().to_public_key_der(),
        "ed25519" => return Some(STANDARD.encode(ed25519_key(&seed).verifying_key().as_bytes())),
        _ => return None,
    };
    let text = STANDARD.encode(der.ok()?.as_bytes());
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .filter_map(|start| text.get(start..text.len().min(start + 64)))
        .collect();
    Some(format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    ))
}

fn signature(kind: &str, name: &str, version: u64, input: &[u8], digest: &[u8]) -> Option<Vec<u8>> {
    use ed25519_dalek::ed25519::signature::Signer as _;
    let seed = seed(name, version);
    match kind {
        "ecdsa-p256" => {
            let made: p256::ecdsa::DerSignature = p256_key(&seed).sign_prehash(digest).ok()?;
            Some(made.as_bytes().to_vec())
        }
        "ecdsa-p384" => {
            let made: p384::ecdsa::DerSignature = p384_key(&seed).sign_prehash(digest).ok()?;
            Some(made.as_bytes().to_vec())
        }
        "ecdsa-p521" => {
            let made: p521::ecdsa::DerSignature = p521_key(&seed).sign_prehash(digest).ok()?;
            Some(made.as_bytes().to_vec())
        }
        "ed25519" => Some(ed25519_key(&seed).sign(input).to_bytes().to_vec()),
        _ => None,
    }
}

/// Whether the key made the signature; nothing for a signature that has another form.
fn is_valid(kind: &str, name: &str, version: u64, input: &[u8], digest: &[u8], made: &[u8]) -> Option<bool> {
    use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
    let seed = seed(name, version);
    Some(match kind {
        "ecdsa-p256" => {
            let made = p256::ecdsa::DerSignature::try_from(made).ok()?;
            p256_key(&seed)
                .verifying_key()
                .verify_prehash(digest, &made)
                .is_ok()
        }
        "ecdsa-p384" => {
            let made = p384::ecdsa::DerSignature::try_from(made).ok()?;
            p384_key(&seed)
                .verifying_key()
                .verify_prehash(digest, &made)
                .is_ok()
        }
        "ecdsa-p521" => {
            let made = p521::ecdsa::DerSignature::try_from(made).ok()?;
            p521_key(&seed)
                .verifying_key()
                .verify_prehash(digest, &made)
                .is_ok()
        }
        "ed25519" => {
            let made = ed25519_dalek::Signature::from_slice(made).ok()?;
            ed25519_key(&seed)
                .verifying_key()
                .verify_strict(input, &made)
                .is_ok()
        }
        _ => return None,
    })
}

/// What the engine calls the curve.
fn curve(kind: &str) -> &'static str {
    match kind {
        "ecdsa-p256" => "P-256",
        "ecdsa-p384" => "P-384",
        "ecdsa-p521" => "P-521",
        _ => "ed25519",
    }
}

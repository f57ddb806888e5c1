//! The transit engine of HashiCorp Vault and OpenBao ([API]).
//!
//! ```text
//! GET  /v1/<engine>/keys/<name>               {"data":{"type":"ecdsa-p256","latest_version":2,"keys":{"2":{"public_key":…}}}}
//! POST /v1/<engine>/sign/<name>/sha2-256      {"input":…,"prehashed":true,"key_version":2,"marshaling_algorithm":"asn1"}
//!                                          →  {"data":{"signature":"vault:v2:<base64>"}}
//! ```
//!
//! ECDSA keys on P-256, P-384 and P-521 sign the digest of their own size; `ed25519` keys sign the message, without a hash
//! in the path. Refused: keys of other types, derived keys (they have no public half of their own), a signature by another
//! version than the one asked for.
//!
//! [API]: https://developer.hashicorp.com/vault/api-docs/secret/transit

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use weightlock_transport::{
    Secret, Url,
    http::{Call, Client, Response},
};

use super::{ANSWER_LIMIT, KmsError, confirmed, of_its_length};
use crate::{
    json,
    key::{Algorithm, Hash, PublicKey, SignError, Signer, reference::VaultKey},
};

/// Where the engine is and who asks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server, such as `https://vault.example.org:8200`.
    pub address: Url,
    /// The token of the caller.
    pub token: Secret,
    /// The namespace, for servers that have them.
    pub namespace: Option<String>,
    /// Where the engine is mounted: `transit` unless somebody chose another place, with `/` between parts.
    pub engine: String,
}

/// A key of the engine that signs.
#[derive(Debug)]
pub struct VaultSigner {
    client: Client,
    settings: Settings,
    name: String,
    latest: Latest,
}

/// The newest version of a key, as the engine tells it.
#[derive(Clone, Debug)]
pub struct Latest {
    /// Its number.
    pub version: u64,
    /// Its public half.
    pub public_key: PublicKey,
}

impl VaultSigner {
    /// Fetches the public half of the key's newest version.
    ///
    /// # Errors
    /// [`KmsError`]: no answer, no permission, no such key, or one of a kind that is not used here.
    pub fn open(client: &Client, settings: Settings, key: &VaultKey) -> Result<Self, KmsError> {
        let address = settings.below("keys", key.name(), None)?;
        let answer = settings.with_token(client.get(&address)).send()?;
        let latest = Latest::parse(&accepted(answer, &key.to_string())?.body)?;
        Ok(Self {
            client: client.clone(),
            settings,
            name: key.name().to_owned(),
            latest,
        })
    }

    /// Asks for a signature over a digest by this hash, or over a whole message. What the answer is worth is not known yet.
    fn asked(&self, input: &[u8], hash: Option<Hash>) -> Result<Vec<u8>, KmsError> {
        let hash = hash.map(path_of);
        let address = self.settings.below("sign", &self.name, hash)?;
        let mut asked = json!({
            "input": STANDARD.encode(input),
            "key_version": self.latest.version,
            "prehashed": hash.is_some(),
        });
        if hash.is_some() {
            asked["marshaling_algorithm"] = "asn1".into();
        }
        let call = self.client.post(&address, "application/json", asked.to_string());
        let answer = self.settings.with_token(call).send()?;
        let body = accepted(answer, &self.name)?.body;
        signature(&body, self.latest.version)
    }
}

impl Signer for VaultSigner {
    fn public_key(&self) -> &PublicKey {
        &self.latest.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let key = self.public_key();
        if key.algorithm() != Algorithm::Ed25519 {
            return self.sign_digest(&key.algorithm().hash().digest(message));
        }
        let made = self.asked(message, None)?;
        let checked = key.verify(message, &made);
        Ok(confirmed(made, checked)?)
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let key = self.public_key();
        if key.algorithm() == Algorithm::Ed25519 {
            return Err(SignError::NeedsMessage);
        }
        let made = self.asked(of_its_length(key, digest)?, Some(key.algorithm().hash()))?;
        let checked = key.verify_digest(digest, &made);
        Ok(confirmed(made, checked)?)
    }
}

impl Settings {
    /// `/v1/<engine>/<operation>/<name>[/<hash>]`
    fn below(&self, operation: &str, name: &str, hash: Option<&str>) -> Result<Url, KmsError> {
        let engine = self.engine.split('/').filter(|part| !part.is_empty());
        let path = ["v1"]
            .into_iter()
            .chain(engine)
            .chain([operation, name])
            .chain(hash);
        Ok(self.address.below(path)?)
    }

    fn with_token<'a>(&self, call: Call<'a>) -> Call<'a> {
        let call = call
            .limit(ANSWER_LIMIT)
            .header("X-Vault-Request", "true")
            .secret_header("X-Vault-Token", "", &self.token);
        match &self.namespace {
            Some(namespace) => call.header("X-Vault-Namespace", namespace),
            None => call,
        }
    }
}

/// The answer, or what its status means.
fn accepted(answer: Response, key: &str) -> Result<Response, KmsError> {
    let (at, words) = (answer.at.clone(), told(&answer));
    match answer.status {
        401 | 403 => Err(KmsError::Denied { at, words }),
        404 => Err(KmsError::KeyMissing {
            at,
            key: key.to_owned(),
            words,
        }),
        // What the engine says of a key that was deleted since it was opened.
        400 if words.contains("key not found") => Err(KmsError::KeyMissing {
            at,
            key: key.to_owned(),
            words,
        }),
        _ => Ok(answer.success()?),
    }
}

/// `{"errors":["permission denied"]}`, or whatever it says instead.
fn told(answer: &Response) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<String>,
    }
    match json::read::<Errors>(&answer.body) {
        Ok(Errors { errors }) if errors.is_empty() => "not found".to_owned(),
        Ok(Errors { errors }) => errors.join("; ").chars().take(300).collect(),
        Err(_) => answer.words(),
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct KeyData {
    #[serde(rename = "type")]
    kind: String,
    latest_version: u64,
    keys: HashMap<String, Value>,
}

#[derive(Deserialize)]
struct SignatureData {
    signature: String,
}

impl Latest {
    /// Reads the answer to a question for a key.
    ///
    /// # Errors
    /// [`KmsError::UnsupportedKey`] for other types, [`KmsError::Answer`] for everything that is no such answer.
    pub fn parse(answer: &[u8]) -> Result<Self, KmsError> {
        let unusable = |what| KmsError::Answer { what };
        let Answer { data } =
            json::read::<Answer<KeyData>>(answer).map_err(|_| unusable("it does not describe a key"))?;
        let algorithm = match data.kind.as_str() {
            "ecdsa-p256" => Algorithm::P256,
            "ecdsa-p384" => Algorithm::P384,
            "ecdsa-p521" => Algorithm::P521,
            "ed25519" => Algorithm::Ed25519,
            other => {
                return Err(KmsError::UnsupportedKey {
                    kind: other.chars().take(100).collect(),
                });
            }
        };
        let version = data.keys.get(&data.latest_version.to_string());
        let text = version.and_then(|version| version.get("public_key")?.as_str());
        let text = text.ok_or_else(|| unusable("it holds no public key of the newest version"))?;
        let public_key = match algorithm {
            // The 32 bytes themselves.
            Algorithm::Ed25519 => {
                let point = STANDARD.decode(text).unwrap_or_default();
                PublicKey::from_point(algorithm, &point)
            }
            _ => PublicKey::from_pem(text.as_bytes()),
        };
        let public_key = public_key.map_err(|error| KmsError::of_key(&error))?;
        if public_key.algorithm() != algorithm {
            return Err(unusable("its public key is of another type than it says"));
        }
        Ok(Self {
            version: data.latest_version,
            public_key,
        })
    }
}

/// Reads the answer to a call that signs: `vault:v2:<base64>`, by the version that was asked for.
///
/// # Errors
/// [`KmsError::Answer`] for everything else.
pub fn signature(answer: &[u8], version: u64) -> Result<Vec<u8>, KmsError> {
    let unusable = |what| KmsError::Answer { what };
    let Answer { data } =
        json::read::<Answer<SignatureData>>(answer).map_err(|_| unusable("it does not hold a signature"))?;
    let encoded = data
        .signature
        .strip_prefix(&format!("vault:v{version}:"))
        .ok_or_else(|| unusable("its signature is by another version of the key"))?;
    STANDARD
        .decode(encoded)
        .map_err(|_| unusable("its signature is not base64"))
}

/// The engine's name of a hash.
const fn path_of(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "sha2-256",
        Hash::Sha384 => "sha2-384",
        Hash::Sha512 => "sha2-512",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(answer: &str) -> &'static str {
        Latest::parse(answer.as_bytes()).unwrap_err().code().as_str()
    }

    #[test]
    fn answers_about_keys_are_read_strictly() {
        for answer in [
            "",
            "[]",
            r#"{"data":null}"#,
            r#"{"data":{"type":"ecdsa-p256","latest_version":1,"keys":{}}}"#,
            r#"{"data":{"type":"ecdsa-p256","latest_version":1,"keys":{"1":1442851412}}}"#,
            r#"{"data":{"type":"ecdsa-p256","latest_version":1,"keys":{"1":{"public_key":""}}}}"#,
            r#"{"data":{"type":"ed25519","latest_version":1,"keys":{"1":{"public_key":"AAAA"}}}}"#,
            r#"{"data":{"type":"ed25519","type":"ed25519","latest_version":1,"keys":{}}}"#,
            r#"{"data":{"type":"ed25519","latest_version":-1,"keys":{}}}"#,
        ] {
            assert_eq!(refused(answer), "WL-KMS-ANSWER", "{answer}");
        }
        for kind in ["aes256-gcm96", "rsa-2048", "hmac", "ml-dsa", ""] {
            let answer = format!(r#"{{"data":{{"type":"{kind}","latest_version":1,"keys":{{"1":1}}}}}}"#);
            assert_eq!(refused(&answer), "WL-KMS-UNSUPPORTED-KEY", "{kind}");
        }
    }

    #[test]
    fn a_key_of_another_type_than_stated_is_refused() {
        let key = "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\\n-----END PUBLIC KEY-----\\n";
        let answer = format!(
            r#"{{"data":{{"type":"ecdsa-p256","latest_version":1,"keys":{{"1":{{"public_key":"{key}"}}}}}}}}"#
        );
        assert_eq!(refused(&answer), "WL-KMS-ANSWER");
        let raw = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let answer = format!(
            r#"{{"data":{{"type":"ed25519","latest_version":7,"keys":{{"7":{{"public_key":"{raw}"}}}}}}}}"#
        );
        let latest = Latest::parse(answer.as_bytes()).unwrap();
        assert_eq!(
            (latest.version, latest.public_key.algorithm()),
            (7, Algorithm::Ed25519)
        );
    }

    #[test]
    fn a_signature_is_by_the_version_that_was_asked_for() {
        let answer = |text: &str| signature(format!(r#"{{"data":{{"signature":"{text}"}}}}"#).as_bytes(), 2);
        assert_eq!(answer("vault:v2:AAE=").unwrap(), [0, 1]);
        for text in [
            "vault:v1:AAE=",
            "vault:v20:AAE=",
            "AAE=",
            "vault:v2:!",
            "vault:v2:AAE",
            "bao:v2:AAE=",
        ] {
            assert_eq!(
                answer(text).unwrap_err().code().as_str(),
                "WL-KMS-ANSWER",
                "{text}"
            );
        }
        assert!(signature(b"{}", 2).is_err());
    }
}

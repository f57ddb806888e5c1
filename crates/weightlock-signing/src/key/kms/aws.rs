//! AWS KMS ([API]): `GetPublicKey` once, `Sign` with the digest.
//!
//! ```text
//! POST /    X-Amz-Target: TrentService.GetPublicKey   {"KeyId":…}
//!        →  {"KeyId":"arn:…","PublicKey":"<base64 DER>","KeyUsage":"SIGN_VERIFY","SigningAlgorithms":["ECDSA_SHA_256"]}
//! POST /    X-Amz-Target: TrentService.Sign           {"KeyId":…,"Message":…,"MessageType":"DIGEST","SigningAlgorithm":…}
//!        →  {"Signature":"<base64 DER>"}
//! ```
//!
//! ECDSA keys on P-256, P-384 and P-521. `Sign` names the key by the ARN that came with the public half, so that an alias
//! that is moved in between changes nothing. Refused: other kinds of key, keys for other purposes.
//!
//! Some services that stand in for AWS (moto) take the digest for a message and hash it again. Such an answer is no
//! signature of ours, and is recognised: it is one over the digest. Then the message itself is handed over, if it is as short
//! as the service allows, and the answer is checked as before.
//!
//! Whose call it is: an access key from the standard variables or a profile of the shared credentials file
//! ([`Credentials`]). Nothing is asked of the machine's metadata service and no single sign-on is started: those are calls to
//! addresses that nobody named.
//!
//! [API]: https://docs.aws.amazon.com/kms/latest/APIReference/

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use weightlock_transport::{
    Secret, Url,
    http::{Client, Response},
};

use super::{ANSWER_LIMIT, KmsError, confirmed, of_its_length, sigv4};
use crate::{
    base64::Base64,
    certificate::UnixTime,
    json,
    key::{Algorithm, PublicKey, SignError, Signer, reference::AwsKey},
};

/// Longest message that the service hashes itself, in bytes.
const MOST_RAW: usize = 4096;

/// Whose call it is.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `aws_access_key_id`, which is not secret.
    pub id: String,
    /// `aws_secret_access_key`.
    pub secret: Secret,
    /// `aws_session_token`, for credentials that last for a while only.
    pub session: Option<Secret>,
}

/// Where the service is and who asks.
#[derive(Clone)]
pub struct Settings {
    /// Address of the service, where neither the reference names one nor AWS's own is meant.
    pub endpoint: Option<Url>,
    /// The region, where the reference names none.
    pub region: Option<String>,
    /// Whose call it is.
    pub credentials: Credentials,
    /// The time of each call. Services refuse calls that are more than some minutes old.
    pub clock: Arc<dyn Fn() -> UnixTime + Send + Sync>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// A key of the service that signs.
#[derive(Debug)]
pub struct AwsSigner {
    service: Service,
    known: Known,
}

/// A key as the service tells it.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its ARN, or what the service calls it.
    pub id: String,
    /// Its public half.
    pub public_key: PublicKey,
}

#[derive(Debug)]
struct Service {
    client: Client,
    address: Url,
    region: String,
    settings: Settings,
    /// The key as it was named, for errors.
    key: String,
}

impl AwsSigner {
    /// Fetches the public half of the key.
    ///
    /// # Errors
    /// [`KmsError`]: no region, no answer, no permission, no such key, or one of a kind that is not used here.
    pub fn open(client: &Client, settings: Settings, key: &AwsKey) -> Result<Self, KmsError> {
        let region = key
            .region()
            .map(str::to_owned)
            .or_else(|| settings.region.clone());
        let region = region
            .filter(|region| is_region(region))
            .ok_or(KmsError::Setting {
                what: "no region is known; name the key by its ARN, or set AWS_REGION",
            })?;
        let service = Service {
            client: client.clone(),
            address: address(key, &settings, &region)?,
            region,
            settings,
            key: key.to_string(),
        };
        let answer = service.ask("GetPublicKey", &json!({ "KeyId": key.id() }))?;
        let known = Known::parse(&answer.body)?;
        Ok(Self { service, known })
    }

    /// A signature over the digest; none from a service that takes it for a message.
    fn over_digest(&self, digest: &[u8]) -> Result<Option<Vec<u8>>, KmsError> {
        let key = &self.known.public_key;
        let made = self.signed("DIGEST", digest)?;
        let checked = key.verify_digest(digest, &made);
        if checked.is_err() && key.verify(digest, &made).is_ok() {
            return Ok(None);
        }
        confirmed(made, checked).map(Some)
    }

    /// One call that signs. Whether the answer is worth anything is not known yet.
    fn signed(&self, kind: &str, input: &[u8]) -> Result<Vec<u8>, KmsError> {
        let asked = json!({
            "KeyId": self.known.id,
            "Message": STANDARD.encode(input),
            "MessageType": kind,
            "SigningAlgorithm": name_of(self.known.public_key.algorithm()),
        });
        signature(&self.service.ask("Sign", &asked)?.body)
    }
}

impl Signer for AwsSigner {
    fn public_key(&self) -> &PublicKey {
        &self.known.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let key = self.public_key();
        let digest = key.algorithm().hash().digest(message);
        if let Some(made) = self.over_digest(&digest)? {
            return Ok(made);
        }
        if message.len() > MOST_RAW {
            let what = "it hashed the digest again, and the message is too long for it";
            return Err(KmsError::Answer { what }.into());
        }
        let made = self.signed("RAW", message)?;
        let checked = key.verify(message, &made);
        Ok(confirmed(made, checked)?)
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let digest = of_its_length(self.public_key(), digest)?;
        self.over_digest(digest)?.ok_or(SignError::NeedsMessage)
    }
}

/// The reference's endpoint, the one of the settings, or AWS's own for the region.
fn address(key: &AwsKey, settings: &Settings, region: &str) -> Result<Url, KmsError> {
    if let Some(endpoint) = key.endpoint() {
        return Ok(Url::parse(&format!("https://{endpoint}/"))?);
    }
    if let Some(endpoint) = &settings.endpoint {
        return Ok(endpoint.clone());
    }
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    Ok(Url::parse(&format!("https://kms.{region}.{domain}/"))?)
}

/// Letters, digits and dashes: it becomes a part of a host name.
fn is_region(region: &str) -> bool {
    (1..=40).contains(&region.len())
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl Service {
    /// Makes a signed call.
    fn ask(&self, operation: &str, asked: &Value) -> Result<Response, KmsError> {
        const TYPE: &str = "application/x-amz-json-1.1";
        if self.address.path() != "/" {
            return Err(KmsError::Setting {
                what: "the endpoint of AWS KMS has no path",
            });
        }
        let body = asked.to_string();
        let time = (self.settings.clock)();
        let stamp = sigv4::timestamp(time);
        let target = format!("TrentService.{operation}");
        let Credentials { id, secret, session } = &self.settings.credentials;
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("content-type", TYPE.as_bytes()),
            ("host", self.address.authority().as_bytes()),
            ("x-amz-date", stamp.as_bytes()),
        ];
        headers.extend(
            session
                .iter()
                .map(|token| ("x-amz-security-token", token.expose())),
        );
        headers.push(("x-amz-target", target.as_bytes()));
        let signed = sigv4::Call {
            method: "POST",
            headers: &headers,
            body: body.as_bytes(),
        };
        let scope = sigv4::Scope {
            time,
            region: &self.region,
            service: "kms",
        };
        let authorization = sigv4::authorization(&signed, &scope, id, secret);
        let mut call = self
            .client
            .post(&self.address, TYPE, body)
            .limit(ANSWER_LIMIT)
            .header("Host", self.address.authority())
            .header("X-Amz-Date", &stamp)
            .header("X-Amz-Target", &target)
            // Whoever reads it can repeat the call for some minutes.
            .secret_header("Authorization", "", &Secret::new(authorization));
        if let Some(token) = session {
            call = call.secret_header("X-Amz-Security-Token", "", token);
        }
        self.accepted(call.send()?)
    }

    /// The answer, or what the exception in it means.
    fn accepted(&self, answer: Response) -> Result<Response, KmsError> {
        #[derive(Deserialize)]
        struct Exception {
            #[serde(rename = "__type")]
            kind: String,
            #[serde(alias = "Message", default)]
            message: String,
        }
        if answer.status == 200 {
            return Ok(answer);
        }
        let Ok(Exception { kind, message }) = json::read::<Exception>(&answer.body) else {
            return match answer.status {
                401 | 403 => Err(KmsError::Denied {
                    words: answer.words(),
                    at: answer.at,
                }),
                _ => Ok(answer.success()?),
            };
        };
        let name = kind.rsplit('#').next().unwrap_or_default();
        let words: String = format!("{name}: {message}").chars().take(300).collect();
        let at = answer.at.clone();
        Err(match name {
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "MissingAuthenticationTokenException" => KmsError::Denied { at, words },
            "NotFoundException"
            | "DisabledException"
            | "KMSInvalidStateException"
            | "KeyUnavailableException" => KmsError::KeyMissing {
                at,
                key: self.key.clone(),
                words,
            },
            "UnsupportedOperationException" | "InvalidKeyUsageException" => {
                KmsError::UnsupportedKey { kind: words }
            }
            _ => answer
                .success()
                .map_or_else(KmsError::from, |_| KmsError::Answer {
                    what: "it is an exception with a status of success",
                }),
        })
    }
}

#[derive(Deserialize)]
struct KeyData {
    #[serde(rename = "KeyId")]
    id: String,
    #[serde(rename = "PublicKey")]
    public_key: Base64,
    #[serde(rename = "KeyUsage")]
    usage: String,
    #[serde(rename = "SigningAlgorithms", default)]
    algorithms: Vec<String>,
}

#[derive(Deserialize)]
struct SignatureData {
    #[serde(rename = "Signature")]
    signature: Base64,
}

impl Known {
    /// Reads the answer of `GetPublicKey`.
    ///
    /// # Errors
    /// [`KmsError::UnsupportedKey`] for other kinds and purposes, [`KmsError::Answer`] for what is no such answer.
    pub fn parse(answer: &[u8]) -> Result<Self, KmsError> {
        let data: KeyData = read(answer, "it does not describe a key")?;
        if data.usage != "SIGN_VERIFY" {
            return Err(KmsError::UnsupportedKey {
                kind: format!("a key for {}", data.usage.chars().take(100).collect::<String>()),
            });
        }
        let public_key =
            PublicKey::from_spki_der(&data.public_key.0).map_err(|error| KmsError::of_key(&error))?;
        let wanted = name_of(public_key.algorithm());
        if !data.algorithms.iter().any(|one| one == wanted) {
            return Err(KmsError::UnsupportedKey {
                kind: format!("{}, which does not sign with {wanted}", public_key.algorithm()),
            });
        }
        Ok(Self {
            id: data.id,
            public_key,
        })
    }
}

/// Reads the answer of `Sign`.
///
/// # Errors
/// [`KmsError::Answer`] for everything else.
pub fn signature(answer: &[u8]) -> Result<Vec<u8>, KmsError> {
    read::<SignatureData>(answer, "it does not hold a signature").map(|data| data.signature.0)
}

fn read<T: DeserializeOwned>(answer: &[u8], what: &'static str) -> Result<T, KmsError> {
    json::read(answer).map_err(|_| KmsError::Answer { what })
}

/// What the service calls a signature over a digest. It has none for Ed25519, whose name no key lists.
const fn name_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::P256 => "ECDSA_SHA_256",
        Algorithm::P384 => "ECDSA_SHA_384",
        Algorithm::P521 => "ECDSA_SHA_512",
        Algorithm::Ed25519 => "a digest",
    }
}

impl Credentials {
    /// Longest file of credentials that is read, in bytes.
    pub const MAX_FILE_BYTES: usize = 256 << 10;

    /// Takes a profile out of a shared credentials file:
    ///
    /// ```text
    /// [default]
    /// aws_access_key_id = AKIDEXAMPLE
    /// aws_secret_access_key = …
    /// aws_session_token = …
    /// ```
    ///
    /// # Errors
    /// [`KmsError::Setting`]: there is no such profile, it is there twice, or it holds no access key. Profiles that run a
    /// program or take a role hold none.
    pub fn from_file(text: &str, profile: &str) -> Result<Self, KmsError> {
        let refused = |what| KmsError::Setting { what };
        let (mut inside, mut sections) = (false, 0);
        let (mut id, mut secret, mut session) = (None, None, None);
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                inside = name.trim() == profile;
                sections += u32::from(inside);
            } else if let Some((name, value)) = line.split_once('=').filter(|_| inside) {
                let value = value.trim();
                match name.trim() {
                    "aws_access_key_id" => id = Some(value.to_owned()),
                    "aws_secret_access_key" => secret = Some(Secret::new(value)),
                    "aws_session_token" => session = Some(Secret::new(value)),
                    _ => {}
                }
            }
        }
        match (sections, id, secret) {
            (0, ..) => Err(refused("the credentials file has no such profile")),
            (1, Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => Ok(Self {
                id,
                secret,
                session: session.filter(|token| !token.is_empty()),
            }),
            (1, ..) => Err(refused("the profile of the credentials file holds no access key")),
            _ => Err(refused("the credentials file has the profile more than once")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_taken_out_of_the_file() {
        let file = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B/+=\n\n[ ci ]\n\
                    aws_access_key_id=C\naws_secret_access_key = D\naws_session_token = E\n[empty]\nrole_arn = x\n";
        let found = Credentials::from_file(file, "default").unwrap();
        assert_eq!(
            (found.id.as_str(), found.secret.expose()),
            ("A", b"B/+=".as_slice())
        );
        assert!(found.session.is_none());
        let found = Credentials::from_file(file, "ci").unwrap();
        assert_eq!(found.session.unwrap().expose(), b"E");
        for profile in ["empty", "other", ""] {
            assert!(Credentials::from_file(file, profile).is_err(), "{profile}");
        }
        let twice = format!("{file}[default]\naws_secret_access_key=X\n");
        assert!(Credentials::from_file(&twice, "default").is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let file =
            "[default]\naws_access_key_id=A\naws_secret_access_key=hunter2\naws_session_token=hunter3\n";
        let credentials = Credentials::from_file(file, "default").unwrap();
        assert!(!format!("{credentials:?}").contains("hunter"));
    }

    #[test]
    fn answers_are_read_strictly() {
        let refused = |answer: &str| Known::parse(answer.as_bytes()).unwrap_err().code().as_str();
        let key = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let answer = |usage: &str, key: &str| {
            format!(
                r#"{{"KeyId":"k","PublicKey":"{key}","KeyUsage":"{usage}","SigningAlgorithms":["ED25519_SHA_512"]}}"#
            )
        };
        assert_eq!(refused(&answer("SIGN_VERIFY", key)), "WL-KMS-UNSUPPORTED-KEY");
        assert_eq!(refused(&answer("KEY_AGREEMENT", key)), "WL-KMS-UNSUPPORTED-KEY");
        assert_eq!(refused(&answer("SIGN_VERIFY", "AAAA")), "WL-KMS-ANSWER");
        for text in ["", "[]", "{}", r#"{"KeyId":1}"#, r#"{"KeyId":"k","KeyId":"k"}"#] {
            assert_eq!(refused(text), "WL-KMS-ANSWER", "{text}");
        }
        assert_eq!(signature(br#"{"Signature":"AAE="}"#).unwrap(), [0, 1]);
        assert!(signature(br#"{"Signature":"!"}"#).is_err());
    }

    #[test]
    fn a_region_cannot_lead_elsewhere() {
        for region in ["", "us-east-1.evil.example/", "us east", "US-EAST-1"] {
            assert!(!is_region(region), "{region}");
        }
        assert!(is_region("us-gov-west-1"));
    }
}

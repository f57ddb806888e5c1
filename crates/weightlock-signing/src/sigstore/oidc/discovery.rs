//! [`Provider`]: what an issuer says about itself (OpenID Connect Discovery 1.0).

use serde::{Deserialize, de::DeserializeOwned};
use weightlock_transport::{
    Secret, Url,
    http::{Call, Client, Response},
};
use zeroize::Zeroizing;

use super::{Application, OidcError, Token};
use crate::{base64::standard, certificate::UnixTime, json};

/// Descriptions and tokens have a few thousand bytes.
const MOST_BYTES: u64 = 256 << 10;

/// An issuer of tokens, as far as logging in needs it.
#[derive(Clone, Debug)]
pub struct Provider {
    pub(super) authorization: Option<Url>,
    pub(super) token: Url,
    pub(super) device: Option<Url>,
    issuer: String,
}

#[derive(Deserialize)]
struct Description {
    issuer: String,
    #[serde(default)]
    authorization_endpoint: Option<String>,
    token_endpoint: String,
    #[serde(default)]
    device_authorization_endpoint: Option<String>,
}

/// What the token endpoint says (RFC 6749 sections 5.1 and 5.2).
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    id_token: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

/// What came of asking for a token.
pub(super) enum Asked {
    Given(Box<Token>),
    /// The issuer's word for why not.
    Refused {
        error: String,
        words: String,
    },
}

impl Provider {
    /// Asks an issuer who it is. It must say that it is the one that was asked, and its parts must be as safe as it.
    ///
    /// # Errors
    /// [`OidcError::Discovery`] or [`OidcError::Net`].
    pub fn discover(client: &Client, issuer: &Url) -> Result<Self, OidcError> {
        let refused = |what: &str| OidcError::Discovery {
            issuer: issuer.as_str().to_owned(),
            what: what.to_owned(),
        };
        let address = issuer.below([".well-known", "openid-configuration"])?;
        let answer = client.get(&address).limit(MOST_BYTES).send()?.success()?;
        let description: Description =
            json::read(&answer.body).map_err(|_| refused("it does not describe itself"))?;
        if description.issuer.trim_end_matches('/') != issuer.as_str().trim_end_matches('/') {
            return Err(refused("it says that it is another issuer"));
        }
        let part = |text: &str| {
            let url = Url::parse(text).map_err(|_| refused("an address it names cannot be used"))?;
            if issuer.is_encrypted() && !url.is_encrypted() {
                return Err(refused("it is encrypted, and names an address that is not"));
            }
            Ok(url)
        };
        let optional = |text: Option<String>| text.as_deref().map(part).transpose();
        Ok(Self {
            authorization: optional(description.authorization_endpoint)?,
            token: part(&description.token_endpoint)?,
            device: optional(description.device_authorization_endpoint)?,
            issuer: description.issuer,
        })
    }

    pub(super) fn lacks(&self, what: &str) -> OidcError {
        OidcError::Discovery {
            issuer: self.issuer.clone(),
            what: format!("it offers no {what}"),
        }
    }

    /// Exchanges something for a token; what comes must answer the question with this nonce.
    pub(super) fn exchange(
        &self,
        client: &Client,
        application: &Application,
        pairs: &[(&str, &str)],
        nonce: &str,
        now: UnixTime,
    ) -> Result<Asked, OidcError> {
        let answer = post(client, &self.token, application, pairs)?.send()?;
        let body = Zeroizing::new(answer.body);
        let read: TokenAnswer = json::read(&body).map_err(|_| OidcError::Answer {
            at: answer.at.clone(),
            what: "it is no answer of a token endpoint",
        })?;
        if let Some(error) = read.error {
            let words = read.error_description.unwrap_or_else(|| error.clone());
            return Ok(Asked::Refused { error, words });
        }
        let text = read
            .id_token
            .map(Zeroizing::new)
            .filter(|_| (200..300).contains(&answer.status));
        let text = text.ok_or(OidcError::Answer {
            at: answer.at,
            what: "it has no identity token",
        })?;
        let token = Token::parse(&Secret::new(text.as_bytes()), &application.id, now)?;
        if token.issuer().trim_end_matches('/') != self.issuer.trim_end_matches('/') {
            return Err(OidcError::OtherLogin { what: "issuer" });
        }
        if token.is_answer_to(nonce) {
            Ok(Asked::Given(Box::new(token)))
        } else {
            Err(OidcError::OtherLogin { what: "nonce" })
        }
    }
}

/// A form for an endpoint, with the application's name (RFC 6749 section 2.3.1).
pub(super) fn post<'a>(
    client: &'a Client,
    url: &Url,
    application: &Application,
    pairs: &[(&str, &str)],
) -> Result<Call<'a>, OidcError> {
    let mut all = vec![("client_id", application.id.as_str())];
    all.extend_from_slice(pairs);
    let body = super::form(&all);
    let call = client
        .post(url, "application/x-www-form-urlencoded", body.as_slice())
        .header("Accept", "application/json")
        .limit(MOST_BYTES)
        .confidential();
    Ok(match &application.secret {
        None => call,
        Some(secret) => {
            let secret = std::str::from_utf8(secret.expose()).map_err(|_| OidcError::Malformed {
                what: "the application's secret is no text",
            })?;
            let (mut name, mut word) = (String::new(), Zeroizing::new(String::new()));
            super::encode(&application.id, &mut name);
            super::encode(secret, &mut word);
            let both = Zeroizing::new(format!("{name}:{}", *word));
            call.secret_header("Authorization", "Basic ", &Secret::new(standard(both.as_bytes())))
        }
    })
}

/// Reads an answer that says yes.
pub(super) fn read<T: DeserializeOwned>(answer: &Response, what: &'static str) -> Result<T, OidcError> {
    json::read(&answer.body).map_err(|_| OidcError::Answer {
        at: answer.at.clone(),
        what,
    })
}

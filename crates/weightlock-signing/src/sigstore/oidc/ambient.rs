//! Tokens that the surroundings of a job offer. What the surroundings are is an argument: nothing here reads variables.
//!
//! In this order, the first that is there: a token in a variable or file, GitHub Actions, Google's metadata server.

use serde::Deserialize;
use weightlock_transport::{Secret, Url, http::Client};

use super::{OidcError, Token, discovery};
use crate::certificate::UnixTime;

/// Tokens have a few thousand bytes.
const MOST_BYTES: u64 = 256 << 10;

/// What a job finds around it. Empty values count as absent.
#[derive(Clone, Default, Debug)]
pub struct Surroundings {
    /// A token that is there already: `SIGSTORE_ID_TOKEN` (GitLab's `id_tokens`), or a projected file (Kubernetes).
    pub token: Option<Secret>,
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
    pub github_url: Option<String>,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub github_token: Option<Secret>,
    /// Whether this is a job of GitHub at all.
    pub github: bool,
    /// Whether this is a job of GitLab at all.
    pub gitlab: bool,
    /// The host of Google's metadata server, on Google's machines.
    pub google: Option<String>,
}

/// The answer of GitHub.
#[derive(Deserialize)]
struct Value {
    value: String,
}

impl Surroundings {
    /// Whether there is something to ask. Opens nothing.
    #[must_use]
    pub const fn offer_something(&self) -> bool {
        self.token.is_some() || self.github || self.gitlab || self.google.is_some()
    }

    /// The address that is asked, if any is.
    ///
    /// # Errors
    /// As [`Surroundings::token`], as far as it can be known before.
    pub fn address(&self, audience: &str) -> Result<Option<Url>, OidcError> {
        if self.token.is_some() {
            return Ok(None);
        }
        if self.github {
            let url = self.github_url.as_deref().ok_or(OidcError::NotAllowed {
                what: "the workflow lacks the permission `id-token: write`",
            })?;
            // The address has a query already.
            let joint = if url.contains('?') { '&' } else { '?' };
            let mut text = format!("{url}{joint}audience=");
            super::encode(audience, &mut text);
            return Ok(Some(Url::parse(&text)?));
        }
        if self.gitlab {
            return Err(OidcError::NotAllowed {
                what: "the job lacks `id_tokens:` with SIGSTORE_ID_TOKEN",
            });
        }
        let Some(host) = &self.google else {
            return Err(OidcError::NothingAmbient);
        };
        let base = Url::parse(&format!("http://{host}"))?;
        let path = [
            "computeMetadata",
            "v1",
            "instance",
            "service-accounts",
            "default",
            "identity",
        ];
        let address = base.below(path)?;
        Ok(Some(
            address.with_query([("audience", audience), ("format", "full")])?,
        ))
    }

    /// Gets the token that the surroundings offer, made out to `audience`.
    ///
    /// # Errors
    /// [`OidcError`]: nothing is offered, the job is allowed none, or what comes is no token for this.
    pub fn token(&self, client: &Client, audience: &str, now: UnixTime) -> Result<Token, OidcError> {
        if let Some(text) = &self.token {
            return Token::parse(text, audience, now);
        }
        let Some(address) = self.address(audience)? else {
            return Err(OidcError::NothingAmbient);
        };
        let call = client.get(&address).limit(MOST_BYTES);
        if self.github {
            let secret = self.github_token.as_ref().ok_or(OidcError::NotAllowed {
                what: "the workflow lacks the permission `id-token: write`",
            })?;
            let answer = call
                .bearer(secret)
                .header("Accept", "application/json")
                .send()?
                .success()?;
            let value: Value = discovery::read(&answer, "it is no token for a job")?;
            return Token::parse(&Secret::new(value.value), audience, now);
        }
        let answer = call.header("Metadata-Flavor", "Google").send()?.success()?;
        Token::parse(&Secret::new(answer.body), audience, now)
    }
}

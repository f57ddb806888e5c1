//! Logging in with a browser on this machine: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), sent back
//! to a port that listens on the loopback interface for as long as it takes (RFC 8252 section 7.3).
//!
//! What comes back must name the login it answers (`state`), the code is worth nothing without the proof that was never
//! shown (`code_verifier`), and the token must carry the mark it was asked with (`nonce`).

use std::time::Duration;

use weightlock_transport::{Url, http::Client, redirect::Listener};

use super::{Application, OidcError, Provider, Secrets, Token, discovery::Asked};
use crate::{certificate::UnixTime, key::Random};

/// How long somebody may take to log in.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Logs in. `show` is given the address that the person must open in a browser of this machine.
///
/// # Errors
/// [`OidcError`]: the issuer cannot be used, refuses, or something else than its answer came back.
pub fn token(
    client: &Client,
    provider: &Provider,
    application: &Application,
    random: &mut dyn Random,
    now: &dyn Fn() -> UnixTime,
    show: &mut dyn FnMut(&Url),
) -> Result<Token, OidcError> {
    let page = provider.authorization.as_ref();
    let page = page.ok_or_else(|| provider.lacks("page for logging in"))?;
    let secrets = Secrets::draw(random)?;
    let listener = Listener::start("/auth/callback")?;
    let redirect = listener.url().as_str().to_owned();
    show(&page.with_query([
        ("response_type", "code"),
        ("client_id", application.id.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("scope", "openid email"),
        ("state", secrets.state.as_str()),
        ("nonce", secrets.nonce.as_str()),
        ("code_challenge", secrets.challenge().as_str()),
        ("code_challenge_method", "S256"),
    ])?);
    let came = listener.wait(PATIENCE, &client.settings().stop)?;
    let came = came.ok_or(OidcError::TooSlow {
        seconds: PATIENCE.as_secs(),
    })?;
    let value = |name: &str| {
        came.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    };
    if value("state") != Some(&secrets.state) {
        return Err(OidcError::OtherLogin { what: "state" });
    }
    let Some(code) = value("code") else {
        let what = value("error_description").or_else(|| value("error")).cloned();
        return Err(OidcError::Refused {
            what: what.unwrap_or_default(),
        });
    };
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("code_verifier", secrets.verifier.as_str()),
    ];
    match provider.exchange(client, application, &pairs, &secrets.nonce, now())? {
        Asked::Given(token) => Ok(*token),
        Asked::Refused { words, .. } => Err(OidcError::Refused { what: words }),
    }
}

//! Logging in on another device: a short code that a person types into a page (RFC 8628), with PKCE.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use weightlock_transport::http::{Client, Stop};

use super::{
    Application, OidcError, Provider, Secrets, Token,
    discovery::{self, Asked},
};
use crate::{certificate::UnixTime, key::Random};

/// Codes that live longer are waited for no longer than this.
const MOST_PATIENCE: u64 = 900;
/// Seconds between questions, where the issuer does not say (RFC 8628 section 3.5).
const INTERVAL: u64 = 5;

/// What a person must do.
#[derive(Clone, Debug)]
pub struct Instructions {
    /// The page to open. From a stranger: show it through [`weightlock_artifact::text::Shown`].
    pub page: String,
    /// The code to type there. From a stranger.
    pub code: String,
    /// The page with the code in it, if the issuer offers one. From a stranger.
    pub complete: Option<String>,
}

#[derive(Deserialize)]
struct Offered {
    device_code: String,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    verification_uri_complete: Option<String>,
    expires_in: u64,
    #[serde(default)]
    interval: Option<u64>,
}

/// Logs in. `show` is given what the person must do.
///
/// # Errors
/// [`OidcError`]: the issuer cannot be used, refuses, or nobody logged in while the code lasted.
pub fn token(
    client: &Client,
    provider: &Provider,
    application: &Application,
    random: &mut dyn Random,
    now: &dyn Fn() -> UnixTime,
    show: &mut dyn FnMut(&Instructions),
) -> Result<Token, OidcError> {
    let endpoint = provider.device.as_ref();
    let endpoint = endpoint.ok_or_else(|| provider.lacks("login on another device"))?;
    let secrets = Secrets::draw(random)?;
    let challenge = secrets.challenge();
    let pairs = [
        ("scope", "openid email"),
        ("nonce", secrets.nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let answer = discovery::post(client, endpoint, application, &pairs)?
        .send()?
        .success()?;
    let offered: Offered = discovery::read(&answer, "it is no code for another device")?;
    show(&Instructions {
        page: offered.verification_uri,
        code: offered.user_code,
        complete: offered.verification_uri_complete,
    });
    let patience = Duration::from_secs(offered.expires_in.min(MOST_PATIENCE));
    let (started, mut interval) = (Instant::now(), offered.interval.unwrap_or(INTERVAL).clamp(1, 60));
    let pairs = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", offered.device_code.as_str()),
        ("code_verifier", secrets.verifier.as_str()),
    ];
    while started.elapsed() < patience {
        wait(Duration::from_secs(interval), &client.settings().stop)?;
        match provider.exchange(client, application, &pairs, &secrets.nonce, now())? {
            Asked::Given(token) => return Ok(*token),
            Asked::Refused { error, .. } if error == "authorization_pending" => {}
            Asked::Refused { error, .. } if error == "slow_down" => interval = (interval + 5).min(60),
            Asked::Refused { words, .. } => return Err(OidcError::Refused { what: words }),
        }
    }
    Err(OidcError::TooSlow {
        seconds: patience.as_secs(),
    })
}

/// Sleeps, unless the user wants to stop.
fn wait(time: Duration, stop: &Stop) -> Result<(), OidcError> {
    let until = Instant::now() + time;
    loop {
        if stop.is_wanted() {
            return Err(weightlock_transport::Error::Stopped.into());
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(Duration::from_millis(50)));
    }
}

//! Identity tokens (OpenID Connect): where a publisher gets the one that an authority turns into a certificate.
//!
//! | source | for |
//! |---|---|
//! | [`Token::parse`] | a token that something else wrote into a file |
//! | [`ambient`] | jobs: what the surroundings of a job offer |
//! | [`browser`] | people: authorization code with PKCE (RFC 6749, RFC 7636), on a port of this machine (RFC 8252) |
//! | [`device`] | people without a browser on this machine (RFC 8628) |
//!
//! A token is a secret for as long as it lasts: whoever holds it can sign as its owner. It is held in wiped memory, sent
//! to the authority and to nobody else, and never shown. Nothing here checks its signature: that is the authority's
//! work, and what it makes of the token is compared with the token afterwards.

pub mod ambient;
pub mod browser;
pub mod device;
mod discovery;
mod error;
mod reason;
mod token;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use discovery::Provider;
pub use error::OidcError;
pub use reason::EXPLANATIONS;
pub use token::Token;

use crate::{
    base64::url_safe,
    key::{Random, RandomError},
};

/// The audience that authorities of Sigstore demand, and the name clients have at their issuers.
pub const AUDIENCE: &str = "sigstore";

/// Who asks: the client as the issuer knows it.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its name at the issuer; tokens are made out to it.
    pub id: String,
    /// Its secret, for issuers that know no public clients.
    pub secret: Option<weightlock_transport::Secret>,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            id: AUDIENCE.to_owned(),
            secret: None,
        }
    }
}

/// A proof that who collects a token is who asked for it (RFC 7636), and marks that tie answers to questions.
struct Secrets {
    verifier: Zeroizing<String>,
    state: String,
    nonce: String,
}

impl Secrets {
    fn draw(random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut text = || {
            let mut bytes = Zeroizing::new([0; 32]);
            random.fill(bytes.as_mut())?;
            Ok(url_safe(bytes.as_ref()))
        };
        Ok(Self {
            verifier: Zeroizing::new(text()?),
            state: text()?,
            nonce: text()?,
        })
    }

    fn challenge(&self) -> String {
        url_safe(&Sha256::digest(self.verifier.as_bytes()))
    }
}

/// `application/x-www-form-urlencoded`, wiped when dropped.
fn form(pairs: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    let room = pairs
        .iter()
        .map(|(name, value)| 3 * (name.len() + value.len()) + 2);
    let mut text = String::with_capacity(room.sum());
    for (number, (name, value)) in pairs.iter().enumerate() {
        if number > 0 {
            text.push('&');
        }
        encode(name, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    Zeroizing::new(text.into_bytes())
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_keep_their_fields_apart() {
        assert_eq!(
            form(&[("a", "b&c=d"), ("e", "é")]).as_slice(),
            b"a=b%26c%3Dd&e=%C3%A9"
        );
    }

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_the_hash_of_the_verifier() {
        let secrets = Secrets {
            verifier: Zeroizing::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned()),
            state: String::new(),
            nonce: String::new(),
        };
        assert_eq!(secrets.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}

//! [`Token`]: an identity token, read as far as signing needs it.
//!
//! ```text
//! BASE64URL(header) "." BASE64URL(claims) "." BASE64URL(signature)        RFC 7519, RFC 7515
//! ```
//!
//! Of the claims are read: who vouches (`iss`), to whom it is made out (`aud`), from when until when (`nbf`, `exp`), and
//! those that an authority makes a name of. Refused: repeated claims, another form, a size no honest token has.

use std::fmt;

use serde::Deserialize;
use weightlock_transport::Secret;
use zeroize::Zeroizing;

use super::OidcError;
use crate::{
    base64::from_url_safe,
    certificate::UnixTime,
    identity::{Identity, Name},
    json,
};

/// Honest tokens have one to four thousand bytes.
const MAX_BYTES: usize = 64 << 10;
/// Clocks differ; a token that begins this many seconds from now is taken.
const LEEWAY: u64 = 5;

/// An identity token. Wiped when dropped, and never shown.
pub struct Token {
    text: Secret,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    job_workflow_ref: Option<String>,
    #[serde(default)]
    ci_config_ref_uri: Option<String>,
    #[serde(default, rename = "kubernetes.io")]
    kubernetes: Option<Kubernetes>,
    #[serde(default)]
    federated_claims: Option<Federated>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Kubernetes {
    namespace: String,
    serviceaccount: ServiceAccount,
}

#[derive(Deserialize)]
struct ServiceAccount {
    name: String,
}

#[derive(Deserialize)]
struct Federated {
    #[serde(default)]
    connector_id: Option<String>,
}

impl Token {
    /// Reads a token; white space around it is dropped. **Its signature is not checked.**
    ///
    /// # Errors
    /// [`OidcError`]: it is no token, has ended or not begun, or is made out to somebody else than `audience`.
    pub fn parse(text: &Secret, audience: &str, now: UnixTime) -> Result<Self, OidcError> {
        let malformed = |what| OidcError::Malformed { what };
        if text.expose().len() > MAX_BYTES {
            return Err(malformed("it is larger than any honest one"));
        }
        let trimmed = text.expose().trim_ascii();
        let words: Vec<&[u8]> = trimmed.split(|byte| *byte == b'.').collect();
        let [_, claims, _] = words.as_slice() else {
            return Err(malformed("it has not three parts"));
        };
        let well_formed = |word: &&[u8]| !word.is_empty() && from_url_safe(word).is_some();
        if !words.iter().all(well_formed) {
            return Err(malformed("its parts are not URL-safe base64"));
        }
        let claims = Zeroizing::new(from_url_safe(claims).unwrap_or_default());
        let claims: Claims = json::read(&claims)
            .map_err(|_| malformed("its claims lack an issuer, an audience or an end, or cannot be read"))?;
        let token = Self {
            text: Secret::new(trimmed),
            claims,
        };
        token.check(audience, now)?;
        Ok(token)
    }

    fn check(&self, audience: &str, now: UnixTime) -> Result<(), OidcError> {
        let claims = &self.claims;
        let found = match &claims.aud {
            Audience::One(one) => one.clone(),
            Audience::Several(all) => all.join(", "),
        };
        let made_out = match &claims.aud {
            Audience::One(one) => one == audience,
            Audience::Several(all) => all.iter().any(|one| one == audience),
        };
        if !made_out {
            return Err(OidcError::Audience {
                found,
                wanted: audience.to_owned(),
            });
        }
        let until = seconds(claims.exp);
        if until <= now {
            return Err(OidcError::Expired {
                until: until.to_string(),
                now: now.to_string(),
            });
        }
        match claims.nbf.map(seconds) {
            Some(from) if from.0 > now.0.saturating_add(LEEWAY) => Err(OidcError::TooEarly {
                from: from.to_string(),
                now: now.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// The text, for the authority.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.text
    }

    /// Whether the token answers the question with this mark.
    pub(super) fn is_answer_to(&self, nonce: &str) -> bool {
        self.claims.nonce.as_deref() == Some(nonce)
    }

    /// Who vouches for its owner.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// The names that an honest authority may put into a certificate for this token, the likeliest first. Authorities
    /// know issuers by their configuration; these are the rules of Fulcio's kinds of issuer.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let claims = &self.claims;
        let pod = claims.kubernetes.as_ref().map(|pod| {
            format!(
                "https://kubernetes.io/namespaces/{}/serviceaccounts/{}",
                pod.namespace, pod.serviceaccount.name
            )
        });
        let workflow = claims.job_workflow_ref.as_ref();
        let pipeline = claims.ci_config_ref_uri.as_ref();
        [
            claims.email.clone(),
            workflow.map(|path| format!("https://github.com/{path}")),
            pipeline.map(|uri| format!("https://{uri}")),
            pod,
            claims.sub.clone(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether an identity is one that this token can show: a name of its own, vouched for by its issuer, or by the
    /// issuer behind it where it says that there is one.
    #[must_use]
    pub fn shows(&self, identity: &Identity) -> bool {
        let behind = self.claims.federated_claims.as_ref();
        let behind = behind.and_then(|claims| claims.connector_id.as_deref());
        let vouched = identity.issuer() == self.claims.iss || Some(identity.issuer()) == behind;
        let named = match identity.name() {
            Name::Username(name) => self.claims.sub.as_ref().is_some_and(|subject| {
                // Fulcio appends the issuer's domain.
                name.strip_prefix(subject.as_str())
                    .is_some_and(|rest| rest.starts_with('!'))
            }),
            name => self.names().iter().any(|known| known == name.as_str()),
        };
        vouched && named
    }
}

/// Whole seconds; what is no time at all becomes the beginning of time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, and no number is no time"
)]
fn seconds(number: f64) -> UnixTime {
    // The calendar's end, so that the time can be shown.
    UnixTime((number as u64).min(253_402_300_799))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("issuer", &self.claims.iss)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64::url_safe;

    const NOW: UnixTime = UnixTime(1_795_262_400);

    fn token(claims: &str) -> Result<Token, OidcError> {
        let text = format!(
            "{}.{}.{}",
            url_safe(b"{}"),
            url_safe(claims.as_bytes()),
            url_safe(b"s")
        );
        Token::parse(&Secret::new(format!("\n{text} ")), "sigstore", NOW)
    }

    fn with(rest: &str) -> Result<Token, OidcError> {
        token(&format!(
            "{{\"iss\":\"https://i\",\"aud\":\"sigstore\",\"exp\":1795263000{rest}}}"
        ))
    }

    #[test]
    fn names_are_those_an_authority_gives() {
        let names = |rest: &str| with(rest).unwrap().names();
        assert_eq!(names(",\"sub\":\"s\",\"email\":\"a@b\""), ["a@b", "s"]);
        assert_eq!(
            names(",\"job_workflow_ref\":\"o/r/.github/workflows/w.yml@refs/heads/main\""),
            ["https://github.com/o/r/.github/workflows/w.yml@refs/heads/main"]
        );
        assert_eq!(
            names(",\"kubernetes.io\":{\"namespace\":\"n\",\"serviceaccount\":{\"name\":\"a\"}}"),
            ["https://kubernetes.io/namespaces/n/serviceaccounts/a"]
        );
    }

    #[test]
    fn what_is_no_token_for_this_is_refused() {
        assert!(with("").is_ok());
        assert!(with(",\"nbf\":1795262404.5").is_ok());
        assert!(token("{\"iss\":\"i\",\"aud\":[\"x\",\"sigstore\"],\"exp\":1e300}").is_ok());
        for (claims, code) in [
            (
                "{\"iss\":\"i\",\"aud\":\"sigstore\",\"exp\":1795262400}",
                "WL-OIDC-EXPIRED",
            ),
            (
                "{\"iss\":\"i\",\"aud\":\"sigstore\",\"exp\":-1}",
                "WL-OIDC-EXPIRED",
            ),
            (
                "{\"iss\":\"i\",\"aud\":\"sigstore\",\"exp\":1e20,\"nbf\":1795262500}",
                "WL-OIDC-EXPIRED",
            ),
            (
                "{\"iss\":\"i\",\"aud\":\"sigstores\",\"exp\":1e20}",
                "WL-OIDC-AUDIENCE",
            ),
            ("{\"iss\":\"i\",\"aud\":[],\"exp\":1e20}", "WL-OIDC-AUDIENCE"),
            ("{\"iss\":\"i\",\"aud\":\"sigstore\"}", "WL-OIDC-MALFORMED"),
            (
                "{\"iss\":\"i\",\"iss\":\"j\",\"aud\":\"sigstore\",\"exp\":1e20}",
                "WL-OIDC-MALFORMED",
            ),
            ("[]", "WL-OIDC-MALFORMED"),
        ] {
            let found = token(claims).map_err(|error| error.code().as_str());
            assert_eq!(found.err(), Some(code), "{claims}");
        }
        for text in ["", "a.b", "..", "a.b.c.d", "e30.!!.e30", "e30.e30.e30="] {
            let found = Token::parse(&Secret::new(text), "sigstore", NOW);
            assert!(matches!(found, Err(OidcError::Malformed { .. })), "{text}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let shown = format!("{:?}", with(",\"sub\":\"subject\"").unwrap());
        assert_eq!(shown, "Token { issuer: \"https://i\", .. }");
    }
}

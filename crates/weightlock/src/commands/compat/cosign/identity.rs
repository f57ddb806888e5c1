//! Whose certificate counts, as cosign asks: a name and an issuer, each exactly or by a regular expression that matches
//! *somewhere* in it. That meaning lets in more than people expect, so it exists here only.

use regex::Regex;
use weightlock_signing::{
    Signer,
    certificate::Certificate,
    identity::{Identity, IdentityError},
};

use super::{Failure, arguments::Verifying};
use crate::flags::refused_in_production;

/// Nobody has this name. A pattern for it, or for no name at all, is one for anybody.
const NOBODY: &str = "\u{10fffd}";

/// One text that is wanted.
enum Wanted {
    Exactly(String),
    Like(Regex),
}

impl Wanted {
    fn is(&self, found: &str) -> bool {
        match self {
            Self::Exactly(wanted) => wanted == found,
            Self::Like(wanted) => wanted.is_match(found),
        }
    }
}

/// A name and who vouches for it.
pub(super) struct Asked {
    name: Wanted,
    issuer: Wanted,
}

impl Asked {
    /// What the flags ask for; cosign demands both.
    pub(super) fn read(flags: &Verifying) -> Result<Self, Failure> {
        let wanted = |exactly: &Option<String>, like: &Option<String>, flag: &str| {
            let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
            match (filled(exactly), filled(like)) {
                (Some(text), _) => Ok(Wanted::Exactly(text)),
                (None, Some(text)) => {
                    let malformed =
                        |_| Failure::words(format!("malformed regular expression in {flag}-regexp"));
                    let pattern = Regex::new(&text).map_err(malformed)?;
                    if pattern.is_match("") || pattern.is_match(NOBODY) {
                        refused_in_production(&format!("{flag}-regexp {text}"))?;
                    }
                    Ok(Wanted::Like(pattern))
                }
                (None, None) => Err(Failure::words(format!(
                    "{flag} or {flag}-regexp is required for verification in keyless mode"
                ))),
            }
        };
        Ok(Self {
            name: wanted(
                &flags.certificate_identity,
                &flags.certificate_identity_regexp,
                "--certificate-identity",
            )?,
            issuer: wanted(
                &flags.certificate_oidc_issuer,
                &flags.certificate_oidc_issuer_regexp,
                "--certificate-oidc-issuer",
            )?,
        })
    }

    /// Whether a signer is one that is asked for.
    pub(super) fn check(&self, signer: &Signer) -> Result<(), Failure> {
        let (names, issuer) = match signer {
            Signer::Key(_) => return Ok(()),
            Signer::Identity { identity, .. } => (
                vec![identity.name().as_str().to_owned()],
                identity.issuer().to_owned(),
            ),
            Signer::Certificate(path) => {
                let names = path.leaf().alternative_names().map(str::to_owned).collect();
                (names, issuer_of(path.leaf())?)
            }
        };
        if names.iter().any(|name| self.name.is(name)) && self.issuer.is(&issuer) {
            return Ok(());
        }
        Err(Failure::words(format!(
            "none of the expected identities matched what was in the certificate, got subjects [{}] with issuer {issuer}",
            names.join(" ")
        )))
    }
}

/// The issuer in a private certificate; empty where it names none, as for cosign.
fn issuer_of(leaf: &Certificate) -> Result<String, Failure> {
    match Identity::of_certificate(leaf.as_der()) {
        Ok(identity) => Ok(identity.issuer().to_owned()),
        Err(IdentityError::NoIssuer | IdentityError::NotOneName { .. }) => Ok(String::new()),
        Err(error) => Err(Failure::words(error.to_string())),
    }
}

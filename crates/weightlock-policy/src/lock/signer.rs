//! [`LockedSigner`]: who signed a model, as a lock remembers it.

use std::fmt;

use serde::Deserialize;
use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_signing::{Signer, identity::Claim};

use super::Line;

/// Who signed a model.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LockedSigner {
    /// The holder of a key.
    Key {
        /// Hex SHA-256 of the public key's PEM text, as `weightlock key inspect` prints it.
        fingerprint: String,
    },
    /// The subject of a certificate.
    Certificate {
        /// Its subject.
        subject: Line,
        /// Who issued it.
        issuer: Line,
        /// The fingerprint of its key.
        fingerprint: String,
    },
    /// An identity.
    Identity {
        /// Its name.
        name: Line,
        /// Who vouched for it.
        issuer: Line,
        /// The repository that its certificate claims.
        repository: Option<Line>,
    },
}

/// A signer's name cannot be written into a lock.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the signer's {what} cannot be written down: {why}")]
pub struct Unwritable {
    /// Which part.
    pub what: &'static str,
    /// Why.
    pub why: &'static str,
}

/// As it is written.
#[derive(Deserialize, schemars::JsonSchema, Debug)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub(super) enum Wire {
    /// The holder of a key.
    Key {
        /// Hex SHA-256 of the public key's PEM text.
        fingerprint: String,
    },
    /// The subject of a certificate.
    Certificate {
        /// Its subject.
        subject: String,
        /// Who issued it.
        issuer: String,
        /// The fingerprint of its key.
        fingerprint: String,
    },
    /// An identity.
    Identity {
        /// Its name.
        name: String,
        /// Who vouched for it.
        issuer: String,
        /// The repository that its certificate claims.
        repository: Option<String>,
    },
}

impl LockedSigner {
    /// Whether a signer is the one that was locked. A workflow stays the same whatever ref it was run at: which refs may sign is
    /// asked of the policy and of flags, and every release has its own.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Identity {
                    name,
                    issuer,
                    repository,
                },
                Self::Identity {
                    name: other_name,
                    issuer: other_issuer,
                    repository: other_repository,
                },
            ) => {
                without_ref(name.as_str()) == without_ref(other_name.as_str())
                    && issuer == other_issuer
                    && repository == other_repository
            }
            _ => self == other,
        }
    }

    pub(super) fn of(wire: Wire) -> Result<Self, Unwritable> {
        Ok(match wire {
            Wire::Key { fingerprint } => Self::Key {
                fingerprint: hex(fingerprint)?,
            },
            Wire::Certificate {
                subject,
                issuer,
                fingerprint,
            } => Self::Certificate {
                subject: line("subject", &subject)?,
                issuer: line("issuer", &issuer)?,
                fingerprint: hex(fingerprint)?,
            },
            Wire::Identity {
                name,
                issuer,
                repository,
            } => Self::Identity {
                name: line("name", &name)?,
                issuer: line("issuer", &issuer)?,
                repository: repository.map(|it| line("repository", &it)).transpose()?,
            },
        })
    }

    /// Its members with their texts, in the order in which they are written.
    pub(super) fn members(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Key { fingerprint } => vec![("kind", "key"), ("fingerprint", fingerprint)],
            Self::Certificate {
                subject,
                issuer,
                fingerprint,
            } => vec![
                ("kind", "certificate"),
                ("subject", subject.as_str()),
                ("issuer", issuer.as_str()),
                ("fingerprint", fingerprint),
            ],
            Self::Identity {
                name,
                issuer,
                repository,
            } => {
                let repository = repository.as_ref().map(|it| ("repository", it.as_str()));
                let rest = [("name", name.as_str()), ("issuer", issuer.as_str())];
                std::iter::once(("kind", "identity"))
                    .chain(rest)
                    .chain(repository)
                    .collect()
            }
        }
    }
}

impl TryFrom<&Signer> for LockedSigner {
    type Error = Unwritable;

    fn try_from(signer: &Signer) -> Result<Self, Unwritable> {
        let wire = match signer {
            Signer::Key(key) => Wire::Key {
                fingerprint: key.hint_pem(),
            },
            Signer::Certificate(path) => Wire::Certificate {
                subject: or_none(path.leaf().subject()),
                issuer: or_none(path.leaf().issuer()),
                fingerprint: path.public_key().hint_pem(),
            },
            Signer::Identity { identity, .. } => {
                let mut claims = identity.claims();
                let repository = claims.find(|(claim, _)| *claim == Claim::SourceRepositoryUri);
                Wire::Identity {
                    name: identity.name().to_string(),
                    issuer: identity.issuer().to_owned(),
                    repository: repository.map(|(_, value)| value.to_owned()),
                }
            }
        };
        Self::of(wire)
    }
}

impl fmt::Display for LockedSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { fingerprint } => write!(f, "key {fingerprint}"),
            Self::Certificate { subject, issuer, .. } => {
                write!(f, "{} (certified by {})", subject.as_str(), issuer.as_str())
            }
            Self::Identity { name, issuer, .. } => {
                write!(f, "{} (vouched for by {})", name.as_str(), issuer.as_str())
            }
        }
    }
}

/// A certificate may name nobody; its key still tells it from others.
fn or_none(name: String) -> String {
    if name.is_empty() {
        "(none)".to_owned()
    } else {
        name
    }
}

/// The name of a workflow without the ref that it was run at; any other name as it is.
#[must_use]
pub fn without_ref(name: &str) -> &str {
    let is_workflow = name.starts_with("https://");
    match name.rsplit_once("@refs/") {
        Some((workflow, _)) if is_workflow => workflow,
        _ => name,
    }
}

fn line(what: &'static str, text: &str) -> Result<Line, Unwritable> {
    Line::parse(text).map_err(|why| Unwritable { what, why })
}

fn hex(text: String) -> Result<String, Unwritable> {
    let is_hex = Digest::from_hex(Algorithm::Sha256, &text).is_ok_and(|digest| digest.hex() == text);
    if is_hex {
        Ok(text)
    } else {
        Err(Unwritable {
            what: "fingerprint",
            why: "it is not 64 hexadecimal digits",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(name: &str, repository: Option<&str>) -> LockedSigner {
        LockedSigner::of(Wire::Identity {
            name: name.to_owned(),
            issuer: "https://token.example".to_owned(),
            repository: repository.map(str::to_owned),
        })
        .unwrap()
    }

    #[test]
    fn a_workflow_is_itself_at_every_ref_and_no_other() {
        let release = "https://github.com/acme/pebble/.github/workflows/release.yml";
        let at = |text: &str| {
            identity(
                &format!("{release}@refs/tags/{text}"),
                Some("https://github.com/acme/pebble"),
            )
        };
        assert!(at("v1").is_same(&at("v2")));
        let moved = identity(
            &format!("{release}@refs/tags/v1"),
            Some("https://github.com/evil/pebble"),
        );
        assert!(!at("v1").is_same(&moved));
        let evil = release.replace("acme", "evil");
        assert!(!at("v1").is_same(&identity(
            &format!("{evil}@refs/tags/v1"),
            Some("https://github.com/acme/pebble")
        )));
        let person = |name: &str| identity(name, None);
        assert!(!person("a@refs/x").is_same(&person("a@refs/y")));
    }

    #[test]
    fn what_cannot_be_one_line_is_not_written() {
        for (subject, fingerprint) in [
            ("CN=a\nb", "0".repeat(64)),
            ("CN=a", "0".repeat(63)),
            ("CN=a", "A".repeat(64)),
        ] {
            let wire = Wire::Certificate {
                subject: subject.to_owned(),
                issuer: "CN=root".to_owned(),
                fingerprint,
            };
            assert!(LockedSigner::of(wire).is_err());
        }
    }
}

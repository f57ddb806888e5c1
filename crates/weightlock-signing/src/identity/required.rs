//! [`Required`]: whose signature counts.

use weightlock_artifact::text::Shown;

use super::{Claim, Identity, IdentityRefusal, Name, Pattern};

/// What a caller demands of an identity: one name, or a pattern, by one issuer, with claims. There is no default, and
/// "anybody" has a name of its own ([`danger::any_identity`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Required {
    whom: Whom,
    claims: Vec<(Claim, String)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Whom {
    Exactly { name: String, issuer: String },
    Like { pattern: Pattern, issuer: String },
    Anybody,
}

impl Required {
    /// Whether only one name can meet it.
    #[must_use]
    pub const fn is_one_name(&self) -> bool {
        matches!(self.whom, Whom::Exactly { .. })
    }

    /// Exactly this name, vouched for by exactly this issuer.
    #[must_use]
    pub fn exactly(name: impl Into<String>, issuer: impl Into<String>) -> Self {
        Self::whom(Whom::Exactly {
            name: name.into(),
            issuer: issuer.into(),
        })
    }

    /// Any name of this pattern, vouched for by exactly this issuer.
    #[must_use]
    pub fn like(pattern: Pattern, issuer: impl Into<String>) -> Self {
        Self::whom(Whom::Like {
            pattern,
            issuer: issuer.into(),
        })
    }

    const fn whom(whom: Whom) -> Self {
        Self {
            whom,
            claims: Vec::new(),
        }
    }

    /// And with this claim, exactly.
    #[must_use]
    pub fn with_claim(mut self, claim: Claim, value: impl Into<String>) -> Self {
        self.claims.push((claim, value.into()));
        self
    }

    /// Whether anybody at all would do.
    #[must_use]
    pub const fn is_anybody(&self) -> bool {
        matches!(self.whom, Whom::Anybody)
    }

    /// Whether an identity is what is demanded.
    ///
    /// # Errors
    /// [`IdentityRefusal`] says what was expected and what was found.
    pub fn check(&self, found: &Identity) -> Result<(), IdentityRefusal> {
        let issued_by = |issuer: &str| {
            if found.issuer == issuer {
                Ok(())
            } else {
                Err(IdentityRefusal::Issuer {
                    expected: issuer.to_owned(),
                    found: found.issuer.clone(),
                })
            }
        };
        let named = |matches: bool, expected: String| {
            if matches {
                Ok(())
            } else {
                Err(IdentityRefusal::Name {
                    expected,
                    found: found.name.as_str().to_owned(),
                })
            }
        };
        match &self.whom {
            Whom::Exactly { name, issuer } => {
                named(same(&found.name, name), name.clone())?;
                issued_by(issuer)?;
            }
            Whom::Like { pattern, issuer } => {
                named(pattern.matches(found.name.as_str()), pattern.to_string())?;
                issued_by(issuer)?;
            }
            Whom::Anybody => {}
        }
        for (claim, expected) in &self.claims {
            let value = found.claim(*claim);
            if value != Some(expected) {
                return Err(IdentityRefusal::Claim {
                    claim: *claim,
                    expected: expected.clone(),
                    found: value.map(str::to_owned),
                });
            }
        }
        Ok(())
    }
}

/// Byte for byte; no case is folded and nothing is normalised, in addresses neither.
fn same(found: &Name, expected: &str) -> bool {
    found.as_str() == expected
}

/// As a message names it.
impl std::fmt::Display for Required {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.whom {
            Whom::Exactly { name, issuer } => {
                write!(f, "{} (vouched for by {})", Shown(name), Shown(issuer))
            }
            Whom::Like { pattern, issuer } => {
                write!(
                    f,
                    "{} (vouched for by {})",
                    Shown(&pattern.to_string()),
                    Shown(issuer)
                )
            }
            Whom::Anybody => f.write_str("anybody with a Sigstore identity"),
        }
    }
}

/// What gives up the question of who signed.
pub mod danger {
    use super::{Required, Whom};

    /// Anybody who could get a certificate: for the public instance, everybody with an e-mail address. Such an answer
    /// says that *somebody* signed; the caller must look at who.
    #[must_use]
    pub const fn any_identity() -> Required {
        Required::whom(Whom::Anybody)
    }
}

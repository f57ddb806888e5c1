//! [`IdentityRefusal`]: an identity is not the one that is demanded.

use weightlock_artifact::{reason::Code, text::Shown};

use super::{Claim, IdentityError, reason};

/// What was expected and what was found.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityRefusal {
    /// Another name.
    #[error(
        "the signer is another one: expected {}, found {}",
        Shown(expected),
        Shown(found)
    )]
    Name {
        /// The name or pattern demanded.
        expected: String,
        /// The name in the certificate.
        found: String,
    },
    /// Somebody else vouched for the name.
    #[error(
        "somebody else vouched for the signer: expected {}, found {}",
        Shown(expected),
        Shown(found)
    )]
    Issuer {
        /// The issuer demanded.
        expected: String,
        /// The issuer in the certificate.
        found: String,
    },
    /// A claim differs or is missing.
    #[error(
        "the signer's certificate has another {claim}: expected {}, found {}",
        Shown(expected), found.as_deref().map_or_else(|| "none".to_owned(), |found| Shown(found).to_string())
    )]
    Claim {
        /// Which claim.
        claim: Claim,
        /// Its value demanded.
        expected: String,
        /// Its value in the certificate.
        found: Option<String>,
    },
    /// The certificate states no usable identity.
    #[error(transparent)]
    Unreadable(#[from] IdentityError),
}

impl IdentityRefusal {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Name { .. } => reason::MISMATCH,
            Self::Issuer { .. } => reason::ISSUER,
            Self::Claim { .. } => reason::CLAIM,
            Self::Unreadable(_) => reason::UNREADABLE,
        }
    }

    /// Expected and found, where both are there.
    #[must_use]
    pub fn pair(&self) -> Option<(&str, &str)> {
        match self {
            Self::Name { expected, found } | Self::Issuer { expected, found } => Some((expected, found)),
            Self::Claim { expected, found, .. } => Some((expected, found.as_deref()?)),
            Self::Unreadable(_) => None,
        }
    }
}

/// How many characters two texts have in common at their beginning; none when one is a pattern.
#[must_use]
pub fn first_difference(expected: &str, found: &str) -> Option<usize> {
    if expected.contains('*') || expected == found {
        return None;
    }
    Some(
        expected
            .chars()
            .zip(found.chars())
            .take_while(|(one, other)| one == other)
            .count(),
    )
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_difference_is_counted_in_characters() {
        assert_eq!(first_difference("añb", "añc"), Some(2));
        assert_eq!(first_difference("ann", "anna"), Some(3));
        assert_eq!(first_difference("ann", "ann"), None);
        assert_eq!(first_difference("https://x/*", "https://y/z"), None);
    }
}

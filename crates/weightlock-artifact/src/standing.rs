//! [`Standing`]: how a fact about a model is known.
//!
//! Every answer and every fact of a bill of materials carries one, so that a claim is never shown as a check. It
//! lives here, where policy can use it without network or cryptography.

use std::fmt;

use serde::Serialize;

/// How a fact about a model is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A signature was checked, or a digest was computed again, and it holds.
    Verified,
    /// Somebody says so: metadata, a model card, a signature that was not checked.
    Declared,
    /// Worked out from the content, which whoever made the content could have arranged.
    Inferred,
    /// Not known; absence of evidence is never taken for a good answer.
    Unknown,
    /// A check ran and said no.
    Failed,
}

impl Standing {
    /// Every standing, from the best known to the worst.
    pub const ALL: [Self; 5] = [
        Self::Verified,
        Self::Declared,
        Self::Inferred,
        Self::Unknown,
        Self::Failed,
    ];

    /// The word in text for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "VERIFIED",
            Self::Declared => "DECLARED",
            Self::Inferred => "INFERRED",
            Self::Unknown => "UNKNOWN",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_for_people_and_programs() {
        for standing in Standing::ALL {
            let json = serde_json::to_string(&standing).unwrap();
            assert_eq!(json, format!("\"{}\"", standing.word().to_lowercase()));
        }
        assert_eq!(format!("{:10}|", Standing::Unknown), "UNKNOWN   |");
    }
}

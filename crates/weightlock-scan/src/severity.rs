//! How bad ([`Severity`]) and how sure ([`Confidence`]).

use serde::Serialize;

/// How bad a finding is; the order is the order of harm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Context. Never fails a scan by default.
    Info,
    /// Needs an opt-in of the user or code that is not in the file.
    Low,
    /// Cannot be vouched for; readers disagree; the format or resources are abused.
    Medium,
    /// A dangerous capability is present, a file outside the folder is reached, or executable content is hidden.
    High,
    /// Code runs on load, reached by a call.
    Critical,
}

impl Severity {
    /// All, least harmful first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The one of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// The word in all outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// An indication.
    Low,
    /// What was seen is what it looks like unless the publisher did something unusual.
    Medium,
    /// What was seen is what a loader does.
    High,
}

impl Confidence {
    /// The word in all outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

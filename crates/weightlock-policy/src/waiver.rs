//! [`Waiver`]: an exception for one model, with a name, a reason and a last day.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;
use weightlock_artifact::digest::Digest;

use crate::{
    check::Check,
    document::{DocumentError, Vocabulary, waivers},
};

/// Days that an exception may last.
pub const MOST_DAYS: i64 = 90;

/// What an exception stands in for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Waives {
    /// A demand that is not met.
    Check(Check),
    /// Findings of a rule of the scanner.
    Rule(String),
    /// An advisory.
    Advisory(String),
}

impl fmt::Display for Waives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(check) => f.pad(check.code().as_str()),
            Self::Rule(name) | Self::Advisory(name) => f.pad(name),
        }
    }
}

/// An exception. There is none without an end, without somebody who answers for it, or by one person alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiver(Parts);

/// What an exception says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// The line, from 1.
    pub line: usize,
    /// What it stands in for.
    pub waives: Waives,
    /// For exactly this model.
    pub digest: Digest,
    /// Who answers for it.
    pub owner: String,
    /// Who else agreed.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// Its first day.
    pub granted: Date,
    /// Its last day.
    pub expires: Date,
}

/// Whether an exception holds today.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InForce {
    /// It does.
    Yes,
    /// Its first day has not come.
    NotYet,
    /// Its last day is over.
    Expired,
}

impl Waiver {
    /// An exception, if it is one.
    ///
    /// # Errors
    /// A sentence that says what an exception lacks.
    pub fn new(parts: Parts) -> Result<Self, &'static str> {
        let same = |one: &str, other: &str| one.trim().eq_ignore_ascii_case(other.trim());
        if [&parts.owner, &parts.approver, &parts.reason]
            .iter()
            .any(|text| text.trim().is_empty())
        {
            return Err("a waiver has an owner, an approver and a reason");
        }
        let is_plain = |text: &str| text.bytes().all(|it| it.is_ascii_graphic() || it == b' ');
        if !is_plain(&parts.owner) || !is_plain(&parts.approver) {
            return Err(
                "the owner and the approver of a waiver are named in ASCII: other letters look like those of another name",
            );
        }
        if same(&parts.owner, &parts.approver) {
            return Err("the owner of a waiver does not approve it; somebody else does");
        }
        let days = (parts.expires - parts.granted).get_days();
        if parts.expires < parts.granted {
            return Err("the waiver ends before it begins");
        }
        if i64::from(days) > MOST_DAYS {
            return Err("a waiver lasts for 90 days at most");
        }
        Ok(Self(parts))
    }

    /// What it says.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.0
    }

    /// Whether it holds on a day.
    #[must_use]
    pub fn in_force(&self, today: Date) -> InForce {
        if today < self.0.granted {
            InForce::NotYet
        } else if today > self.0.expires {
            InForce::Expired
        } else {
            InForce::Yes
        }
    }
}

/// A file of exceptions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaiverList(pub Vec<Waiver>);

impl WaiverList {
    /// The schema of such a file.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        crate::document::waivers_schema()
    }

    /// Reads a file of exceptions: `version = 1` and `[[waiver]]` tables.
    ///
    /// # Errors
    /// [`DocumentError`] names the first fault, with its line.
    pub fn parse(text: &[u8], words: &Vocabulary<'_>) -> Result<Self, DocumentError> {
        waivers(text, words).map(Self)
    }
}

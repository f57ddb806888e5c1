//! [`Answer`]: one of six, with how it is known. *Verified* and *failed* are made here only, and only of a check that ran.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::standing::Standing;

use super::check::{CheckTold, Passed, Refused};

/// Names listed under one answer.
pub(super) const MOST_DETAILS: usize = 12;

/// One answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// How it is known: `verified`, `declared`, `inferred`, `unknown` or `failed`.
    #[schemars(
        with = "String",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed"])
    )]
    standing: Standing,
    /// The answer, in one sentence.
    pub says: String,
    /// Files and facts that it rests on.
    pub details: Vec<String>,
    /// Further details that are not listed.
    pub details_left_out: u64,
    /// What to do next, where there is something to do.
    pub next: Option<String>,
    /// The checks that ran for it. What is verified names one that passed, what failed one that did not.
    checks: Vec<CheckTold>,
}

impl Answer {
    /// A check ran, and it holds.
    pub(super) fn verified(check: Passed, says: impl Into<String>) -> Self {
        Self::new(Standing::Verified, says).with(check.told())
    }

    /// A check ran, and said no.
    pub(super) fn failed(check: Refused, says: impl Into<String>) -> Self {
        Self::new(Standing::Failed, says).with(check.told())
    }

    /// Somebody says so.
    pub(super) fn declared(says: impl Into<String>) -> Self {
        Self::new(Standing::Declared, says)
    }

    /// It follows from the content.
    pub(super) fn inferred(says: impl Into<String>) -> Self {
        Self::new(Standing::Inferred, says)
    }

    /// Nobody knows.
    pub(super) fn unknown(says: impl Into<String>) -> Self {
        Self::new(Standing::Unknown, says)
    }

    fn new(standing: Standing, says: impl Into<String>) -> Self {
        Self {
            standing,
            says: says.into(),
            details: Vec::new(),
            details_left_out: 0,
            next: None,
            checks: Vec::new(),
        }
    }

    fn with(mut self, check: CheckTold) -> Self {
        self.checks.push(check);
        self
    }

    /// A check passed that does not make it known any better.
    pub(super) fn beside(self, check: Passed) -> Self {
        self.with(check.told())
    }

    /// How it is known.
    pub(super) const fn standing(&self) -> Standing {
        self.standing
    }

    pub(super) fn details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.add(details);
        self
    }

    pub(super) fn add(&mut self, details: impl IntoIterator<Item = String>) {
        for detail in details {
            if self.details.len() < MOST_DETAILS {
                self.details.push(detail);
            } else {
                self.details_left_out += 1;
            }
        }
    }

    pub(super) fn next(mut self, command: String) -> Self {
        self.next = Some(command);
        self
    }
}

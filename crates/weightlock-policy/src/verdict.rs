//! [`Verdict`]: may this model be used here, and why.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use weightlock_artifact::{
    digest::Digest,
    reason::{Code, Outcome},
};
use weightlock_bom::slsa::Level;

use crate::{
    check::Check,
    layer::Place,
    level::{Mode, Tier},
    waiver::{InForce, Waiver},
};

/// What is decided. The order is from the best to the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may be used.
    Allow,
    /// An answer that is needed is not known, or somebody has to look first. It is not used.
    Quarantine,
    /// It is not used.
    Deny,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Quarantine, Self::Deny];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Quarantine => "quarantine",
            Self::Deny => "deny",
        }
    }
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// Why something is not a yes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// As a code.
    pub code: Code,
    /// What it makes of the verdict.
    pub decision: Decision,
    /// In words.
    pub text: String,
    /// What it rests on: SHA-256 of statements and reports.
    pub evidence: Vec<Digest>,
    /// Where the demand stands; none where the policy as a whole lacks something.
    pub place: Option<Place>,
    /// By what names it can be waived: a rule of the scanner, an advisory, and the one CVE that it is.
    pub names: Vec<String>,
    /// The file that it is about, and which format of it is denied.
    pub file: Option<DeniedFile>,
}

/// A file of a denied format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeniedFile {
    /// Its name in the model.
    pub path: String,
    /// The format, in the word of the policy.
    pub format: String,
}

impl Reason {
    /// A refusal.
    pub(crate) fn no(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            decision: Decision::Deny,
            text: text.into(),
            evidence: Vec::new(),
            place: None,
            names: Vec::new(),
            file: None,
        }
    }

    /// No answer.
    pub(crate) fn unknown(code: Code, text: impl Into<String>) -> Self {
        Self {
            decision: Decision::Quarantine,
            ..Self::no(code, text)
        }
    }

    pub(crate) fn of(mut self, evidence: impl IntoIterator<Item = Digest>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    pub(crate) fn about(mut self, path: &str, format: &str) -> Self {
        self.file = Some(DeniedFile {
            path: path.to_owned(),
            format: format.to_owned(),
        });
        self
    }

    /// The kind of answer.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.decision {
            Decision::Quarantine => Outcome::NoAnswer,
            Decision::Allow | Decision::Deny => Outcome::No,
        }
    }
}

/// A demand and whether it is met.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The question.
    pub check: Check,
    /// What is asked, in words.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// The rule that it stands under.
    pub rule: Option<String>,
    /// How it was met, in words.
    pub met_by: Option<String>,
    /// What it rests on.
    pub evidence: Vec<Digest>,
    /// Why it is not met.
    pub reasons: Vec<Reason>,
    /// Reasons that a waiver stands in for.
    pub waived: Vec<Waived>,
    /// Somebody asked to leave it out, and may.
    pub skipped: bool,
    /// A scan that is run now would answer it, and none was run.
    pub lacks_scan: bool,
}

impl Asked {
    /// What it makes of the verdict.
    #[must_use]
    pub fn decision(&self) -> Decision {
        let all = self.reasons.iter().map(|reason| reason.decision);
        all.max().unwrap_or(Decision::Allow)
    }
}

/// A reason and the exception that stands in for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waived {
    /// Why it is not met.
    pub reason: Reason,
    /// The exception.
    pub waiver: Waiver,
    /// Where that stands.
    pub place: Place,
}

/// An exception for this model, and whether it was of use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaiverUse {
    /// The exception.
    pub waiver: Waiver,
    /// Where it stands.
    pub place: Place,
    /// Whether it holds today.
    pub in_force: InForce,
    /// Why it does not count although it holds: nobody signed it, or it stands in the wrong place.
    pub not_counted: Option<&'static str>,
    /// It stood in for something.
    pub used: bool,
}

/// A document that was applied.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Applied {
    /// `floor`, `user`, `environment` or `named`.
    pub layer: &'static str,
    /// Its file, as it is shown.
    pub source: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// May this model be used here, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// What is decided.
    pub decision: Decision,
    /// The model: SHA-256 of its manifest, or of the one file.
    pub digest: Digest,
    /// Its revision, if one was stated.
    pub revision: Option<String>,
    /// In which mode.
    pub mode: Mode,
    /// Of which tier the model is.
    pub tier: Tier,
    /// The time that was told.
    pub now: Timestamp,
    /// Every demand, in the order of [`Check::ALL`] and then of the layers.
    pub asked: Vec<Asked>,
    /// What was demanded, each by what tells it from all others of the same policies; also limits of age, which are not asked by
    /// themselves. None where another verdict stands in.
    pub demands: BTreeSet<String>,
    /// Reasons that belong to no demand.
    pub general: Vec<Reason>,
    /// Exceptions for this model.
    pub waivers: Vec<WaiverUse>,
    /// The level that the provenance reaches, as far as the policy knows builders.
    pub level: Level,
    /// The documents.
    pub policies: Vec<Applied>,
}

impl Verdict {
    /// Every reason that is not waived, the gravest first, then in the order of the checks.
    #[must_use]
    pub fn reasons(&self) -> Vec<&Reason> {
        self.reasons_where(|_| true)
    }

    /// Likewise, of the demands that are meant, and those that belong to no demand.
    #[must_use]
    pub fn reasons_where(&self, is_meant: impl Fn(&Asked) -> bool) -> Vec<&Reason> {
        let asked = self.asked.iter().filter(|asked| is_meant(asked));
        let asked = asked.flat_map(|asked| &asked.reasons);
        let mut all: Vec<&Reason> = self.general.iter().chain(asked).collect();
        all.sort_by_key(|reason| std::cmp::Reverse(reason.decision));
        all
    }

    /// The questions that were asked, each with what came of it.
    #[must_use]
    pub fn checks(&self) -> Vec<(Check, Decision)> {
        let mut checks: Vec<(Check, Decision)> = Vec::new();
        for asked in &self.asked {
            let decision = asked.decision();
            match checks.iter_mut().find(|(check, _)| *check == asked.check) {
                Some((_, worst)) => *worst = decision.max(*worst),
                None => checks.push((asked.check, decision)),
            }
        }
        checks
    }

    /// Everything that it rests on, each once.
    #[must_use]
    pub fn evidence(&self) -> Vec<Digest> {
        let mut all: Vec<Digest> = Vec::new();
        for asked in &self.asked {
            all.extend(&asked.evidence);
            all.extend(asked.reasons.iter().flat_map(|reason| &reason.evidence));
        }
        all.sort();
        all.dedup();
        all
    }
}

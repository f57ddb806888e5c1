//! Checks that ran: a [`Passed`] or a [`Refused`] is made of its result and of nothing else, so that an answer cannot be *verified* or
//! *failed* without one.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{evidence::Kind, reason::Outcome};
use weightlock_format::model::ModelSummary;
use weightlock_policy::{
    Decision, Policy, Verdict,
    evidence::{Content, Holds, StatementFact},
};

use super::{answers::is_fault, look::Signature};
use crate::{diagnostic::Diagnostic, explanations, layout::names::Names};

/// A check that ran.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckTold {
    /// What was checked: `signer`, `signature`, `provenance`, `evaluation`, `policy`, `judging`, `blob-names`, `file-format` or `signature-form`.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// Digests of the statements that it rests on.
    pub evidence: Vec<String>,
}

/// A check that ran and holds.
#[derive(Debug)]
pub(super) struct Passed(Named);

/// A check that ran and said no.
#[derive(Debug)]
pub(super) struct Refused(Named);

#[derive(Debug)]
struct Named {
    name: &'static str,
    evidence: Vec<String>,
}

impl Named {
    const fn of(name: &'static str) -> Self {
        Self {
            name,
            evidence: Vec::new(),
        }
    }

    fn by(name: &'static str, statement: &StatementFact) -> Self {
        Self {
            name,
            evidence: vec![statement.id.to_string()],
        }
    }

    fn told(self, passed: bool) -> CheckTold {
        CheckTold {
            name: self.name.to_owned(),
            passed,
            evidence: self.evidence,
        }
    }
}

/// Whether a statement is of this kind, and its signature that of somebody who counts for it.
fn is_theirs(kind: Kind, statement: &StatementFact, policy: &Policy) -> bool {
    statement.kind == kind && !statement.by.is_empty() && policy.counts(kind, &statement.by)
}

impl Passed {
    pub(super) fn told(self) -> CheckTold {
        self.0.told(true)
    }

    /// The signature of the files is one by somebody who counts, whatever it is of.
    pub(super) fn signer(statement: &StatementFact, policy: &Policy) -> Option<Self> {
        is_theirs(Kind::Oms, statement, policy).then(|| Self(Named::by("signer", statement)))
    }

    /// The files are what somebody who counts signed.
    pub(super) fn signature(statement: &StatementFact, policy: &Policy) -> Option<Self> {
        let holds = is_theirs(Kind::Oms, statement, policy) && statement.holds == Holds::Yes;
        holds.then(|| Self(Named::by("signature", statement)))
    }

    /// Somebody who counts states how these files were made, and the statement contradicts nothing.
    pub(super) fn provenance(statement: &StatementFact, policy: &Policy) -> Option<Self> {
        let Content::Provenance(found) = &statement.content else {
            return None;
        };
        let holds = is_theirs(Kind::Provenance, statement, policy) && statement.holds == Holds::Yes;
        (holds && found.faults.is_empty()).then(|| Self(Named::by("provenance", statement)))
    }

    /// The policy allows it.
    pub(super) fn policy(verdict: &Verdict) -> Option<Self> {
        (verdict.decision == Decision::Allow).then(|| Self(of_policy(verdict)))
    }

    /// Every file has a blob, and each blob the content that its name says.
    pub(super) fn blob_names(names: &Names) -> Option<Self> {
        let holds = names.differing.is_empty() && names.unnamed.is_empty() && names.fitting > 0;
        holds.then_some(Self(Named::of("blob-names")))
    }
}

fn of_policy(verdict: &Verdict) -> Named {
    Named {
        name: "policy",
        evidence: verdict.evidence().iter().map(ToString::to_string).collect(),
    }
}

impl Refused {
    pub(super) fn told(self) -> CheckTold {
        self.0.told(false)
    }

    /// Somebody who counts signed something else, or in another way than holds.
    pub(super) fn signature(statement: &StatementFact, policy: &Policy) -> Option<Self> {
        let fails = is_theirs(Kind::Oms, statement, policy) && statement.holds != Holds::Yes;
        fails.then(|| Self(Named::by("signature", statement)))
    }

    /// Somebody who counts says that these files failed a test.
    pub(super) fn evaluation(statement: &StatementFact, policy: &Policy) -> Option<Self> {
        let Content::Evaluation(found) = &statement.content else {
            return None;
        };
        let fails = is_theirs(Kind::Evaluation, statement, policy) && statement.holds == Holds::Yes;
        (fails && found.failed).then(|| Self(Named::by("evaluation", statement)))
    }

    /// The policy denies it.
    pub(super) fn policy(verdict: &Verdict) -> Option<Self> {
        (verdict.decision == Decision::Deny).then(|| Self(of_policy(verdict)))
    }

    /// The model is in no state that could be judged.
    pub(super) fn judging(why: &[Diagnostic]) -> Option<Self> {
        let is_no = why
            .iter()
            .any(|it| explanations::outcome(it.code()) == Outcome::No);
        is_no.then_some(Self(Named::of("judging")))
    }

    /// A blob has not the content that its name says.
    pub(super) fn blob_names(names: &Names) -> Option<Self> {
        (!names.differing.is_empty()).then_some(Self(Named::of("blob-names")))
    }

    /// Files break their format, or are missing.
    pub(super) fn file_format(summary: &ModelSummary) -> Option<Self> {
        let is_broken = summary.problems.iter().any(|(_, problem)| is_fault(problem));
        (is_broken || !summary.missing.is_empty()).then_some(Self(Named::of("file-format")))
    }

    /// What lies there as a signature is none.
    pub(super) fn signature_form(signature: &Signature) -> Option<Self> {
        matches!(signature, Signature::Broken(_)).then_some(Self(Named::of("signature-form")))
    }
}

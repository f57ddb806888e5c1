//! What is known of each control: from a verdict and what it rests on. A pure function.
//!
//! A control is *verified* only where each check that it rests on ran and holds, and is itself of a kind that verifies: a signature,
//! a level that follows from signed provenance, somebody's signed word on exactly these bytes, the policy. What a statement that
//! counts says is *declared*, what was worked out from content *inferred*. A check that the policy does not demand, that was left
//! out or could not run is *unknown*, and so is a control with it.

use std::collections::BTreeSet;

use weightlock_artifact::{evidence::Kind, standing::Standing};
use weightlock_bom::{
    profile::{self, About, Found, Profile},
    slsa::Level,
};
use weightlock_policy::{
    Check, Decision, Policy,
    evidence::{AdvisoryReport, Content, Holds, StatementFact},
    verdict::Asked,
};

use super::{
    BasisTold, ControlTold, EvidenceTold,
    controls::{Basis, CONTROLS, Control},
};
use crate::{
    commands::verdict::{Judged, NOT_RUN, ReasonTold, was_not_run},
    text::counted,
};

/// What controls are judged by.
pub(super) struct Assessed<'a> {
    pub(super) judged: &'a Judged,
    pub(super) policy: &'a Policy,
    /// Audit logs that the decision was written to.
    pub(super) logs: usize,
}

impl Assessed<'_> {
    /// Every control.
    pub(super) fn controls(&self) -> Vec<ControlTold> {
        CONTROLS.iter().map(|control| self.control(control)).collect()
    }

    fn control(&self, control: &Control) -> ControlTold {
        let basis: Vec<BasisTold> = control.rests_on.iter().map(|basis| self.basis(*basis)).collect();
        // The order of standings is from the best known to the worst. What rests on nothing is not known.
        let worst = basis.iter().map(|it| it.standing).max();
        ControlTold {
            framework: control.framework.word().to_owned(),
            control: control.id.to_owned(),
            title: control.title.to_owned(),
            shows: control.shows.to_owned(),
            standing: worst.unwrap_or(Standing::Unknown),
            basis,
            command: control.command.to_owned(),
            beyond: control.beyond.to_owned(),
        }
    }

    fn basis(&self, basis: Basis) -> BasisTold {
        let told = match basis {
            Basis::Check(check) => self.check(check),
            Basis::Reaches(level) => self.reaches(level),
            Basis::Elements(profile, cluster) => self.elements(profile, cluster),
            Basis::Decision => self.decision(),
            Basis::Log => self.log(),
        };
        BasisTold {
            check: basis.name(),
            ..told
        }
    }

    /// What came of everything that the policy demands under a check.
    fn check(&self, check: Check) -> BasisTold {
        let demands: Vec<&Asked> = self.asked(check).collect();
        if demands.is_empty() {
            return unknown(
                "not-demanded",
                "the policy does not ask for it, so it was not judged",
            );
        }
        let worst = demands.iter().map(|asked| self.demand(asked));
        let mut told = worst.max_by_key(|told| told.standing).unwrap_or_else(nothing);
        told.evidence = demands
            .iter()
            .flat_map(|asked| &asked.evidence)
            .map(ToString::to_string)
            .collect();
        told.evidence.sort();
        told.evidence.dedup();
        told.reasons = demands
            .iter()
            .filter(|asked| !was_not_run(asked, self.judged.is_cut_short))
            .flat_map(|asked| &asked.reasons)
            .map(ReasonTold::of)
            .collect();
        told
    }

    fn asked(&self, check: Check) -> impl Iterator<Item = &Asked> {
        let all = self.judged.verdict.asked.iter();
        all.filter(move |asked| asked.check == check)
    }

    fn demand(&self, asked: &Asked) -> BasisTold {
        let says = || asked.met_by.clone().unwrap_or_else(|| asked.text.clone());
        let why = || {
            let first = asked.reasons.first();
            first.map_or_else(|| asked.text.clone(), |reason| reason.text.clone())
        };
        match asked.decision() {
            _ if asked.skipped => unknown("skipped", "it was left out, as asked"),
            // Whatever a signed one says: the scan that would decide was not run.
            _ if self.judged.is_cut_short && asked.lacks_scan => {
                unknown("not-run", &format!("the scan was {NOT_RUN}"))
            }
            Decision::Deny => told("not-met", Standing::Failed, why()),
            Decision::Quarantine => told("no-answer", Standing::Unknown, why()),
            // The check said no, or nothing. That people live with it makes it no yes.
            Decision::Allow if !asked.waived.is_empty() => {
                let denied = asked.waived.iter().any(|it| it.reason.decision == Decision::Deny);
                let standing = if denied {
                    Standing::Failed
                } else {
                    Standing::Unknown
                };
                let waivers = asked
                    .waived
                    .iter()
                    .map(|it| format!("{} ({})", it.reason.text, it.place));
                told("waived", standing, waivers.collect::<Vec<_>>().join("; "))
            }
            Decision::Allow => told("met", self.standing(asked.check), says()),
        }
    }

    /// How well a check that holds is known.
    fn standing(&self, check: Check) -> Standing {
        match check {
            // A signature by one who counts, over these bytes; what is stated is that somebody signed, approved, reviewed.
            Check::Signature | Check::Provenance | Check::Approvals => Standing::Verified,
            // Models without code have nothing to review; that there is none was worked out.
            Check::Review if self.judged.evidence.model.code.is_empty() => Standing::Inferred,
            Check::Review => Standing::Verified,
            Check::Scan | Check::Coverage if self.judged.evidence.scan.is_some() => Standing::Inferred,
            Check::Formats | Check::Rules => Standing::Inferred,
            // Somebody who counts says so, or the caller does.
            Check::Advisories
            | Check::Bom
            | Check::Card
            | Check::Scan
            | Check::Coverage
            | Check::Evaluation
            | Check::License
            | Check::Revision
            | Check::Verdict => Standing::Declared,
        }
    }

    /// The build level that the provenance which counts reaches.
    fn reaches(&self, level: Level) -> BasisTold {
        let reached = self.judged.verdict.level;
        if reached >= level {
            let counting = self.judged.evidence.statements.iter();
            let counting = counting.filter(|it| {
                let sound = matches!(&it.content, Content::Provenance(found) if found.faults.is_empty());
                sound && it.holds == Holds::Yes && self.policy.counts(it.kind, &it.by)
            });
            return BasisTold {
                evidence: counting.map(|it| it.id.to_string()).collect(),
                ..told(
                    "met",
                    Standing::Verified,
                    format!("the provenance that counts is of level {reached}"),
                )
            };
        }
        if reached > Level::L0 {
            return told(
                "not-met",
                Standing::Failed,
                format!("the provenance that counts is of level {reached}"),
            );
        }
        match self.check(Check::Provenance) {
            told if told.standing == Standing::Failed => told,
            _ => unknown("no-answer", "no provenance counts"),
        }
    }

    /// The elements of a cluster that its list requires; where it requires none, all of them. Facts that nobody wrote into the model
    /// are not known here.
    fn elements(&self, profile: Profile, cluster: &str) -> BasisTold {
        let about = About {
            author: None,
            is_signed: None,
            tool: None,
            time: None,
            standing: Standing::Declared,
        };
        let all = profile::check(&self.judged.described.graph, profile, &about);
        let mut of: Vec<_> = all
            .iter()
            .filter(|it| it.element.cluster == cluster && it.found != Found::NotApplicable)
            .collect();
        if of.iter().any(|it| it.element.is_required) {
            of.retain(|it| it.element.is_required);
        }
        let mut worst = None;
        let mut lacking = Vec::new();
        for one in &of {
            match &one.found {
                Found::Present { standing, .. } => worst = worst.max(Some(*standing)),
                // Said not to be known, where the list takes that: there, and nobody's fact.
                Found::SaidUnknown { .. } => worst = worst.max(Some(Standing::Declared)),
                Found::Absent { .. } | Found::NotApplicable => lacking.push(one.element.name),
            }
        }
        match (worst, lacking.as_slice()) {
            (Some(standing), []) => told("met", standing, format!("{} known", counted(of.len(), "element"))),
            (None, []) => unknown(
                "no-answer",
                "nothing that the model has could have these elements",
            ),
            (_, lacking) => unknown("no-answer", &format!("not known: {}", lacking.join(", "))),
        }
    }

    fn decision(&self) -> BasisTold {
        let verdict = &self.judged.verdict;
        let context = format!("in {}, tier {}", verdict.mode, verdict.tier);
        let mut told = match verdict.decision {
            Decision::Allow => told(
                "met",
                Standing::Verified,
                format!("the policy allows it {context}"),
            ),
            Decision::Quarantine => told(
                "no-answer",
                Standing::Unknown,
                format!("the policy holds it {context}"),
            ),
            Decision::Deny => told(
                "not-met",
                Standing::Failed,
                format!("the policy denies it {context}"),
            ),
        };
        let left_out = verdict
            .asked
            .iter()
            .filter(|it| it.skipped || !it.waived.is_empty());
        let left_out: BTreeSet<&str> = left_out.map(|it| it.check.name()).collect();
        if verdict.decision == Decision::Allow && !left_out.is_empty() {
            let left_out: Vec<&str> = left_out.into_iter().collect();
            let says = format!(
                "the policy allows it {context}, with {} left out or waived",
                left_out.join(", ")
            );
            told = unknown("no-answer", &says);
        }
        let was_asked = |asked: &Asked| !was_not_run(asked, self.judged.is_cut_short);
        let reasons = verdict.reasons_where(was_asked).into_iter();
        told.reasons = reasons.map(ReasonTold::of).collect();
        told.evidence = verdict.evidence().iter().map(ToString::to_string).collect();
        told
    }

    fn log(&self) -> BasisTold {
        match self.logs {
            0 => unknown("not-demanded", "no audit log is named"),
            count => told(
                "met",
                Standing::Verified,
                format!("this decision was written to {}", counted(count, "audit log")),
            ),
        }
    }

    /// Every statement and report that was there, whether or not it counts.
    pub(super) fn evidence(&self) -> Vec<EvidenceTold> {
        let evidence = &self.judged.evidence;
        let not_counted = self.judged.verdict.not_counted(self.policy, evidence);
        let statements = evidence
            .statements
            .iter()
            .map(|it| self.statement(it, not_counted.get(&it.id)));
        statements
            .chain(evidence.advisories.iter().filter_map(report))
            .collect()
    }

    fn statement(&self, statement: &StatementFact, not_counted: Option<&String>) -> EvidenceTold {
        let signer_counts = self.policy.counts(statement.kind, &statement.by);
        let why = match &statement.holds {
            Holds::No { why, .. } => Some(why.clone()),
            Holds::Yes if !signer_counts => Some("its signer does not count for this kind".to_owned()),
            // In the words of the judge: "is of …, and … is the limit".
            Holds::Yes => not_counted.cloned(),
        };
        EvidenceTold {
            digest: statement.id.to_string(),
            kind: statement.kind.name().to_owned(),
            name: statement.name.clone(),
            signed_by: statement.signed_by.clone(),
            counts: why.is_none(),
            why_not: why,
        }
    }
}

/// A report that the caller named: nobody signed it. One that could not be read is no evidence; the check that wants it says so.
fn report(report: &AdvisoryReport) -> Option<EvidenceTold> {
    let why = report.found.as_ref().err().cloned();
    Some(EvidenceTold {
        digest: report.digest?.to_string(),
        kind: Kind::Scan.name().to_owned(),
        name: report.name.clone(),
        signed_by: None,
        counts: why.is_none(),
        why_not: why,
    })
}

fn told(state: &str, standing: Standing, says: impl Into<String>) -> BasisTold {
    BasisTold {
        check: String::new(),
        state: state.to_owned(),
        standing,
        says: says.into(),
        evidence: Vec::new(),
        reasons: Vec::new(),
    }
}

fn unknown(state: &str, says: &str) -> BasisTold {
    told(state, Standing::Unknown, says)
}

fn nothing() -> BasisTold {
    unknown("no-answer", "nothing is known")
}

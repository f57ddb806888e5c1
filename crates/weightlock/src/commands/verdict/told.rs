//! A verdict in JSON and as reasons for people: the same for every verb that asks for one.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::evidence::Kind;
use weightlock_policy::{
    Check, Decision, Reason, Verdict,
    evidence::Holds,
    verdict::{Asked, Waived, WaiverUse},
    waiver::InForce,
};

use super::{gather::Judged, remedy};
use crate::diagnostic::Diagnostic;

/// A verdict in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictTold {
    /// `allow`, `quarantine` or `deny`.
    #[schemars(with = "String", extend("enum" = ["allow", "quarantine", "deny"]))]
    pub decision: Decision,
    /// The model: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// `development`, `staging` or `production`.
    pub mode: String,
    /// `low`, `medium` or `high`.
    pub tier: String,
    /// When it was asked (RFC 3339).
    pub time: String,
    /// The policies, the floor first.
    pub policies: Vec<PolicyTold>,
    /// Every demand, and what came of it.
    pub demands: Vec<DemandTold>,
    /// Reasons that belong to no demand.
    pub general: Vec<ReasonTold>,
    /// Waivers for this model.
    pub waivers: Vec<WaiverTold>,
    /// What it rests on: digests of statements and reports.
    pub evidence: Vec<String>,
    /// No scan was run, because the answer is no without it.
    pub cut_short: bool,
    /// Where the signed verdict lies, when one was made.
    pub written: Option<String>,
}

/// A policy that was applied.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyTold {
    /// `floor`, `user`, `environment` or `named`.
    pub layer: String,
    /// Its file.
    pub source: String,
    /// SHA-256 of it.
    pub digest: String,
}

/// A demand.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandTold {
    /// The check that it belongs to.
    pub check: String,
    /// What is demanded.
    pub demand: String,
    /// The file and line that demand it.
    pub place: String,
    /// The rule that it stands under.
    pub rule: Option<String>,
    /// `met`, `not-met`, `no-answer`, `waived`, `skipped`, or `not-run`: a scan would answer it, and the answer is no without one.
    #[schemars(extend("enum" = ["met", "not-met", "no-answer", "waived", "skipped", "not-run"]))]
    pub state: String,
    /// How it was met.
    pub met_by: Option<String>,
    /// Why it is not met.
    pub reasons: Vec<ReasonTold>,
    /// Reasons that a waiver stands in for, each with that waiver.
    pub waived: Vec<WaivedTold>,
    /// What it rests on.
    pub evidence: Vec<String>,
}

/// Why something is not a yes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonTold {
    /// The code.
    pub code: String,
    /// `deny` or `quarantine`.
    #[schemars(with = "String", extend("enum" = ["deny", "quarantine"]))]
    pub decision: Decision,
    /// In words.
    pub text: String,
    /// The file and line of the demand.
    pub place: Option<String>,
    /// What it rests on.
    pub evidence: Vec<String>,
}

/// A reason, and the waiver that stands in for it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaivedTold {
    /// The reason.
    pub reason: ReasonTold,
    /// What the waiver waives.
    pub waives: String,
    /// Where the waiver stands.
    pub place: String,
    /// Who answers for it.
    pub owner: String,
    /// Who agreed.
    pub approver: String,
    /// Its last day.
    pub expires: String,
    /// Why it was granted.
    pub why: String,
}

/// A waiver.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverTold {
    /// What it waives.
    pub waives: String,
    /// Where it stands.
    pub place: String,
    /// Who answers for it.
    pub owner: String,
    /// Who agreed.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// Its last day.
    pub expires: String,
    /// `in-force`, `not-yet` or `expired`.
    pub state: String,
    /// Why it does not count although it holds.
    pub not_counted: Option<String>,
    /// It stood in for something.
    pub used: bool,
}

impl From<&Judged> for VerdictTold {
    fn from(judged: &Judged) -> Self {
        Self::of(&judged.verdict, judged.is_cut_short)
    }
}

impl VerdictTold {
    /// A verdict in JSON.
    pub(crate) fn of(verdict: &Verdict, cut_short: bool) -> Self {
        Self {
            decision: verdict.decision,
            digest: verdict.digest.to_string(),
            mode: verdict.mode.to_string(),
            tier: verdict.tier.to_string(),
            time: verdict.now.to_string(),
            policies: verdict
                .policies
                .iter()
                .map(|it| PolicyTold {
                    layer: it.layer.to_owned(),
                    source: it.source.clone(),
                    digest: it.digest.to_string(),
                })
                .collect(),
            demands: verdict
                .asked
                .iter()
                .map(|asked| DemandTold::of(asked, cut_short))
                .collect(),
            general: verdict.general.iter().map(ReasonTold::of).collect(),
            waivers: verdict.waivers.iter().map(WaiverTold::of).collect(),
            evidence: texts(&verdict.evidence()),
            cut_short,
            written: None,
        }
    }
}

/// What is said of a demand that only a scan would answer, where none was run.
pub(crate) const NOT_RUN: &str = "not run: the answer is no without it";

/// Whether a demand has no yes only because the scan was left out that would answer it.
pub(crate) fn was_not_run(asked: &Asked, is_cut_short: bool) -> bool {
    is_cut_short && asked.lacks_scan && asked.decision() != Decision::Allow
}

impl DemandTold {
    fn of(asked: &Asked, is_cut_short: bool) -> Self {
        let was_not_run = was_not_run(asked, is_cut_short);
        let reasons = asked.reasons.iter().filter(|_| !was_not_run);
        let state = match asked.decision() {
            _ if asked.skipped => "skipped",
            _ if was_not_run => "not-run",
            Decision::Deny => "not-met",
            Decision::Quarantine => "no-answer",
            Decision::Allow if !asked.waived.is_empty() => "waived",
            Decision::Allow => "met",
        };
        Self {
            check: asked.check.name().to_owned(),
            demand: asked.text.clone(),
            place: asked.place.to_string(),
            rule: asked.rule.clone(),
            state: state.to_owned(),
            met_by: asked.met_by.clone(),
            reasons: reasons.map(ReasonTold::of).collect(),
            waived: asked.waived.iter().map(WaivedTold::of).collect(),
            evidence: texts(&asked.evidence),
        }
    }
}

impl ReasonTold {
    /// A reason in JSON.
    pub(crate) fn of(reason: &Reason) -> Self {
        Self {
            code: reason.code.to_string(),
            decision: reason.decision,
            text: reason.text.clone(),
            place: reason.place.as_ref().map(ToString::to_string),
            evidence: texts(&reason.evidence),
        }
    }
}

impl WaivedTold {
    fn of(waived: &Waived) -> Self {
        let parts = waived.waiver.parts();
        Self {
            reason: ReasonTold::of(&waived.reason),
            waives: parts.waives.to_string(),
            place: waived.place.to_string(),
            owner: parts.owner.clone(),
            approver: parts.approver.clone(),
            expires: parts.expires.to_string(),
            why: parts.reason.clone(),
        }
    }

    /// By whose exception, in words.
    pub(crate) fn by(&self) -> String {
        format!(
            "{} of {}, approved by {}, until {}, {}: {}",
            self.waives, self.owner, self.approver, self.expires, self.place, self.why
        )
    }
}

impl WaiverTold {
    fn of(waiver: &WaiverUse) -> Self {
        let parts = waiver.waiver.parts();
        Self {
            waives: parts.waives.to_string(),
            place: waiver.place.to_string(),
            owner: parts.owner.clone(),
            approver: parts.approver.clone(),
            reason: parts.reason.clone(),
            expires: parts.expires.to_string(),
            state: match waiver.in_force {
                InForce::Yes => "in-force",
                InForce::NotYet => "not-yet",
                InForce::Expired => "expired",
            }
            .to_owned(),
            not_counted: waiver.not_counted.map(str::to_owned),
            used: waiver.used,
        }
    }
}

fn texts(digests: &[weightlock_artifact::digest::Digest]) -> Vec<String> {
    digests.iter().map(ToString::to_string).collect()
}

/// Why the answer is not yes, the gravest reason first; each with the line that demands it and what to do. A scan that was not
/// run, because the answer is no without it, is no reason.
pub(crate) fn reasons(judged: &Judged) -> Vec<Diagnostic> {
    let was_asked = |asked: &Asked| !was_not_run(asked, judged.is_cut_short);
    let reasons = judged.verdict.reasons_where(was_asked);
    let told = reasons.into_iter().map(|reason| {
        let told = Diagnostic::new(reason.code, reason.text.clone());
        let told = match &reason.place {
            Some(place) => told.at(place.to_string()),
            None => told,
        };
        let told = reason
            .evidence
            .iter()
            .fold(told, |told, digest| told.fact("evidence", digest.to_string()));
        let told = remedy::causes(reason, judged)
            .into_iter()
            .fold(told, Diagnostic::note);
        let commands = remedy::of(reason, judged);
        let is_all = !commands.is_empty() && remedy::is_all(reason);
        let told = commands.into_iter().fold(told, Diagnostic::help);
        match crate::explanations::find(reason.code.as_str()) {
            Some(explanation) if !is_all => told.help(explanation.fix),
            _ => told,
        }
    });
    told.collect()
}

/// A signature by somebody who counts that is not over these bytes, or that does not hold, where no reason tells of it: nobody demands
/// one, or it was left out. None where another one by somebody who counts holds.
pub(crate) fn unheard(judged: &Judged) -> Option<Diagnostic> {
    let reasons = judged.verdict.reasons();
    if reasons.iter().any(|it| it.code == Check::Signature.code()) {
        return None;
    }
    let statements = judged.evidence.statements.iter();
    let theirs = || {
        statements
            .clone()
            .filter(|it| it.kind == Kind::Oms && judged.counts(it))
    };
    if theirs().any(|it| it.holds == Holds::Yes) {
        return None;
    }
    theirs().find_map(|it| match &it.holds {
        Holds::No { code, why, .. } => {
            let text = format!("{}, a signature by one who counts, does not hold: {why}", it.name);
            Some(Diagnostic::new(*code, text).fact("evidence", it.id.to_string()))
        }
        Holds::Yes => None,
    })
}

/// What is worth saying besides the reasons: a signature that does not hold, and what else is an exception.
pub(crate) fn notes(judged: &Judged) -> Vec<String> {
    let mut notes = exceptions(judged);
    notes.extend(unheard(judged).map(|told| told.message().to_owned()));
    notes
}

/// What was left out; which waiver stood in for what, and which are of no use; reports that
/// nobody asked for.
pub(crate) fn exceptions(judged: &Judged) -> Vec<String> {
    let verdict = &judged.verdict;
    let mut notes = Vec::new();
    for asked in &verdict.asked {
        for it in &asked.waived {
            let parts = it.waiver.parts();
            notes.push(format!(
                "waived until {} by {} (approved by {}), {}: {}",
                parts.expires, parts.owner, parts.approver, it.place, it.reason.text
            ));
        }
        if asked.skipped {
            notes.push(format!("left out, as asked: {} ({})", asked.text, asked.place));
        }
    }
    for it in verdict.waivers.iter().filter(|it| !it.used) {
        let parts = it.waiver.parts();
        let why = match (it.in_force, it.not_counted) {
            (InForce::Expired, _) => format!("expired on {}", parts.expires),
            (InForce::NotYet, _) => format!("begins on {}", parts.granted),
            (InForce::Yes, Some(why)) => why.to_owned(),
            (InForce::Yes, None) => "stands in for nothing and can go".to_owned(),
        };
        notes.push(format!("waiver of {} at {}: {why}", parts.waives, it.place));
    }
    if !verdict.asked.iter().any(|it| it.check == Check::Advisories) {
        for report in &judged.evidence.advisories {
            notes.push(format!(
                "{} was not judged: no policy demands advisories",
                report.name
            ));
        }
    }
    notes
}

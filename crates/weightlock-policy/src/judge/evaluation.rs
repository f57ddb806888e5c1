//! Measured values against a baseline.

use weightlock_artifact::{digest::Digest, evidence::Kind};

use super::{Answer, Case, candidates::Candidates};
use crate::{
    check::Check,
    demand::Measure,
    evidence::{Content, EvaluationFact},
    verdict::Reason,
};

impl Case<'_> {
    pub(super) fn evaluation(&self, measures: &[Measure]) -> Answer {
        let found = self.candidates(Kind::Evaluation, |content| match content {
            Content::Evaluation(evaluation) => Some(evaluation.clone()),
            _ => None,
        });
        let failed = found.heard().iter().filter(|(_, evaluation)| evaluation.failed);
        let mut reasons: Vec<Reason> = failed
            .map(|(statement, _)| {
                let text = format!("{} says that the model failed", statement.name);
                Reason::no(Check::Evaluation.code(), text).of([statement.id])
            })
            .chain(found.doubts(Check::Evaluation))
            .collect();
        if found.good.is_empty() {
            reasons.extend(found.lack(Check::Evaluation, "signed evaluation"));
            return Answer::no(reasons);
        }
        let mut evidence = Vec::new();
        for measure in measures {
            match value_of(&found, measure) {
                Ok(ids) => evidence.extend(ids),
                Err(reason) => reasons.push(reason),
            }
        }
        if reasons.is_empty() {
            Answer::met(
                format!("{} measured values within bounds", measures.len()),
                evidence,
            )
        } else {
            Answer::no(reasons)
        }
    }
}

/// The newest statement that measured it decides, with every other one that could be the newest; what they say of it must all be
/// within bounds.
fn value_of(found: &Candidates<'_, EvaluationFact>, measure: &Measure) -> Result<Vec<Digest>, Reason> {
    let code = Check::Evaluation.code();
    let speaks = |it: &EvaluationFact| values(it, measure).next().is_some();
    for (statement, evaluation) in found.decisive(speaks) {
        if let Some(value) = values(evaluation, measure).find(|value| !measure.allows(*value)) {
            let text = format!("{} measured {value}, and {measure} is demanded", statement.name);
            return Err(Reason::no(code, text).of([statement.id]));
        }
    }
    let evidence: Vec<Digest> = found.newest(speaks).map(|(it, _)| it.id).collect();
    if evidence.is_empty() {
        let text = format!("nobody who counts measured {}", measure.metric);
        return Err(Reason::no(code, text));
    }
    Ok(evidence)
}

/// What it says of this measure.
fn values(evaluation: &EvaluationFact, measure: &Measure) -> impl Iterator<Item = f64> {
    let all = evaluation.values.iter().filter(|it| it.metric == measure.metric);
    all.filter(|it| measure.dataset.is_none() || it.dataset == measure.dataset)
        .map(|it| it.value)
}

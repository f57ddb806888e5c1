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
        if found.good.is_empty() {
            return Answer::no(found.lack(Check::Evaluation, "signed evaluation"));
        }
        let failed = found.good.iter().filter(|(_, evaluation)| evaluation.failed);
        let mut reasons: Vec<Reason> = failed
            .map(|(statement, _)| {
                let text = format!("{} says that the model failed", statement.name);
                Reason::no(Check::Evaluation.code(), text).of([statement.id])
            })
            .collect();
        let mut evidence = Vec::new();
        for measure in measures {
            match value_of(&found, measure) {
                Ok(id) => evidence.push(id),
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

/// The newest statement that measured it decides; what it says of it more than once must all be within bounds.
fn value_of(found: &Candidates<'_, EvaluationFact>, measure: &Measure) -> Result<Digest, Reason> {
    let code = Check::Evaluation.code();
    for (statement, evaluation) in &found.good {
        let values: Vec<f64> = evaluation
            .values
            .iter()
            .filter(|it| it.metric == measure.metric)
            .filter(|it| measure.dataset.is_none() || it.dataset == measure.dataset)
            .map(|it| it.value)
            .collect();
        if values.is_empty() {
            continue;
        }
        return match values.iter().find(|value| !measure.allows(**value)) {
            None => Ok(statement.id),
            Some(value) => Err(Reason::no(
                code,
                format!("{} measured {value}, and {measure} is demanded", statement.name),
            )
            .of([statement.id])),
        };
    }
    Err(Reason::no(
        code,
        format!("nobody who counts measured {}", measure.metric),
    ))
}

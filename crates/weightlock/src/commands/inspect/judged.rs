//! The six answers where a policy says whose word counts: what was checked stands before what is only there.
//!
//! An answer is *verified* only by a check that ran here: a signature by one who counts over exactly these bytes, a statement by one
//! who counts for its kind, the policy itself. Whether it may be used is the verdict, the same as that of `gate`.

use std::collections::BTreeSet;

use weightlock_artifact::{evidence::Kind, standing::Standing};
use weightlock_policy::{
    Decision, Policy,
    evidence::{Content, Evidence, Holds, StatementFact},
};

use super::{Answer, Answers};
use crate::{
    commands::{
        bom,
        verdict::{self, Judged},
    },
    text::counted,
};

/// Puts what was checked in the place of what was only seen. `explain` is the command that tells more of the verdict.
pub(super) fn answer(answers: &mut Answers, judged: &Judged, policy: &Policy, explain: &str) {
    let evidence = &judged.evidence;
    signatures(answers, evidence, policy);
    made(answers, judged, policy);
    behaves(answers, evidence, policy);
    used(answers, judged, explain);
}

fn counts(policy: &Policy, statement: &StatementFact) -> bool {
    policy.counts(statement.kind, &statement.by)
}

/// Who signed it, by the name that the policy gives them.
fn signer(statement: &StatementFact) -> String {
    let names: BTreeSet<&str> = statement.by.iter().map(|id| id.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    names.join(" and ")
}

/// Who, and whether it is unchanged: the signatures by those who count.
fn signatures(answers: &mut Answers, evidence: &Evidence, policy: &Policy) {
    let all = evidence.statements.iter().filter(|it| it.kind == Kind::Oms);
    let counting: Vec<&StatementFact> = all.filter(|it| counts(policy, it)).collect();
    let holding: Vec<&&StatementFact> = counting.iter().filter(|it| it.holds == Holds::Yes).collect();
    if let Some(first) = holding.first() {
        let names: Vec<String> = holding.iter().map(|it| signer(it)).collect();
        let keys = holding.iter().filter_map(|it| it.signed_by.clone());
        answers.who =
            Answer::new(Standing::Verified, format!("signed by {}", names.join(", "))).details(keys);
        answers.unchanged = Answer::new(
            Standing::Verified,
            format!("every file is what {} signed", signer(first)),
        )
        .details([format!("digest {}", evidence.model.digest)]);
        return;
    }
    let Some(first) = counting.first() else { return };
    let Holds::No { why, is_other, .. } = &first.holds else {
        return;
    };
    answers.who = Answer::new(Standing::Verified, format!("signed by {}", signer(first)));
    let says = if *is_other {
        "it is not what was signed"
    } else {
        "the signature is refused"
    };
    answers.unchanged = Answer::new(Standing::Failed, says).details([why.clone()]);
}

fn made(answers: &mut Answers, judged: &Judged, policy: &Policy) {
    let provenance = judged
        .evidence
        .statements
        .iter()
        .find_map(|it| match &it.content {
            Content::Provenance(found)
                if counts(policy, it) && it.holds == Holds::Yes && found.faults.is_empty() =>
            {
                Some((it, found))
            }
            _ => None,
        });
    let graph = &judged.described.graph;
    let conflicts = graph.conflicts();
    let told = conflicts
        .iter()
        .map(|it| format!("contradiction: {}", bom::show::conflict(graph, it)));
    if let Some((statement, found)) = provenance {
        let level = judged.verdict.level;
        let says = format!(
            "built by {}, SLSA build level {level}, signed by {}",
            found.builder,
            signer(statement)
        );
        let before = std::mem::take(&mut answers.made_how.details);
        answers.made_how = Answer::new(Standing::Verified, says).details(before.into_iter().chain(told));
    } else {
        let before = std::mem::take(&mut answers.made_how.details);
        answers.made_how.add(before.into_iter().chain(told));
    }
}

fn behaves(answers: &mut Answers, evidence: &Evidence, policy: &Policy) {
    let measured = evidence.statements.iter().find_map(|it| match &it.content {
        Content::Evaluation(found) if counts(policy, it) && it.holds == Holds::Yes => Some((it, found)),
        _ => None,
    });
    let Some((statement, found)) = measured else {
        return;
    };
    if found.failed {
        answers.behaves = Answer::new(
            Standing::Failed,
            format!("{} says that it failed", signer(statement)),
        );
        return;
    }
    let values = found.values.iter().map(|it| match &it.dataset {
        Some(dataset) => format!("{} {} on {dataset}", it.metric, it.value),
        None => format!("{} {}", it.metric, it.value),
    });
    // Somebody who counts measured it; nothing was measured here.
    answers.behaves = Answer::new(
        Standing::Declared,
        format!(
            "{} stated by {}",
            counted(found.values.len(), "measured value"),
            signer(statement)
        ),
    )
    .details(values);
}

/// Whether it may be used: the verdict.
fn used(answers: &mut Answers, judged: &Judged, explain: &str) {
    let verdict = &judged.verdict;
    let licence = &answers.may_we_use;
    let context = format!("in {}, tier {}", verdict.mode, verdict.tier);
    let (standing, says) = match verdict.decision {
        Decision::Allow => (Standing::Verified, format!("the policy allows it {context}")),
        Decision::Quarantine => (Standing::Unknown, format!("held {context}: an answer is missing")),
        Decision::Deny => (Standing::Failed, format!("the policy denies it {context}")),
    };
    let reasons = verdict::reasons(judged).into_iter().map(|it| match it.place() {
        Some(place) => format!("{}: {} ({place})", it.code(), it.message()),
        None => format!("{}: {}", it.code(), it.message()),
    });
    let known = (licence.standing != Standing::Unknown).then(|| licence.says.clone());
    let answer = Answer::new(standing, says).details(known.into_iter().chain(reasons));
    answers.may_we_use = if verdict.decision == Decision::Allow {
        answer
    } else {
        answer.next(explain.to_owned())
    };
}

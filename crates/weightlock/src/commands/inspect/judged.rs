//! The six answers where a policy says whose word counts: what was checked stands before what is only there.
//!
//! An answer is *verified* only by a check that ran here: a signature by one who counts over exactly these bytes, a statement by one
//! who counts for its kind, the policy itself. Whether it may be used is the verdict, the same as that of `gate`.

use std::collections::BTreeSet;

use weightlock_artifact::{evidence::Kind, standing::Standing};
use weightlock_policy::{
    Check, Decision, Policy, Verdict,
    evidence::{Content, Describes, EvaluationFact, Evidence, Holds, StatementFact},
};

use super::{
    Answer, Answers,
    answers::{lying, made_from},
    check::{Passed, Refused},
    look::Seen,
};
use crate::{
    commands::verdict::{self, Judged},
    layout::Layout,
    text::counted,
};

/// Puts what was checked in the place of what was only seen. `explain` is the command that tells more of the verdict.
pub(super) fn answer(answers: &mut Answers, seen: &Seen, judged: &Judged, policy: &Policy, explain: &str) {
    let evidence = &judged.evidence;
    signatures(answers, evidence, policy);
    made(answers, judged, policy, made_from(&seen.summary).as_deref());
    answers.behaves = behaves(evidence, policy);
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
    let all = || evidence.statements.iter();
    let holding: Vec<&StatementFact> = all()
        .filter(|it| Passed::signature(it, policy).is_some())
        .collect();
    let checks = |it: &&StatementFact| Some((Passed::signer(it, policy)?, Passed::signature(it, policy)?));
    if let Some((first, (who, unchanged))) = holding.first().and_then(|it| Some((it, checks(it)?))) {
        let names: Vec<String> = holding.iter().map(|it| signer(it)).collect();
        let keys = holding.iter().filter_map(|it| it.signed_by.clone());
        answers.who = Answer::verified(who, format!("signed by {}", names.join(", "))).details(keys);
        let says = format!("every file is what {} signed", signer(first));
        let digest = format!("digest {}", evidence.model.digest);
        if answers.unchanged.standing() != Standing::Failed {
            answers.unchanged = Answer::verified(unchanged, says).details([digest]);
        } else {
            // A name that does not fit, or a broken file, is not made good by a signature over it.
            answers.unchanged.add([says, digest]);
        }
        return;
    }
    let refused = |it: &StatementFact| Some((Passed::signer(it, policy)?, Refused::signature(it, policy)?));
    let Some((first, (who, unchanged))) = all().find_map(|it| Some((it, refused(it)?))) else {
        return without_signer(answers, evidence);
    };
    let Holds::No { why, is_other, .. } = &first.holds else {
        return;
    };
    // Whose signature lies there is known; these files it does not vouch for.
    let says = format!(
        "a signature by {} lies there, and not over these files",
        signer(first)
    );
    answers.who = Answer::declared(says).beside(who);
    let says = if *is_other {
        "it is not what was signed"
    } else {
        "the signature is refused"
    };
    answers.unchanged = Answer::failed(unchanged, says).details([why.clone()]);
}

/// Where no signature counts: whose there are, and that everything was hashed all the same.
fn without_signer(answers: &mut Answers, evidence: &Evidence) {
    let signed = evidence.statements.iter().find(|it| it.kind == Kind::Oms);
    if let Some(statement) = signed.filter(|_| answers.who.standing() != Standing::Failed) {
        answers.who = if statement.by.is_empty() {
            Answer::declared("signed by nobody whom the policy knows")
        } else {
            Answer::declared(format!(
                "signed by {}, who does not count here",
                signer(statement)
            ))
        };
    }
    let digest = format!("digest {}", evidence.model.digest);
    if answers.unchanged.standing() == Standing::Unknown {
        answers.unchanged = Answer::unknown("no signature that counts says what it was").details([digest]);
    } else {
        answers.unchanged.add([digest]);
    }
}

/// Statements of a kind, in the order of their digests.
fn of_kind(evidence: &Evidence, kind: Kind) -> impl Iterator<Item = &StatementFact> {
    evidence.statements.iter().filter(move |it| it.kind == kind)
}

/// How it was made: provenance that counts, else what there is and why it does not.
fn made(answers: &mut Answers, judged: &Judged, policy: &Policy, from: Option<&str>) {
    let evidence = &judged.evidence;
    let counting = of_kind(evidence, Kind::Provenance).find_map(|it| match &it.content {
        Content::Provenance(found) => Some((it, found, Passed::provenance(it, policy)?)),
        _ => None,
    });
    answers.made_how = if let Some((statement, found, check)) = counting {
        let level = judged.verdict.level;
        let says = format!(
            "built by {}, SLSA build level {level}, signed by {}",
            found.builder,
            signer(statement)
        );
        Answer::verified(check, says)
    } else {
        let is_there = of_kind(evidence, Kind::Provenance).next().is_some();
        not_made_known(is_there, from).details(of_kind(evidence, Kind::Provenance).map(|it| {
            let why = why_not(policy, it).or_else(|| fault(it));
            not_counted(it, &why.unwrap_or_else(|| "it cannot be read".to_owned()))
        }))
    };
    let boms = of_kind(evidence, Kind::Bom).map(|it| bom(it, policy));
    answers.made_how.add(boms);
}

/// Where no provenance counts: that some lies there, and what the files say.
fn not_made_known(is_there: bool, from: Option<&str>) -> Answer {
    let provenance = if is_there {
        "provenance lies there and does not count"
    } else {
        "no provenance"
    };
    match from {
        Some(from) => Answer::declared(format!("{from}; {provenance}")),
        None => Answer::unknown(format!("{provenance}, and no base model is named")),
    }
}

/// Why a statement does not count, whatever it says; nothing where it does.
fn why_not(policy: &Policy, statement: &StatementFact) -> Option<String> {
    match &statement.holds {
        Holds::No { why, .. } => Some(why.clone()),
        Holds::Yes if !counts(policy, statement) => {
            let who = statement.signed_by.as_deref();
            Some(format!("signed by {}", who.unwrap_or("nobody who is known")))
        }
        Holds::Yes => None,
    }
}

/// Why provenance that somebody who counts signed is worth nothing.
fn fault(statement: &StatementFact) -> Option<String> {
    match &statement.content {
        Content::Provenance(found) => found.faults.first().cloned(),
        _ => None,
    }
}

fn not_counted(statement: &StatementFact, why: &str) -> String {
    format!("{}: does not count: {why}", statement.name)
}

/// A bill of materials, and whether it counts.
fn bom(statement: &StatementFact, policy: &Policy) -> String {
    if let Some(why) = why_not(policy, statement) {
        return not_counted(statement, &why);
    }
    let about = match &statement.content {
        Content::Bom(Describes::This) => "it describes these files".to_owned(),
        Content::Bom(Describes::Other(what)) => format!("it describes something else: {what}"),
        _ => "it names no digest, and could be about anything".to_owned(),
    };
    format!(
        "{}: a bill of materials signed by {}; {about}",
        statement.name,
        signer(statement)
    )
}

/// Where sources disagree, among them the bills of materials and cards by those who count.
pub(super) fn contradictions(judged: &Judged, policy: &Policy, layout: &Layout) -> Vec<String> {
    let mut told = super::contradictions::of(&judged.described.graph, &judged.boms, layout);
    let card = judged.evidence.card.iter().flat_map(|card| &card.contradictions);
    told.extend(card.map(|it| format!("the card: {it}")));
    let signed = judged.evidence.statements.iter().filter(|it| counts(policy, it));
    for statement in signed {
        if let Content::Card(card) = &statement.content {
            told.extend(
                card.contradictions
                    .iter()
                    .map(|it| format!("{}: {it}", statement.name)),
            );
        }
    }
    told
}

/// Whether it behaves: an evaluation that counts, else what there is and why it does not.
fn behaves(evidence: &Evidence, policy: &Policy) -> Answer {
    let all = || of_kind(evidence, Kind::Evaluation);
    if let Some((statement, check)) = all().find_map(|it| Some((it, Refused::evaluation(it, policy)?))) {
        return Answer::failed(check, format!("{} says that it failed", signer(statement)));
    }
    let measured = all().filter_map(|it| match &it.content {
        Content::Evaluation(found) if why_not(policy, it).is_none() => Some((it, found)),
        _ => None,
    });
    if let Some((statement, found)) = measured.max_by_key(|(it, _)| it.made) {
        return stated(statement, found);
    }
    let not_counting = all().map(|it| {
        let why = why_not(policy, it);
        not_counted(it, &why.unwrap_or_else(|| "it cannot be read".to_owned()))
    });
    match all().count() {
        0 => Answer::unknown("nothing was run, and there is nothing to compare with"),
        count => Answer::unknown(format!(
            "nothing was run; {} there, of which none counts",
            lying(count, "evaluation")
        ))
        .details(not_counting),
    }
}

/// What somebody who counts measured; nothing was measured here.
fn stated(statement: &StatementFact, found: &EvaluationFact) -> Answer {
    let values = found.values.iter().map(|it| match &it.dataset {
        Some(dataset) => format!("{} {} on {dataset}", it.metric, it.value),
        None => format!("{} {}", it.metric, it.value),
    });
    Answer::declared(format!(
        "{} stated by {}",
        counted(found.values.len(), "measured value"),
        signer(statement)
    ))
    .details(values)
}

/// Checks that somebody left out.
fn without(verdict: &Verdict) -> String {
    let skipped = verdict.asked.iter().filter(|it| it.skipped);
    let skipped: BTreeSet<&str> = skipped.map(|it| it.check.name()).collect();
    let skipped: Vec<&str> = skipped.into_iter().collect();
    skipped.join(", ")
}

/// By what it is allowed: judging here, with exceptions, or somebody's verdict.
fn allowed(verdict: &Verdict) -> String {
    let stated = verdict.asked.iter().find(|it| it.check == Check::Verdict);
    if let Some(met_by) = stated.and_then(|it| it.met_by.as_ref()) {
        return format!("a verdict that the policy names allows it ({met_by})");
    }
    let waived: usize = verdict.asked.iter().map(|it| it.waived.len()).sum();
    match waived {
        0 => "the policy allows it".to_owned(),
        count => format!("the policy allows it, with {} waived", counted(count, "reason")),
    }
}

/// Whether it may be used: the verdict.
fn used(answers: &mut Answers, judged: &Judged, explain: &str) {
    let verdict = &judged.verdict;
    let licence = &answers.may_we_use;
    let context = format!("in {}, tier {}", verdict.mode, verdict.tier);
    let answer = match (
        verdict.decision,
        Passed::policy(verdict),
        Refused::policy(verdict),
    ) {
        // What was left out was not checked, whatever the policy says then.
        (Decision::Allow, Some(check), _) if verdict.asked.iter().any(|it| it.skipped) => {
            let says = format!("allowed {context}, with {} left out as asked", without(verdict));
            Answer::declared(says).beside(check)
        }
        (Decision::Allow, Some(check), _) => {
            Answer::verified(check, format!("{} {context}", allowed(verdict)))
        }
        (Decision::Deny, _, Some(check)) => Answer::failed(check, format!("the policy denies it {context}")),
        _ => Answer::unknown(format!("held {context}: an answer is missing")),
    };
    let reasons = verdict::reasons(judged).into_iter().map(|it| match it.place() {
        Some(place) => format!("{}: {} ({place})", it.code(), it.message()),
        None => format!("{}: {}", it.code(), it.message()),
    });
    let known = (licence.standing() != Standing::Unknown).then(|| licence.says.clone());
    let answer = answer.details(known.into_iter().chain(reasons));
    answers.may_we_use = if verdict.decision == Decision::Allow {
        answer
    } else {
        answer.next(explain.to_owned())
    };
}

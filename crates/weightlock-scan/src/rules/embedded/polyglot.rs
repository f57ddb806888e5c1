//! `polyglot-file`: one file is two formats.

use crate::{
    Severity,
    observation::embedded::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// One file is two formats.
pub(super) const RULE: Rule = Rule {
    id: "polyglot-file",
    title: "one file is two formats",
    worst: Severity::High,
    cwe: 436,
    what: "the first bytes of the file are of one format, and an archive that other readers open ends it",
    why: "whoever checks it as the first format has not seen what is loaded as the second",
    example: "a picture with a PyTorch archive behind it",
    fix: "separate the two; keep only the one that you need",
    references: &[],
    check: Check::Embedded(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Polyglot {
        first,
        second,
        loadable,
    } = seen
    else {
        return None;
    };
    let severity = if *loadable {
        Severity::High
    } else {
        Severity::Medium
    };
    let what = if *loadable {
        "which a loader opens"
    } else {
        "which holds nothing that a loader opens"
    };
    let reason = format!("the content begins as {first} and ends as {second}, {what}");
    Some(Judgement::new(severity, reason))
}

//! `pickle-resource-abuse`: a small stream takes endless memory or time.

use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A small stream takes endless memory or time.
pub(super) const RULE: Rule = Rule {
    id: "pickle-resource-abuse",
    title: "loading exhausts memory or time",
    worst: Severity::Medium,
    cwe: 400,
    what: "lengths, indices, nesting or shared references in the pickle make its loader, or whoever walks through what it \
           gives, allocate or work without end",
    why: "a few bytes stop the machine that loads or displays the model",
    example: "a list of ten references to a list of ten references, forty times",
    fix: "do not load the file",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Abuse { what, asked } => Some(Judgement::new(Severity::Medium, format!("{what} ({asked})"))),
        _ => None,
    }
}

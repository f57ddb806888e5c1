//! `pickle-extension`: a name is taken from the registry of the program that loads.

use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A name is taken from the registry of the program that loads.
pub(super) const RULE: Rule = Rule {
    id: "pickle-extension",
    title: "an import is named by a number",
    worst: Severity::Medium,
    cwe: 502,
    what: "the pickle imports what the program that loads it registered under a number",
    why: "what is imported is not in the file, so nobody can tell by reading it",
    example: "EXT1 with the code 201 where nothing in the file registers that code",
    fix: "load the file only with the program that it was written for",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Extension { code } => {
            let reason = format!("imports what the program that loads registered under {code}");
            Some(Judgement::new(Severity::Medium, reason))
        }
        _ => None,
    }
}

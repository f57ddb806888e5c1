//! `pickle-unusual-literal`: readers understand a part of the stream differently.

use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Readers understand a part of the stream differently.
pub(super) const RULE: Rule = Rule {
    id: "pickle-unusual-literal",
    title: "readers of the pickle disagree",
    worst: Severity::Medium,
    cwe: 436,
    what: "a number, a text, a memo index or a frame is written as no pickler writes it, so that the unpickler in C, the one \
           in Python and tools that list opcodes read different things",
    why: "a tool that stops at what it cannot read reports nothing of what follows, and the loader goes on",
    example: "the integer `0x10`, which C reads as 16 and others refuse",
    fix: "do not load the file; no library writes such pickles",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Unusual { what } => Some(Judgement::new(Severity::Medium, *what)),
        Seen::CutFrame => {
            let reason =
                "a frame ends within an argument: reading bytes and reading a file give different objects";
            Some(Judgement::new(Severity::Medium, reason))
        }
        _ => None,
    }
}

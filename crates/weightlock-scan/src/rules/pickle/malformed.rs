//! `pickle-malformed`: a stream breaks.

use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A stream breaks.
pub(super) const RULE: Rule = Rule {
    id: "pickle-malformed",
    title: "a pickle breaks off",
    worst: Severity::Medium,
    cwe: 20,
    what: "a pickle does what no unpickler accepts, or ends without STOP",
    why: "a loader has done everything before the break when it raises, and scanners that give up at the break miss it",
    example: "a call of `os.system`, then bytes that are no opcodes",
    fix: "fetch the file again and compare its digest with the publisher's; do not load it",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Broken {
        problem,
        after_import,
    } = seen
    else {
        return None;
    };
    let when = if *after_import {
        "after imports"
    } else {
        "before any import"
    };
    Some(Judgement::new(
        Severity::Medium,
        format!("the stream breaks {when}: {problem}"),
    ))
}

//! `pickle-foreign-buffer`: the pickle needs bytes that are not in it.

use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// The pickle needs bytes that are not in it.
pub(super) const RULE: Rule = Rule {
    id: "pickle-foreign-buffer",
    title: "the pickle needs bytes that are not in it",
    worst: Severity::Low,
    cwe: 345,
    what: "the pickle takes buffers from the program that loads it (out-of-band data of protocol 5)",
    why: "a part of the model comes from elsewhere, and was not examined with the file",
    example: "an array whose bytes are sent beside the pickle",
    fix: "write the file with its buffers in it",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    matches!(seen, Seen::Buffer)
        .then(|| Judgement::new(Severity::Low, "takes a buffer that is not in the stream"))
}

//! `pickle-nested-stream`: a constant of the pickle is a pickle.

use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A constant of the pickle is a pickle.
pub(super) const RULE: Rule = Rule {
    id: "pickle-nested-stream",
    title: "a pickle lies in a constant",
    worst: Severity::Info,
    cwe: 502,
    what: "bytes that are handed to a call are a pickle themselves; it is examined on its own",
    why: "loaders that are handed bytes load them, and a scanner that takes them for data sees nothing",
    example: "`torch.storage._load_from_bytes` called with a pickle",
    fix: "see what is reported of the inner pickle",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Nested { to, size } => {
            let reason = format!("a pickle of {size} bytes is handed to {to}");
            Some(Judgement::new(Severity::Info, reason))
        }
        _ => None,
    }
}

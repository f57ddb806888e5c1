//! `joblib-unknown-array`: what follows a wrapper of joblib cannot be told.

use crate::{
    Severity,
    observation::numpy::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// What follows a wrapper of joblib cannot be told.
pub(super) const RULE: Rule = Rule {
    id: "joblib-unknown-array",
    title: "size of an array in a pickle cannot be told",
    worst: Severity::Medium,
    cwe: 20,
    what: "a wrapper of joblib has a shape or type that is not known, overflows, or contradicts itself, so the bytes \
           behind it could not be told from opcodes",
    why: "whoever reads them differently reads another pickle, and can be shown a harmless one",
    example: "a wrapper whose type claims to hold no objects and has a field that is one",
    fix: "write the file again with joblib; treat the present copy with care",
    references: &[],
    check: Check::Numpy(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let reason = "shape or type of the array are not known, so what follows cannot be told";
    matches!(seen, Seen::UnknownArray).then(|| Judgement::new(Severity::Medium, reason))
}

//! `onnx-inflation`: constants of the model make a tensor that no machine holds.

use crate::{
    Severity,
    observation::onnx::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Constants make a tensor that no machine holds.
pub(super) const RULE: Rule = Rule {
    id: "onnx-inflation",
    title: "constants make a tensor that no machine holds",
    worst: Severity::Medium,
    cwe: 409,
    what: "an operator such as `Tile`, `Expand` or `ConstantOfShape` is given a constant from which its result has more \
           than 64 Gi elements",
    why: "a file of some bytes takes the memory of the machine when it is loaded: runtimes fold constants",
    example: "`Tile` with the constant factor 2^40",
    fix: "do not load the model",
    references: &[],
    check: Check::Onnx(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Inflation { operator, elements } = seen else {
        return None;
    };
    let reason = format!("a constant makes the result have at least {elements} elements");
    Some(Judgement::new(Severity::Medium, reason).named(operator))
}

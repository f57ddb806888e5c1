//! `onnx-unknown-operator`: an operator needs native code outside the file.

use crate::{
    Severity,
    observation::onnx::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// An operator needs native code outside the file.
pub(super) const RULE: Rule = Rule {
    id: "onnx-unknown-operator",
    title: "an operator needs native code outside the file",
    worst: Severity::Low,
    cwe: 829,
    what: "the graph uses an operator of a domain that runtimes have not got and that the model does not define itself",
    why: "the model runs only when a library with that operator is loaded, and such a library can do anything",
    example: "a node of the domain `evil.custom`",
    fix: "load the library only when it comes from somebody you trust as much as the runtime",
    references: &[],
    check: Check::Onnx(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::UnknownOperator { domain, operator } = seen else {
        return None;
    };
    let reason = "the operator is of a domain that no runtime has by itself";
    Some(Judgement::new(Severity::Low, reason).named(format!("{domain}::{operator}")))
}

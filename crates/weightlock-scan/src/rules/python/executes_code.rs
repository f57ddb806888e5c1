//! `source-executes-code`: model code runs text or byte code as code.

use crate::{
    Severity,
    observation::python::{Given, Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code runs text or byte code as code.
pub(super) const RULE: Rule = Rule {
    id: "source-executes-code",
    title: "model code runs text or byte code as code",
    worst: Severity::Critical,
    cwe: 95,
    what: "source hands text, byte code or what it fetched to exec, eval or one of their relatives",
    why: "what runs is not in the file for anybody to read: it is decoded, fetched or put together when the model is loaded",
    example: "`exec(base64.b64decode('…'))` in the constructor of a model",
    fix: "read the code that is named and decide whether to run it at all; prefer a model that needs none, and run what remains in a sandbox without network",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let hides = matches!(deed.given, Given::Decoded | Given::Network) || deed.assembled;
    let severity = match (deed.what, deed.reach) {
        (What::Execute, Reach::Import) if deed.given == Given::File => Severity::Medium,
        (What::Execute, Reach::Import) => Severity::Critical,
        (What::Execute, Reach::Construct | Reach::Use) => Severity::High,
        (What::Execute, _) if hides => Severity::High,
        (What::Execute, Reach::Call) => Severity::Medium,
        (What::Execute, Reach::Script) => Severity::Low,
        (What::Source, Reach::Import) => Severity::Medium,
        (What::Source, _) => Severity::Low,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}

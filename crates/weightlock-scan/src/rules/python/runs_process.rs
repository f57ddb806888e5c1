//! `source-runs-process`: model code starts a program.

use crate::{
    Severity,
    observation::python::{Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code starts a program.
pub(super) const RULE: Rule = Rule {
    id: "source-runs-process",
    title: "model code starts a program",
    worst: Severity::Critical,
    cwe: 78,
    what: "source starts a program or a shell when it is imported, when an object is made or used, or in a function",
    why: "whoever loads the model with its code, or runs the script, runs the command with their own rights",
    example: "`os.system('curl … | sh')` at the top of a modeling file",
    fix: "read the code that is named and decide whether to run it at all; prefer a model that needs none, and run what remains in a sandbox without network",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let severity = match (deed.what, deed.reach) {
        (What::Process, Reach::Import) => Severity::Critical,
        (What::Process, Reach::Construct | Reach::Use) => Severity::High,
        (What::Process, Reach::Call) => Severity::Medium,
        (What::Process, Reach::Script) | (What::Tool, Reach::Import) => Severity::Low,
        (What::Tool, _) => Severity::Info,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}

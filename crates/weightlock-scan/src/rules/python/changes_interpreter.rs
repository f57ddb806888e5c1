//! `source-changes-interpreter`: model code changes the interpreter.

use crate::{
    Severity,
    observation::python::{Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code changes the interpreter.
pub(super) const RULE: Rule = Rule {
    id: "source-changes-interpreter",
    title: "model code changes the interpreter",
    worst: Severity::Medium,
    cwe: 470,
    what: "source changes how modules are found, how code is traced, or which functions the builtins are",
    why: "code that is loaded later does something else than it says",
    example: "`sys.meta_path.insert(0, Finder())` in a modeling file",
    fix: "read the code that is named and decide whether to run it at all; prefer a model that needs none, and run what remains in a sandbox without network",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let severity = match (deed.what, deed.reach) {
        (What::Interpreter, Reach::Import) => Severity::Medium,
        (What::Interpreter, Reach::Construct | Reach::Use) => Severity::Low,
        (What::Interpreter, _) => Severity::Info,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}

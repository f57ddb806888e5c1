//! `template-python-function`: a template calls a function of Python's that no engine offers.

use crate::{
    Severity,
    observation::template::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A template calls one of Python's own functions.
pub(super) const RULE: Rule = Rule {
    id: "template-python-function",
    title: "chat template calls a function of Python's",
    worst: Severity::High,
    cwe: 94,
    what: "the template calls `eval`, `exec`, `open`, `__import__` or the like by name",
    why: "no known loader offers them; a loader or plug-in that does would run what the template says",
    example: "`{{ __import__('os').system('…') }}`",
    fix: "do not render this template; replace it by one that you have read",
    references: &[],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Function { name } = seen else {
        return None;
    };
    let severity = if name.starts_with("__") {
        Severity::High
    } else {
        Severity::Medium
    };
    Some(Judgement::new(severity, format!("the template calls the function {name:?}")).named(name))
}

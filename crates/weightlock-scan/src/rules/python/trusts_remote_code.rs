//! `trusts-remote-code`: foreign code is agreed to.

use crate::{
    Severity,
    observation::python::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Foreign code is agreed to.
pub(super) const RULE: Rule = Rule {
    id: "trusts-remote-code",
    title: "foreign code is agreed to",
    worst: Severity::Medium,
    cwe: 829,
    what: "source, a script or a configuration agrees to run the code that comes with a model",
    why: "the code of the repository runs with the rights of whoever loads the model, and can be changed at any time unless a commit is named",
    example: "`trust_remote_code=True`, `--trust-remote-code`",
    fix: "use a model that needs no code of its own, or name the commit that was examined and scan it",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::RemoteCode(agreed) = seen else {
        return None;
    };
    let severity = if agreed.is_pinned || agreed.in_model_code {
        Severity::Low
    } else {
        Severity::Medium
    };
    let pinned = if agreed.is_pinned {
        "at a pinned commit"
    } else {
        "at whatever revision it has"
    };
    let reason = format!(
        "{} agrees to run the code of a repository {pinned}",
        super::shown(&agreed.name)
    );
    Some(Judgement::new(severity, reason).named(&agreed.name))
}

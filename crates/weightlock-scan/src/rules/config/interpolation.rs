//! `config-interpolation`: configuration is filled in when it is read.

use crate::{
    Severity,
    observation::config::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Configuration is filled in when it is read.
pub(super) const RULE: Rule = Rule {
    id: "config-interpolation",
    title: "configuration is filled in when it is read",
    worst: Severity::Low,
    cwe: 15,
    what: "a configuration takes values from the environment, or from a function that its program registers",
    why: "what the model becomes depends on the machine that reads it; an unknown resolver can do anything",
    example: "`${oc.env:HOME}`, `${eval:1+1}`",
    fix: "write the value itself into the configuration",
    references: &[],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Interpolation { resolver } = seen else {
        return None;
    };
    let runs = ["eval", "python", "exec", "shell", "sh", "cmd", "lambda"].contains(&resolver.as_str());
    let severity = if runs { Severity::Low } else { Severity::Info };
    Some(Judgement::new(severity, format!("the resolver {resolver:?} fills the value in")).named(resolver))
}

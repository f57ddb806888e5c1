//! `template-internal-access`: a template looks into the insides of Python objects.

use crate::{
    Severity,
    observation::template::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A template looks into the insides of objects.
pub(super) const RULE: Rule = Rule {
    id: "template-internal-access",
    title: "chat template looks into Python's internals",
    worst: Severity::High,
    cwe: 1336,
    what: "the template looks up a name such as `__class__`, `__globals__` or `gi_frame`, written out, escaped, or \
           assembled from pieces",
    why: "every way out of a template goes through such a name; a template that formats a conversation needs none",
    example: "`{{ ''|attr('__cla' ~ 'ss__') }}`",
    fix: "do not render this template; take the model from its original publisher, or replace the template by one that \
          you have read",
    references: &["CVE-2024-34359"],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Name {
        name,
        access,
        reached: false,
        is_internal,
    } = seen
    else {
        return None;
    };
    let (severity, kind) = if *is_internal {
        (Severity::High, "internal")
    } else {
        (Severity::Medium, "private")
    };
    let reason = format!("the template looks up the {kind} name {name:?} {access}");
    Some(Judgement::new(severity, reason).named(name))
}

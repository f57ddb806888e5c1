//! `template-computed-name`: a template looks up a name that is not known until it runs.

use crate::{
    Confidence, Severity,
    observation::template::{Seen, Unknown},
    rules::{Check, Context, Judgement, Rule},
};

/// A template looks up a computed name.
pub(super) const RULE: Rule = Rule {
    id: "template-computed-name",
    title: "chat template computes the names it looks up",
    worst: Severity::High,
    cwe: 1336,
    what: "the template looks up an attribute or item under a name that it puts together at run time from pieces of \
           internal names, from the text of a function or generator, or by an operation that cannot be followed",
    why: "names are hidden so that a reader or a scanner does not see `__class__`; honest templates write the names of \
          fields out",
    example: "`{{ ''|attr((()|select|string)[24] ~ tool.name) }}`",
    fix: "do not render this template unless you understand what the name becomes",
    references: &["CVE-2024-34359"],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::UnknownName { access, why } = seen else {
        return None;
    };
    let (severity, confidence, because) = match why {
        Unknown::Assembled => (
            Severity::High,
            Confidence::Medium,
            "is put together from pieces of internal names",
        ),
        Unknown::Representation => (
            Severity::High,
            Confidence::Medium,
            "is cut out of the text of a function, class or generator",
        ),
        Unknown::Unfollowed => (
            Severity::Medium,
            Confidence::Low,
            "is computed from constants in a way that is not followed",
        ),
        Unknown::Data => (
            Severity::Medium,
            Confidence::Low,
            "comes from the data of the conversation",
        ),
    };
    let reason = format!("the name that the template looks up {access} {because}");
    Some(Judgement::new(severity, reason).confidence(confidence))
}

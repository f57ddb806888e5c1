//! `nesting-too-deep`: contents lie too deep within each other.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Contents lie too deep within each other.
pub(super) const RULE: Rule = Rule {
    id: "nesting-too-deep",
    title: "contents lie too deep within each other",
    worst: Severity::Medium,
    cwe: 409,
    what: "archives lie within archives deeper than is granted",
    why: "a scanner that stops at some depth never reaches what lies beneath, and one that does not stop \
          never ends",
    example: "twelve zip archives, each in the next",
    fix: "unpack the archive where that does no harm, and scan what comes out",
    references: &[],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::TooDeep { limit } = seen else {
        return None;
    };
    let reason = format!("more than {limit} contents lie within each other here");
    Some(Judgement::new(Severity::Medium, reason))
}

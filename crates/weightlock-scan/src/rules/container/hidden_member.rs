//! `archive-hidden-member`: a member that only some readers of the archive see.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A member that only some readers of the archive see.
pub(super) const RULE: Rule = Rule {
    id: "archive-hidden-member",
    title: "a member that only some readers of the archive see",
    worst: Severity::Medium,
    cwe: 436,
    what: "a member lies in the archive without being in its directory, or behind its end",
    why: "tools that list the archive do not show it, and tools that read it as a stream load it",
    example: "a zip whose first local header is missing from the central directory",
    fix: "write the archive again with the library that made it; find out who put the member there",
    references: &[],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Unlisted { member, what } = seen else {
        return None;
    };
    Some(Judgement::new(Severity::Medium, what.clone()).named(member.clone()))
}

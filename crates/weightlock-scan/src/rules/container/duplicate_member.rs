//! `archive-duplicate-member`: two members of the archive have one name.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Two members of the archive have one name.
pub(super) const RULE: Rule = Rule {
    id: "archive-duplicate-member",
    title: "two members of the archive have one name",
    worst: Severity::High,
    cwe: 436,
    what: "two members have the same name, or names that differ only in what some readers ignore: case, \
          `./`, backslashes, what follows a NUL",
    why: "some readers take the first and some the last, so one of them goes unseen",
    example: "a PyTorch file with two `data.pkl` records, one harmless and one that runs a command",
    fix: "write the archive again with the library that made it",
    references: &[],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Duplicate {
        member,
        same,
        exact,
        case_counts,
    } = seen
    else {
        return None;
    };
    let (severity, reason) = match (same, exact, case_counts) {
        (false, false, true) => (
            Severity::Info,
            "another member has a name that differs only in case",
        ),
        (false, true, _) => (Severity::High, "another member has the same name and other bytes"),
        (false, false, false) => (
            Severity::High,
            "another member with other bytes has a name that is the same to some readers",
        ),
        (true, ..) => (
            Severity::Low,
            "another member has the same name and the same bytes",
        ),
    };
    Some(Judgement::new(severity, reason).named(member.clone()))
}

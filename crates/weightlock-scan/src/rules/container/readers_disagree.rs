//! `archive-readers-disagree`: readers of the archive see different contents.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Readers of the archive see different contents.
pub(super) const RULE: Rule = Rule {
    id: "archive-readers-disagree",
    title: "readers of the archive see different contents",
    worst: Severity::Medium,
    cwe: 436,
    what: "headers, directories, flags, sizes or checksums of an archive contradict each other",
    why: "the scanner reads the harmless version and the loader the other one; all versions found were \
          examined",
    example: "a zip member marked as encrypted whose bytes are plain: some readers raise, PyTorch reads on",
    fix: "write the archive again with the library that made it, and treat the publisher of such a file \
          with care",
    references: &["CVE-2025-1944", "CVE-2025-1945", "CVE-2025-10156"],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Disagreement { member, what } = seen else {
        return None;
    };
    let judgement = Judgement::new(Severity::Medium, what.clone());
    Some(match member {
        Some(member) => judgement.named(member.clone()),
        None => judgement,
    })
}

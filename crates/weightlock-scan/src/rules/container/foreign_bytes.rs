//! `archive-foreign-bytes`: bytes that belong to no part of the archive.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Bytes that belong to no part of the archive.
pub(super) const RULE: Rule = Rule {
    id: "archive-foreign-bytes",
    title: "bytes that belong to no part of the archive",
    worst: Severity::Medium,
    cwe: 436,
    what: "bytes lie before, between or behind the parts of an archive or of a compressed stream",
    why: "another reader may find another file there",
    example: "a shell script in front of a zip archive",
    fix: "write the archive again with the library that made it",
    references: &[],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Foreign { bytes } = seen else {
        return None;
    };
    let reason = format!("{bytes} bytes here belong to no part of the archive");
    Some(Judgement::new(Severity::Medium, reason))
}

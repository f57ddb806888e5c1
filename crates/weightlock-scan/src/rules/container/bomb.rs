//! `decompression-bomb`: decompressing takes more than is granted.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Decompressing takes more than is granted.
pub(super) const RULE: Rule = Rule {
    id: "decompression-bomb",
    title: "decompressing takes more than is granted",
    worst: Severity::Medium,
    cwe: 409,
    what: "a compressed content gives more bytes than are granted, members of an archive share their bytes \
          so that little makes much, or a decoder asks for more memory than is granted",
    why: "programs that decompress it run out of memory or disk, and scanners without limits stop before \
          they reach what follows",
    example: "a pickle of 64 MiB of zeros in a zip of 64 KiB",
    fix: "refuse the file; honest weights and configuration do not compress a thousand times",
    references: &[],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Bomb { what, limit } => {
            let reason = format!("decompressing takes more than {limit} {what}");
            Some(Judgement::new(Severity::Medium, reason))
        }
        Seen::Overlap { member, what } => {
            Some(Judgement::new(Severity::Medium, what.clone()).named(member.clone()))
        }
        _ => None,
    }
}

//! `broken-format`: a file breaks a rule of its format that a loader could stumble over.

use crate::{
    Severity,
    observation::integrity::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A file breaks its format.
pub(super) const RULE: Rule = Rule {
    id: "broken-format",
    title: "file breaks its format",
    worst: Severity::Medium,
    cwe: 20,
    what: "lengths, counts, offsets, types or names in the file contradict each other or the size of the file",
    why: "loaders that trust such numbers read or write memory that is not theirs, and two loaders that repair them \
          differently see two different models",
    example: "a GGUF file that announces more tensors than it has bytes",
    fix: "write the file again with the library that made it; if it was downloaded, compare its digest with the one \
          that the publisher states",
    references: &["CVE-2024-21802", "CVE-2024-23496"],
    check: Check::Integrity(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    Some(Judgement::new(Severity::Medium, seen.problem.to_string()))
}

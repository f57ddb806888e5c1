//! `blob-digest`: a blob does not have the digest that it is named by.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A blob does not have the digest that it is named by.
pub(super) const RULE: Rule = Rule {
    id: "blob-digest",
    title: "a blob does not have the digest that it is named by",
    worst: Severity::Medium,
    cwe: 354,
    what: "the name of a blob in an image layout is a SHA-256 that its bytes do not have",
    why: "the blob was changed after it was stored; tools that trust the name use it",
    example: "a layer that was replaced in `blobs/sha256`",
    fix: "fetch the image again from its registry",
    references: &[],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let reason = "the bytes have another SHA-256 than the name of the blob";
    matches!(seen, Seen::Digest).then(|| Judgement::new(Severity::Medium, reason))
}

//! `misleading-name`: a pickle under a name that promises none.

use crate::{
    Severity,
    observation::embedded::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A pickle under a name that promises none.
pub(super) const RULE: Rule = Rule {
    id: "misleading-name",
    title: "a pickle under a name that promises none",
    worst: Severity::Medium,
    cwe: 646,
    what: "the extension is that of a format without code, and the content is a pickle",
    why: "people and filters let the name pass; loaders that look at the content unpickle it",
    example: "a pickle called `model.safetensors`",
    fix: "load it as what its name says, or not at all; ask for the format that the name promises",
    references: &["CVE-2025-10155"],
    check: Check::Embedded(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Misnamed { extension, format } = seen else {
        return None;
    };
    let reason = format!("the name ends in `{extension}` and the content is {format}");
    Some(Judgement::new(Severity::Medium, reason))
}

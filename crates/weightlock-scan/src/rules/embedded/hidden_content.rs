//! `hidden-content`: an archive, a model or a pickle where none belongs.

use crate::{
    Severity,
    observation::embedded::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// An archive, a model or a pickle where none belongs.
pub(super) const RULE: Rule = Rule {
    id: "hidden-content",
    title: "an archive, a model or a pickle where none belongs",
    worst: Severity::High,
    cwe: 506,
    what: "the bytes of a tensor, or bytes that no part of the format owns, are an archive, a compressed \
          stream, a pickle or another model",
    why: "a second stage is carried past whoever looks at the model only",
    example: "a zip archive behind the last tensor of a safetensors file",
    fix: "write the model again from its tensors, and find out who put it there",
    references: &[],
    check: Check::Embedded(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Hidden { format, place } = seen else {
        return None;
    };
    Some(Judgement::new(Severity::High, format!("{place} holds {format}")))
}

//! `hidden-in-metadata`: a text of the metadata carries a pickle, an archive or a program.

use weightlock_format::detect::Format;

use crate::{
    Severity,
    observation::embedded::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A text of the metadata carries something that can run.
pub(super) const RULE: Rule = Rule {
    id: "hidden-in-metadata",
    title: "metadata carries a pickle, an archive or a program",
    worst: Severity::High,
    cwe: 506,
    what: "a text value of the file's metadata is, as it is or encoded, a pickle, an archive or an executable",
    why: "nothing loads it by itself, but a helper script that restores a tokenizer or a configuration from it would \
          run what is inside; scanners that look at files only do not see it",
    example: "`__metadata__` of a safetensors file with a base64 pickle under `tokenizer`",
    fix: "ask the publisher what the value is for; write the file again without it",
    references: &[],
    check: Check::Embedded(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::InText { format, encoding } = seen else {
        return None;
    };
    let severity = match format {
        Format::Elf | Format::Pe | Format::MachO | Format::Wasm => Severity::High,
        _ => Severity::Medium,
    };
    Some(Judgement::new(
        severity,
        format!("a text of the metadata holds a {format:?} {encoding}").to_lowercase(),
    ))
}

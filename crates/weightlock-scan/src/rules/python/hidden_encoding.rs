//! `source-hidden-encoding`: source in an encoding that hides it.

use crate::{
    Severity,
    observation::python::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Source in an encoding that hides it.
pub(super) const RULE: Rule = Rule {
    id: "source-hidden-encoding",
    title: "source in an encoding that hides it",
    worst: Severity::High,
    cwe: 116,
    what: "a source file declares an encoding in which text does not look like what it is, such as utf-7 or unicode_escape",
    why: "Python decodes the file before it reads it, so that what people and tools see is not what runs",
    example: "`# coding: unicode_escape` above a comment that decodes to a line break and a call",
    fix: "do not use the file; ask the publisher for it in UTF-8",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::HiddenEncoding(name) = seen else {
        return None;
    };
    let reason =
        format!("the source is written in the encoding {name}, in which text does not look like what it is");
    Some(Judgement::new(Severity::High, reason))
}

//! `template-differs`: files of one model have different chat templates.

use crate::{
    Confidence, Severity,
    observation::template::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Files of one model have different templates.
pub(super) const RULE: Rule = Rule {
    id: "template-differs",
    title: "files of one model have different chat templates",
    worst: Severity::Low,
    cwe: 345,
    what: "of several quantisations of one model, or several forms of one tokenizer, one has another chat template \
           than the rest",
    why: "a template that was exchanged in one file only, in the one that is downloaded most, changes what the model \
          is told without changing a weight",
    example: "model-Q4_K_M.gguf with another `tokenizer.chat_template` than model-Q8_0.gguf",
    fix: "compare the templates, and take the file from the publisher of the others",
    references: &[],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Differs {
        name,
        other,
        quantisation,
    } = seen
    else {
        return None;
    };
    let severity = if *quantisation {
        Severity::Low
    } else {
        Severity::Info
    };
    let reason = format!("the chat template {name:?} is another than that of {other:?}");
    Some(
        Judgement::new(severity, reason)
            .named(name)
            .confidence(Confidence::Medium),
    )
}

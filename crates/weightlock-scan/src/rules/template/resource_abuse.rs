//! `template-resource-abuse`: a template asks for a lot of work or memory.

use crate::{
    Severity,
    observation::template::{Seen, Work},
    rules::{Check, Context, Judgement, Rule},
};

/// A template asks for a lot.
pub(super) const RULE: Rule = Rule {
    id: "template-resource-abuse",
    title: "chat template asks for a lot of work or memory",
    worst: Severity::Medium,
    cwe: 400,
    what: "the template loops over constants a million times or more, repeats or pads a text to a megabyte or more, or \
           doubles a text again and again",
    why: "one message is enough to keep a server busy or to fill its memory",
    example: "`{% for i in range(10**9) %}`",
    fix: "replace the template by one that only walks the messages",
    references: &["CVE-2025-61620"],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Work { work, amount } = seen else {
        return None;
    };
    let reason = match work {
        Work::Range => format!("the template counts to {amount}"),
        Work::Repetition => format!("the template asks for a text or number of {amount} characters or words"),
        Work::Loops => format!("loops within each other turn {amount} times"),
        Work::Doubling => "a text is appended to itself again and again".to_owned(),
    };
    Some(Judgement::new(Severity::Medium, reason))
}

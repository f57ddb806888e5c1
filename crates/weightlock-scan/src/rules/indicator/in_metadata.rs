//! `network-in-metadata`: metadata holds an address or a command line.

use crate::{
    Confidence, Severity,
    observation::indicator::{Indicator, Seen},
    rules::{Check, Context, Judgement, Rule},
};

/// An address or a command line in metadata.
pub(super) const RULE: Rule = Rule {
    id: "network-in-metadata",
    title: "metadata holds an address or a command line",
    worst: Severity::Low,
    cwe: 506,
    what: "a text of the metadata or of a configuration holds a URL whose host is a number, or a command line that \
           fetches and runs something",
    why: "metadata is text that nothing runs; an implant that is loaded elsewhere may keep its orders there",
    example: "`bash -i >& /dev/tcp/…` in `general.description` of a GGUF file",
    fix: "ask the publisher what the text is for",
    references: &[],
    check: Check::Indicator(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let severity = match seen.what {
        Indicator::Command => Severity::Low,
        Indicator::Address => Severity::Info,
        _ => return None,
    };
    let reason = format!("the text holds {}: {:?}", seen.what, seen.beginning);
    Some(Judgement::new(severity, reason).confidence(Confidence::Medium))
}

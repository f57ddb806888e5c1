//! `skops-untrusted-type`: skops file builds a type that is not trusted.

use crate::{
    Severity,
    observation::config::{Seen, SkopsFault},
    rules::{Check, Context, Judgement, Rule},
};

/// Skops file builds a type that is not trusted.
pub(super) const RULE: Rule = Rule {
    id: "skops-untrusted-type",
    title: "skops file builds a type that is not trusted",
    worst: Severity::Critical,
    cwe: 502,
    what: "a node of a skops file builds a type, or calls a function or method, that is on no list of trusted ones",
    why: "checks of the loader look at the declared type; some kinds of nodes call something else",
    example: "a MethodNode that declares `builtins.list` and holds an object of `os`",
    fix: "do not load the file; never pass names to `trusted=` that you have not looked at",
    references: &["CVE-2025-54412", "CVE-2025-54413"],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Skops(node) = seen else {
        return None;
    };
    let (severity, why) = match node.fault {
        SkopsFault::Dangerous => (Severity::Critical, "which runs code or reaches other objects"),
        SkopsFault::Disagrees => (Severity::High, "which is not the type that the node declares"),
        SkopsFault::Untrusted => (Severity::High, "which is on no list of trusted types"),
        SkopsFault::UnknownKind => (Severity::High, "and is of a kind that is not known"),
        SkopsFault::Unlisted => (
            Severity::Medium,
            "which is on no list of trusted types of its library",
        ),
    };
    Some(
        Judgement::new(
            severity,
            format!("{:?} builds {:?}, {why}", node.loader, node.name),
        )
        .named(&node.name),
    )
}

//! `source-opens-connection`: model code opens a connection.

use crate::{
    Severity,
    observation::python::{Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code opens a connection.
pub(super) const RULE: Rule = Rule {
    id: "source-opens-connection",
    title: "model code opens a connection",
    worst: Severity::High,
    cwe: 829,
    what: "source connects to another machine when it is imported, or sends the environment of whoever runs it",
    why: "the environment holds access tokens; a connection can bring commands",
    example: "`requests.post(url, data=dict(os.environ))` at the top of a modeling file",
    fix: "read the code that is named and decide whether to run it at all; prefer a model that needs none, and run what remains in a sandbox without network",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let severity = match (deed.what, deed.reach) {
        (What::Exfiltrate, Reach::Import | Reach::Construct | Reach::Use) => Severity::High,
        (What::Exfiltrate, _) => Severity::Medium,
        (What::Network, Reach::Import) => Severity::Medium,
        (What::Network, _) => Severity::Info,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}

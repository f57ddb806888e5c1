//! `source-touches-files`: model code touches files that are not its own.

use crate::{
    Severity,
    observation::python::{Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code touches files that are not its own.
pub(super) const RULE: Rule = Rule {
    id: "source-touches-files",
    title: "model code touches files that are not its own",
    worst: Severity::High,
    cwe: 73,
    what: "source deletes or writes files when it is imported, or reaches for files that hold secrets or start programs",
    why: "keys and tokens are read, or a line in a start file runs at the next login",
    example: "`open(os.path.expanduser('~/.ssh/authorized_keys'), 'a')`",
    fix: "read the code that is named and decide whether to run it at all; prefer a model that needs none, and run what remains in a sandbox without network",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let severity = match (deed.what, deed.reach) {
        (What::SensitiveFile, Reach::Import | Reach::Construct | Reach::Use) => Severity::High,
        (What::SensitiveFile, _) => Severity::Medium,
        (What::Delete | What::WriteOutside, Reach::Import) => Severity::Medium,
        (What::Delete | What::Write | What::WriteOutside, Reach::Import | Reach::Construct) => Severity::Low,
        (What::Delete | What::Write | What::WriteOutside, _) => Severity::Info,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}

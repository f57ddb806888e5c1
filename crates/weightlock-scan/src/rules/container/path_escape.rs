//! `archive-path-escape`: a member would be written outside the folder.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A member would be written outside the folder.
pub(super) const RULE: Rule = Rule {
    id: "archive-path-escape",
    title: "a member would be written outside the folder",
    worst: Severity::High,
    cwe: 22,
    what: "the name of a member is absolute, names a drive or another machine, or climbs out of the folder \
          with `..`",
    why: "extracting the archive overwrites files of the user: start scripts, keys, other models",
    example: "a member called `../../.bashrc`",
    fix: "do not extract the archive; ask the publisher for one without such names",
    references: &["CVE-2007-4559"],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Escape { member, how } = seen else {
        return None;
    };
    let reason = format!("the name of the member {}", how.as_str());
    Some(Judgement::new(Severity::High, reason).named(member.clone()))
}

//! `archive-link`: a member is a link or a device.

use weightlock_artifact::text::Shown;

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A member is a link or a device.
pub(super) const RULE: Rule = Rule {
    id: "archive-link",
    title: "a member is a link or a device",
    worst: Severity::High,
    cwe: 59,
    what: "a member is a symbolic link, a hard link, a device or a pipe, or would be written through a \
          link that the archive makes",
    why: "what is written to the link later lands where it points; a loader that reads it reads a file of \
          the user",
    example: "a link called `l` to `/etc`, then a member `l/passwd`",
    fix: "do not extract the archive; ask the publisher for one that holds files only",
    references: &["CVE-2007-4559", "CVE-2025-4517"],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let (severity, member, reason) = match seen {
        Seen::Link {
            member,
            how: Some(how),
            layer: false,
            ..
        } => (
            Severity::High,
            member,
            format!("the target of the link {}", how.as_str()),
        ),
        // Absolute links are resolved within the image.
        Seen::Link {
            member, layer: true, ..
        } => (
            Severity::Info,
            member,
            "a link in a layer of a container image".to_owned(),
        ),
        Seen::Link {
            member, hard: true, ..
        } => (
            Severity::Medium,
            member,
            "a hard link to another member".to_owned(),
        ),
        Seen::Link { member, .. } => (Severity::Medium, member, "a link within the archive".to_owned()),
        Seen::ThroughLink { member, link } => (
            Severity::High,
            member,
            format!("the member would be written through the link {}", Shown(link)),
        ),
        Seen::Device { member } => (
            Severity::High,
            member,
            "the member is a device or a pipe".to_owned(),
        ),
        _ => return None,
    };
    Some(Judgement::new(severity, reason).named(member.clone()))
}

//! `template-format-string`: `str.format` takes attributes of its arguments.

use crate::{
    Confidence, Severity,
    observation::template::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A template uses `str.format` to look into objects.
pub(super) const RULE: Rule = Rule {
    id: "template-format-string",
    title: "chat template looks into objects with str.format",
    worst: Severity::High,
    cwe: 134,
    what: "the template calls `format` or `format_map` on a text whose fields take attributes or items, or on a text \
           that is not known until the template runs",
    why: "`'{0.__class__}'.format(x)` reads attributes without naming them in the template, past sandboxes that do not \
          know the method",
    example: "`{{ '{0.__init__.__globals__}'.format(cycler) }}`",
    fix: "do not render this template; joining texts with `~` does what honest templates need",
    references: &[
        "CVE-2016-10745",
        "CVE-2019-10906",
        "CVE-2024-56326",
        "CVE-2025-27516",
    ],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Format { template, names } = seen else {
        return None;
    };
    let judgement = match template {
        None => Judgement::new(
            Severity::High,
            "format is called on a text that is not known until the template runs",
        )
        .confidence(Confidence::Medium),
        Some(_) if names.iter().all(|name| is_plain(name)) => Judgement::new(
            Severity::Medium,
            format!("a format text takes {:?} of its arguments", names.join(".")),
        ),
        Some(_) => Judgement::new(
            Severity::High,
            format!("a format text takes {:?} of its arguments", names.join(".")),
        ),
    };
    Some(judgement.named(names.join(".")))
}

/// A field of data, such as `role`.
fn is_plain(name: &str) -> bool {
    !name.contains('_') && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

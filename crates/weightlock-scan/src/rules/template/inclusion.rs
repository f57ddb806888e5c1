//! `template-inclusion`: a template takes in another.

use crate::{
    Severity,
    observation::template::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A template takes in another.
pub(super) const RULE: Rule = Rule {
    id: "template-inclusion",
    title: "chat template takes in another template",
    worst: Severity::High,
    cwe: 98,
    what: "the template has an `include`, `import`, `from` or `extends` tag",
    why: "a chat template is one text; where a loader has a template folder, the tag reads files of the machine into \
          the prompt, and what is included was not examined",
    example: "`{% include '/etc/passwd' %}`",
    fix: "do not render this template; ask the publisher for one that stands alone",
    references: &["CVE-2024-34359"],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Inclusion { tag, template } = seen else {
        return None;
    };
    let judgement = Judgement::new(Severity::High, format!("the tag {tag} takes in another template"));
    Some(match template {
        Some(template) => judgement.named(template),
        None => judgement,
    })
}

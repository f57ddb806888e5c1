//! `yaml-language-tag`: YAML builds objects of a programming language.

use crate::{
    Severity,
    observation::config::{Seen, TargetReach},
    rules::{Check, Context, Judgement, Rule},
};

/// YAML builds objects of a programming language.
pub(super) const RULE: Rule = Rule {
    id: "yaml-language-tag",
    title: "YAML builds objects of a programming language",
    worst: Severity::Critical,
    cwe: 502,
    what: "a tag in a YAML file has its loader import a name, build an object of a class, or call a function",
    why: "loaders that are not told to be safe do so while they read the file",
    example: "`!!python/object/apply:os.system` in a configuration",
    fix: "do not load the file; where it must be read, use a safe loader (`yaml.safe_load`)",
    references: &["CVE-2017-18342", "CVE-2022-1471"],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::LanguageTag { tag, reach } = seen else {
        return None;
    };
    let severity = match reach {
        TargetReach::Known => Severity::Low,
        _ => Severity::Critical,
    };
    Some(
        Judgement::new(
            severity,
            format!("the tag {tag:?} has the loader build an object"),
        )
        .named(tag),
    )
}

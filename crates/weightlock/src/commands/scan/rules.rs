//! `weightlock scan --rules`: what is looked for.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_scan::{
    report,
    rules::{self, Rule},
};

use super::{VERB, usage};
use crate::{cli::Format, reply::Reply};

/// The rules in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The version of the set.
    pub version: String,
    /// Every rule, by name.
    pub rules: Vec<RuleText>,
}

/// One rule.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Its id, which findings carry.
    pub id: String,
    /// The problem in a few words.
    pub title: String,
    /// The worst severity it gives.
    pub worst: String,
    /// The CWE number of the weakness.
    pub cwe: u16,
    /// What it reports.
    pub what: String,
    /// What an attacker gains.
    pub why: String,
    /// A situation that raises it.
    pub example: String,
    /// What to do about a finding.
    pub fix: String,
    /// Public advisories of the attack.
    pub references: Vec<String>,
}

impl From<&Rule> for RuleText {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            worst: rule.worst.as_str().to_owned(),
            cwe: rule.cwe,
            what: rule.what.to_owned(),
            why: rule.why.to_owned(),
            example: rule.example.to_owned(),
            fix: rule.fix.to_owned(),
            references: rule.references.iter().map(|&one| one.to_owned()).collect(),
        }
    }
}

/// Every rule, by name.
pub(crate) fn sorted() -> Vec<&'static Rule> {
    let mut all: Vec<_> = rules::all().collect();
    all.sort_by_key(|rule| rule.id);
    all
}

/// Lists the rules.
pub(super) fn list(format: Format) -> Reply {
    if !matches!(format, Format::Text | Format::Json) {
        return Reply::refusal(VERB, vec![usage("--rules is written as text or JSON")]);
    }
    let all = sorted();
    let width = all.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let text = all
        .iter()
        .map(|rule| format!("{:width$}  {:8}  {}\n", rule.id, rule.worst.as_str(), rule.title))
        .collect();
    Reply::yes(
        VERB,
        text,
        Rules {
            version: report::rules_version(),
            rules: all.into_iter().map(RuleText::from).collect(),
        },
    )
}

//! Rules: each judges the observations of one family, in a file of its own.
//!
//! [`ALL`] lists the families in a stable order, and each family lists its rules by hand. A rule's page, its entry in
//! SARIF and its text in `explain` are made from its own fields.

pub mod config;
pub mod container;
pub mod embedded;
pub mod indicator;
pub mod integrity;
pub mod keras;
pub mod marshal;
pub mod numpy;
pub mod onnx;
pub mod other;
pub mod pickle;
pub mod python;
pub mod template;
pub mod tensorflow;
pub mod torch;

use crate::{Confidence, Profile, Severity, Trail, observation};

/// A rule: what it is about, and the function that judges.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable, kebab-case, names the problem.
    pub id: &'static str,
    /// The problem in a few words, lower case, no final period.
    pub title: &'static str,
    /// The worst severity it gives.
    pub worst: Severity,
    /// The CWE number of the weakness.
    pub cwe: u16,
    /// One or two sentences: what it reports, lower case, no final period.
    pub what: &'static str,
    /// What an attacker gains.
    pub why: &'static str,
    /// A situation that raises it.
    pub example: &'static str,
    /// What to do about a finding. Never weakens a check.
    pub fix: &'static str,
    /// Public advisories of the attack, such as `CVE-2024-34359`.
    pub references: &'static [&'static str],
    /// Judges.
    pub check: Check,
}

/// What a rule says of an observation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What was seen, in one line, lower case, no final period.
    pub reason: String,
    /// The resolved name.
    pub name: Option<String>,
}

impl Judgement {
    /// A judgement that is sure.
    #[must_use]
    pub fn new(severity: Severity, reason: impl Into<String>) -> Self {
        Self {
            severity,
            confidence: Confidence::High,
            reason: reason.into(),
            name: None,
        }
    }

    /// With the name that was resolved.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Less sure.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }
}

/// What a rule may know besides the observation.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What must be vouched for.
    pub profile: Profile,
    /// Where the content lies.
    pub trail: &'a Trail,
}

/// A rule's function, by the family that it judges.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Of [`observation::config`].
    Config(fn(&observation::config::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::container`].
    Container(fn(&observation::container::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::embedded`].
    Embedded(fn(&observation::embedded::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::indicator`].
    Indicator(fn(&observation::indicator::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::integrity`].
    Integrity(fn(&observation::integrity::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::keras`].
    Keras(fn(&observation::keras::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::marshal`].
    Marshal(fn(&observation::marshal::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::numpy`].
    Numpy(fn(&observation::numpy::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::onnx`].
    Onnx(fn(&observation::onnx::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::other`].
    Other(fn(&observation::other::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::pickle`].
    Pickle(fn(&observation::pickle::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::python`].
    Python(fn(&observation::python::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::template`].
    Template(fn(&observation::template::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::tensorflow`].
    Tensorflow(fn(&observation::tensorflow::Seen, &Context<'_>) -> Option<Judgement>),
    /// Of [`observation::torch`].
    Torch(fn(&observation::torch::Seen, &Context<'_>) -> Option<Judgement>),
}

/// Every rule, by family, in a stable order.
pub const ALL: &[&[&Rule]] = &[
    config::RULES,
    container::RULES,
    embedded::RULES,
    indicator::RULES,
    integrity::RULES,
    keras::RULES,
    marshal::RULES,
    numpy::RULES,
    onnx::RULES,
    other::RULES,
    pickle::RULES,
    python::RULES,
    template::RULES,
    tensorflow::RULES,
    torch::RULES,
];

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().flat_map(|family| family.iter().copied())
}

impl Rule {
    /// Judges `seen`; `None` when the rule has nothing to say.
    #[must_use]
    pub fn judge(&self, seen: &observation::Observation, context: &Context<'_>) -> Option<Judgement> {
        use observation::Observation;
        match (self.check, seen) {
            (Check::Config(check), Observation::Config(seen)) => check(seen, context),
            (Check::Container(check), Observation::Container(seen)) => check(seen, context),
            (Check::Embedded(check), Observation::Embedded(seen)) => check(seen, context),
            (Check::Indicator(check), Observation::Indicator(seen)) => check(seen, context),
            (Check::Integrity(check), Observation::Integrity(seen)) => check(seen, context),
            (Check::Keras(check), Observation::Keras(seen)) => check(seen, context),
            (Check::Marshal(check), Observation::Marshal(seen)) => check(seen, context),
            (Check::Numpy(check), Observation::Numpy(seen)) => check(seen, context),
            (Check::Onnx(check), Observation::Onnx(seen)) => check(seen, context),
            (Check::Other(check), Observation::Other(seen)) => check(seen, context),
            (Check::Pickle(check), Observation::Pickle(seen)) => check(seen, context),
            (Check::Python(check), Observation::Python(seen)) => check(seen, context),
            (Check::Template(check), Observation::Template(seen)) => check(seen, context),
            (Check::Tensorflow(check), Observation::Tensorflow(seen)) => check(seen, context),
            (Check::Torch(check), Observation::Torch(seen)) => check(seen, context),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rules_have_names_of_their_own() {
        let ids: Vec<_> = all().map(|rule| rule.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for rule in all() {
            let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(rule.id.bytes().all(kebab), "{}", rule.id);
            for text in [rule.title, rule.what, rule.why, rule.example, rule.fix] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", rule.id);
            }
        }
    }
}

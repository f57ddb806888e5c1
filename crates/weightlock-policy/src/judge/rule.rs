//! Rules for some models: which match, and what they say.

use std::collections::BTreeMap;

use crate::{
    check::Check,
    document::{Held, Rule, When},
    evidence::{FileFact, ModelFacts},
    layer::Policy,
    level::Tier,
    verdict::{Asked, Reason},
};

/// Whether a rule is for a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Match {
    Yes,
    /// What decides it is not known, so it could be.
    Perhaps,
}

/// The rules that are, or could be, for a model: by layer and number.
pub(super) struct Matching {
    rules: BTreeMap<(usize, usize), (Match, Option<Tier>)>,
}

impl Matching {
    pub(super) fn of(policy: &Policy, model: &ModelFacts) -> Self {
        let mut rules = BTreeMap::new();
        for (layer, it) in policy.layers().iter().enumerate() {
            for (number, rule) in it.document.rules.iter().enumerate() {
                if let Some(found) = rule.when.matches(model) {
                    rules.insert((layer, number), (found, rule.tier));
                }
            }
        }
        Self { rules }
    }

    pub(super) fn applies(&self, layer: usize, rule: usize) -> bool {
        self.rules.contains_key(&(layer, rule))
    }

    pub(super) fn tiers(&self) -> impl Iterator<Item = Tier> {
        self.rules.values().filter_map(|(_, tier)| *tier)
    }

    /// The first rule that denies or holds the model by itself.
    pub(super) fn denied_by(&self, policy: &Policy) -> Option<String> {
        self.rules.keys().find_map(|(layer, number)| {
            let rule = policy.layers().get(*layer)?.document.rules.get(*number)?;
            rule.verdict.is_some().then(|| called(rule))
        })
    }

    /// What rules say by themselves, without a demand.
    pub(super) fn verdicts(&self, policy: &Policy) -> Vec<Asked> {
        let verdicts = self.rules.iter().filter_map(|((layer, number), (found, _))| {
            let rule = policy.layers().get(*layer)?.document.rules.get(*number)?;
            let (held, why) = rule.verdict.as_ref()?;
            let place = policy.place(*layer, rule.line);
            let called = called(rule);
            let code = Check::Rules.code();
            let reason = match (found, held) {
                (Match::Yes, Held::Denied) => Reason::no(code, format!("{called} denies it: {why}")),
                (Match::Yes, Held::Quarantined) => Reason::unknown(code, format!("{called} holds it: {why}")),
                (Match::Perhaps, _) => Reason::unknown(
                    code,
                    format!("{called} may be about it: whose model it is is not known"),
                ),
            };
            Some(Asked {
                check: Check::Rules,
                text: "no rule that denies it".to_owned(),
                reasons: vec![Reason {
                    place: Some(place.clone()),
                    ..reason
                }],
                place,
                rule: Some(called),
                met_by: None,
                evidence: Vec::new(),
                waived: Vec::new(),
                skipped: false,
                lacks_scan: false,
            })
        });
        verdicts.collect()
    }
}

/// What a rule is called in reasons.
pub(super) fn called(rule: &Rule) -> String {
    match &rule.name {
        Some(name) => format!("rule {name:?}"),
        None => format!("the rule of line {}", rule.line),
    }
}

impl When {
    /// Whether a model is meant; `None` when it is not.
    fn matches(&self, model: &ModelFacts) -> Option<Match> {
        let is = |found: bool| found.then_some(());
        if let Some(digest) = &self.digest {
            is(model.digest == *digest || model.files.iter().any(|file| file.digest == *digest))?;
        }
        if self.path.is_some() || self.format.is_some() {
            is(model.files.iter().any(|file| self.is_for_file(file)))?;
        }
        let own = (model.namespace.as_deref(), model.name.as_str());
        let also = model
            .also
            .iter()
            .map(|it| (it.namespace.as_deref(), it.name.as_str()));
        let found: Vec<Match> = std::iter::once(own)
            .chain(also)
            .filter_map(|(namespace, name)| self.is_called(namespace, name))
            .collect();
        // Of two names, one that is meant is enough.
        if found.contains(&Match::Yes) {
            Some(Match::Yes)
        } else {
            found.first().copied()
        }
    }

    /// Whether it is meant by this name. Hubs take letters of either case for the same.
    fn is_called(&self, namespace: Option<&str>, name: &str) -> Option<Match> {
        if let Some(pattern) = &self.model
            && !pattern.matches_in_any_case(name)
        {
            return None;
        }
        match (&self.namespace, namespace) {
            (None, _) => Some(Match::Yes),
            (Some(pattern), Some(namespace)) => pattern.matches_in_any_case(namespace).then_some(Match::Yes),
            (Some(_), None) => Some(Match::Perhaps),
        }
    }

    fn is_for_file(&self, file: &FileFact) -> bool {
        self.path
            .as_ref()
            .is_none_or(|pattern| pattern.matches(&file.path))
            && self
                .format
                .as_ref()
                .is_none_or(|format| file.formats.contains(format))
    }
}

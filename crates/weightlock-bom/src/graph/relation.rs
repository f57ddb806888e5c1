//! [`Relation`]: how two components hang together. The names are those of SPDX 3.0.1, read from the first to the second.

use std::collections::BTreeMap;

use serde::Serialize;
use weightlock_artifact::standing::Standing;

use super::{Claim, Fact, Property, Ref, Source, Value};

/// What one component is to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// The first was made from the second; how is [`Property::Derivation`].
    DerivedFrom,
    /// The first learnt from the second.
    TrainedOn,
    /// The first was measured with the second.
    EvaluatedOn,
    /// The scales of the first were found with the second.
    CalibratedOn,
    /// The second is a part of the first.
    Contains,
    /// The first needs the second to run.
    DependsOn,
    /// The first, a step, read the second.
    HasInput,
    /// The first, a step, made the second.
    HasOutput,
    /// The first, a step, used the second.
    UsesTool,
    /// The first, a step, ran in the second.
    RanIn,
    /// The first, a step, was done by the second.
    InvokedBy,
    /// The second was packed out of, or is another form of, the first; their weights are equal.
    HasVariant,
}

/// How a model was made from another, in the words of the model hubs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Derivation {
    /// All weights were trained on.
    Finetune,
    /// Small matrices beside the weights.
    Adapter,
    /// Weights of several models were mixed.
    Merge,
    /// Numbers were made coarser.
    Quantized,
    /// The same numbers in another format.
    Converted,
}

impl Derivation {
    /// Every derivation.
    pub const ALL: [Self; 5] = [
        Self::Finetune,
        Self::Adapter,
        Self::Merge,
        Self::Quantized,
        Self::Converted,
    ];

    /// The word, as cards write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Finetune => "finetune",
            Self::Adapter => "adapter",
            Self::Merge => "merge",
            Self::Quantized => "quantized",
            Self::Converted => "converted",
        }
    }

    /// The derivation that a word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// Whether a model made so has one parent only.
    #[must_use]
    pub const fn has_one_parent(self) -> bool {
        !matches!(self, Self::Merge)
    }
}

/// Two components, what the first is to the second, and who says so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Relation {
    /// The one.
    pub from: Ref,
    /// What it is to the other.
    pub verb: Verb,
    /// The other.
    pub to: Ref,
    /// How the relation is known; the best of its sources.
    pub standing: Standing,
    /// Who says so; never empty.
    pub sources: Vec<Source>,
    facts: BTreeMap<Property, Fact>,
}

impl Relation {
    /// A relation of which one source tells.
    #[must_use]
    pub fn new(from: &Ref, verb: Verb, to: &Ref, standing: Standing, source: Source) -> Self {
        Self {
            from: from.clone(),
            verb,
            to: to.clone(),
            standing,
            sources: vec![source],
            facts: BTreeMap::new(),
        }
    }

    /// With a claim about the relation itself: how it was derived, with which weight, at which revision.
    #[must_use]
    pub fn with(mut self, property: Property, claim: Claim) -> Self {
        self.facts.entry(property).or_default().add(claim);
        self
    }

    /// What is known about the relation.
    #[must_use]
    pub const fn facts(&self) -> &BTreeMap<Property, Fact> {
        &self.facts
    }

    /// The claim to show under a property.
    #[must_use]
    pub fn claim(&self, property: Property) -> Option<&Claim> {
        self.facts.get(&property).and_then(Fact::first)
    }

    /// How the first was made from the second, where that is known.
    #[must_use]
    pub fn derivation(&self) -> Option<Derivation> {
        self.claim(Property::Derivation)
            .map(|claim| &claim.value)
            .and_then(Value::as_text)
            .and_then(Derivation::parse)
    }

    pub(super) fn join(&mut self, other: Self) {
        self.standing = self.standing.min(other.standing);
        for source in other.sources {
            if let Err(at) = self.sources.binary_search(&source) {
                self.sources.insert(at, source);
            }
        }
        for (property, fact) in other.facts {
            let mine = self.facts.entry(property).or_default();
            for claim in fact.claims() {
                mine.add(claim.clone());
            }
        }
    }
}

//! [`Component`]: a thing that a model is made of, made from, or made with.

use std::collections::BTreeMap;

use serde::Serialize;
use weightlock_artifact::standing::Standing;

use super::{Claim, Fact, Property, Ref, Source, Value};

/// What a thing is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Weights with what belongs to them; also an adapter, and a model that another one was made from.
    Model,
    /// Data for training, calibration or evaluation.
    Dataset,
    /// A file.
    File,
    /// A package that code imports: `PyPI`, conda, dpkg, rpm, apk.
    Package,
    /// A program that made something: a trainer, a quantiser, a converter.
    Tool,
    /// Where something runs or ran: an interpreter, an image, a root file system.
    Environment,
    /// An operating system.
    OperatingSystem,
    /// A machine or a part of one: a graphics card.
    Hardware,
    /// Something that was done: training, quantisation, merge, evaluation.
    Step,
    /// A person.
    Person,
    /// An organisation.
    Organisation,
    /// A pipeline or a service that did something.
    Pipeline,
}

/// A thing and what is known about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Component {
    /// What it is.
    pub kind: Kind,
    facts: BTreeMap<Property, Fact>,
    /// Settings by the name their source gives them: the hyper-parameters of a step.
    parameters: BTreeMap<String, Fact>,
}

impl Component {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            facts: BTreeMap::new(),
            parameters: BTreeMap::new(),
        }
    }

    /// Adds a claim.
    pub fn state(&mut self, property: Property, claim: Claim) {
        self.facts.entry(property).or_default().add(claim);
    }

    /// Adds a claim about a setting.
    pub fn set(&mut self, parameter: impl Into<String>, claim: Claim) {
        self.parameters.entry(parameter.into()).or_default().add(claim);
    }

    /// Everything that is known.
    #[must_use]
    pub const fn facts(&self) -> &BTreeMap<Property, Fact> {
        &self.facts
    }

    /// The settings.
    #[must_use]
    pub const fn parameters(&self) -> &BTreeMap<String, Fact> {
        &self.parameters
    }

    /// What is known under a property.
    #[must_use]
    pub fn fact(&self, property: Property) -> Option<&Fact> {
        self.facts.get(&property)
    }

    /// The claim to show under a property.
    #[must_use]
    pub fn claim(&self, property: Property) -> Option<&Claim> {
        self.fact(property).and_then(Fact::first)
    }

    /// The claims under a property, the one to show first.
    #[must_use]
    pub fn claims(&self, property: Property) -> &[Claim] {
        self.fact(property).map_or(&[], Fact::claims)
    }

    /// The text to show under a property.
    #[must_use]
    pub fn text(&self, property: Property) -> Option<&str> {
        self.claim(property).and_then(|claim| claim.value.as_text())
    }

    /// The number to show under a property.
    #[must_use]
    pub fn number(&self, property: Property) -> Option<u64> {
        self.claim(property).and_then(|claim| claim.value.as_number())
    }

    /// How the fact under a property is known.
    #[must_use]
    pub fn standing(&self, property: Property) -> Standing {
        self.fact(property)
            .map_or(Standing::Unknown, |fact| fact.standing(property.arity()))
    }
}

/// A measured value of a component.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Metric {
    /// What was measured.
    pub of: Ref,
    /// The metric: `accuracy`, `perplexity`.
    pub metric: String,
    /// The value as it was written.
    pub value: Value,
    /// On what: a data set of the graph.
    pub on: Option<Ref>,
    /// Which part of it: `wikitext/wikitext-2-raw-v1/test`. Empty where nobody says.
    pub slice: String,
    /// What else its source says of it, by key: when it was measured, by whom, with which settings.
    pub details: BTreeMap<String, String>,
    /// How it is known.
    pub standing: Standing,
    /// Where it is said; never empty.
    pub sources: Vec<Source>,
}

impl Metric {
    pub(super) const fn identity(&self) -> (&Ref, &String, &Option<Ref>, &String, &Value) {
        (&self.of, &self.metric, &self.on, &self.slice, &self.value)
    }

    pub(super) fn join(&mut self, other: Self) {
        self.standing = self.standing.min(other.standing);
        for (key, text) in other.details {
            let mine = self.details.entry(key).or_insert_with(|| text.clone());
            if text < *mine {
                *mine = text;
            }
        }
        for source in other.sources {
            if let Err(at) = self.sources.binary_search(&source) {
                self.sources.insert(at, source);
            }
        }
    }
}

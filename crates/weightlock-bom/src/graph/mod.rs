//! [`Graph`]: the components of a model and how they hang together, before any document format.
//!
//! ```text
//! Graph ── Component ── Fact ── Claim ── Source
//!   └──── Relation ────┘
//! ```
//!
//! A [`Component`] is a thing, a [`Relation`] joins two. What is known about either is a [`Fact`] under a [`Property`]: one or more
//! [`Claim`]s, each with its standing and its sources. Claims that differ stay side by side, and
//! [`conflicts`](Graph::conflicts) lists them; nothing is resolved in silence. What nobody says is absent, which a document
//! writes as unknown. A file that could not be read is [`Unread`], so that a gap is part of the graph too.
//!
//! The order of everything is that of its names, never of its reading, so that the same files give the same graph.

mod component;
mod conflict;
mod fact;
mod property;
mod reference;
mod relation;
mod source;

use std::collections::BTreeMap;

use serde::Serialize;
use weightlock_artifact::path::ArtifactPath;

pub use self::{
    component::{Component, Kind, Metric},
    conflict::{Conflict, PARAMETER_TOLERANCE, Teller, contradicts_count},
    fact::{Claim, Fact, Value},
    property::{Arity, Property},
    reference::Ref,
    relation::{Derivation, Relation, Verb},
    source::{Origin, Source},
};

/// The components of a model, an environment or a data set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Graph {
    subject: Ref,
    components: BTreeMap<Ref, Component>,
    relations: BTreeMap<(Ref, Verb, Ref), Relation>,
    metrics: Vec<Metric>,
    unread: Vec<Unread>,
}

/// A file, or a part of one, of which nothing is known because it could not be read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Unread {
    /// The file.
    pub path: ArtifactPath,
    /// Where reading stopped, in bytes from the start of the file.
    pub offset: u64,
    /// Why, as a sentence without a final period.
    pub why: String,
}

impl Graph {
    /// A graph about one thing, of which nothing is known yet.
    #[must_use]
    pub fn about(subject: Ref, kind: Kind) -> Self {
        Self {
            components: BTreeMap::from([(subject.clone(), Component::new(kind))]),
            subject,
            relations: BTreeMap::new(),
            metrics: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// What the graph is about.
    #[must_use]
    pub const fn subject(&self) -> &Ref {
        &self.subject
    }

    /// Every component, by reference.
    #[must_use]
    pub const fn components(&self) -> &BTreeMap<Ref, Component> {
        &self.components
    }

    /// The component that `reference` names.
    #[must_use]
    pub fn component(&self, reference: &Ref) -> Option<&Component> {
        self.components.get(reference)
    }

    /// The component that `reference` names; one of this kind is added where there is none.
    pub fn ensure(&mut self, reference: &Ref, kind: Kind) -> &mut Component {
        self.components
            .entry(reference.clone())
            .or_insert_with(|| Component::new(kind))
    }

    /// States a fact about a component, which is added where it is not there.
    pub fn state(&mut self, reference: &Ref, kind: Kind, property: Property, claim: Claim) {
        self.ensure(reference, kind).state(property, claim);
    }

    /// Every relation, by its ends.
    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.relations.values()
    }

    /// The relations that go out from a component.
    pub fn from(&self, reference: &Ref) -> impl Iterator<Item = &Relation> {
        let first = (reference.clone(), Verb::DerivedFrom, Ref::lowest());
        self.relations
            .range(first..)
            .map(|(_, relation)| relation)
            .take_while(move |it| it.from == *reference)
    }

    /// Relates two components that are there; says whether they are. A relation that is there already gets one more source.
    pub fn relate(&mut self, relation: Relation) -> bool {
        let are_there =
            self.components.contains_key(&relation.from) && self.components.contains_key(&relation.to);
        if are_there {
            let key = (relation.from.clone(), relation.verb, relation.to.clone());
            match self.relations.get_mut(&key) {
                Some(earlier) => earlier.join(relation),
                None => {
                    self.relations.insert(key, relation);
                }
            }
        }
        are_there
    }

    /// What was measured, in the order of component, type, data and value.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Adds a measured value. The same value of the same thing from another source joins the earlier one.
    pub fn measure(&mut self, metric: Metric) {
        match self
            .metrics
            .binary_search_by(|it| it.identity().cmp(&metric.identity()))
        {
            Ok(at) => {
                if let Some(earlier) = self.metrics.get_mut(at) {
                    earlier.join(metric);
                }
            }
            Err(at) => self.metrics.insert(at, metric),
        }
    }

    /// What could not be read.
    #[must_use]
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// Notes that something could not be read.
    pub fn leave_unread(&mut self, unread: Unread) {
        if let Err(at) = self.unread.binary_search(&unread) {
            self.unread.insert(at, unread);
        }
    }

    /// Where sources disagree; see [`Conflict`].
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        conflict::all(self)
    }
}

#[cfg(test)]
mod tests;

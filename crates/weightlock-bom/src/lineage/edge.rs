//! [`Edge`]: one thing went into another.

use serde::Serialize;
use weightlock_artifact::standing::Standing;

use super::NodeId;
use crate::graph::Derivation;

/// The number of an edge within one lineage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct EdgeId(u32);

impl EdgeId {
    pub(super) fn new(index: usize) -> Self {
        // The builder lets no more in.
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of a source within one lineage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(u32);

impl SourceId {
    pub(super) fn new(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How one thing went into another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A step read it.
    Input,
    /// A step made it.
    Output,
    /// A file is part of a model.
    PartOf,
    /// A model was made from it; nobody tells of a step.
    Derived(Option<Derivation>),
    /// A model learnt from it; nobody tells of a step.
    Trained,
    /// A model needs it to run, or brings it along: a package, a tokenizer.
    Uses,
    /// A model was measured with it. What is bad in it does not spread.
    Evaluated,
    /// Bytes are known by a name.
    Called,
}

/// One thing went into another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// What went in.
    pub from: NodeId,
    /// What it went into.
    pub to: NodeId,
    /// How.
    pub how: How,
    /// How that is known.
    pub standing: Standing,
    /// Who says so.
    pub source: SourceId,
}

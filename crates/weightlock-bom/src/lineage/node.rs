//! [`Node`]: a thing with a lineage.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use weightlock_artifact::{digest::Digest, standing::Standing};

/// The number of a node within one lineage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct NodeId(u32);

impl NodeId {
    pub(super) fn new(index: usize) -> Self {
        // The builder lets no more in.
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The number, from zero.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What tells a thing from all others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Bytes, by their SHA-256: a file, or a model by that of its canonical manifest.
    Content(Digest),
    /// A name that comes without a digest: `acme/pebble-base`, a package URL, a commit as `git:<hex>`.
    Named(String),
    /// Something that was done, by the SHA-256 of the statement that tells of it.
    Step(Digest),
}

/// A thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub identity: Identity,
    /// What it is called, and how that is known. For people: names say nothing about which bytes are meant.
    pub names: BTreeMap<String, Standing>,
    /// Its paths inside the models that it is a part of. Every model has a `config.json`, so that no two things are joined by them.
    pub paths: BTreeSet<String>,
    /// Where it lies, as far as a store was looked at.
    pub places: BTreeSet<String>,
}

impl Node {
    /// The best known name, the first in order of letters of several.
    fn best_name(&self) -> Option<&String> {
        let best = self
            .names
            .iter()
            .min_by_key(|(name, standing)| (**standing, *name));
        best.map(|(name, _)| name)
    }

    /// The name to show: the best known one, else the first path, else the digest.
    #[must_use]
    pub fn shown(&self) -> String {
        match (&self.identity, self.best_name().or(self.paths.first())) {
            (_, Some(name)) | (Identity::Named(name), None) => name.clone(),
            (Identity::Content(digest) | Identity::Step(digest), None) => digest.to_string(),
        }
    }

    /// The digest of its bytes, where they are what names it.
    #[must_use]
    pub const fn content(&self) -> Option<&Digest> {
        match &self.identity {
            Identity::Content(digest) => Some(digest),
            _ => None,
        }
    }

    /// Whether it is something that was done.
    #[must_use]
    pub const fn is_step(&self) -> bool {
        matches!(self.identity, Identity::Step(_))
    }
}

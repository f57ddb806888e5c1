//! [`Gap`]: where the chain from source to artifact is broken.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use weightlock_artifact::{digest::Digest, standing::Standing};

use super::{How, Identity, Lineage, Node, NodeId};

/// A step read bytes under a name, nobody tells how they were made, and somebody does tell how other bytes of that name
/// were made: what was published and what was used are not the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Gap {
    /// The name that both have.
    pub name: String,
    /// The bytes that were used.
    pub used: Digest,
    /// The bytes of that name whose making is known.
    pub made: Vec<Digest>,
    /// The step that used them.
    pub by: NodeId,
}

impl Lineage {
    /// Every gap, by name. Only what is known at least as well as `least` tells how things were made and what they are called:
    /// where signers are named, nobody else's word closes a gap or opens one.
    #[must_use]
    pub fn gaps(&self, least: Standing) -> Vec<Gap> {
        let made = self.made(least);
        let by_name = self.outputs_by_name(least);
        let mut gaps: Vec<Gap> = self
            .edges
            .iter()
            .filter(|edge| edge.how == How::Input && edge.standing <= least && !made.contains(&edge.from))
            .filter_map(|edge| {
                let node = self.node(edge.from)?;
                let used = *node.content()?;
                let (name, others) = names(node, least).find_map(|name| by_name.get_key_value(name))?;
                Some(Gap {
                    name: (*name).to_owned(),
                    used,
                    made: others.iter().copied().filter(|it| *it != used).collect(),
                    by: edge.to,
                })
            })
            .collect();
        gaps.sort();
        gaps.dedup();
        gaps
    }

    /// Things whose making is told of: each itself, or as a part of a model.
    fn made(&self, least: Standing) -> HashSet<NodeId> {
        let told = || self.edges.iter().filter(move |edge| edge.standing <= least);
        let outputs: HashSet<NodeId> = told()
            .filter(|edge| is_making(edge.how))
            .map(|edge| edge.to)
            .collect();
        let parts = told()
            .filter(|edge| edge.how == How::PartOf && outputs.contains(&edge.to))
            .map(|edge| edge.from);
        parts.chain(outputs.iter().copied()).collect()
    }

    /// Contents that somebody made, by the names they have.
    fn outputs_by_name(&self, least: Standing) -> BTreeMap<&str, BTreeSet<Digest>> {
        let mut found: BTreeMap<&str, BTreeSet<Digest>> = BTreeMap::new();
        let makings = self
            .edges
            .iter()
            .filter(|edge| is_making(edge.how) && edge.standing <= least);
        for node in makings.filter_map(|edge| self.node(edge.to)) {
            for (name, digest) in names(node, least).zip(std::iter::repeat(node.content())) {
                found.entry(name).or_default().extend(digest);
            }
        }
        found
    }
}

const fn is_making(how: How) -> bool {
    matches!(how, How::Output | How::Derived(_))
}

/// The names of bytes, without their paths inside models.
fn names(node: &Node, least: Standing) -> impl Iterator<Item = &str> {
    let is_content = matches!(node.identity, Identity::Content(_));
    node.names
        .iter()
        .filter(move |(_, standing)| is_content && **standing <= least)
        .map(|(name, _)| name.as_str())
}

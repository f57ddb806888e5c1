//! [`Gap`]: where the chain from source to artifact is broken.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::digest::Digest;

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
    /// Every gap, by name.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let made = self.made_by_name();
        let mut gaps: Vec<Gap> = self
            .edges
            .iter()
            .filter(|edge| edge.how == How::Input && !self.is_made(edge.from))
            .filter_map(|edge| {
                let node = self.node(edge.from)?;
                let used = *node.content()?;
                let (name, others) = names(node).find_map(|name| made.get_key_value(name))?;
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

    /// Contents whose making is told of, by the names they have.
    fn made_by_name(&self) -> BTreeMap<&str, BTreeSet<Digest>> {
        let mut made: BTreeMap<&str, BTreeSet<Digest>> = BTreeMap::new();
        for (id, node) in self.nodes() {
            if let Some(digest) = node.content().filter(|_| self.is_output(id)) {
                for name in names(node) {
                    made.entry(name).or_default().insert(*digest);
                }
            }
        }
        made
    }

    /// Whether anybody tells how this was made: it itself, or a model that it is a part of.
    fn is_made(&self, id: NodeId) -> bool {
        self.is_output(id)
            || self
                .out_of(id)
                .any(|edge| edge.how == How::PartOf && self.is_output(edge.to))
    }

    fn is_output(&self, id: NodeId) -> bool {
        self.into_node(id)
            .any(|edge| matches!(edge.how, How::Output | How::Derived(_)))
    }
}

/// The names of bytes, without their paths inside models.
fn names(node: &Node) -> impl Iterator<Item = &str> {
    let is_content = matches!(node.identity, Identity::Content(_));
    node.names.iter().map(String::as_str).filter(move |_| is_content)
}

//! [`Lineage`]: what came from what, over everything that is known of a set of models.
//!
//! ```text
//! data ──input──► step ──output──► model ◄──part-of── file
//!                                   │
//!          parent ──derived──► model ◄──trained──── name of a data set
//! ```
//!
//! Edges point the way in which something bad spreads. Contents are known by their SHA-256 alone; a name joins two
//! things only where nothing better does, and never leads from one version of a thing to another. Every edge keeps where it
//! comes from and how it is known, so that an answer over signed statements is told from one over what a model card says.
//!
//! A file belongs to many models: a licence or a tokenizer is the same in a base and in everything made from it. Its
//! models are therefore joined to what is *made with* it, and never to each other through it ([`walk`]).

mod build;
pub mod document;
mod edge;
mod gap;
mod node;
pub mod statement;
pub mod walk;

pub use self::{
    build::{Builder, TooLarge},
    edge::{Edge, EdgeId, How, SourceId},
    gap::Gap,
    node::{Identity, Node, NodeId},
    walk::{Direction, Reached, Share, Walk},
};

/// What came from what. Made by a [`Builder`].
#[derive(Debug)]
pub struct Lineage {
    nodes: Vec<Node>,
    /// Whether each node is a step: a walk asks it of every one, and the nodes themselves are far apart in memory.
    steps: Vec<bool>,
    edges: Vec<Edge>,
    sources: Vec<String>,
    ids: std::collections::HashMap<Identity, NodeId>,
    /// Edges by their end, behind a table of where each node's begin.
    incoming: Adjacency,
    /// Edges by their beginning.
    outgoing: Adjacency,
}

/// The edges of each node, in the order of the edges.
#[derive(Debug, Default)]
struct Adjacency {
    starts: Vec<u32>,
    edges: Vec<EdgeId>,
}

impl Adjacency {
    /// Sorts edges by the node that `end` gives.
    fn new(nodes: usize, edges: &[Edge], end: impl Fn(&Edge) -> NodeId) -> Self {
        let mut starts = vec![0_u32; nodes.saturating_add(1)];
        for edge in edges {
            if let Some(count) = starts.get_mut(end(edge).index().saturating_add(1)) {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0_u32;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        let mut next = starts.clone();
        let mut sorted = vec![EdgeId::default(); edges.len()];
        for (index, edge) in edges.iter().enumerate() {
            let Some(at) = next.get_mut(end(edge).index()) else {
                continue;
            };
            if let Some(slot) = sorted.get_mut(*at as usize) {
                *slot = EdgeId::new(index);
            }
            *at = at.saturating_add(1);
        }
        Self {
            starts,
            edges: sorted,
        }
    }

    fn of(&self, node: NodeId) -> &[EdgeId] {
        let at = |index: usize| self.starts.get(index).map_or(0, |it| *it as usize);
        let (from, to) = (at(node.index()), at(node.index().saturating_add(1)));
        self.edges.get(from..to).unwrap_or_default()
    }
}

impl Lineage {
    /// The node of a content or a name.
    #[must_use]
    pub fn find(&self, identity: &Identity) -> Option<NodeId> {
        self.ids.get(identity).copied()
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// Whether a node is something that was done. What is no node is none either way, and is not told of.
    fn is_step(&self, id: NodeId) -> bool {
        self.steps.get(id.index()).copied().unwrap_or(true)
    }

    /// Every node, with its number.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .map(|(index, node)| (NodeId::new(index), node))
    }

    /// An edge.
    #[must_use]
    pub fn edge(&self, id: EdgeId) -> Option<&Edge> {
        self.edges.get(id.index())
    }

    /// How many edges there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.edges.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Whether anybody tells how this came to be.
    #[must_use]
    pub fn is_told(&self, node: NodeId) -> bool {
        self.into_node(node)
            .any(|edge| matches!(edge.how, How::Output | How::Derived(_) | How::Trained))
    }

    /// Where an edge comes from, as the [`Builder`] was told.
    #[must_use]
    pub fn source(&self, id: SourceId) -> &str {
        self.sources.get(id.index()).map_or("", String::as_str)
    }

    /// The edges that end at a node.
    pub fn into_node(&self, node: NodeId) -> impl Iterator<Item = &Edge> {
        self.incoming.of(node).iter().filter_map(|id| self.edge(*id))
    }

    /// The edges that begin at a node.
    pub fn out_of(&self, node: NodeId) -> impl Iterator<Item = &Edge> {
        self.outgoing.of(node).iter().filter_map(|id| self.edge(*id))
    }
}

#[cfg(test)]
mod tests;

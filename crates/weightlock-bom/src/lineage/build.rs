//! [`Builder`]: puts a [`Lineage`] together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use weightlock_artifact::standing::Standing;

use super::{Adjacency, Edge, How, Identity, Lineage, Node, NodeId, SourceId};

/// Edges of one lineage: what a company with thousands of models has, ten times over. Each costs 28 bytes.
const MOST_EDGES: usize = 20_000_000;

/// There are more edges than can be held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("more than {MOST_EDGES} edges")]
pub struct TooLarge;

/// Collects nodes and edges in any order.
#[derive(Debug, Default)]
pub struct Builder {
    nodes: Vec<Node>,
    ids: HashMap<Identity, NodeId>,
    edges: Vec<Edge>,
    sources: Vec<String>,
}

impl Builder {
    /// Names a source of edges, for people: a file and who signed it.
    pub fn source(&mut self, name: impl Into<String>) -> SourceId {
        self.sources.push(name.into());
        SourceId::new(self.sources.len().saturating_sub(1))
    }

    /// The node of a thing.
    pub fn node(&mut self, identity: Identity) -> NodeId {
        if let Some(id) = self.ids.get(&identity) {
            return *id;
        }
        let id = NodeId::new(self.nodes.len());
        self.nodes.push(Node {
            identity: identity.clone(),
            names: BTreeMap::new(),
            paths: BTreeSet::new(),
            places: BTreeSet::new(),
        });
        self.ids.insert(identity, id);
        id
    }

    /// Tells what a thing is called, and how that is known.
    pub fn call(&mut self, node: NodeId, name: &str, standing: Standing) {
        if let Some(node) = self.nodes.get_mut(node.index()).filter(|_| !name.is_empty()) {
            let known = node.names.entry(name.to_owned()).or_insert(standing);
            *known = standing.min(*known);
        }
    }

    /// Tells its path inside a model.
    pub fn call_inside(&mut self, node: NodeId, path: &str) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.paths.insert(path.to_owned());
        }
    }

    /// Tells where a thing lies.
    pub fn place(&mut self, node: NodeId, place: &str) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.places.insert(place.to_owned());
        }
    }

    /// One thing went into another. A thing does not go into itself.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn join(
        &mut self,
        from: NodeId,
        how: How,
        to: NodeId,
        standing: Standing,
        source: SourceId,
    ) -> Result<(), TooLarge> {
        if self.edges.len() >= MOST_EDGES {
            return Err(TooLarge);
        }
        if from != to {
            self.edges.push(Edge {
                from,
                to,
                how,
                standing,
                source,
            });
        }
        Ok(())
    }

    /// Everything that was told.
    #[must_use]
    pub fn finish(self) -> Lineage {
        Lineage {
            incoming: Adjacency::new(self.nodes.len(), &self.edges, |edge| edge.to),
            outgoing: Adjacency::new(self.nodes.len(), &self.edges, |edge| edge.from),
            steps: self.nodes.iter().map(Node::is_step).collect(),
            nodes: self.nodes,
            edges: self.edges,
            sources: self.sources,
            ids: self.ids,
        }
    }
}

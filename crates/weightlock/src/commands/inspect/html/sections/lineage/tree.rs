//! [`Tree`]: the shortest ways from the model to what it is related to, bounded in number and in depth.

use std::collections::{BTreeMap, VecDeque};

use weightlock_artifact::standing::Standing;

use crate::commands::inspect::html::report::{Composition, End, Relation};

/// Components that are drawn; more of them nobody reads.
const MOST: usize = 24;
/// Steps away from the model.
const MOST_DEPTH: usize = 3;

/// What is drawn.
#[derive(Debug)]
pub(super) struct Tree<'c> {
    /// In the order of reading: each before what hangs on it.
    pub(super) nodes: Vec<Node<'c>>,
    /// Components that are related to the model and not drawn.
    pub(super) left_out: usize,
}

/// A component of the drawing.
#[derive(Clone, Debug)]
pub(super) struct Node<'c> {
    pub(super) end: End,
    /// Steps away from the model.
    pub(super) depth: usize,
    /// The node that it hangs on, by place in the list, and how; none of the model itself.
    pub(super) hangs: Option<(usize, Edge<'c>)>,
    /// Its line, where drawings are wide: a node without further ones after it takes one.
    pub(super) line: usize,
}

/// How a node hangs on another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge<'c> {
    pub(super) verb: &'c str,
    pub(super) standing: Standing,
    /// The relation goes from this node to the one that it hangs on: a step made the model.
    pub(super) is_reversed: bool,
}

/// The shortest way to a component.
#[derive(Clone, Copy, Default, Debug)]
struct Way<'c> {
    depth: usize,
    /// The last step of it; none of the model itself.
    hangs: Option<(End, Edge<'c>)>,
}

/// A relation, seen from one of its ends.
type Neighbour<'c> = (End, Edge<'c>);

impl<'c> Tree<'c> {
    /// The tree around the model.
    pub(super) fn of(composition: &'c Composition) -> Self {
        let neighbours = neighbours(&composition.relations);
        let mut found = BTreeMap::from([(End::Model, Way::default())]);
        let mut drawn: Vec<End> = vec![End::Model];
        let mut queue = VecDeque::from([End::Model]);
        let mut left_out = 0;
        while let Some(end) = queue.pop_front() {
            let depth = found.get(&end).map_or(0, |way: &Way<'_>| way.depth);
            for (other, edge) in neighbours.get(&end).into_iter().flatten() {
                if found.contains_key(other) {
                    continue;
                }
                let way = Way {
                    depth: depth.saturating_add(1),
                    hangs: Some((end, *edge)),
                };
                found.insert(*other, way);
                queue.push_back(*other);
                if depth < MOST_DEPTH && drawn.len() <= MOST && drawn.contains(&end) {
                    drawn.push(*other);
                } else {
                    left_out += 1;
                }
            }
        }
        Self {
            nodes: in_order(&drawn, &found),
            left_out,
        }
    }
}

/// What is related to each, in both directions, the most telling relation first.
fn neighbours(relations: &[Relation]) -> BTreeMap<End, Vec<Neighbour<'_>>> {
    let mut all: BTreeMap<End, Vec<(usize, usize, Neighbour<'_>)>> = BTreeMap::new();
    for (at, relation) in relations.iter().enumerate() {
        for (one, other, is_reversed) in [
            (relation.from, relation.to, false),
            (relation.to, relation.from, true),
        ] {
            let edge = Edge {
                verb: &relation.verb,
                standing: relation.standing,
                is_reversed,
            };
            all.entry(one)
                .or_default()
                .push((weight(&relation.verb), at, (other, edge)));
        }
    }
    all.into_iter()
        .map(|(end, mut list)| {
            list.sort_by_key(|(weight, at, _)| (*weight, *at));
            (end, list.into_iter().map(|(_, _, neighbour)| neighbour).collect())
        })
        .collect()
}

/// Origin stands before data, data before tools, and what merely lies beside comes last.
fn weight(verb: &str) -> usize {
    const ORDER: [&str; 10] = [
        "made from",
        "has the variant",
        "trained on",
        "calibrated on",
        "evaluated on",
        "made",
        "read",
        "used",
        "ran in",
        "done by",
    ];
    let is = |known: &&str| {
        verb == *known
            || verb
                .strip_prefix(*known)
                .is_some_and(|rest| rest.starts_with(" ("))
    };
    ORDER.iter().position(is).unwrap_or(ORDER.len())
}

/// The nodes depth first, as they are read, with their lines.
fn in_order<'c>(drawn: &[End], found: &BTreeMap<End, Way<'c>>) -> Vec<Node<'c>> {
    let mut children: BTreeMap<End, Vec<End>> = BTreeMap::new();
    for end in drawn {
        if let Some((parent, _)) = found.get(end).and_then(|way| way.hangs) {
            children.entry(parent).or_default().push(*end);
        }
    }
    let mut nodes: Vec<Node<'c>> = Vec::new();
    let mut places = BTreeMap::new();
    let mut stack = vec![End::Model];
    let mut line = 0;
    while let Some(end) = stack.pop() {
        let Way { depth, hangs } = found.get(&end).copied().unwrap_or_default();
        // Whatever is not deeper than what was read before it begins a line.
        if nodes.last().is_some_and(|last| last.depth >= depth) {
            line += 1;
        }
        places.insert(end, nodes.len());
        nodes.push(Node {
            end,
            depth,
            hangs: hangs.and_then(|(parent, edge)| Some((*places.get(&parent)?, edge))),
            line,
        });
        stack.extend(children.get(&end).into_iter().flatten().rev());
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::inspect::html::report::Component;

    fn composition(count: usize, relations: &[(End, &str, End)]) -> Composition {
        Composition {
            components: (0..count)
                .map(|at| Component {
                    title: format!("c{at}"),
                    kind: "model",
                    facts: Vec::new(),
                    facts_left_out: 0,
                })
                .collect(),
            relations: relations
                .iter()
                .map(|(from, verb, to)| Relation {
                    from: *from,
                    verb: (*verb).to_owned(),
                    to: *to,
                    standing: Standing::Declared,
                    sources: Vec::new(),
                })
                .collect(),
            ..Composition::default()
        }
    }

    fn c(at: usize) -> End {
        End::Component(at)
    }

    #[test]
    fn each_stands_behind_what_it_hangs_on_and_origin_comes_first() {
        let composition = composition(
            4,
            &[
                (End::Model, "trained on", c(0)),
                (End::Model, "made from (finetune)", c(1)),
                (c(1), "made from", c(2)),
                (c(3), "made", End::Model),
            ],
        );
        let tree = Tree::of(&composition);
        let told: Vec<(End, usize, usize)> =
            tree.nodes.iter().map(|it| (it.end, it.depth, it.line)).collect();
        assert_eq!(
            told,
            [
                (End::Model, 0, 0),
                (c(1), 1, 0),
                (c(2), 2, 0),
                (c(0), 1, 1),
                (c(3), 1, 2)
            ]
        );
        let reversed: Vec<bool> = tree
            .nodes
            .iter()
            .filter_map(|it| Some(it.hangs?.1.is_reversed))
            .collect();
        assert_eq!(reversed, [false, false, false, true]);
        assert_eq!(tree.left_out, 0);
    }

    /// Rings, relations with oneself, and more than can be drawn.
    #[test]
    fn the_tree_ends_whatever_the_relations_are() {
        let ring = composition(
            2,
            &[
                (End::Model, "made from", c(0)),
                (c(0), "made from", c(1)),
                (c(1), "made from", End::Model),
                (c(1), "read", c(1)),
            ],
        );
        assert_eq!(Tree::of(&ring).nodes.len(), 3);
        let many: Vec<(End, &str, End)> = (0..1000).map(|at| (End::Model, "contains", c(at))).collect();
        let wide = composition(1000, &many);
        let tree = Tree::of(&wide);
        assert_eq!((tree.nodes.len(), tree.left_out), (MOST + 1, 1000 - MOST));
        let chain: Vec<(End, &str, End)> = (0..1000)
            .map(|at| (if at == 0 { End::Model } else { c(at - 1) }, "made from", c(at)))
            .collect();
        let deep = composition(1000, &chain);
        let tree = Tree::of(&deep);
        assert_eq!(
            (tree.nodes.len(), tree.left_out),
            (MOST_DEPTH + 1, 1000 - MOST_DEPTH)
        );
    }
}

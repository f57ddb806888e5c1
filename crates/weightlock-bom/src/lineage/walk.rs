//! [`Walk`]: everything before or after a thing, by the best known way.
//!
//! A walk is in one of three modes, because files are shared. It *goes along* through steps and derivations; it goes *up* from a
//! file to the models that hold it, or *down* from a model to its files. After going up or down it only goes along: what is
//! bad in one file is bad for the model around it, but not for the other files of that model, and not for another model
//! that has the same licence text.
//!
//! ```text
//! along ─ step, derivation ─► along
//! along ─ file to model ────► up    ─ step, derivation ─► along
//! along ─ model to file ────► down  ─ step, derivation ─► along
//! ```
//!
//! Weights are another matter: a model with the very weights of a bad one is told of, apart from the others, as a
//! [`Share`]. Not told are models that the bad one was made from, since a frozen layer is older than what is bad.
//!
//! Ways over better known edges are taken first, so that [`Reached::standing`] is the best that any way has.
//!
//! What was visited is kept in plain tables by number ([`Visited`]): over a million edges, hashing each state costs several times
//! what the walk does. A table is zeroed memory, which costs nothing where a walk does not come.

use std::collections::VecDeque;

use weightlock_artifact::standing::Standing;

use super::{Edge, EdgeId, How, Identity, Lineage, NodeId};

/// Which way to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To what it was made from.
    Ancestors,
    /// To what was made from it.
    Descendants,
    /// To what was made from it, needs it, brings it along, or was measured with it.
    Users,
}

/// Where a walk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Along,
    Up,
    Down,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Along, Self::Up, Self::Down];
}

type State = (NodeId, Mode);
/// A state that is due, and how the walk comes there.
type Visit = (State, Option<(State, EdgeId)>);

/// A thing that was reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// The thing.
    pub node: NodeId,
    /// How the worst known edge of the best known way is known.
    pub standing: Standing,
    /// Where the walk was when it came there.
    mode: Mode,
}

/// A model that holds the very weights of another one, and of which nobody tells why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Share {
    /// The weights.
    pub file: NodeId,
    /// The model.
    pub model: NodeId,
}

/// What a walk reached.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// Things, in the order in which they were reached: the best known first, then the nearest. Steps, files of models that
    /// were reached, and the beginning itself are not among them.
    pub reached: Vec<Reached>,
    /// Models with the weights of one that was reached.
    pub shares: Vec<Share>,
    visited: Visited,
}

impl Walk {
    /// The edges from the beginning of the walk to a thing that it reached.
    #[must_use]
    pub fn way(&self, reached: &Reached) -> Vec<EdgeId> {
        let mut way = Vec::new();
        let mut at = (reached.node, reached.mode);
        while let Some((before, edge)) = self.visited.before(at) {
            way.push(edge);
            at = before;
        }
        way.reverse();
        way
    }
}

/// How each state was reached, by the number of the state. A state that was not visited has no standing.
#[derive(Clone, Debug, Default)]
struct Visited {
    /// One more than the place of its standing in [`Standing::ALL`]; zero where it was not visited.
    standings: Vec<u8>,
    /// One more than the number of the state before; zero at a beginning.
    states: Vec<u32>,
    /// The number of the edge from there.
    edges: Vec<u32>,
}

impl Visited {
    fn new(nodes: usize) -> Self {
        let states = nodes.saturating_mul(Mode::ALL.len());
        Self {
            standings: vec![0; states],
            states: vec![0; states],
            edges: vec![0; states],
        }
    }

    const fn number((node, mode): State) -> usize {
        node.index()
            .saturating_mul(Mode::ALL.len())
            .saturating_add(mode as usize)
    }

    fn standing(&self, state: State) -> Option<Standing> {
        let kept = self
            .standings
            .get(Self::number(state))
            .copied()
            .unwrap_or_default();
        Standing::ALL.get(usize::from(kept.checked_sub(1)?)).copied()
    }

    /// Keeps how a state was reached, unless it was visited before.
    fn visit(&mut self, state: State, level: usize, before: Option<(State, EdgeId)>) -> bool {
        let number = Self::number(state);
        let Some(kept) = self.standings.get_mut(number).filter(|it| **it == 0) else {
            return false;
        };
        *kept = u8::try_from(level.saturating_add(1)).unwrap_or(u8::MAX);
        if let Some((state, edge)) = before
            && let (Some(slot), Some(own)) = (self.states.get_mut(number), self.edges.get_mut(number))
        {
            *slot = u32::try_from(Self::number(state).saturating_add(1)).unwrap_or(u32::MAX);
            *own = u32::try_from(edge.index()).unwrap_or(u32::MAX);
        }
        true
    }

    fn before(&self, state: State) -> Option<(State, EdgeId)> {
        let number = Self::number(state);
        let before = self.states.get(number)?.checked_sub(1)?;
        let before = usize::try_from(before).ok()?;
        let mode = Mode::ALL.get(before.checked_rem(Mode::ALL.len())?)?;
        let node = NodeId::new(before.checked_div(Mode::ALL.len())?);
        let edge = usize::try_from(*self.edges.get(number)?).ok()?;
        Some(((node, *mode), EdgeId::new(edge)))
    }
}

/// Nodes, told by their numbers.
struct Nodes(Vec<bool>);

impl Nodes {
    fn of(lineage: &Lineage, nodes: impl Iterator<Item = NodeId>) -> Self {
        let mut all = Self(vec![false; lineage.nodes.len()]);
        for node in nodes {
            all.insert(node);
        }
        all
    }

    /// Whether it is new.
    fn insert(&mut self, node: NodeId) -> bool {
        self.0
            .get_mut(node.index())
            .is_some_and(|slot| !std::mem::replace(slot, true))
    }

    fn contains(&self, node: NodeId) -> bool {
        self.0.get(node.index()).copied().unwrap_or_default()
    }
}

/// A walk under way.
struct Search<'l> {
    lineage: &'l Lineage,
    direction: Direction,
    visited: Visited,
    order: Vec<State>,
}

impl Lineage {
    /// Everything that lies in a direction. `is_weights` tells by a file's path whether it holds weights.
    #[must_use]
    pub fn walk(&self, start: NodeId, direction: Direction, is_weights: &dyn Fn(&str) -> bool) -> Walk {
        let search = Search::run(self, self.beginnings(start, direction), direction);
        let mut seen = Nodes::of(self, std::iter::once(start));
        let mut reached = Vec::new();
        for state in search.order.iter().filter(|state| search.is_told(**state)) {
            if seen.insert(state.0) {
                reached.push(Reached {
                    node: state.0,
                    standing: search.visited.standing(*state).unwrap_or(Standing::Unknown),
                    mode: state.1,
                });
            }
        }
        let shares = match direction {
            Direction::Ancestors => Vec::new(),
            _ => self.shares(&search, &seen, is_weights),
        };
        Walk {
            reached,
            shares,
            visited: search.visited,
        }
    }

    /// Where a walk begins. One that begins at a name goes on from everything that is called so; a walk that comes by a
    /// name does not, since it may mean another version.
    fn beginnings(&self, start: NodeId, direction: Direction) -> Vec<NodeId> {
        let mut all = vec![start];
        let is_name = self
            .node(start)
            .is_some_and(|it| matches!(it.identity, Identity::Named(_)));
        if is_name && direction != Direction::Ancestors {
            let called = self.into_node(start).filter(|it| it.how == How::Called);
            all.extend(called.map(|it| it.from));
        }
        all
    }

    /// Models around weights that a search came down to, if the search did not come to them and they are not older.
    fn shares(&self, search: &Search<'_>, seen: &Nodes, is_weights: &dyn Fn(&str) -> bool) -> Vec<Share> {
        let holds_weights = |file: NodeId| {
            self.node(file)
                .is_some_and(|it| it.paths.iter().any(|path| is_weights(path)))
        };
        let files = search.order.iter().filter(|(_, mode)| *mode == Mode::Down);
        // Whether a model is new is asked first: of a million files hardly one is in a model that the search did not come to.
        let mut shares: Vec<Share> = files
            .flat_map(|(file, _)| {
                let models = self
                    .out_of(*file)
                    .filter(|edge| edge.how == How::PartOf && !seen.contains(edge.to));
                models.filter(|_| holds_weights(*file)).map(|edge| Share {
                    file: *file,
                    model: edge.to,
                })
            })
            .collect();
        shares.sort();
        shares.dedup();
        if !shares.is_empty() {
            let came_to = search.order.iter().filter(|(_, mode)| *mode != Mode::Down);
            let models = came_to.map(|(node, _)| *node).collect();
            let older = Search::run(self, models, Direction::Ancestors);
            let older = Nodes::of(self, older.order.into_iter().map(|(node, _)| node));
            shares.retain(|share| !older.contains(share.model));
        }
        shares
    }
}

impl<'l> Search<'l> {
    /// Visits every state, those over the best known edges first.
    fn run(lineage: &'l Lineage, starts: Vec<NodeId>, direction: Direction) -> Self {
        let mut search = Self {
            lineage,
            direction,
            visited: Visited::new(lineage.nodes.len()),
            order: Vec::new(),
        };
        let mut queues: [VecDeque<Visit>; Standing::ALL.len()] = Default::default();
        let [first, ..] = &mut queues;
        first.extend(starts.into_iter().map(|node| ((node, Mode::Along), None)));
        for (level, standing) in Standing::ALL.into_iter().enumerate() {
            // An edge that a check refuted leads nowhere.
            if standing == Standing::Failed {
                break;
            }
            while let Some((state, before)) = queues.get_mut(level).and_then(VecDeque::pop_front) {
                if !search.visited.visit(state, level, before) {
                    continue;
                }
                search.order.push(state);
                search.next(state, |next, id, edge| {
                    let worst = Standing::ALL
                        .iter()
                        .position(|it| *it == edge.standing)
                        .unwrap_or(level);
                    if let Some(queue) = queues.get_mut(worst.max(level)) {
                        queue.push_back((next, Some((state, id))));
                    }
                });
            }
        }
        search
    }

    /// The states that follow one.
    fn next(&self, (node, mode): State, mut visit: impl FnMut(State, EdgeId, &Edge)) {
        let (along, against) = match self.direction {
            Direction::Ancestors => (&self.lineage.incoming, &self.lineage.outgoing),
            _ => (&self.lineage.outgoing, &self.lineage.incoming),
        };
        for (ids, is_along) in [(along, true), (against, false)] {
            for id in ids.of(node) {
                let Some(edge) = self.lineage.edge(*id) else {
                    continue;
                };
                if let Some(mode) = self.follow(mode, edge.how, is_along) {
                    let end = if edge.from == node { edge.to } else { edge.from };
                    visit((end, mode), *id, edge);
                }
            }
        }
    }

    /// The mode after an edge, where a walk in this mode may take it. `is_along` is whether the edge points where the walk goes.
    fn follow(&self, mode: Mode, how: How, is_along: bool) -> Option<Mode> {
        let is_up = is_along == (self.direction != Direction::Ancestors);
        match how {
            How::PartOf if mode == Mode::Along => Some(if is_up { Mode::Up } else { Mode::Down }),
            How::PartOf => None,
            How::Input | How::Output | How::Derived(_) | How::Trained => is_along.then_some(Mode::Along),
            How::Uses | How::Evaluated => {
                (is_along && self.direction == Direction::Users).then_some(Mode::Along)
            }
            // From bytes to the name that others use for them; the other way only at the beginning of a walk.
            How::Called => (is_along && self.direction != Direction::Ancestors).then_some(mode),
        }
    }

    /// Whether a state is an answer: neither where the walk began, nor a step, nor a file on the way, nor another name.
    fn is_told(&self, state: State) -> bool {
        let Some((_, edge)) = self.visited.before(state) else {
            return false;
        };
        let is_name = self.lineage.edge(edge).is_some_and(|it| it.how == How::Called);
        let is_step = self.lineage.is_step(state.0);
        state.1 != Mode::Down && !is_step && !is_name
    }
}

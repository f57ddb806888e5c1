//! The models that a model was made from: their provenance, as far as it was given, judged by the same list of builders.
//!
//! Worked off as a list and never by calls within calls, nearest first; no statement is looked at twice, so that a circle ends.
//! Whatever is not followed stays an open end and is told: a chain is only as good as what nobody showed of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry};

use weightlock_artifact::{digest::Digest, standing::Standing};
use weightlock_bom::{
    provenance::{Parent, Provenance},
    slsa::{Expected, Level, OpenEnds, TrustedBuilder, accept},
};

use super::{Base, found::Piece};
use crate::diagnostic::Diagnostic;

/// More parents than this are not followed; what is left is told.
const MOST: usize = 1000;

/// What is known of the models that one was made from.
#[derive(Default)]
pub(super) struct Chain {
    /// Each parent, nearest first.
    pub(super) bases: Vec<Base>,
    /// Provenance that was found for them.
    pub(super) links: Vec<(Provenance, Standing)>,
    /// Provenance that was given and does not hold.
    pub(super) refused: Vec<Diagnostic>,
    /// Parents of which nobody knows how they were made, or of which nobody asked.
    pub(super) open: OpenEnds,
}

/// A statement of the chain whose parents are looked at: the model's own, or one by its number among those given.
type Statement = Option<usize>;

/// What is followed, and what is left to follow.
struct Following<'a> {
    given: &'a [Piece],
    trusted: &'a [TrustedBuilder],
    depth: usize,
    pending: VecDeque<(Statement, Provenance, usize)>,
    /// Which statements each statement's parents were found in.
    parents: BTreeMap<Statement, BTreeSet<Statement>>,
    chain: Chain,
}

impl Chain {
    /// Follows the parents of a model, to this depth.
    pub(super) fn of(
        provenance: &Provenance,
        given: &[Piece],
        trusted: &[TrustedBuilder],
        depth: usize,
    ) -> Self {
        let mut following = Following {
            given,
            trusted,
            depth,
            pending: VecDeque::from([(None, provenance.clone(), 1)]),
            parents: BTreeMap::from([(None, BTreeSet::new())]),
            chain: Self::default(),
        };
        while let Some((child, provenance, at)) = following.pending.pop_front() {
            for parent in provenance.parents() {
                following.follow(child, &parent, at);
            }
        }
        following.circles();
        following.chain
    }
}

impl Following<'_> {
    fn follow(&mut self, child: Statement, parent: &Parent<'_>, at: usize) {
        if self.chain.bases.len() >= MOST {
            self.chain.open.beyond = self.chain.open.beyond.saturating_add(1);
            return;
        }
        if at > self.depth {
            let why = format!("deeper than --depth {}, and not looked at", self.depth);
            self.ends(parent, at, Standing::Unknown, &why);
            return;
        }
        let found: Vec<(usize, &Piece)> = self
            .given
            .iter()
            .enumerate()
            .filter(|(_, piece)| is_about(piece, parent))
            .collect();
        let Some((number, judged)) = best(&found, self.trusted) else {
            self.ends(parent, at, Standing::Unknown, "no provenance of it was given");
            return;
        };
        let (provenance, standing, what) = match judged {
            Judged::Verified(provenance) => {
                let what = format!("built by {}", provenance.builder);
                (provenance, Standing::Verified, what)
            }
            Judged::Declared(provenance, why) => (provenance, Standing::Declared, why),
            Judged::Refused(told) => {
                self.ends(parent, at, Standing::Failed, &told.sentence());
                self.chain.refused.push(told);
                return;
            }
        };
        self.chain.bases.push(base(parent, at, standing, &what));
        self.parents.entry(child).or_default().insert(Some(number));
        if let Entry::Vacant(entry) = self.parents.entry(Some(number)) {
            entry.insert(BTreeSet::new());
            self.pending
                .push_back((Some(number), provenance.clone(), at.saturating_add(1)));
            self.chain.links.push((provenance, standing));
        }
    }

    /// A parent that the chain ends with, without an answer.
    fn ends(&mut self, parent: &Parent<'_>, at: usize, standing: Standing, what: &str) {
        self.chain.bases.push(base(parent, at, standing, what));
        self.chain
            .open
            .models
            .push((parent.name().to_owned(), what.to_owned()));
    }

    /// Models that are said to be made from themselves, over however many steps: such a chain has no beginning. Statements whose
    /// parents all have a beginning have one too; what is left in the end has none.
    fn circles(&mut self) {
        loop {
            let rooted: Vec<Statement> = self
                .parents
                .iter()
                .filter(|(_, parents)| !parents.iter().any(|one| self.parents.contains_key(one)))
                .map(|(statement, _)| *statement)
                .collect();
            if rooted.is_empty() {
                break;
            }
            for statement in rooted {
                self.parents.remove(&statement);
            }
        }
        for number in self.parents.keys().flatten() {
            let name = self.given.get(*number).map_or("", |piece| &piece.name);
            self.chain.open.models.push((
                name.to_owned(),
                "it is said to be made from what was made from it".to_owned(),
            ));
        }
    }
}

fn base(parent: &Parent<'_>, depth: usize, standing: Standing, what: &str) -> Base {
    Base {
        name: parent.name().to_owned(),
        role: parent.role.word().to_owned(),
        digest: parent.digest().map(|digest| digest.to_string()),
        depth,
        standing,
        what: what.to_owned(),
    }
}

/// Whether a statement is about a parent: about its whole, or about each of the files that are named.
fn is_about(piece: &Piece, parent: &Parent<'_>) -> bool {
    let subjects = &piece.statement.subjects;
    let digests = || -> BTreeSet<Digest> { subjects.iter().map(|one| one.sha256).collect() };
    match parent.digest() {
        Some(digest) => {
            let is_first = subjects.first().is_some_and(|first| first.sha256 == digest);
            let is_one = parent.parts.len() == 1;
            // A file can have a folder's manifest for its content, and then has the folder's digest.
            let names_files =
                |named: &BTreeSet<Digest>| parent.files().all(|file| file == digest || named.contains(&file));
            (is_first && names_files(&digests()))
                || (is_one && subjects.iter().any(|one| one.sha256 == digest))
        }
        None => {
            let files: Vec<Digest> = parent.files().collect();
            let named = if files.is_empty() {
                BTreeSet::new()
            } else {
                digests()
            };
            !files.is_empty() && files.iter().all(|file| named.contains(file))
        }
    }
}

/// What came of a statement.
enum Judged {
    /// A builder of the list, of level 2 or 3, stands behind it.
    Verified(Provenance),
    /// Somebody says so.
    Declared(Provenance, String),
    /// It was to be believed, and does not hold.
    Refused(Diagnostic),
}

/// The best of several statements. One that is bad beside one that is good changes nothing: anybody could put it there.
fn best(found: &[(usize, &Piece)], trusted: &[TrustedBuilder]) -> Option<(usize, Judged)> {
    let rank = |judged: &Judged| match judged {
        Judged::Verified(_) => 0,
        Judged::Declared(..) => 1,
        Judged::Refused(_) => 2,
    };
    let judged = found
        .iter()
        .map(|(number, piece)| (*number, judge(piece, trusted)));
    judged.min_by_key(|(_, judged)| rank(judged))
}

fn judge(piece: &Piece, trusted: &[TrustedBuilder]) -> Judged {
    let provenance = match piece.provenance() {
        Ok(provenance) => provenance,
        Err(error) => return Judged::Refused(Diagnostic::of(error.code(), &error).at(piece.name.clone())),
    };
    let Some(bundle) = &piece.bundle else {
        return Judged::Declared(provenance, "nobody signed its provenance".to_owned());
    };
    match accept(bundle, trusted) {
        Ok(accepted) => match Expected::default().content(&accepted.provenance, Some(accepted.builder)) {
            Err(refused) => Judged::Refused(Diagnostic::of(refused.code(), &refused).at(piece.name.clone())),
            // Whoever signs for a builder of level 1 can write what they like.
            Ok(_) if accepted.builder.level < Level::L2 => Judged::Declared(
                provenance,
                format!("the list gives {} level 1", accepted.builder.id),
            ),
            Ok(_) => Judged::Verified(accepted.provenance),
        },
        Err(why) => Judged::Declared(provenance, why.to_string()),
    }
}

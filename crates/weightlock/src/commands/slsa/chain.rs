//! The models that a model was made from: their provenance, as far as it was given, judged by the same list of builders.
//!
//! Worked off as a list and never by calls within calls; no statement is looked at twice, so that a circle ends.

use std::collections::BTreeSet;

use weightlock_artifact::{digest::Digest, standing::Standing};
use weightlock_bom::{
    provenance::{Parent, Provenance},
    slsa::{Expected, Level, TrustedBuilder, accept},
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
}

impl Chain {
    /// Follows the parents of a model, to this depth.
    pub(super) fn of(
        provenance: &Provenance,
        given: &[Piece],
        trusted: &[TrustedBuilder],
        depth: usize,
    ) -> Self {
        let mut chain = Self::default();
        let mut seen = BTreeSet::new();
        let mut pending = vec![(provenance.clone(), 1)];
        while let Some((child, at)) = pending.pop() {
            for parent in child.parents() {
                if at > depth || chain.bases.len() >= MOST {
                    continue;
                }
                let found: Vec<(usize, &Piece)> = given
                    .iter()
                    .enumerate()
                    .filter(|(_, piece)| is_about(piece, &parent))
                    .collect();
                let Some((number, judged)) = best(&found, trusted) else {
                    chain.bases.push(base(
                        &parent,
                        at,
                        Standing::Unknown,
                        "no provenance of it was given",
                    ));
                    continue;
                };
                chain.add(&parent, at, judged, &mut pending, seen.insert(number));
            }
        }
        chain.bases.sort_by_key(|base| base.depth);
        chain
    }

    fn add(
        &mut self,
        parent: &Parent<'_>,
        at: usize,
        judged: Judged,
        pending: &mut Vec<(Provenance, usize)>,
        is_new: bool,
    ) {
        let (provenance, standing, what) = match judged {
            Judged::Verified(provenance) => {
                let what = format!("built by {}", provenance.builder);
                (Some(provenance), Standing::Verified, what)
            }
            Judged::Declared(provenance, why) => (Some(provenance), Standing::Declared, why),
            Judged::Refused(told) => {
                let what = told.sentence();
                self.refused.push(told);
                (None, Standing::Failed, what)
            }
        };
        self.bases.push(base(parent, at, standing, &what));
        if let Some(provenance) = provenance.filter(|_| is_new) {
            pending.push((provenance.clone(), at.saturating_add(1)));
            self.links.push((provenance, standing));
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
    let has = |digest: &Digest| subjects.iter().any(|one| one.sha256 == *digest);
    match parent.digest() {
        Some(digest) => {
            let is_first = subjects.first().is_some_and(|first| first.sha256 == digest);
            // A file can have a folder's manifest for its content, and then has the folder's digest.
            let names_files = parent.files().all(|file| file == digest || has(&file));
            (is_first && names_files) || (parent.parts.len() == 1 && has(&digest))
        }
        None => {
            let files: Vec<Digest> = parent.files().collect();
            !files.is_empty() && files.iter().all(has)
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

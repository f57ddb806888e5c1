//! Which statements of a kind count, and what is wrong with the others.

use std::cmp::Reverse;

use jiff::Timestamp;
use weightlock_artifact::evidence::Kind;

use super::Case;
use crate::{
    check::Check,
    demand::AgeOf,
    evidence::{Content, Holds, StatementFact},
    layer::Policy,
    verdict::Reason,
};

/// Statements that do not count and are told.
const MOST_TOLD: usize = 8;

/// Statements of a kind with what is asked of them.
///
/// A yes rests on those that count: in every layer, and young enough. A no is heard from everybody whom one layer names, however old it
/// is: no further policy and no limit of age takes it back, only a newer word of those whom that layer names.
pub(super) struct Candidates<'e, T> {
    /// Those that count, the newest first; those without a time last.
    pub(super) good: Vec<(&'e StatementFact, T)>,
    /// Those whose no is heard, in the same order. All that count are among them.
    heard: Vec<(&'e StatementFact, T)>,
    /// What is wrong with those that do not count.
    others: Vec<(&'e StatementFact, String)>,
    /// Those of the others that are by somebody who is heard, about this model, and cannot be read.
    unread: Vec<(&'e StatementFact, String)>,
    policy: &'e Policy,
}

impl<'e, T> Candidates<'e, T> {
    /// Those that are heard.
    pub(super) fn heard(&self) -> &[(&'e StatementFact, T)] {
        &self.heard
    }

    /// Those that are heard in each layer. Layers that hear nobody have none.
    pub(super) fn by_layer(&self) -> impl Iterator<Item = Vec<&(&'e StatementFact, T)>> {
        (0..self.policy.layers().len()).map(|layer| {
            let here = self.heard.iter();
            here.filter(|(it, _)| self.policy.hears_in(layer, it.kind, &it.by))
                .collect()
        })
    }

    /// Those whose fault is a no, of those that speak of it: the newest of those that count, and the newest that each layer hears, with
    /// every other one that could be the newest.
    pub(super) fn decisive(&self, speaks: impl Fn(&T) -> bool) -> Vec<&(&'e StatementFact, T)> {
        let mut all: Vec<&(&StatementFact, T)> = self.newest(&speaks).collect();
        for here in self.by_layer() {
            let here: Vec<_> = here.into_iter().filter(|(_, said)| speaks(said)).collect();
            for one in could_be_newest(&here) {
                if !all.iter().any(|(known, _)| known.id == one.0.id) {
                    all.push(one);
                }
            }
        }
        all
    }

    /// The newest of those that count and speak of it, with every other one that could be the newest: of the same time, or without one.
    pub(super) fn newest(
        &self,
        speaks: impl Fn(&T) -> bool,
    ) -> impl Iterator<Item = &(&'e StatementFact, T)> {
        let good: Vec<_> = self.good.iter().filter(|(_, said)| speaks(said)).collect();
        could_be_newest(&good).collect::<Vec<_>>().into_iter()
    }

    /// Whether a statement is one of those that count.
    pub(super) fn counts(&self, statement: &StatementFact) -> bool {
        self.good.iter().any(|(good, _)| good.id == statement.id)
    }

    /// A reason for each statement that cannot be read and that nothing newer by its signer replaces: it could take back the others.
    pub(super) fn doubts(&self, check: Check) -> impl Iterator<Item = Reason> {
        let is_replaced = |unread: &StatementFact| {
            self.heard.iter().any(|(other, _)| {
                other.signer == unread.signer && unread.made.is_some() && other.made > unread.made
            })
        };
        let open = self.unread.iter().filter(move |(it, _)| !is_replaced(it));
        open.map(move |(it, why)| {
            let text = format!("{} cannot be read and could take back the others: {why}", it.name);
            Reason::no(check.code(), text).of([it.id])
        })
    }

    /// Why none counts: there is none, or what is wrong with those that there are.
    pub(super) fn lack(&self, check: Check, what: &str) -> Vec<Reason> {
        if self.others.is_empty() {
            return vec![Reason::no(check.code(), format!("there is no {what}"))];
        }
        let told = self.others.iter().take(MOST_TOLD).map(|(statement, why)| {
            Reason::no(
                check.code(),
                format!("no {what} counts: {} {why}", statement.name),
            )
            .of([statement.id])
        });
        told.collect()
    }
}

impl Case<'_> {
    /// The statements of a kind that say what is asked for: a known signer, about these bytes, young enough.
    pub(super) fn candidates<T: Clone>(
        &self,
        kind: Kind,
        wanted: impl Fn(&Content) -> Option<T>,
    ) -> Candidates<'_, T> {
        let (mut good, mut heard) = (Vec::new(), Vec::new());
        let (mut others, mut unread) = (Vec::new(), Vec::new());
        for statement in &self.evidence.statements {
            if statement.kind != kind {
                continue;
            }
            let Some(said) = wanted(&statement.content) else {
                continue;
            };
            let is_heard = self.policy.hears(statement.kind, &statement.by);
            match &statement.holds {
                Holds::Yes if is_heard => heard.push((statement, said.clone())),
                Holds::No {
                    why, is_other: false, ..
                } if is_heard => unread.push((statement, why.clone())),
                Holds::Yes | Holds::No { .. } => {}
            }
            match self.fault(statement) {
                None => good.push((statement, said)),
                Some(why) => others.push((statement, why)),
            }
        }
        for list in [&mut good, &mut heard] {
            list.sort_by_key(|(statement, _)| Reverse(statement.made));
        }
        Candidates {
            good,
            heard,
            others,
            unread,
            policy: self.policy,
        }
    }

    /// Why a statement does not count.
    pub(super) fn fault(&self, statement: &StatementFact) -> Option<String> {
        if !self.policy.counts(statement.kind, &statement.by) {
            if let Some(layer) = self.policy.silent_on(statement.kind).next() {
                return Some(format!(
                    "counts for nobody: {} demands such statements and does not say by whom",
                    layer.source
                ));
            }
            return Some(match &statement.signed_by {
                Some(who) => format!("is signed by {who}, whose word on this does not count here"),
                None => "is signed by nobody whose word counts here".to_owned(),
            });
        }
        if let Holds::No { why, is_other, .. } = &statement.holds {
            return Some(if *is_other {
                format!("is about something else: {why}")
            } else {
                format!("is refused: {why}")
            });
        }
        self.too_old(AgeOf::Kind(statement.kind), statement.made)
    }

    /// Why something is not young enough.
    pub(super) fn too_old(&self, of: AgeOf, made: Option<Timestamp>) -> Option<String> {
        let age = self.ages.get(&of)?;
        match made {
            None => Some(format!(
                "does not say when it was made, or says a time to come, and {age} is the limit"
            )),
            Some(made) if age.allows(made, self.now) => None,
            Some(made) => Some(format!("is of {made}, and {age} is the limit")),
        }
    }
}

/// The newest of some, which are in their order, with every other one that could be it: of the same time, or without one.
fn could_be_newest<'c, 'e, T>(
    some: &[&'c (&'e StatementFact, T)],
) -> impl Iterator<Item = &'c (&'e StatementFact, T)>
where
    'e: 'c,
{
    let newest = some.first().map(|(statement, _)| statement.made);
    some.iter()
        .copied()
        .filter(move |(statement, _)| statement.made.is_none() || Some(statement.made) == newest)
}

/// The newest statement of each signer, where the later takes back the earlier. Of two of the same time, and of one without a
/// time, the worse counts. `all` is in the order of [`Candidates`].
pub(super) fn last_words<'c, 'e, T: Copy>(
    all: &'c [(&'e StatementFact, T)],
    is_worse: impl Fn(T) -> bool,
) -> Vec<(&'c str, &'e StatementFact, T)> {
    let mut words: Vec<(&str, &StatementFact, T)> = Vec::new();
    // The newest first, as candidates are sorted.
    for (statement, said) in all {
        let Some(signer) = statement.signer.as_deref() else {
            continue;
        };
        match words.iter_mut().find(|(known, ..)| *known == signer) {
            None => words.push((signer, statement, *said)),
            Some(word) => {
                let is_as_new = statement.made.is_none() || statement.made == word.1.made;
                if is_as_new && is_worse(*said) {
                    *word = (signer, statement, *said);
                }
            }
        }
    }
    words
}

//! Which statements of a kind count, and what is wrong with the others.

use jiff::Timestamp;
use weightlock_artifact::evidence::Kind;

use super::Case;
use crate::{
    check::Check,
    demand::AgeOf,
    evidence::{Content, Holds, StatementFact},
    verdict::Reason,
};

/// Statements that do not count and are told.
const MOST_TOLD: usize = 8;

/// Statements of a kind with what is asked of them.
pub(super) struct Candidates<'e, T> {
    /// Those that count, the newest first; those without a time last.
    pub(super) good: Vec<(&'e StatementFact, T)>,
    /// What is wrong with the others.
    others: Vec<(&'e StatementFact, String)>,
    /// Those of the others that are by somebody who counts, about this model, and cannot be read.
    unread: Vec<(&'e StatementFact, String)>,
}

impl<'e, T> Candidates<'e, T> {
    /// The newest of those that count, with every other one that could be the newest: of the same time, or without one.
    pub(super) fn newest(&self) -> impl Iterator<Item = &(&'e StatementFact, T)> {
        could_be_newest(&self.good)
    }

    /// A reason for each statement that cannot be read and that nothing newer by its signer replaces: it could take back the others.
    pub(super) fn doubts(&self, check: Check) -> impl Iterator<Item = Reason> {
        let is_replaced = |unread: &StatementFact| {
            self.good.iter().any(|(other, _)| {
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
    pub(super) fn candidates<T>(
        &self,
        kind: Kind,
        wanted: impl Fn(&Content) -> Option<T>,
    ) -> Candidates<'_, T> {
        let (mut good, mut others, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for statement in &self.evidence.statements {
            if statement.kind != kind {
                continue;
            }
            let Some(said) = wanted(&statement.content) else {
                continue;
            };
            if let Holds::No {
                why, is_other: false, ..
            } = &statement.holds
                && self.policy.counts(statement.kind, &statement.by)
            {
                unread.push((statement, why.clone()));
            }
            match self.fault(statement) {
                None => good.push((statement, said)),
                Some(why) => others.push((statement, why)),
            }
        }
        good.sort_by_key(|(statement, _)| std::cmp::Reverse(statement.made));
        Candidates { good, others, unread }
    }

    /// Why a statement does not count.
    fn fault(&self, statement: &StatementFact) -> Option<String> {
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

/// Likewise, of some of them, the newest first and those without a time last.
pub(super) fn could_be_newest<'c, 'e, T>(
    good: impl IntoIterator<Item = &'c (&'e StatementFact, T), IntoIter: Clone>,
) -> impl Iterator<Item = &'c (&'e StatementFact, T)>
where
    'e: 'c,
    T: 'c,
{
    let good = good.into_iter();
    let newest = good.clone().next().map(|(statement, _)| statement.made);
    good.filter(move |(statement, _)| statement.made.is_none() || Some(statement.made) == newest)
}

/// The newest statement of each signer, where the later takes back the earlier. Of two of the same time, and of one without a
/// time, the worse counts.
pub(super) fn last_words<'c, 'e, T: Copy>(
    good: &'c [(&'e StatementFact, T)],
    is_worse: impl Fn(T) -> bool,
) -> Vec<(&'c str, &'e StatementFact, T)> {
    let mut words: Vec<(&str, &StatementFact, T)> = Vec::new();
    // The newest first, as candidates are sorted.
    for (statement, said) in good {
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

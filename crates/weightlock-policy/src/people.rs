//! [`People`]: how many people signed, where one person can have several keys, certificates and names.
//!
//! Signers are one person where they share a mark: a key, the subject of a certificate, an address, a workflow. So are two who share
//! none with each other and one each with a third. Counting keys would let one person be two, with a second certificate.

use std::collections::BTreeSet;

use crate::evidence::StatementFact;

/// The people behind statements.
pub(crate) struct People<'e>(Vec<BTreeSet<&'e str>>);

impl<'e> People<'e> {
    /// Those of all statements: one that does not count can still show that two signers are one person.
    pub(crate) fn of(statements: &'e [StatementFact]) -> Self {
        let mut people: Vec<BTreeSet<&str>> = Vec::new();
        for statement in statements {
            let mut joined: BTreeSet<&str> = statement.marks.iter().map(String::as_str).collect();
            people.retain_mut(|person| {
                let is_other = person.is_disjoint(&joined);
                if !is_other {
                    joined.append(person);
                }
                is_other
            });
            if !joined.is_empty() {
                people.push(joined);
            }
        }
        Self(people)
    }

    /// The first statement of each person. One whose signer nobody knows is nobody's.
    pub(crate) fn first_of_each(
        &self,
        statements: impl IntoIterator<Item = &'e StatementFact>,
    ) -> Vec<&'e StatementFact> {
        let mut known = BTreeSet::new();
        let statements = statements.into_iter();
        statements
            .filter(|statement| self.person(statement).is_some_and(|person| known.insert(person)))
            .collect()
    }

    fn person(&self, statement: &StatementFact) -> Option<usize> {
        let mark = statement.marks.first()?;
        self.0.iter().position(|person| person.contains(mark.as_str()))
    }
}

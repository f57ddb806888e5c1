//! What becomes of each name that a stream imports, gathered so that a million calls of one class are one line.

use std::collections::HashMap;

use weightlock_format::pickle::{Op, Value, Values};

use crate::{
    analyze::Examination,
    imports::Grade,
    observation::pickle::{Name, Seen, Use},
};

/// Where something was seen.
pub(super) type Spot = (u64, Op);

/// A name, and what became of it.
#[derive(Debug)]
struct Entry {
    name: Name,
    first: Spot,
    uses: Vec<(Spot, Use)>,
}

impl Entry {
    /// Whether uses of it need not be told: a list vouches for it, and its name is plain.
    fn is_quiet(&self) -> bool {
        self.name.known.is_silent() && !self.name.global.computed
    }
}

/// Every name that a stream imports.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_value: HashMap<Value, usize>,
    entries: Vec<Entry>,
    /// Whether a name was imported that no list vouches for.
    pub(super) any_risky: bool,
    /// Whether a name was not kept, because there were too many.
    pub(super) lost: bool,
}

impl Names {
    /// Uses of one name that are told.
    const MOST_USES: usize = 16;
    /// Names of one stream. A checkpoint of a large training run imports some hundred.
    pub(super) const MOST: usize = 20_000;

    /// A name is imported.
    pub(super) fn import(&mut self, value: Value, spot: Spot, values: &Values) {
        if self.by_value.contains_key(&value) {
            return;
        }
        let Some(global) = values.global(value) else {
            return;
        };
        if self.entries.len() >= Self::MOST {
            self.lost = true;
            return;
        }
        let name = Name::new(global);
        self.any_risky |= !name.is_vouched();
        self.by_value.insert(value, self.entries.len());
        self.entries.push(Entry {
            name,
            first: spot,
            uses: Vec::new(),
        });
    }

    /// The name that `value` is.
    pub(super) fn get(&self, value: Value) -> Option<&Name> {
        let index = *self.by_value.get(&value)?;
        self.entries.get(index).map(|entry| &entry.name)
    }

    /// Notes what becomes of a name; `tell` is asked only when that is of interest.
    pub(super) fn used(&mut self, value: Value, spot: Spot, tell: impl FnOnce(&Name) -> Use) {
        let quiet = |&index: &usize| self.entries.get(index).is_some_and(Entry::is_quiet);
        if !self.by_value.get(&value).is_some_and(quiet) {
            self.changed(value, spot, tell);
        }
    }

    /// As [`Names::used`], of uses that are told of every name.
    pub(super) fn changed(&mut self, value: Value, spot: Spot, tell: impl FnOnce(&Name) -> Use) {
        let entry = self
            .by_value
            .get(&value)
            .and_then(|&index| self.entries.get_mut(index));
        let Some(entry) = entry else {
            return;
        };
        let dangerous = entry.name.known.grade == Grade::Dangerous;
        if entry.uses.len() >= Self::MOST_USES {
            return;
        }
        let used = tell(&entry.name);
        // Harmless uses must not use up the room of those that are not.
        let same = |(at, known): &(Spot, Use)| {
            let one_enough = !dangerous || *at == spot || matches!(used, Use::Called { tame: true, .. });
            known.weighs_as(&used) && one_enough
        };
        if !entry.uses.iter().any(same) {
            entry.uses.push((spot, used));
        }
    }

    /// Puts down what became of each name: that it is imported only where nothing more is known.
    pub(super) fn report(self, exam: &mut Examination<'_>) {
        for entry in self.entries {
            let quiet = entry.is_quiet();
            let uses = match entry.uses {
                none if none.is_empty() && quiet => continue,
                none if none.is_empty() => vec![(entry.first, Use::Imported)],
                uses => uses,
            };
            for ((offset, op), used) in uses {
                let name = entry.name.clone();
                exam.put(
                    Some(offset),
                    Some(op.name().to_owned()),
                    Seen::Name { name, used },
                );
            }
        }
    }
}

//! The memo: values by index, grown only as it is used.

use std::collections::HashMap;

use super::Value;

/// Values by index. Indices that follow each other lie in a list, the others in a map: CPython grows its list to
/// twice the index instead, so that eleven bytes of a stream take gigabytes.
#[derive(Debug, Default)]
pub(super) struct Memo {
    dense: Vec<Option<Value>>,
    sparse: HashMap<u64, Value>,
    count: u64,
}

impl Memo {
    /// Indices that may be left out without going to the map.
    const MOST_LEFT_OUT: usize = 64;

    /// The value at `index`.
    pub(super) fn get(&self, index: u64) -> Option<Value> {
        let dense = usize::try_from(index)
            .ok()
            .and_then(|index| self.dense.get(index));
        match dense {
            Some(&value) => value,
            None => self.sparse.get(&index).copied(),
        }
    }

    /// Puts `value` at `index`, in place of what is there.
    pub(super) fn put(&mut self, index: u64, value: Value) {
        let new = match usize::try_from(index) {
            Ok(near) if near <= self.dense.len().saturating_add(Self::MOST_LEFT_OUT) => {
                self.put_dense(near, value)
            }
            _ => self.sparse.insert(index, value).is_none(),
        };
        self.count = self.count.saturating_add(u64::from(new));
    }

    fn put_dense(&mut self, index: usize, value: Value) -> bool {
        while self.dense.len() <= index {
            let moved = self.sparse.remove(&(self.dense.len() as u64));
            self.dense.push(moved);
        }
        self.dense
            .get_mut(index)
            .is_some_and(|slot| slot.replace(value).is_none())
    }

    /// How many values there are, which is the index that MEMOIZE takes next.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_where_they_are_put() {
        let mut memo = Memo::default();
        let at = |index: u64| Value::int(index.cast_signed());
        for index in [70_000, 1, 5, 66, 131, u64::MAX, 0, 1] {
            memo.put(index, at(index));
        }
        assert_eq!(memo.count(), 7, "one was put twice");
        for index in [0, 1, 5, 66, 131, 70_000, u64::MAX] {
            assert_eq!(memo.get(index), Some(at(index)));
        }
        for index in 132..70_000 {
            memo.put(index, at(0));
        }
        memo.put(70_001, at(0));
        assert_eq!(
            memo.get(70_000),
            Some(at(70_000)),
            "moved from the map to the list"
        );
        assert_eq!(memo.get(2), None);
    }
}

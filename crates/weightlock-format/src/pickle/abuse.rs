//! Streams that are small and make their loader work for ever or take all memory.

use super::{Value, Values, What};

/// Memo indices from here on make CPython allocate a quarter of a gigabyte.
pub(super) const MEMO_INDEX: u64 = 1 << 24;
/// Digits of a number in text; reading them takes time that grows with the square.
pub(super) const DIGITS: u64 = 10_000;
/// Bytes of a binary integer.
pub(super) const LONG_BYTES: u64 = 1 << 20;
/// Lengths from here on that are longer than the stream.
pub(super) const LENGTH: u64 = 1 << 28;
/// Containers in containers. Picklers recurse, and stop at about 500.
const DEEP: u32 = 5000;
/// Elements that a walk through shared containers visits.
const WALK: u64 = 100_000_000;
/// How often it visits each, on average: large data without sharing is no abuse.
const REVISITS: u64 = 1000;

/// What is known of a container.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Elements that a walk visits.
    walk: u64,
    /// Containers within each other.
    depth: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    New,
    Open,
    Done,
}

/// Measures every container: how many elements a walk through it visits, and how deep it goes.
///
/// Containers are filled long after they are put into others, so sizes are known only at the end. The walk here
/// visits each once, and keeps its own stack.
pub(super) fn measure(values: &Values) -> Vec<What> {
    let mut sizes = vec![Size::default(); values.count_objects()];
    let mut open = Vec::new();
    let mut elements = 0_u64;
    for start in 0..values.count_objects() {
        open.push(start);
        while let Some(&at) = open.last() {
            let items = values.container(at).unwrap_or_default();
            let state = sizes.get(at).map_or(State::Done, |size| size.state);
            if state == State::New {
                set(&mut sizes, at, |size| size.state = State::Open);
                elements = elements.saturating_add(items.len() as u64);
                let inner = items.iter().filter_map(|item| item.object());
                open.extend(
                    inner.filter(|&inner| sizes.get(inner).is_some_and(|size| size.state == State::New)),
                );
                continue;
            }
            open.pop();
            if state == State::Open {
                let found = total(items, &sizes);
                set(&mut sizes, at, |size| *size = found);
            }
        }
    }
    report(&sizes, elements)
}

fn set(sizes: &mut [Size], at: usize, change: impl FnOnce(&mut Size)) {
    if let Some(size) = sizes.get_mut(at) {
        change(size);
    }
}

fn total(items: &[Value], sizes: &[Size]) -> Size {
    let mut sum = Size {
        walk: 1,
        depth: 0,
        state: State::Done,
    };
    for item in items {
        let inner = item
            .object()
            .and_then(|at| sizes.get(at))
            .copied()
            .unwrap_or_default();
        // A container that is still open holds the one that is being measured: a cycle, which walks know to stop.
        let inner = if inner.state == State::Done {
            inner
        } else {
            Size::default()
        };
        sum.walk = sum.walk.saturating_add(inner.walk.max(1));
        sum.depth = sum.depth.max(inner.depth);
    }
    sum.depth = sum.depth.saturating_add(1);
    sum
}

fn report(sizes: &[Size], elements: u64) -> Vec<What> {
    let walk = sizes.iter().map(|size| size.walk).max().unwrap_or_default();
    let depth = sizes.iter().map(|size| size.depth).max().unwrap_or_default();
    let mut found = Vec::new();
    if walk >= WALK && walk >= elements.saturating_mul(REVISITS) {
        found.push(What::Abuse {
            what: "containers that share others so often that walking through them takes for ever: elements",
            asked: walk,
        });
    }
    if depth >= DEEP {
        found.push(What::Abuse {
            what: "containers so deep within each other that walking through them overflows the stack: levels",
            asked: u64::from(depth),
        });
    }
    found
}

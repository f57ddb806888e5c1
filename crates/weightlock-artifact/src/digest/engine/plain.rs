//! A worker that does one task at a time with the plain [`Hasher`]: every algorithm but SHA-256, and SHA-256
//! where pieces do not end with its blocks while the whole stream goes on.

use std::num::NonZeroU64;

use blake3::hazmat::{
    ChainingValue, HasherExt as _, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root,
};

use super::{
    Failure, Files, Part, Scope, Settings, Shared,
    feed::Feed,
    queue::{Task, Work},
};
use crate::digest::{Algorithm, Digest, Hasher, sha256::Kernel, verity::Tree};

/// Bytes of one BLAKE3 subtree, the unit in which one stream is spread over workers.
///
/// A power of two, as the tree wants it, and one chunk of reading.
pub(super) const SUBTREE: u64 = 1 << 20;

/// The chaining value of [`SUBTREE`] bytes, or of what is left at the end.
pub(super) type Subtree = ChainingValue;

pub(super) fn work<'scope, F: Files>(
    shared: &Shared<'_, F>,
    settings: &Settings,
    readers: Option<Scope<'scope, '_>>,
) -> Result<(), Failure<F::Error>> {
    let mut last = None;
    while let Some(task) = shared.next_task(&mut last) {
        do_task(shared, (settings.algorithm, settings), &task, readers)?;
    }
    Ok(())
}

/// Does a whole task by this algorithm, or nothing when the run stops meanwhile.
pub(super) fn do_task<'scope, F: Files>(
    shared: &Shared<'_, F>,
    (algorithm, settings): (Algorithm, &Settings),
    task: &Task,
    readers: Option<Scope<'scope, '_>>,
) -> Result<(), Failure<F::Error>> {
    let mut feed = Feed::new(task, shared.open(task)?, 1, readers, Vec::new());
    let mut sink = Sink::new(task, algorithm, settings.kernel);
    let mut before = None;
    while let Some(chunk) = feed
        .next(before)
        .map_err(|trouble| shared.trouble(task, trouble))?
    {
        sink.update(chunk.bytes());
        shared.observer.advanced(chunk.bytes().len() as u64);
        if shared.stopping() {
            return Ok(());
        }
        before = Some(chunk);
    }
    shared.finish(task, sink.finish())
}

enum Sink {
    Subtree(Box<blake3::Hasher>),
    Stream(Box<Streams>),
}

struct Streams {
    whole: Option<Hasher>,
    pieces: Option<Box<Pieces>>,
    tree: Option<Tree>,
}

struct Pieces {
    algorithm: Algorithm,
    size: NonZeroU64,
    /// The piece that has begun, and the bytes that it still lacks.
    current: Option<(Hasher, u64)>,
    digests: Vec<Digest>,
}

impl Sink {
    fn new(task: &Task, algorithm: Algorithm, kernel: Kernel) -> Self {
        match task.work {
            Work::Subtree { offset } => {
                let mut hasher = Box::new(blake3::Hasher::new());
                hasher.set_input_offset(offset);
                Self::Subtree(hasher)
            }
            Work::Stream { whole, piece, verity } => Self::Stream(Box::new(Streams {
                whole: whole.then(|| Hasher::new(algorithm)),
                pieces: piece.map(|size| Box::new(Pieces::new(algorithm, size))),
                tree: verity.then(|| Tree::new(kernel)),
            })),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Subtree(hasher) => {
                hasher.update(bytes);
            }
            Self::Stream(streams) => {
                let Streams { whole, pieces, tree } = &mut **streams;
                if let Some(whole) = whole {
                    whole.update(bytes);
                }
                if let Some(pieces) = pieces {
                    pieces.update(bytes);
                }
                if let Some(tree) = tree {
                    tree.update(bytes);
                }
            }
        }
    }

    fn finish(self) -> Part {
        match self {
            Self::Subtree(hasher) => Part::Subtree(hasher.finalize_non_root()),
            Self::Stream(streams) => Part::Stream {
                whole: streams.whole.map(Hasher::finish),
                pieces: streams.pieces.map_or_else(Vec::new, |pieces| pieces.finish()),
                verity: streams.tree.map(Tree::finish),
            },
        }
    }
}

impl Pieces {
    const fn new(algorithm: Algorithm, size: NonZeroU64) -> Self {
        Self {
            algorithm,
            size,
            current: None,
            digests: Vec::new(),
        }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (mut hasher, lacking) = self
                .current
                .take()
                .unwrap_or_else(|| (Hasher::new(self.algorithm), self.size.get()));
            let taken = bytes.len().min(usize::try_from(lacking).unwrap_or(usize::MAX));
            hasher.update(&bytes[..taken]);
            bytes = &bytes[taken..];
            if taken as u64 == lacking {
                self.digests.push(hasher.finish());
            } else {
                self.current = Some((hasher, lacking - taken as u64));
            }
        }
    }

    /// The last piece may be shorter; an empty one does not exist.
    fn finish(mut self) -> Vec<Digest> {
        self.digests
            .extend(self.current.map(|(hasher, _)| hasher.finish()));
        self.digests
    }
}

/// The BLAKE3 digest of a stream of `length` bytes from its subtrees, of which there are at least two.
pub(super) fn root(subtrees: &[Subtree], length: u64) -> Digest {
    let (left, right) = halves(subtrees, length);
    Digest::blake3(merge_subtrees_root(&left, &right, Mode::Hash).into())
}

/// The chaining values of the two halves of a tree of more than one subtree.
///
/// Recursion halves the length each time, so it is never deeper than 64.
fn halves(subtrees: &[Subtree], length: u64) -> (Subtree, Subtree) {
    let left = left_subtree_len(length);
    // A left half is a multiple of SUBTREE, because it is a power of two and at least that.
    let count = usize::try_from(left / SUBTREE).unwrap_or(usize::MAX);
    (
        node(&subtrees[..count], left),
        node(&subtrees[count..], length - left),
    )
}

fn node(subtrees: &[Subtree], length: u64) -> Subtree {
    if let [subtree] = subtrees {
        return *subtree;
    }
    let (left, right) = halves(subtrees, length);
    merge_subtrees_non_root(&left, &right, Mode::Hash)
}

//! A worker on SHA-256: holds several tasks and advances their streams together.
//!
//! Each turn fills the lanes that are empty, then advances all streams by the shortest run of blocks that one of
//! them has ready. So lanes stay full although tasks begin and end at different times.

use std::num::NonZeroU64;

use super::{
    Failure, Files, Part, Scope, Settings, Shared,
    feed::{Chunk, Feed, Trouble},
    plain,
    queue::{Task, Work},
};
use crate::digest::{
    Algorithm, Digest,
    sha256::{self, BLOCK, State, Tail},
    verity::Tree,
};

pub(super) fn work<'scope, F: Files>(
    shared: &Shared<'_, F>,
    settings: &Settings,
    count: usize,
    readers: Option<Scope<'scope, '_>>,
) -> Result<(), Failure<F::Error>> {
    let mut lanes: Vec<Lane> = Vec::with_capacity(count);
    let mut spares = Vec::new();
    let mut last = None;
    loop {
        for lane in std::mem::take(&mut lanes) {
            spares.extend(keep_or_finish(shared, lane, &mut lanes)?);
        }
        while lanes.len() < count
            && let Some(task) = shared.next_task(&mut last)
        {
            let handle = shared.open(&task)?;
            if suits_lanes(&task) {
                let spare = spares.pop().unwrap_or_default();
                let feed = Feed::new(&task, handle, count, readers, spare);
                spares.extend(keep_or_finish(
                    shared,
                    Lane::new(task, feed, settings),
                    &mut lanes,
                )?);
            } else {
                plain::do_task(shared, (Algorithm::Sha256, settings), &task, readers)?;
            }
        }
        if lanes.is_empty() || shared.stopping() {
            return Ok(());
        }
        advance(settings, &mut lanes);
    }
}

/// Whether all streams of a task reach the end of a block at the end of each chunk.
fn suits_lanes(task: &Task) -> bool {
    match task.work {
        Work::Stream {
            whole: true,
            piece: Some(piece),
            ..
        } => piece.get() % BLOCK as u64 == 0,
        Work::Stream { .. } => true,
        Work::Subtree { .. } => false,
    }
}

/// A lane with blocks ready stays; one that has ended hands in its digests, and its buffer is spare.
fn keep_or_finish<F: Files>(
    shared: &Shared<'_, F>,
    mut lane: Lane,
    lanes: &mut Vec<Lane>,
) -> Result<Option<Vec<u8>>, Failure<F::Error>> {
    match lane.prepare(|bytes| shared.observer.advanced(bytes)) {
        Ok(true) => {
            lanes.push(lane);
            Ok(None)
        }
        Ok(false) => {
            let part = Part::Stream {
                whole: lane.digest,
                pieces: lane.pieces,
                verity: lane.tree.map(Tree::finish),
            };
            shared.finish(&lane.task, part)?;
            Ok(lane.feed.into_spare())
        }
        Err(trouble) => Err(shared.trouble(&lane.task, trouble)),
    }
}

/// Advances all streams by the shortest run of blocks among them.
fn advance(settings: &Settings, lanes: &mut [Lane]) {
    let mut streams = Vec::with_capacity(2 * lanes.len());
    for lane in &mut *lanes {
        lane.streams(&mut streams);
    }
    let count = streams
        .iter()
        .map(|stream| stream.blocks.len())
        .min()
        .unwrap_or(0);
    for stream in &mut streams {
        stream.blocks = &stream.blocks[..count];
    }
    settings.kernel.compress(&mut streams);
    for lane in lanes {
        lane.advanced(count);
    }
}

/// One task in work.
struct Lane {
    task: Task,
    feed: Feed,
    chunk: Option<Chunk>,
    /// Bytes of the chunk that were hashed.
    at: usize,
    /// Bytes of the task that were not hashed yet.
    left: u64,
    whole: Option<Stream>,
    piece: Option<Piece>,
    digest: Option<Digest>,
    pieces: Vec<Digest>,
    /// Fed with each chunk when it comes: its blocks are streams of their own, as many as fill the lanes.
    tree: Option<Tree>,
}

struct Piece {
    stream: Stream,
    size: NonZeroU64,
    /// Bytes of it that were not hashed yet.
    left: u64,
}

struct Stream {
    state: State,
    length: u64,
    /// The last blocks with the padding, and how many of them were hashed.
    tail: Option<(Tail, usize)>,
}

impl Lane {
    fn new(task: Task, feed: Feed, settings: &Settings) -> Self {
        let left = task.range.end - task.range.start;
        let (whole, piece, tree) = match task.work {
            Work::Stream { whole, piece, verity } => (
                whole.then(|| Stream::new(left)),
                piece,
                verity.then(|| Tree::new(settings.kernel)),
            ),
            Work::Subtree { .. } => (None, None, None),
        };
        let piece = piece.and_then(|size| Piece::new(size, left));
        Self {
            task,
            feed,
            chunk: None,
            at: 0,
            left,
            whole,
            piece,
            digest: None,
            pieces: Vec::new(),
            tree,
        }
    }

    /// Makes blocks ready; false after the last digest, when the bytes of all of them proved to be the file's.
    fn prepare(&mut self, progress: impl Fn(u64)) -> Result<bool, Trouble> {
        loop {
            if self.has_tail() {
                return Ok(true);
            }
            let run = self.run();
            if run >= BLOCK {
                return Ok(true);
            }
            if self.whole.is_none() && self.piece.is_none() {
                self.next_chunk(&progress)?;
                return Ok(false);
            }
            let at_end = self.left == run as u64;
            if at_end || self.piece.as_ref().is_some_and(|piece| piece.left == run as u64) {
                self.end_streams(run, at_end);
            } else if !self.next_chunk(&progress)? {
                return Err(Trouble::Ended {
                    offset: self.task.range.end - self.left,
                });
            }
        }
    }

    fn next_chunk(&mut self, progress: impl Fn(u64)) -> Result<bool, Trouble> {
        let before = self.chunk.take();
        let hashed = before.as_ref().map_or(0, |chunk| chunk.bytes().len());
        self.chunk = self.feed.next(before)?;
        self.at = 0;
        if let (Some(tree), Some(chunk)) = (&mut self.tree, &self.chunk) {
            tree.update(chunk.bytes());
        }
        progress(hashed as u64);
        Ok(self.chunk.is_some())
    }

    /// Bytes in reach that belong to the same piece.
    fn run(&self) -> usize {
        let chunk = self
            .chunk
            .as_ref()
            .map_or(0, |chunk| chunk.bytes().len() - self.at);
        let piece = self
            .piece
            .as_ref()
            .and_then(|piece| usize::try_from(piece.left).ok());
        piece.map_or(chunk, |piece| piece.min(chunk))
    }

    fn has_tail(&self) -> bool {
        self.whole.as_ref().is_some_and(|whole| whole.tail.is_some())
            || self
                .piece
                .as_ref()
                .is_some_and(|piece| piece.stream.tail.is_some())
    }

    /// The last `rest` bytes of the piece, and of the task if it ends with it, become tails.
    fn end_streams(&mut self, rest: usize, task_ends: bool) {
        let bytes = self
            .chunk
            .as_ref()
            .map_or(&[][..], |chunk| &chunk.bytes()[self.at..self.at + rest]);
        if let Some(piece) = &mut self.piece {
            piece.stream.end(bytes);
            piece.left = 0;
        }
        if task_ends && let Some(whole) = &mut self.whole {
            whole.end(bytes);
        }
        self.at += rest;
        self.left -= rest as u64;
    }

    /// Adds the streams that have blocks ready: those with a tail, or else all, by the body of the chunk.
    fn streams<'a>(&'a mut self, streams: &mut Vec<sha256::Lane<'a>>) {
        let body = if self.has_tail() { 0 } else { self.run() };
        let (at, chunk) = (self.at, &self.chunk);
        let body = chunk
            .as_ref()
            .map_or(&[][..], |chunk| chunk.bytes()[at..at + body].as_chunks().0);
        let piece = self.piece.as_mut().map(|piece| &mut piece.stream);
        for stream in self.whole.as_mut().into_iter().chain(piece) {
            let blocks = stream
                .tail
                .as_ref()
                .map_or(body, |(tail, hashed)| &tail.blocks()[*hashed..]);
            if !blocks.is_empty() {
                streams.push(sha256::Lane {
                    state: &mut stream.state,
                    blocks,
                });
            }
        }
    }

    /// Every stream that [`streams`](Self::streams) gave was advanced by `count` blocks.
    fn advanced(&mut self, count: usize) {
        if !self.has_tail() {
            self.at += count * BLOCK;
            self.left -= (count * BLOCK) as u64;
            if let Some(piece) = &mut self.piece {
                piece.left -= (count * BLOCK) as u64;
            }
            return;
        }
        if let Some(digest) = self.whole.as_mut().and_then(|whole| whole.advance_tail(count)) {
            self.digest = Some(digest);
            self.whole = None;
        }
        if let Some(piece) = &mut self.piece
            && let Some(digest) = piece.stream.advance_tail(count)
        {
            self.pieces.push(digest);
            self.piece = Piece::new(piece.size, self.left);
        }
    }
}

impl Piece {
    /// The piece that begins where the task has `left` bytes left.
    fn new(size: NonZeroU64, left: u64) -> Option<Self> {
        let left = left.min(size.get());
        (left > 0).then(|| Self {
            stream: Stream::new(left),
            size,
            left,
        })
    }
}

impl Stream {
    const fn new(length: u64) -> Self {
        Self {
            state: State::START,
            length,
            tail: None,
        }
    }

    fn end(&mut self, rest: &[u8]) {
        self.tail = Some((Tail::new(rest, self.length), 0));
    }

    /// The digest, once the last block of the tail was hashed.
    fn advance_tail(&mut self, count: usize) -> Option<Digest> {
        let (tail, hashed) = self.tail.as_mut()?;
        *hashed += count;
        (*hashed == tail.blocks().len()).then(|| self.state.digest())
    }
}

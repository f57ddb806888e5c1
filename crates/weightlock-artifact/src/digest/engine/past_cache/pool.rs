//! The threads that read ahead, and the buffers that blocks lie in on their way to a file.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::{
    super::{
        Files, Shared, lock,
        queue::{Handle, Opened},
    },
    BLOCK_LENGTH, Blocks,
};

/// Buffers that are read ahead and not hashed yet: enough for the disk to be busy while lanes are behind.
const MOST_BUFFERS: usize = 16;

/// The files in work that are read past the cache. A copy of it is the same pool.
#[derive(Clone, Default)]
pub(in super::super) struct Pool(Arc<Inner>);

#[derive(Default)]
struct Inner {
    work: Mutex<Work>,
    changed: Condvar,
}

#[derive(Default)]
struct Work {
    files: Vec<InWork>,
    /// Whose turn it is.
    turn: usize,
    /// Workers that have not ended.
    workers: usize,
    /// Buffers in use.
    used: usize,
    spares: Vec<Vec<u8>>,
}

struct InWork {
    opened: Arc<Opened>,
    handle: Arc<Handle>,
}

/// A block that was taken, and the buffer it is read into if it is to be written from one.
struct Taken {
    file: InWork,
    block: usize,
    buffer: Option<Buffer>,
}

/// A worker that may still open files; the threads end with the last.
pub(in super::super) struct Working<'a>(&'a Pool);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let mut work = lock(&self.0.0.work);
        work.workers -= 1;
        // What was read and not hashed, because the run stops, would keep the pool that it belongs to.
        let left = if work.workers == 0 {
            std::mem::take(&mut work.files)
        } else {
            Vec::new()
        };
        drop(work);
        drop(left);
        self.0.0.changed.notify_all();
    }
}

impl Pool {
    /// Counts a worker, before any thread is started.
    pub(in super::super) fn enter(&self) -> Working<'_> {
        lock(&self.0.work).workers += 1;
        Working(self)
    }

    /// Has the threads read ahead in a file that was opened now.
    pub(in super::super) fn add(&self, opened: &Arc<Opened>, handle: &Arc<Handle>) {
        if handle.blocks.as_ref().is_some_and(Blocks::is_new) {
            lock(&self.0.work).files.push(InWork {
                opened: Arc::clone(opened),
                handle: Arc::clone(handle),
            });
            self.0.changed.notify_all();
        }
    }

    /// One thread: reads what is next, a block of each file in turn, until the run ends.
    pub(in super::super) fn read_ahead<F: Files>(&self, shared: &Shared<'_, F>) {
        // A block that was taken is read: somebody may wait for it.
        while !shared.stopping()
            && let Some(taken) = self.next()
        {
            let Taken { file, block, buffer } = taken;
            let blocks = file.handle.blocks.as_ref();
            let read = blocks.map_or(Ok(()), |blocks| blocks.read(&file.handle.file, block, buffer));
            if let Err(trouble) = read {
                shared.fail(file.opened.failure(trouble));
                return;
            }
        }
    }

    fn next(&self) -> Option<Taken> {
        loop {
            let mut work = lock(&self.0.work);
            let (taken, finished) = work.next(self);
            if taken.is_none() && finished.is_empty() {
                if work.workers == 0 {
                    return None;
                }
                drop(self.0.changed.wait(work).unwrap_or_else(PoisonError::into_inner));
                continue;
            }
            drop(work);
            // Outside of the lock: the last of a file gives its buffers back.
            drop(finished);
            if taken.is_some() {
                return taken;
            }
        }
    }

    /// A buffer for a block, at once.
    pub(super) fn buffer(&self) -> Buffer {
        lock(&self.0.work).buffer(self)
    }
}

impl Work {
    /// The next block, and the files of which all are taken.
    fn next(&mut self, pool: &Pool) -> (Option<Taken>, Vec<InWork>) {
        let mut finished = Vec::new();
        let mut passed = 0;
        while passed < self.files.len() {
            let turn = self.turn % self.files.len();
            let blocks = self.files[turn].handle.blocks.as_ref();
            let written = blocks.is_some_and(Blocks::are_written);
            if written && self.used >= MOST_BUFFERS {
                passed += 1;
                self.turn = turn + 1;
                continue;
            }
            let Some(block) = blocks.and_then(Blocks::claim_next) else {
                finished.push(self.files.remove(turn));
                continue;
            };
            self.turn = turn + 1;
            let InWork { opened, handle } = &self.files[turn];
            let file = InWork {
                opened: Arc::clone(opened),
                handle: Arc::clone(handle),
            };
            let buffer = written.then(|| self.buffer(pool));
            return (Some(Taken { file, block, buffer }), finished);
        }
        (None, finished)
    }

    fn buffer(&mut self, pool: &Pool) -> Buffer {
        self.used += 1;
        Buffer {
            bytes: self.spares.pop().unwrap_or_default(),
            start: 0,
            length: 0,
            pool: pool.clone(),
        }
    }
}

/// Memory for one block, which goes back to the pool.
pub(in super::super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
    pool: Pool,
}

impl Buffer {
    /// Room for so many bytes, at a multiple of `align`.
    pub(super) fn room(&mut self, length: usize, align: usize) -> &mut [u8] {
        let needed = BLOCK_LENGTH.saturating_add(align);
        if self.bytes.len() < needed {
            self.bytes = vec![0; needed];
        }
        self.start = self.bytes.as_ptr().align_offset(align);
        self.length = length;
        &mut self.bytes[self.start..self.start + length]
    }

    /// The bytes that are in it.
    pub(in super::super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut work = lock(&self.pool.0.work);
        work.used -= 1;
        if work.spares.len() < MOST_BUFFERS {
            work.spares.push(bytes);
        }
        drop(work);
        self.pool.0.changed.notify_all();
    }
}

//! Digests of files: whole, by piece (shard or leaf), or both in one read, in bounded memory on all cores; and in the same
//! read the digest under which [fs-verity](super::verity) knows a file.
//!
//! This is the one way in which Weightlock hashes files; signing, verifying, leaf tables and partial checks
//! differ only in their [`Job`]s. [`run`] divides the jobs into tasks (a stream, a run of pieces, or a subtree of
//! BLAKE3), the largest first, and workers take them. A worker on SHA-256 holds several tasks at once and
//! advances them together ([`sha256`](super::sha256)), whichever files they belong to.
//!
//! A file must have the size that [`Files::size`] says when it is opened and when its last byte was hashed, so a
//! truncated or growing file is an error and never a digest. The first error stops all workers.
//!
//! Bytes that stay and are not in the page cache are read past it ([`past_cache`]).
//!
//! Rejected: a thread pool of a library (the division into lanes needs to know how many tasks are left), io_uring
//! (no gain over reads with read-ahead), O_DIRECT for bytes that are only looked at (they go through a buffer that is used
//! again, and often they are in the page cache).

use std::{
    fs::File,
    io,
    num::{NonZeroU64, NonZeroUsize},
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

pub use super::destination::Destination;
use super::{Algorithm, Digest, cpu, sha256::Kernel, verity::VerityDigest};
use feed::Trouble;
use past_cache::Pool;
use plan::Plan;
use queue::{Handle, Queue, Task};

mod feed;
mod lanes;
mod past_cache;
mod plain;
mod plan;
mod queue;
#[cfg(test)]
mod tests;

/// The most pieces of one run: 4 Ti bytes in leaves of 1 MiB, and some 300 MB of memory for their digests.
///
/// The size of a piece can come from a stranger's manifest; a piece per byte must not exhaust memory.
pub const MOST_PIECES: u64 = 1 << 22;

/// The files that jobs refer to by number. They are opened when their turn comes and closed soon after.
pub trait Files: Sync {
    /// Why a file cannot be opened, or is not the one it was.
    type Error: std::error::Error + Send + 'static;

    /// The size that the file must have.
    fn size(&self, file: usize) -> u64;

    /// Opens a file for reading. The descriptor is the run's alone: its flags may change.
    ///
    /// # Errors
    /// Stops the run with [`Failure::File`].
    fn open(&self, file: usize) -> Result<File, Self::Error>;

    /// Where the bytes of a file are to stay, if they are: the very bytes that are hashed. It must have the size of the
    /// file, or be a [part](Destination::part) that holds its jobs; the jobs of such a file must not overlap.
    fn destination(&self, file: usize) -> Option<&Destination<'_>> {
        let _ = file;
        None
    }

    /// Called once after the last byte that jobs want from a file was hashed, with the size checked again: the
    /// place to compare times and inode with what was seen before.
    ///
    /// # Errors
    /// Stops the run with [`Failure::File`].
    fn finished(&self, file: usize, handle: &File) -> Result<(), Self::Error>;
}

/// What to digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// The number of the file.
    pub file: usize,
    /// The part of the file, which must lie within its size.
    pub range: Range<u64>,
    /// The digests wanted of it.
    pub want: Want,
}

/// Which digests of a range are wanted.
///
/// Pieces are counted from the start of the range; the last may be shorter, and an empty range has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// Of the range as one stream.
    Whole,
    /// Of each piece of this many bytes. Pieces are spread over all workers and lanes.
    Pieces(NonZeroU64),
    /// Of both, in one read.
    Both(NonZeroU64),
    /// Of the range as one stream, its fs-verity digest as if it were a file, and of each piece if there is to be any.
    WithVerity(Option<NonZeroU64>),
}

impl Want {
    pub(crate) const fn piece(self) -> Option<NonZeroU64> {
        match self {
            Self::Whole => None,
            Self::Pieces(size) | Self::Both(size) => Some(size),
            Self::WithVerity(size) => size,
        }
    }
}

/// The digests of one [`Job`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Outcome {
    /// Of the range as one stream, if it was wanted.
    pub whole: Option<Digest>,
    /// Of the pieces in order, if they were wanted.
    pub pieces: Vec<Digest>,
    /// What fs-verity calls the digest of a file of these bytes, if it was wanted.
    pub verity: Option<VerityDigest>,
}

/// How bytes get into reach of the processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// Copied into buffers of this process.
    Buffered,
    /// Mapped in bounded windows, which saves the copy. For verifying only: see `mapped`. Files on network
    /// file systems, and small ones, are read all the same.
    Mapped,
}

/// Whether the bytes of files that stay somewhere ([`Files::destination`]) are read past the page cache. Where that is
/// impossible they are read through it, silently: digests and bytes are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PastCache {
    /// Files of some size of which less than half is in the cache.
    WhenCold,
    /// None.
    Never,
    /// All, however short or cached they are: for measuring and for tests.
    Always,
}

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The digest algorithm.
    pub algorithm: Algorithm,
    /// How SHA-256 is computed; of no matter to other algorithms.
    pub kernel: Kernel,
    /// Threads that hash or read at once.
    pub workers: NonZeroUsize,
    /// How files are read.
    pub reading: Reading,
    /// How files are read whose bytes stay.
    pub past_cache: PastCache,
}

impl Settings {
    /// The fastest kernel and all processors this process may use, reading into buffers.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            kernel: Kernel::best(),
            workers: cpu::workers(),
            reading: Reading::Buffered,
            past_cache: PastCache::WhenCold,
        }
    }
}

/// Watches a run, from several threads at once.
pub trait Observer: Sync {
    /// A run begins that will hash so many bytes. Several runs may follow each other.
    fn begins(&self, bytes: u64) {
        let _ = bytes;
    }

    /// So many further bytes were hashed.
    fn advanced(&self, bytes: u64) {
        let _ = bytes;
    }

    /// Whether to stop with [`Failure::Cancelled`]; asked at least once per MiB and worker.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
impl Observer for () {}

/// Why a run gave no digests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure<E: std::error::Error + 'static> {
    /// [`Files`] refused the file.
    #[error("cannot use file number {file}")]
    File {
        /// The number of the file.
        file: usize,
        /// What it said.
        source: E,
    },
    /// The system could not read the file.
    #[error("cannot read file number {file} at byte {offset}")]
    Read {
        /// The number of the file.
        file: usize,
        /// Where in the file.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The system could not write the bytes to where they stay.
    #[error("cannot keep byte {offset} of file number {file}")]
    Keep {
        /// The number of the file.
        file: usize,
        /// Where in the file.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file has another size than it must have, or got one meanwhile.
    #[error("file number {file} has {found} bytes, not {expected}")]
    Resized {
        /// The number of the file.
        file: usize,
        /// The size that [`Files::size`] said.
        expected: u64,
        /// The size it has.
        found: u64,
    },
    /// The file was cut off and extended again while it was being read.
    #[error("file number {file} changed at byte {offset} while it was being read")]
    Changed {
        /// The number of the file.
        file: usize,
        /// Where the missing part began, to within one window.
        offset: u64,
    },
    /// A job's range does not lie within the size of its file.
    #[error("bytes {start} to {end} are not within the {size} bytes of file number {file}", start = .range.start, end = .range.end)]
    Range {
        /// The number of the file.
        file: usize,
        /// The range of the job.
        range: Range<u64>,
        /// The size that [`Files::size`] said.
        size: u64,
    },
    /// The destination of a file has another size, or several jobs would write to the same part of it.
    #[error("the memory for file number {file} does not fit its jobs")]
    Destination {
        /// The number of the file.
        file: usize,
    },
    /// There would be more pieces than [`MOST_PIECES`].
    #[error("more than {MOST_PIECES} pieces; use larger ones")]
    TooManyPieces,
    /// The observer wanted to stop.
    #[error("cancelled")]
    Cancelled,
}

impl<E: std::error::Error> Failure<E> {
    /// The number of the file it is about.
    #[must_use]
    pub const fn file(&self) -> Option<usize> {
        match self {
            Self::File { file, .. }
            | Self::Read { file, .. }
            | Self::Keep { file, .. }
            | Self::Resized { file, .. }
            | Self::Changed { file, .. }
            | Self::Range { file, .. }
            | Self::Destination { file } => Some(*file),
            Self::TooManyPieces | Self::Cancelled => None,
        }
    }
}

/// Computes the digests that `jobs` want, in the order of `jobs`.
///
/// # Errors
/// The first [`Failure`]; then there are no digests at all.
pub fn run<F: Files>(
    files: &F,
    jobs: &[Job],
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Vec<Outcome>, Failure<F::Error>> {
    let queue = Queue::new(files, jobs, settings)?;
    observer.begins(jobs.iter().fold(0, |sum, job| {
        sum.saturating_add(job.range.end.saturating_sub(job.range.start))
    }));
    let plan = Plan::new(settings, &queue.load());
    let shared = Shared {
        files,
        observer,
        queue,
        pool: Pool::default(),
        stopped: AtomicBool::new(false),
        failure: Mutex::new(None),
        results: Mutex::new(jobs.iter().map(|_| Collected::default()).collect()),
    };
    let readers = if shared.queue.may_pass_cache() {
        past_cache::readers(settings.workers.get())
    } else {
        0
    };
    match &plan.workers[..] {
        // The common small case needs no thread.
        [alone] if !plan.ahead && readers == 0 => shared.work(settings, *alone, None),
        workers => thread::scope(|scope| {
            let shared = &shared;
            for &lanes in workers {
                let working = shared.pool.enter();
                let scope_for_readers = plan.ahead.then_some(scope);
                scope.spawn(move || {
                    let _working = working;
                    shared.work(settings, lanes, scope_for_readers);
                });
            }
            for _ in 0..readers {
                scope.spawn(|| shared.pool.read_ahead(shared));
            }
        }),
    }
    shared.into_outcomes(jobs, settings.algorithm)
}

/// What the workers of one run share.
struct Shared<'a, F: Files> {
    files: &'a F,
    observer: &'a dyn Observer,
    queue: Queue<'a, F>,
    /// Reads ahead in files that are read past the page cache.
    pool: Pool,
    stopped: AtomicBool,
    failure: Mutex<Option<Failure<F::Error>>>,
    results: Mutex<Vec<Collected>>,
}

/// What has been computed for one job so far, in any order.
#[derive(Default)]
struct Collected {
    whole: Option<Digest>,
    verity: Option<VerityDigest>,
    /// Digests of consecutive pieces, by the number of the first.
    pieces: Vec<(u64, Vec<Digest>)>,
    /// Chaining values of BLAKE3 subtrees by their number.
    subtrees: Vec<(u64, plain::Subtree)>,
}

/// What one task computed.
enum Part {
    Stream {
        whole: Option<Digest>,
        pieces: Vec<Digest>,
        verity: Option<VerityDigest>,
    },
    Subtree(plain::Subtree),
}

type Scope<'scope, 'env> = &'scope thread::Scope<'scope, 'env>;

impl<F: Files> Shared<'_, F> {
    fn work<'scope>(&self, settings: &Settings, lanes: usize, readers: Option<Scope<'scope, '_>>) {
        let worked = match settings.algorithm {
            Algorithm::Sha256 => lanes::work(self, settings, lanes, readers),
            _ => plain::work(self, settings, readers),
        };
        if let Err(failure) = worked {
            self.fail(failure);
        }
    }

    /// Keeps the failure of the lowest file number among those that workers meet before they stop.
    fn fail(&self, failure: Failure<F::Error>) {
        self.stopped.store(true, Relaxed);
        let mut kept = lock(&self.failure);
        if kept.as_ref().is_none_or(|kept| failure.file() < kept.file()) {
            *kept = Some(failure);
        }
    }

    /// Whether a worker must give up; another one's failure ends it without one of its own.
    fn stopping(&self) -> bool {
        if !self.stopped.load(Relaxed) && self.observer.cancelled() {
            self.fail(Failure::Cancelled);
        }
        self.stopped.load(Relaxed)
    }

    /// The next task for a worker, which keeps the number of its file in `last`.
    fn next_task(&self, last: &mut Option<usize>) -> Option<Task> {
        if self.stopping() {
            None
        } else {
            self.queue.next(last)
        }
    }

    /// The open file of a task.
    fn open(&self, task: &Task) -> Result<Arc<Handle>, Failure<F::Error>> {
        let handle = task.opened.handle(self.files, &self.pool)?;
        self.pool.add(&task.opened, &handle);
        Ok(handle)
    }

    /// Takes what a task computed, after all of its bytes proved to be the file's.
    fn finish(&self, task: &Task, part: Part) -> Result<(), Failure<F::Error>> {
        {
            let mut results = lock(&self.results);
            let collected = &mut results[task.job];
            match part {
                Part::Subtree(subtree) => collected.subtrees.push((task.number, subtree)),
                Part::Stream {
                    whole,
                    pieces,
                    verity,
                } => {
                    collected.whole = whole;
                    collected.verity = verity;
                    collected.pieces.push((task.number, pieces));
                }
            }
        }
        task.opened.task_done(self.files)
    }

    fn trouble(&self, task: &Task, trouble: Trouble) -> Failure<F::Error> {
        task.opened.failure(trouble)
    }

    fn into_outcomes(self, jobs: &[Job], algorithm: Algorithm) -> Result<Vec<Outcome>, Failure<F::Error>> {
        if let Some(failure) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(failure);
        }
        let results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcomes = jobs
            .iter()
            .zip(results)
            .map(|(job, collected)| collected.join(job, algorithm));
        outcomes.collect()
    }
}

impl Collected {
    fn join<E: std::error::Error>(mut self, job: &Job, algorithm: Algorithm) -> Result<Outcome, Failure<E>> {
        if !self.subtrees.is_empty() {
            self.subtrees.sort_unstable_by_key(|(number, _)| *number);
            let subtrees: Vec<_> = self.subtrees.into_iter().map(|(_, subtree)| subtree).collect();
            self.whole = Some(plain::root(&subtrees, job.range.end - job.range.start));
        }
        self.pieces.sort_unstable_by_key(|(number, _)| *number);
        let pieces: Vec<_> = self.pieces.into_iter().flat_map(|(_, digests)| digests).collect();
        let wanted = job
            .want
            .piece()
            .map_or(0, |size| (job.range.end - job.range.start).div_ceil(size.get()));
        // Holds because a worker that stops early leaves a failure; a digest too few must never go unnoticed.
        assert_eq!(
            pieces.len() as u64,
            wanted,
            "every {algorithm} piece was digested"
        );
        assert_eq!(
            self.whole.is_some(),
            !matches!(job.want, Want::Pieces(_)),
            "every stream was digested"
        );
        assert_eq!(
            self.verity.is_some(),
            matches!(job.want, Want::WithVerity(_)),
            "every tree was built"
        );
        Ok(Outcome {
            whole: self.whole,
            pieces,
            verity: self.verity,
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in a worker ends the run; what it left behind is not used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

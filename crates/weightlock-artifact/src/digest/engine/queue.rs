//! The division of jobs into tasks, and the order in which workers take them.
//!
//! Files with the longest indivisible stream come first, so that no worker is left with a long one at the end.
//! A worker stays with a file while it has tasks, so that only the files in work are open, and that workers do not wait for
//! each other where the kernel lets one at a time write to a file. When no file is left that nobody works on, they share.

use std::{
    cmp::Reverse,
    fs::File,
    io,
    num::NonZeroU64,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use super::{
    Algorithm, Destination, Failure, Files, Job, MOST_PIECES, PastCache, Reading, Settings, Want,
    feed::Trouble,
    lock,
    past_cache::{self, Blocks, Pool},
    plain::SUBTREE,
};
use crate::digest::{destination::Place, mapped, sha256};

/// Pieces smaller than this are taken several at a time, so that taking them costs nothing.
const PIECES_TOGETHER: u64 = 1 << 20;

/// Files smaller than this are read even if mapping was asked for: setting up a window costs more.
const SMALLEST_MAPPED: u64 = 256 << 10;

/// A part of a job that one lane does in one go.
pub(super) struct Task {
    pub(super) opened: Arc<Opened>,
    pub(super) job: usize,
    /// The number of its first piece or of its subtree.
    pub(super) number: u64,
    /// Where in the file.
    pub(super) range: Range<u64>,
    pub(super) work: Work,
}

/// What to compute from the bytes of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Work {
    Stream {
        whole: bool,
        piece: Option<NonZeroU64>,
        verity: bool,
    },
    /// One of several BLAKE3 subtrees, which starts at this offset of the stream.
    Subtree { offset: u64 },
}

/// How much there is to do, for dividing it between workers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Load {
    pub(super) tasks: u64,
    pub(super) bytes: u64,
    /// Bytes of the longest task.
    pub(super) longest: u64,
}

pub(super) struct Queue<'a, F> {
    files: &'a F,
    jobs: &'a [Job],
    algorithm: Algorithm,
    mapped: bool,
    past_cache: PastCache,
    groups: Vec<Group>,
    cursor: Mutex<Cursor>,
}

/// The jobs of one file.
struct Group {
    file: usize,
    /// Positions in `jobs`, by the start of their range.
    jobs: Vec<usize>,
    load: Load,
}

#[derive(Default)]
struct Cursor {
    /// Groups before this one were begun.
    next: usize,
    /// Groups that were begun and have tasks left.
    begun: Vec<Begun>,
}

struct Begun {
    group: usize,
    /// Tasks that nobody has taken.
    left: u64,
    job: usize,
    task: u64,
    opened: Arc<Opened>,
}

impl<'a, F: Files> Queue<'a, F> {
    pub(super) fn new(files: &'a F, jobs: &'a [Job], settings: &Settings) -> Result<Self, Failure<F::Error>> {
        check(files, jobs)?;
        let algorithm = settings.algorithm;
        let groups = groups(jobs, algorithm);
        check_destinations(files, jobs, &groups)?;
        Ok(Self {
            files,
            jobs,
            algorithm,
            mapped: settings.reading == Reading::Mapped && mapped::guarded(),
            past_cache: settings.past_cache,
            groups,
            cursor: Mutex::default(),
        })
    }

    pub(super) fn load(&self) -> Load {
        self.groups.iter().fold(
            Load {
                tasks: 0,
                bytes: 0,
                longest: 0,
            },
            |sum, group| sum.with(group.load),
        )
    }

    /// Whether a file could be read past the page cache, as far as can be told before any is open.
    pub(super) fn may_pass_cache(&self) -> bool {
        self.groups
            .iter()
            .any(|group| self.past_cache(group) != PastCache::Never)
    }

    /// Only files whose bytes stay, every one of them: blocks take no notice of jobs. Those that are written are hashed a
    /// block at a time, so their pieces must not end within what is hashed at once.
    fn past_cache(&self, group: &Group) -> PastCache {
        let size = self.files.size(group.file);
        let Some(destination) = self.files.destination(group.file) else {
            return PastCache::Never;
        };
        let all = destination.is_whole() && group.load.bytes == size;
        let suits =
            destination.is_memory() || group.jobs.iter().all(|&job| ends_with_hashed(&self.jobs[job]));
        if all && suits && past_cache::is_candidate(self.past_cache, size) {
            self.past_cache
        } else {
            PastCache::Never
        }
    }

    /// The next task for a worker that had one of the group `last` before.
    pub(super) fn next(&self, last: &mut Option<usize>) -> Option<Task> {
        let mut cursor = lock(&self.cursor);
        let index = self.choose(&mut cursor, *last)?;
        let begun = cursor.begun.get_mut(index)?;
        *last = Some(begun.group);
        let task = self.take(begun);
        if begun.left == 0 {
            cursor.begun.swap_remove(index);
        }
        task
    }

    /// Which of the begun groups to take from: the worker's own, a new one, or that which has most left.
    fn choose(&self, cursor: &mut Cursor, last: Option<usize>) -> Option<usize> {
        let own = cursor.begun.iter().position(|begun| Some(begun.group) == last);
        if own.is_some() {
            return own;
        }
        if let Some(group) = self.groups.get(cursor.next) {
            cursor.begun.push(Begun {
                group: cursor.next,
                left: group.load.tasks,
                job: 0,
                task: 0,
                opened: Arc::new(self.opened(group)),
            });
            cursor.next += 1;
            return Some(cursor.begun.len() - 1);
        }
        let all = cursor.begun.iter().enumerate();
        all.max_by_key(|(_, begun)| begun.left).map(|(index, _)| index)
    }

    fn take(&self, begun: &mut Begun) -> Option<Task> {
        let jobs = &self.groups.get(begun.group)?.jobs;
        loop {
            let &index = jobs.get(begun.job)?;
            let job = &self.jobs[index];
            let cut = Cut::of(job, self.algorithm);
            if begun.task == cut.tasks {
                begun.job += 1;
                begun.task = 0;
                continue;
            }
            let number = begun.task;
            begun.task += 1;
            begun.left = begun.left.saturating_sub(1);
            return Some(cut.task(job, index, number, Arc::clone(&begun.opened)));
        }
    }

    fn opened(&self, group: &Group) -> Opened {
        // Its two digests are to be of the same bytes, and a mapping can change between one and the other.
        let is_hashed_twice = |&job: &usize| matches!(self.jobs[job].want, Want::WithVerity(_));
        Opened {
            file: group.file,
            size: self.files.size(group.file),
            mapped: self.mapped && !group.jobs.iter().any(is_hashed_twice),
            past_cache: self.past_cache(group),
            left: AtomicU64::new(group.load.tasks),
            handle: Mutex::new(None),
        }
    }
}

/// Whether all parts of a job begin where the hash function begins anew.
fn ends_with_hashed(job: &Job) -> bool {
    let hashed = sha256::BLOCK as u64;
    let piece = job
        .want
        .piece()
        .is_none_or(|piece| piece.get().is_multiple_of(hashed));
    piece && job.range.start.is_multiple_of(hashed)
}

/// Refuses ranges outside their file and pieces without number, before anything is opened.
fn check<F: Files>(files: &F, jobs: &[Job]) -> Result<(), Failure<F::Error>> {
    let mut pieces = 0_u64;
    for job in jobs {
        let size = files.size(job.file);
        if job.range.start > job.range.end || job.range.end > size {
            return Err(Failure::Range {
                file: job.file,
                range: job.range.clone(),
                size,
            });
        }
        if let Some(piece) = job.want.piece() {
            pieces = pieces.saturating_add((job.range.end - job.range.start).div_ceil(piece.get()));
        }
    }
    if pieces > MOST_PIECES {
        Err(Failure::TooManyPieces)
    } else {
        Ok(())
    }
}

/// Each part of a destination is written by one task only.
fn check_destinations<F: Files>(files: &F, jobs: &[Job], groups: &[Group]) -> Result<(), Failure<F::Error>> {
    for group in groups {
        let file = group.file;
        let Some(destination) = files.destination(file) else {
            continue;
        };
        // Jobs are in the order of their starts.
        let disjoint = group
            .jobs
            .is_sorted_by(|&one, &next| jobs[one].range.end <= jobs[next].range.start);
        let size = files.size(file);
        let suits = |&job: &usize| destination.suits(&jobs[job].range, size);
        if !disjoint || !group.jobs.iter().all(suits) {
            return Err(Failure::Destination { file });
        }
    }
    Ok(())
}

fn groups(jobs: &[Job], algorithm: Algorithm) -> Vec<Group> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&index| (jobs[index].file, jobs[index].range.start));
    let mut groups: Vec<Group> = Vec::new();
    for index in order {
        let (job, load) = (&jobs[index], Cut::of(&jobs[index], algorithm).load);
        match groups.last_mut() {
            Some(group) if group.file == job.file => {
                group.jobs.push(index);
                group.load = group.load.with(load);
            }
            _ => groups.push(Group {
                file: job.file,
                jobs: vec![index],
                load,
            }),
        }
    }
    groups.sort_by_key(|group| (Reverse(group.load.longest), Reverse(group.load.bytes)));
    groups
}

impl Load {
    fn with(self, other: Self) -> Self {
        Self {
            tasks: self.tasks.saturating_add(other.tasks),
            bytes: self.bytes.saturating_add(other.bytes),
            longest: self.longest.max(other.longest),
        }
    }
}

/// How one job is divided: into `tasks` of `step` bytes, the last perhaps shorter.
struct Cut {
    step: u64,
    tasks: u64,
    subtrees: bool,
    load: Load,
}

impl Cut {
    fn of(job: &Job, algorithm: Algorithm) -> Self {
        let length = job.range.end - job.range.start;
        let subtrees = algorithm == Algorithm::Blake3 && job.want == Want::Whole && length > SUBTREE;
        let step = match job.want {
            Want::Whole if subtrees => SUBTREE,
            Want::Whole | Want::Both(_) | Want::WithVerity(_) => length,
            Want::Pieces(size) => size.get().saturating_mul((PIECES_TOGETHER / size).max(1)),
        };
        // An empty range is a task too: its file must exist and have its size.
        let tasks = if length == 0 { 1 } else { length.div_ceil(step) };
        Self {
            step,
            tasks,
            subtrees,
            load: Load {
                tasks,
                bytes: length,
                longest: step.min(length),
            },
        }
    }

    fn task(&self, job: &Job, index: usize, number: u64, opened: Arc<Opened>) -> Task {
        let length = job.range.end - job.range.start;
        let offset = number * self.step;
        let end = offset.saturating_add(self.step).min(length);
        let piece = job.want.piece();
        Task {
            opened,
            job: index,
            number: if self.subtrees {
                number
            } else {
                piece.map_or(0, |piece| offset / piece)
            },
            range: job.range.start + offset..job.range.start + end,
            work: if self.subtrees {
                Work::Subtree { offset }
            } else {
                Work::Stream {
                    whole: !matches!(job.want, Want::Pieces(_)),
                    piece,
                    verity: matches!(job.want, Want::WithVerity(_)),
                }
            },
        }
    }
}

/// A file from its first task to its last.
pub(super) struct Opened {
    file: usize,
    size: u64,
    mapped: bool,
    past_cache: PastCache,
    left: AtomicU64,
    handle: Mutex<Option<Arc<Handle>>>,
}

/// An open file, whether it may be mapped, and where its bytes stay.
pub(super) struct Handle {
    pub(super) file: File,
    pub(super) mapped: bool,
    pub(super) place: Option<Place>,
    /// How far its bytes are there, when they are read past the page cache.
    pub(super) blocks: Option<Blocks>,
}

impl Opened {
    /// Opens the file for its first task and checks its size.
    pub(super) fn handle<F: Files>(&self, files: &F, pool: &Pool) -> Result<Arc<Handle>, Failure<F::Error>> {
        let mut handle = lock(&self.handle);
        if let Some(handle) = &*handle {
            return Ok(Arc::clone(handle));
        }
        let file = files.open(self.file).map_err(|source| Failure::File {
            file: self.file,
            source,
        })?;
        self.check_size(&file)?;
        let place = files.destination(self.file).map(Destination::place);
        let mapped = place.is_none() && self.mapped && self.size >= SMALLEST_MAPPED && mapped::local(&file);
        let blocks = place.and_then(|place| Blocks::new(&file, place, self.size, self.past_cache, pool));
        let opened = Handle {
            file,
            mapped,
            place,
            blocks,
        };
        Ok(Arc::clone(handle.insert(Arc::new(opened))))
    }

    /// Closes the file after its last task, if it is still the same.
    pub(super) fn task_done<F: Files>(&self, files: &F) -> Result<(), Failure<F::Error>> {
        if self.left.fetch_sub(1, SeqCst) != 1 {
            return Ok(());
        }
        let Some(handle) = lock(&self.handle).take() else {
            return Ok(());
        };
        self.check_size(&handle.file)?;
        files
            .finished(self.file, &handle.file)
            .map_err(|source| Failure::File {
                file: self.file,
                source,
            })
    }

    /// What went wrong, now that the file can be looked at again.
    pub(super) fn failure<E: std::error::Error>(&self, trouble: Trouble) -> Failure<E> {
        let file = self.file;
        match trouble {
            Trouble::Read { offset, source } => Failure::Read { file, offset, source },
            Trouble::Keep { offset, source } => Failure::Keep { file, offset, source },
            Trouble::Ended { offset } => self.size_failure().unwrap_or(Failure::Changed { file, offset }),
            Trouble::Torn { range } => self.size_failure().unwrap_or_else(|| {
                let handle = lock(&self.handle).clone();
                match handle.and_then(|handle| mapped::reason(&handle.file, range.clone())) {
                    Some(source) => Failure::Read {
                        file,
                        offset: range.start,
                        source,
                    },
                    None => Failure::Changed {
                        file,
                        offset: range.start,
                    },
                }
            }),
        }
    }

    fn size_failure<E: std::error::Error>(&self) -> Option<Failure<E>> {
        let handle = lock(&self.handle).clone()?;
        self.check_size(&handle.file).err()
    }

    fn check_size<E: std::error::Error>(&self, handle: &File) -> Result<(), Failure<E>> {
        let (file, expected) = (self.file, self.size);
        match handle.metadata() {
            Ok(metadata) if !metadata.is_file() => Err(Failure::Read {
                file,
                offset: 0,
                source: io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"),
            }),
            Ok(metadata) if metadata.len() == expected => Ok(()),
            Ok(metadata) => Err(Failure::Resized {
                file,
                expected,
                found: metadata.len(),
            }),
            Err(source) => Err(Failure::Read {
                file,
                offset: 0,
                source,
            }),
        }
    }
}

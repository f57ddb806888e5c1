//! Examines files on several threads. Which thread takes which file shows nowhere: reports are sorted by name.
//!
//! 1. All files at once, as many as there are threads, as long as there is [`Room`] for all of them.
//! 2. Those for which there was none, from the start and one after the other.

use std::{
    fs::File,
    io, mem,
    num::NonZeroUsize,
    os::unix::fs::FileExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest, Hasher, engine::Observer as _},
    memory,
};
use weightlock_format::{
    content::{Bytes, Content},
    detect::Format,
};
use weightlock_scan::{
    FileReport, LeftOut, Settings, Trail,
    coverage::{Coverage, Gap, Unread},
    folder,
    report::NotExamined,
    scan,
};

use super::room::{self, Room, Share};
use crate::{
    context::Context,
    explanations,
    progress::{self, Progress, Stop},
    sources::Source,
};

/// More threads gain little and leave less memory to each.
const MOST_JOBS: usize = 4;

type One = Result<(FileReport, Option<Digest>), NotExamined>;

/// What became of all files.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// In order of names, with what follows from all of them together.
    pub(super) files: Vec<FileReport>,
    /// Of the files in the order of the sources, when they were asked for.
    pub(super) digests: Vec<Digest>,
    pub(super) failed: Vec<NotExamined>,
}

/// How the work is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work<'a> {
    pub(super) settings: &'a Settings,
    pub(super) jobs: Option<NonZeroUsize>,
    /// Hash every file through the descriptor that it was examined through.
    pub(super) hash: bool,
}

/// Examines every file, and tells apart those that could not be opened.
pub(super) fn examine(sources: &[Source], work: Work<'_>, context: &Context) -> Examined {
    memory::keep_little();
    let jobs = work
        .jobs
        .map(NonZeroUsize::get)
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, |some| some.get().min(MOST_JOBS)))
        .min(sources.len());
    let examined = progress::shown_as("scanning", &context.show, |progress| {
        let bytes = sources.iter().map(|source| source.stamp.size);
        progress.begins(bytes.fold(0, u64::saturating_add));
        on_threads(sources, work, jobs, progress)
    });
    let mut all = Examined::default();
    for one in examined {
        match one {
            Ok((report, digest)) => {
                all.files.push(report);
                all.digests.extend(digest);
            }
            Err(reason) => all.failed.push(reason),
        }
    }
    folder::conclude(&mut all.files, work.settings.profile);
    all
}

/// The answers in the order of the sources.
fn on_threads(sources: &[Source], how: Work<'_>, jobs: usize, progress: &Progress) -> Vec<One> {
    // The largest first, so that no thread is left alone with one at the end.
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(sources.get(*at).map_or(0, |source| source.stamp.size)));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, One)>> = Mutex::default();
    let refused: Mutex<Vec<usize>> = Mutex::default();
    let examine = |at: usize, room: Option<&Arc<Room>>| {
        let Some(source) = sources.get(at).filter(|_| !progress.cancelled()) else {
            return false;
        };
        match examine_one(source, how, room, progress) {
            Some(one) => put(&done, (at, one)),
            None => put(&refused, at),
        }
        true
    };
    if jobs <= 1 {
        order.iter().all(|at| examine(*at, None));
    } else {
        let room = Room::new();
        let work = || {
            while let Some(at) = order.get(next.fetch_add(1, Relaxed))
                && examine(*at, Some(&room))
            {}
        };
        thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
        room::give_back();
        let refused = mem::take(&mut *refused.lock().unwrap_or_else(PoisonError::into_inner));
        refused.into_iter().all(|at| examine(at, None));
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, one)| one).collect()
}

fn put<T>(list: &Mutex<Vec<T>>, one: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(one);
}

/// The answer for one file, which shares the room with others or has all memory for itself; `None` when there was no
/// room.
fn examine_one(
    source: &Source,
    work: Work<'_>,
    room: Option<&Arc<Room>>,
    progress: &Progress,
) -> Option<One> {
    let name = source.name.to_string_lossy().into_owned();
    let share = room.map(Share::of);
    let watched = match Watched::open(source, share, progress.stopping()) {
        Ok(watched) => watched,
        Err(error) => return Some(Err(failure(&name, &error))),
    };
    let content = Content::new(Arc::clone(&watched) as Arc<dyn Bytes>);
    // A defect in an analyzer must not cost the other files their answer, nor pass for one.
    let mut report = catch_unwind(AssertUnwindSafe(|| scan(&name, content, work.settings)))
        .unwrap_or_else(|_| defect(&name, source.stamp.size));
    if watched.share.as_ref().is_some_and(Share::refused) {
        drop(report);
        room::give_back();
        return None;
    }
    room::tidy(&mut report);
    progress.advanced(source.stamp.size);
    Some(conclude(source, &watched, report, work).map_err(|error| failure(&name, &error)))
}

/// The report, with the digest if that is wanted, when the file is still what it was.
fn conclude(
    source: &Source,
    watched: &Watched,
    report: FileReport,
    work: Work<'_>,
) -> Result<(FileReport, Option<Digest>), Error> {
    let digest = work
        .hash
        .then(|| digest(watched).map_err(|error| Error::io("read", Path::new(&report.file), error)))
        .transpose()?;
    source.same(&watched.file)?;
    Ok((report, digest))
}

fn failure(name: &str, error: &Error) -> NotExamined {
    let code = error.code();
    NotExamined {
        name: name.to_owned(),
        code,
        why: match error {
            Error::Io { source, .. } => format!("{error}: {source}"),
            _ => error.to_string(),
        },
        failed: explanations::outcome(code) == weightlock_artifact::reason::Outcome::CouldNotWork,
    }
}

/// SHA-256 of an open file.
fn digest(file: &Watched) -> io::Result<Digest> {
    const BUFFER: usize = 1 << 20;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; BUFFER];
    let mut at = 0;
    loop {
        let count = file.fill(at, &mut buffer)?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        at = at.saturating_add(count as u64);
    }
}

/// The report of a file at which the scanner itself failed.
fn defect(name: &str, size: u64) -> FileReport {
    let gap = Gap::Unreadable("the scanner failed at this file, which is a defect of the scanner".to_owned());
    let mut coverage = Coverage {
        contents: 1,
        ..Coverage::default()
    };
    coverage.add_gap(Unread {
        trail: Trail::file(name),
        offset: 0,
        bytes: size,
        why: gap.to_string(),
        gap,
    });
    FileReport {
        file: name.to_owned(),
        size,
        format: Format::Unknown,
        findings: Vec::new(),
        findings_left_out: LeftOut::default(),
        coverage,
        claims: Vec::new(),
        templates: Vec::new(),
    }
}

/// An open file. Reading stops when the user asks for it.
struct Watched {
    file: File,
    size: u64,
    /// Of the memory; `None` when there is nobody to share it with.
    share: Option<Share>,
    stop: Stop,
}

impl Watched {
    fn open(source: &Source, share: Option<Share>, stop: Stop) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self {
            file: source.open()?,
            size: source.stamp.size,
            share,
            stop,
        }))
    }
}

/// The bytes of a file, read as they are asked for.
pub(crate) fn opened(source: &Source) -> Result<Content, Error> {
    Watched::open(source, None, Stop::default()).map(|watched| Content::new(watched))
}

impl Bytes for Watched {
    fn size(&self) -> u64 {
        self.size
    }

    fn passing(&self, bytes: u64, memory: u64) -> io::Result<()> {
        self.share
            .as_ref()
            .map_or(Ok(()), |share| share.passing(bytes, memory))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.passing(buffer.len() as u64, 0)?;
        self.fill(offset, buffer)
    }
}

impl Watched {
    /// Reads for whoever keeps nothing, and so asks for no room.
    fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_wanted() {
            return Err(io::Error::other("interrupted"));
        }
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_which_the_scanner_fails_is_unread_as_a_whole() {
        let report = defect("a", 7);
        assert!(!report.coverage.is_complete());
        assert_eq!(report.coverage.unread, 7);
        assert!(!defect("a", 0).coverage.is_complete(), "also an empty one");
    }
}

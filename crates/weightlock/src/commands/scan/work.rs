//! Examines files on several threads. Which thread takes which file shows nowhere: reports are sorted by name.

use std::{
    fs::File,
    io,
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

use crate::{
    context::Context,
    explanations, interrupt,
    progress::{self, Progress},
    sources::Source,
};

/// More threads gain little and each may hold one decompressed member in memory.
const MOST_JOBS: usize = 8;

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
    let jobs = work
        .jobs
        .map(NonZeroUsize::get)
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, |some| some.get().min(MOST_JOBS)))
        .min(sources.len());
    let examined = progress::shown_as("scanning", context.show, |progress| {
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
    let work = || {
        while let Some(at) = order.get(next.fetch_add(1, Relaxed))
            && let Some(source) = sources.get(*at)
            && interrupt::signal().is_none()
        {
            let one = examine_one(source, how, progress);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((*at, one));
        }
    };
    if jobs <= 1 {
        work();
    } else {
        thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, one)| one).collect()
}

fn examine_one(source: &Source, work: Work<'_>, progress: &Progress) -> One {
    let name = source.name.to_string_lossy().into_owned();
    let failed = |error: &Error| {
        let code = error.code();
        NotExamined {
            name: name.clone(),
            code,
            why: match error {
                Error::Io { source, .. } => format!("{error}: {source}"),
                _ => error.to_string(),
            },
            failed: explanations::outcome(code) == weightlock_artifact::reason::Outcome::CouldNotWork,
        }
    };
    let watched = Watched::open(source).map_err(|error| failed(&error))?;
    let content = Content::new(Arc::clone(&watched) as Arc<dyn Bytes>);
    // A defect in an analyzer must not cost the other files their answer, nor pass for one.
    let report = catch_unwind(AssertUnwindSafe(|| scan(&name, content, work.settings)))
        .unwrap_or_else(|_| defect(&name, source.stamp.size));
    let digest = if work.hash {
        let digest =
            digest(&watched).map_err(|source| failed(&Error::io("read", Path::new(&name), source)))?;
        Some(digest)
    } else {
        None
    };
    progress.advanced(source.stamp.size);
    source.same(&watched.file).map_err(|error| failed(&error))?;
    Ok((report, digest))
}

/// SHA-256 of an open file.
fn digest(file: &Watched) -> io::Result<Digest> {
    const BUFFER: usize = 1 << 20;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; BUFFER];
    let mut at = 0;
    loop {
        let count = file.read_at(at, &mut buffer)?;
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
}

impl Watched {
    fn open(source: &Source) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self {
            file: source.open()?,
            size: source.stamp.size,
        }))
    }
}

/// The bytes of a file, read as they are asked for.
pub(crate) fn opened(source: &Source) -> Result<Content, Error> {
    Watched::open(source).map(|watched| Content::new(watched))
}

impl Bytes for Watched {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if interrupt::signal().is_some() {
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

//! Pickles: every stream of a content, and what loading it would import, call and change.
//!
//! 1. A stream begins at the first byte.
//! 2. What lies behind its STOP, or behind the place where it breaks, is searched for the next stream
//!    ([`pickle::next_stream`]): loaders that call `load` twice read on, and files carry payloads behind padding.
//! 3. Zeros and white space between streams are explained; other bytes that no stream owns stay unread.
//! 4. A stream in which an argument crosses the end of a frame is read once more, as the other readers see it.
//!
//! PyTorch and joblib put bytes of their own behind certain opcodes and streams, and give ids a meaning. Their analyzers
//! are [`Companion`]s of the stream.

mod appetite;
mod companion;
mod loose;
mod names;
mod show;
mod tame;
mod template;
mod watcher;

use std::ops::Range;

use weightlock_format::{
    Fault, Problem,
    pickle::{self, Frames, Stream},
};

pub(crate) use self::companion::{Companion, Follows, Id};
use self::watcher::Watcher;
use super::{Examination, Subject, joblib::Joblib, torch};
use crate::{coverage::Gap, observation::pickle::Seen};

/// Streams of one content that may break before no further one is searched for: the rest is unread then anyway.
const MOST_BREAKS: u32 = 16;

/// Examines a content that is one pickle or several.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    if !torch::analyze_pickle(subject, exam) {
        analyze_from(subject, exam, 0, &mut Joblib::new(subject.content.clone()));
    }
}

/// Examines all streams from `start` on, where one may begin.
pub(crate) fn analyze_from(
    subject: &Subject,
    exam: &mut Examination<'_>,
    start: u64,
    companion: &mut dyn Companion,
) {
    let mut next = start;
    loop {
        let Some(stream) = stream(subject, exam, next, companion) else {
            return;
        };
        match behind(subject, exam, stream.range.end, stream.broken.as_ref()) {
            Some(found) => next = found,
            None => return,
        }
    }
}

/// Accounts for what lies behind `end`, where a stream ended or broke, up to the next one, and tells where that begins.
pub(crate) fn behind(
    subject: &Subject,
    exam: &mut Examination<'_>,
    end: u64,
    broken: Option<&Problem>,
) -> Option<u64> {
    let is_limit = matches!(broken, Some(Problem::LimitExceeded { .. }));
    exam.broken_streams = exam.broken_streams.saturating_add(u32::from(broken.is_some()));
    let goes_on = !is_limit && exam.broken_streams < MOST_BREAKS;
    let found = pickle::next_stream(&subject.content, end).filter(|_| goes_on);
    between(
        subject,
        exam,
        end..found.unwrap_or(subject.content.size()),
        broken,
    );
    found
}

/// Accounts for the bytes behind a stream.
fn between(subject: &Subject, exam: &mut Examination<'_>, range: Range<u64>, broken: Option<&Problem>) {
    match broken {
        Some(Problem::LimitExceeded { what, limit, .. }) => {
            exam.unread(range, Gap::Limit { what, limit: *limit })
        }
        Some(problem) => {
            let gap = cut(problem, subject, exam).unwrap_or_else(|| Gap::Malformed(problem.to_string()));
            exam.unread(range, gap);
        }
        None => {
            let padding = pickle::padding(&subject.content, range.start).min(range.end);
            exam.explain(range.start..padding);
        }
    }
}

/// The limit that cut the content, when a stream broke because of that and of nothing else.
fn cut(problem: &Problem, subject: &Subject, exam: &Examination<'_>) -> Option<Gap> {
    let met_end = match problem {
        Problem::Malformed {
            fault: Fault::Truncated { .. },
            ..
        } => true,
        problem => problem.offset() >= subject.content.size(),
    };
    exam.cut.clone().filter(|_| met_end)
}

/// Examines the stream that begins at `start`, and puts down what it does. `None` when reading failed.
///
/// What follows the stream is left to the caller: it lies behind [`Stream::range`].
pub(crate) fn stream(
    subject: &Subject,
    exam: &mut Examination<'_>,
    start: u64,
    companion: &mut dyn Companion,
) -> Option<Stream> {
    let stream = reading(subject, exam, start, Frames::Ignored, companion)?;
    if let Some(cut) = stream.cut {
        exam.put(Some(cut), Some("FRAME".to_owned()), Seen::CutFrame);
        reading(subject, exam, start, Frames::Dropped, companion)?;
    }
    Some(stream)
}

fn reading(
    subject: &Subject,
    exam: &mut Examination<'_>,
    start: u64,
    frames: Frames,
    companion: &mut dyn Companion,
) -> Option<Stream> {
    let mut watcher = Watcher::new(companion);
    let read = pickle::read(
        &subject.content,
        start,
        frames,
        exam.limits,
        exam.budget,
        &mut watcher,
    );
    let stream = match read {
        Ok(stream) => stream,
        Err(error) => {
            exam.unread(start..subject.content.size(), Gap::Unreadable(error.to_string()));
            return None;
        }
    };
    let gap = watcher.gap();
    let mut account = |range: Range<u64>| match &gap {
        None => exam.explain(range),
        Some(gap) => exam.unread(range, gap.clone()),
    };
    let mut next = stream.range.start;
    for inline in watcher.inline() {
        account(next..inline.start);
        next = inline.end;
    }
    account(next..stream.range.end.max(next));
    for inline in watcher.inline() {
        exam.data(inline.clone(), &format!("bytes@{}", inline.start), subject);
    }
    watcher.report(exam);
    if let Some(problem) = &stream.broken
        && cut(problem, subject, exam).is_none()
    {
        let seen = Seen::Broken {
            problem: problem.clone(),
            after_import: stream.imports,
        };
        exam.put(Some(problem.offset()), None, seen);
    }
    Some(stream)
}

//! Pickles: every stream of a content, and what loading it would import, call and change.
//!
//! 1. A stream begins at the first byte.
//! 2. What lies behind its STOP, or behind the place where it breaks, is searched for the next stream
//!    ([`pickle::next_stream`]): loaders that call `load` twice read on, and files carry payloads behind padding.
//! 3. Zeros and white space between streams are explained; other bytes that no stream owns stay unread.
//! 4. A stream in which an argument crosses the end of a frame is read once more, as the other readers see it.
//!
//! PyTorch and joblib put bytes of their own behind certain opcodes and streams. Their analyzers call [`stream`] and
//! tell what follows a BUILD.

mod names;
mod show;
mod tame;
mod watcher;

use std::ops::Range;

use weightlock_format::{
    Problem,
    pickle::{self, Frames, Inline, Stream, Value, Values},
};

use self::watcher::Watcher;
use super::{Examination, Subject};
use crate::{coverage::Gap, observation::pickle::Seen};

/// Streams of one content that may break before no further one is searched for: the rest is unread then anyway.
const MOST_BREAKS: u32 = 16;

/// Tells what follows a BUILD: opcodes, bytes, or a pickle. Is given the object, its state, the offset of the byte
/// behind the BUILD, and what the values mean.
pub(crate) type AfterBuild<'a> = &'a mut dyn FnMut(Value, Value, u64, &Values) -> Inline;

/// Examines a content that is one pickle or several.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    analyze_with(subject, exam, &mut |_, _, _, _| Inline::Opcodes);
}

/// Examines a content that is one pickle or several; `after_build` tells what follows a BUILD.
pub(crate) fn analyze_with(subject: &Subject, exam: &mut Examination<'_>, after_build: AfterBuild<'_>) {
    let size = subject.content.size();
    let mut next = 0;
    let mut breaks = 0_u32;
    loop {
        let Some(stream) = stream(subject, exam, next, after_build) else {
            return;
        };
        let end = stream.range.end;
        let is_limit = matches!(stream.broken, Some(Problem::LimitExceeded { .. }));
        breaks = breaks.saturating_add(u32::from(stream.broken.is_some()));
        match pickle::next_stream(&subject.content, end).filter(|_| !is_limit && breaks < MOST_BREAKS) {
            Some(found) => {
                between(subject, exam, end..found, stream.broken.as_ref());
                next = found;
            }
            None => return between(subject, exam, end..size, stream.broken.as_ref()),
        }
    }
}

/// Accounts for the bytes behind a stream.
fn between(subject: &Subject, exam: &mut Examination<'_>, range: Range<u64>, broken: Option<&Problem>) {
    match broken {
        Some(Problem::LimitExceeded { what, limit, .. }) => {
            exam.unread(range, Gap::Limit { what, limit: *limit })
        }
        Some(problem) => exam.unread(range, Gap::Malformed(problem.to_string())),
        None => {
            let padding = pickle::padding(&subject.content, range.start).min(range.end);
            exam.explain(range.start..padding);
        }
    }
}

/// Examines the stream that begins at `start`, and puts down what it does. `None` when reading failed.
///
/// What follows the stream is left to the caller: it lies behind [`Stream::range`].
pub(crate) fn stream(
    subject: &Subject,
    exam: &mut Examination<'_>,
    start: u64,
    after_build: AfterBuild<'_>,
) -> Option<Stream> {
    let stream = reading(subject, exam, start, Frames::Ignored, after_build)?;
    if let Some(cut) = stream.cut {
        exam.put(Some(cut), Some("FRAME".to_owned()), Seen::CutFrame);
        reading(subject, exam, start, Frames::Dropped, after_build)?;
    }
    Some(stream)
}

fn reading(
    subject: &Subject,
    exam: &mut Examination<'_>,
    start: u64,
    frames: Frames,
    after_build: AfterBuild<'_>,
) -> Option<Stream> {
    let mut watcher = Watcher::new(&subject.role, after_build);
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
    if let Some(problem) = &stream.broken {
        let seen = Seen::Broken {
            problem: problem.clone(),
            after_import: stream.imports,
        };
        exam.put(Some(problem.offset()), None, seen);
    }
    Some(stream)
}

//! [`Walked`]: the account of a file that a protobuf walk stepped through.

use std::ops::Range;

use weightlock_format::Error;

use super::{Examination, Subject};
use crate::coverage::Gap;

/// Data that is shorter is taken to be read: it cannot hold anything, and there is much of it.
const LEAST_DATA: u64 = 64;

/// Ranges that were passed over, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Walked {
    passed: Vec<(Range<u64>, Option<&'static str>)>,
}

impl Walked {
    /// The schema declares `range` as data.
    pub(super) fn data(&mut self, field: &'static str, range: Range<u64>) {
        if range.end.saturating_sub(range.start) >= LEAST_DATA {
            self.passed.push((range, Some(field)));
        }
    }

    /// The schema does not know the field of `range`.
    pub(super) fn unknown(&mut self, range: Range<u64>) {
        self.passed.push((range, None));
    }

    /// As [`Walked::close`], for a format whose file is one object: what follows it is `behind`.
    pub(super) fn close_at(
        self,
        end: Result<u64, Error>,
        behind: Gap,
        subject: &Subject,
        exam: &mut Examination<'_>,
    ) {
        let size = subject.content.size();
        let (end, read_to) = match end {
            Ok(at) => (Ok(()), at.min(size)),
            Err(error) => (Err(error), size),
        };
        if read_to < size {
            exam.unread(read_to..size, behind);
        }
        self.finish(end, read_to, subject, exam);
    }

    /// What lies between has been read, up to the end of the walk.
    pub(super) fn close(self, end: Result<(), Error>, subject: &Subject, exam: &mut Examination<'_>) {
        let size = subject.content.size();
        self.finish(end, size, subject, exam);
    }

    fn finish(self, end: Result<(), Error>, size: u64, subject: &Subject, exam: &mut Examination<'_>) {
        let read_to = match &end {
            Ok(()) => size,
            Err(Error::Refused(problem)) => problem.offset().min(size),
            Err(_) => 0,
        };
        let mut at = 0;
        for (range, field) in self.passed {
            exam.explain(at..range.start.max(at));
            at = range.end.max(at);
            match field {
                Some(field) => exam.data(range, field, subject),
                None => exam.unread(range, Gap::Unclaimed),
            }
        }
        exam.explain(at.min(read_to)..read_to);
        if let Err(error) = end {
            exam.gave_up(error, subject);
        }
    }
}

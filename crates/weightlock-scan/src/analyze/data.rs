//! Bytes that a container declares as the data of a tensor: only their head and tail are looked at, and everything
//! in the strict profile.

use weightlock_format::detect::Format;

use super::{Examination, Role, Subject};
use crate::{
    Profile,
    observation::embedded::{Seen, Spot},
    sniff::{self, Found},
};

/// Examines the bytes of a tensor.
pub(crate) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let content = &subject.content;
    exam.declare(0..content.size());
    if let Some(found) = sniff::start(content, exam.limits) {
        put(0, found, Spot::DataStart, subject, exam);
    } else if sniff::end(content) {
        put(0, Found::Format(Format::Zip), Spot::DataEnd, subject, exam);
    }
    if exam.profile == Profile::Strict {
        let found = sniff::anywhere(content, exam.limits);
        for (at, found) in found.into_iter().filter(|(at, _)| *at > 0) {
            put(at, found, Spot::DataMiddle, subject, exam);
        }
    }
}

/// Puts down what was found at `at`, and hands it on to be examined.
pub(crate) fn put(at: u64, found: Found, place: Spot, subject: &Subject, exam: &mut Examination<'_>) {
    let rest = subject.content.since(at);
    match found {
        Found::Program(program) => exam.observe_at(at, Seen::Executable { program, place }),
        Found::Format(format) => {
            exam.observe_at(at, Seen::Hidden { format, place });
            let role = if format == Format::Pickle {
                Role::Pickle
            } else {
                Role::Plain
            };
            exam.inner(&format!("byte {at}"), rest, role);
        }
    }
}

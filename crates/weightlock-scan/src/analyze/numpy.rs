//! NumPy: headers, the values behind them, and the pickle of an array of objects. One file may hold many arrays.

use weightlock_format::{
    Error,
    numpy::{Data, Header, MAGIC},
};

use super::{Examination, Role, Subject};
use crate::{coverage::Gap, observation::numpy::Seen};

/// Examines a file of arrays.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let mut start = 0;
    while start < size {
        if start > 0 && !begins_with_array(subject, start) {
            let rest = subject.content.since(start);
            return exam.pass(start..size, "behind the array", rest, Role::Plain);
        }
        if exam.budget.objects == 0 {
            let limit = exam.limits.objects;
            return exam.unread(
                start..size,
                Gap::Limit {
                    what: "objects",
                    limit,
                },
            );
        }
        exam.budget.objects = exam.budget.objects.saturating_sub(1);
        match one(subject, start, exam) {
            Some(end) => start = end,
            None => return,
        }
    }
}

fn begins_with_array(subject: &Subject, start: u64) -> bool {
    subject
        .content
        .read(start, MAGIC.len())
        .is_ok_and(|head| head == MAGIC)
}

/// Examines the array at `start`, and tells where it ends.
fn one(subject: &Subject, start: u64, exam: &mut Examination<'_>) -> Option<u64> {
    let size = subject.content.size();
    let header = match Header::read(&subject.content, start) {
        Ok(header) => header,
        Err(Error::Refused(problem)) => {
            exam.unread(start..size, Gap::Malformed(problem.to_string()));
            exam.observe_at(problem.offset(), Seen::BrokenHeader { problem });
            return None;
        }
        Err(error) => {
            exam.gave_up(error, subject);
            return None;
        }
    };
    for problem in &header.problems {
        exam.put(
            Some(problem.offset()),
            Some("header".to_owned()),
            Seen::BrokenHeader {
                problem: problem.clone(),
            },
        );
    }
    exam.explain(header.range.clone());
    let end = header.end();
    match header.data {
        Data::Values(range) => exam.data(range.start..range.end.min(size), "values", subject),
        Data::Pickle(at) => {
            exam.put(
                Some(header.range.start),
                Some("descr".to_owned()),
                Seen::ObjectArray { descr: header.descr },
            );
            exam.pass(at..size, "objects", subject.content.since(at), Role::Pickle);
        }
        Data::Unknown(at) => exam.pass(
            at..size,
            "behind the header",
            subject.content.since(at),
            Role::Plain,
        ),
    }
    end
}

//! Files of bare arrays: every byte is a declared number.

use weightlock_format::{Error, content::Content, ndarrays::Arrays};

use super::{Examination, Subject};
use crate::coverage::Gap;

/// Examines a file of MXNet.
pub(super) fn mxnet(subject: &Subject, exam: &mut Examination<'_>) {
    analyze(subject, exam, Arrays::of_mxnet);
}

/// Examines a file of Paddle.
pub(super) fn paddle(subject: &Subject, exam: &mut Examination<'_>) {
    analyze(subject, exam, Arrays::of_paddle);
}

fn analyze(subject: &Subject, exam: &mut Examination<'_>, read: fn(&Content) -> Result<Arrays, Error>) {
    let size = subject.content.size();
    let arrays = match read(&subject.content) {
        Ok(arrays) => arrays,
        Err(error) => return exam.gave_up(error, subject),
    };
    let mut reached = 0;
    for (index, range) in arrays.data.iter().enumerate() {
        exam.explain(reached..range.start);
        exam.data(range.clone(), &format!("array {index}"), subject);
        reached = range.end;
    }
    match arrays.problem {
        Some(problem) => exam.gave_up(problem.into(), subject),
        None => {
            exam.explain(reached..arrays.end);
            exam.unread(arrays.end..size, Gap::Unclaimed);
        }
    }
}

//! R objects: the calls that they hold.

use weightlock_format::rds::{Fact, read};

use super::{Examination, Subject, walked::Walked};
use crate::{coverage::Gap, observation::other::Seen};

/// Calls that are told of one object.
const MOST_CALLS: usize = 100_000;

/// Examines an R object.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let mut calls = Vec::new();
    let mut lost = false;
    let limits = exam.limits;
    let end = read(
        &subject.content,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data(range) => walked.data("vector", range),
            Fact::Call(call) if calls.len() < MOST_CALLS => calls.push(call),
            Fact::Call(_) => lost = true,
            _ => {}
        },
    );
    if lost {
        exam.lose(0);
    }
    for call in calls {
        let seen = Seen::RCall {
            function: call.name,
            within: call.within,
        };
        exam.put(Some(call.offset), Some("LANGSXP".to_owned()), seen);
    }
    walked.close_at(end, Gap::Unclaimed, subject, exam);
}

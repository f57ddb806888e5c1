//! UBJSON of XGBoost: numbers and names, none of which runs.

use weightlock_format::ubjson::read;

use crate::coverage::Gap;

use super::{Examination, Subject, walked::Walked};

/// Examines a UBJSON file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let limits = exam.limits;
    let end = read(&subject.content, limits, &mut *exam.budget, &mut |range| {
        walked.data("array", range);
    });
    walked.close_at(end, Gap::Unclaimed, subject, exam);
}

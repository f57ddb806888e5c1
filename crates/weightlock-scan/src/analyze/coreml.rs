//! Core ML: classes of native code and further models that a model needs.

use weightlock_format::coreml::{Fact, read};

use super::{Examination, Subject, walked::Walked};
use crate::observation::tensorflow::Seen;

/// Examines a Core ML model.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let mut seen = Vec::new();
    let limits = exam.limits;
    let end = read(
        &subject.content,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data { field, range } => walked.data(field, range),
            Fact::Unknown { range, .. } => walked.unknown(range),
            Fact::Custom { class, range } => {
                seen.push((range.start, "className", Seen::CustomClass { class }))
            }
            Fact::Linked { path, range } => {
                seen.push((range.start, "linkedModelFile", Seen::LinkedModel { path }));
            }
            _ => {}
        },
    );
    for (offset, construct, what) in seen {
        exam.put(Some(offset), Some(construct.to_owned()), what);
    }
    walked.close(end, subject, exam);
}

//! Core ML: classes of native code and further models that a model needs.

use weightlock_format::coreml::{Fact, read, weights::Weights};

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

/// Examines the weights beside a program.
pub(super) fn weights(subject: &Subject, exam: &mut Examination<'_>) {
    let weights = match Weights::read(&subject.content) {
        Ok(weights) => weights,
        Err(error) => return exam.gave_up(error, subject),
    };
    for range in weights.structure {
        exam.explain(range);
    }
    for (index, range) in weights.blobs.into_iter().enumerate() {
        exam.data(range, &format!("blob {index}"), subject);
    }
}

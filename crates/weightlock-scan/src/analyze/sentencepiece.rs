//! SentencePiece models: pieces of text with scores, and tables. Nothing in them is run.

use weightlock_format::sentencepiece::{Fact, read};

use super::{Examination, Subject, walked::Walked};

/// Examines a model.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let limits = exam.limits;
    let end = read(
        &subject.content,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data { field, range } => walked.data(field, range),
            Fact::Unknown { range } => walked.unknown(range),
            _ => {}
        },
    );
    walked.close(end, subject, exam);
}

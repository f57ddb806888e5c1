//! GGUF: header rules, chat templates, and the tensors' bytes.

use weightlock_format::gguf::Header;

use super::{Examination, Subject};

/// Examines a GGUF file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let header = match Header::read(&mut subject.content.cursor()) {
        Ok(header) => header,
        Err(error) => return exam.gave_up(error, subject),
    };
    for problem in header.problems() {
        exam.problem(problem.clone());
    }
    exam.explain(0..header.data_range().start);
    for tensor in header.layout().tensors() {
        let end = tensor.bytes.end.min(subject.content.size());
        if tensor.bytes.start < end {
            exam.data(tensor.bytes.start..end, &tensor.name, subject);
        }
    }
}

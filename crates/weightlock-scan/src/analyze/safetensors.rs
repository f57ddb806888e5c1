//! safetensors: header rules, the metadata's texts, and the tensors' bytes.

use weightlock_format::safetensors::Header;

use super::{
    Examination, Role, Subject,
    tensors::{self, Padding},
};

/// Examines a safetensors file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let header = match Header::read(&mut subject.content.cursor()) {
        Ok(header) => header,
        Err(error) => return exam.gave_up(error, subject),
    };
    for problem in header.problems() {
        exam.problem(problem.clone());
    }
    for (key, text) in header.metadata() {
        let name = format!("__metadata__.{key}");
        exam.inner(&name, text.clone().into_bytes().into(), Role::Metadata);
    }
    let start = header.data_range().start;
    exam.explain(0..start);
    tensors::account(
        subject,
        exam,
        header.layout(),
        start,
        header.is_whole(),
        Padding { alignment: 1 },
    );
}

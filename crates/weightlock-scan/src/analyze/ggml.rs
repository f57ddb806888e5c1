//! GGML, GGMF, GGJT and GGLA: headers, vocabulary, and the tensors' bytes.

use weightlock_format::ggml::Model;

use super::{Examination, Subject};

/// Examines a file of one of the forerunners of GGUF.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let model = match Model::read(&subject.content) {
        Ok(model) => model,
        Err(error) => return exam.gave_up(error, subject),
    };
    // Everything that is no tensor was read: numbers, words, names, padding.
    let mut reached = 0;
    for tensor in model.layout().tensors() {
        exam.explain(reached..tensor.bytes.start);
        exam.data(tensor.bytes.clone(), &tensor.name, subject);
        reached = tensor.bytes.end;
    }
}

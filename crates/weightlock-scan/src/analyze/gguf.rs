//! GGUF: header rules, chat templates, other texts, and the tensors' bytes.

use weightlock_format::{
    gguf::{Array, Header, Kind, Metadata},
    reader::Endian,
};

use super::{
    Examination, Role, Subject, template,
    tensors::{self, Padding},
};

/// Bytes of an array that are too few to hide anything.
const FEW: u64 = 64;

/// Examines a GGUF file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let header = match Header::read(&mut subject.content.cursor()) {
        Ok(header) => header,
        Err(error) => return exam.gave_up(error, subject),
    };
    for problem in header.problems() {
        exam.problem(problem.clone());
    }
    texts(&header, subject, exam);
    arrays(&header, subject, exam);
    let start = header.data_range().start;
    exam.explain(0..start);
    let padding = Padding {
        alignment: header.alignment(),
    };
    tensors::account(subject, exam, header.layout(), start, header.is_whole(), padding);
}

/// Chat templates are programs; the other texts are looked through.
fn texts(header: &Header, subject: &Subject, exam: &mut Examination<'_>) {
    for (key, range) in header.texts() {
        let content = subject
            .content
            .part(range.start, range.end.saturating_sub(range.start));
        let Some((_, name)) = key.split_once("chat_template") else {
            exam.inner(key, content, Role::Metadata);
            continue;
        };
        if let Ok(Some(text)) = content.whole(exam.limits.text) {
            let name = name.trim_start_matches('.');
            template::remember(if name.is_empty() { "default" } else { name }, &text, exam);
        }
        exam.inner(key, content, Role::Template);
    }
}

/// Templates of one array that are examined.
const MOST_TEMPLATES: u64 = 64;

/// Texts of an array under a key for templates: no loader in use takes them from there, and one may.
fn templates(key: &str, array: &Array, header: &Header, subject: &Subject, exam: &mut Examination<'_>) {
    let mut at = array.bytes.start;
    for index in 0..array.length.min(MOST_TEMPLATES) {
        let Ok(Some(length)) = subject
            .content
            .read(at, 8)
            .map(|bytes| bytes.first_chunk::<8>().copied())
        else {
            return;
        };
        let length = match header.endian() {
            Endian::Little => u64::from_le_bytes(length),
            Endian::Big => u64::from_be_bytes(length),
        };
        let start = at.saturating_add(8);
        at = start.saturating_add(length);
        if at > array.bytes.end {
            return;
        }
        let text = subject.content.part(start, length);
        exam.inner(&format!("{key}[{index}]"), text, Role::Template);
    }
}

/// Arrays of bytes can hold anything.
fn arrays(header: &Header, subject: &Subject, exam: &mut Examination<'_>) {
    for (key, value) in header.metadata() {
        if let Metadata::Array(array) = value
            && array.kind == Kind::String
            && key.starts_with("tokenizer.chat_template")
        {
            templates(key, array, header, subject, exam);
        }
        if let Metadata::Array(array) = value
            && matches!(array.kind, Kind::Uint8 | Kind::Int8)
        {
            let length = array.bytes.end.saturating_sub(array.bytes.start);
            if length >= FEW {
                let content = subject.content.part(array.bytes.start, length);
                exam.inner(key, content, Role::TensorBytes);
            }
        }
    }
}

//! Short texts that a container keeps about itself: its version, its order of bytes, a serial number.

use weightlock_format::detect::{Format, HEAD_BYTES};

use super::{Examination, Role, Subject};

/// Examines such a text. What is not a short text is examined by its content.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let text = subject.content.whole(HEAD_BYTES).ok().flatten();
    match text.map(|text| Format::of(&text)) {
        Some(Format::Text | Format::Empty) => exam.explain(0..size),
        _ => exam.pass(0..size, "content", subject.content.clone(), Role::Plain),
    }
}

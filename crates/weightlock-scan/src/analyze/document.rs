//! JSON documents that are something besides data: notebooks.

use weightlock_format::json;

use super::{Examination, Subject, python::notebook};

/// Examines a JSON document for what it is besides.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let limits = json::Limits::default();
    let most = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    let Ok(Some(text)) = subject.content.whole(most) else {
        return;
    };
    let Ok(value) = json::parse_within(&text, limits) else {
        return;
    };
    if notebook::is_notebook(&value) {
        exam.explain(0..subject.content.size());
        notebook::analyze(&value, exam);
    }
}

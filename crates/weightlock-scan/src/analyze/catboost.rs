//! CatBoost: `CBM1`, the length of the model, and the model as a FlatBuffer, which holds numbers and names.

use super::{Examination, Subject};
use crate::coverage::Gap;

/// Bytes of the magic number and the length.
const HEADER: u64 = 8;

/// Examines a CatBoost model.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let mut length = [0; 4];
    match subject.content.read_at(4, &mut length) {
        Ok(4) => {}
        Ok(_) => return exam.unread(0..size, Gap::Truncated),
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    }
    let end = HEADER.saturating_add(u64::from(u32::from_le_bytes(length)));
    exam.explain(0..HEADER.min(size));
    if end > size {
        return exam.unread(HEADER.min(size)..size, Gap::Truncated);
    }
    exam.data(HEADER..end, "model", subject);
    if end < size {
        // Dictionaries for texts and embeddings, which say nothing of their own length.
        exam.unread(
            end..size,
            Gap::UnsupportedFormat("CatBoost's text and embedding dictionaries"),
        );
    }
}

//! The tensors of a file that is nothing but a header and tensors: each byte behind the header belongs to one, or is
//! padding, or is looked at as a content of its own.

use std::ops::Range;

use weightlock_format::{
    detect,
    detect::Format,
    layout::{Layout, Tensor},
};

use super::{Examination, Role, Subject};
use crate::coverage::Gap;

/// What a format allows between its tensors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Padding {
    /// Zeros up to the next multiple of this are padding.
    pub(super) alignment: u64,
}

/// Accounts for the bytes from `start` on. `whole` tells that every tensor of the file is in `layout`.
pub(super) fn account(
    subject: &Subject,
    exam: &mut Examination<'_>,
    layout: &Layout,
    start: u64,
    whole: bool,
    padding: Padding,
) {
    let size = subject.content.size();
    let mut reached = start;
    for tensor in layout.tensors() {
        let end = tensor.bytes.end.min(size);
        space(
            subject,
            exam,
            reached..tensor.bytes.start.min(size),
            whole,
            padding,
        );
        if tensor.bytes.start < end && agrees(tensor) {
            exam.data(tensor.bytes.start..end, &tensor.name, subject);
        } else if tensor.bytes.start < end {
            let content = subject
                .content
                .part(tensor.bytes.start, end.saturating_sub(tensor.bytes.start));
            exam.pass(tensor.bytes.start..end, &tensor.name, content, Role::Plain);
        }
        reached = reached.max(end);
    }
    space(subject, exam, reached..size, whole, padding);
}

/// Whether the type and shape of a tensor need the bytes that are set aside for it.
fn agrees(tensor: &Tensor) -> bool {
    let needed = tensor
        .dtype
        .zip(tensor.elements())
        .and_then(|(dtype, elements)| dtype.bytes_of(elements));
    needed.is_some() && needed == tensor.bytes.end.checked_sub(tensor.bytes.start)
}

/// Bytes that belong to no tensor.
fn space(subject: &Subject, exam: &mut Examination<'_>, range: Range<u64>, whole: bool, padding: Padding) {
    if range.is_empty() {
        return;
    }
    if !whole {
        let gap = Gap::Malformed("the place of some tensors is not known".to_owned());
        return exam.unread(range, gap);
    }
    let content = subject
        .content
        .part(range.start, range.end.saturating_sub(range.start));
    if content.size() < padding.alignment {
        match content.read(0, usize::try_from(padding.alignment).unwrap_or(0)) {
            Ok(bytes) if bytes.iter().all(|byte| *byte == 0) => return exam.explain(range),
            Ok(_) => {}
            Err(error) => return exam.unread(range, Gap::Unreadable(error.to_string())),
        }
    }
    // An archive at the end is read as a part of the whole file, where its offsets count from.
    let is_last = range.end == subject.content.size();
    let is_archive = is_last
        && content
            .tail(detect::TAIL_BYTES)
            .is_ok_and(|tail| Format::of_tail(&tail) == Some(Format::Zip));
    if !is_archive {
        exam.pass(
            range.clone(),
            &format!("bytes from {}", range.start),
            content,
            Role::Plain,
        );
    }
}

//! HDF5: links and data of other files, configurations and other texts in attributes, and every byte of the file.
//!
//! HDF5 does not say which bytes are in no use: what was deleted stays behind. When all that can be reached was read,
//! such bytes are looked at as data is; when not, they stay unread, for they may be in use after all.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use weightlock_format::{
    content::Content,
    detect::Format,
    hdf5::{self, Attribute, File, RegionKind},
};

use super::{Examination, Role, Subject, keras};
use crate::{
    coverage::Gap,
    observation::keras::Seen,
    sniff::{self, Found},
};

/// Longer values of attributes are not read.
const VALUE_BYTES: u64 = 16 << 20;
/// Shorter texts hold nothing that is encoded.
const ENCODED_BYTES: usize = 64;
/// Ranges of one dataset, and unused ranges, that are looked into one by one.
const LOOKED_INTO: usize = 256;
/// Unused bytes that hold nothing.
const SMALL: u64 = 16;
/// Bytes of an unused range that are compared with zero.
const COMPARED: u64 = 16 << 20;

/// Examines an HDF5 file, wherever in the content its superblock lies.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let base = match hdf5::locate(&subject.content) {
        Ok(base) => base.unwrap_or(0),
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    if subject.trail.base_name().to_ascii_lowercase().ends_with(".keras") {
        exam.observe_at(base, Seen::FormatMismatch);
    }
    let file = match File::read(&subject.content, base, exam.budget) {
        Ok(file) => file,
        Err(error) => return exam.gave_up(error, subject),
    };
    for problem in &file.problems {
        exam.problem(problem.clone());
    }
    for &(at, what) in &file.unread {
        exam.gap(at, 0, Gap::UnsupportedFormat(what));
    }
    for foreign in &file.foreign {
        let seen = Seen::Foreign {
            kind: foreign.kind,
            path: foreign.path.clone(),
            file: foreign.file.clone(),
        };
        exam.put(Some(foreign.offset), Some(foreign.path.clone()), seen);
    }
    let mut seen = BTreeSet::new();
    for attribute in &file.attributes {
        for value in &attribute.values {
            if seen.insert(value.start) {
                text(attribute, value, subject, exam);
            }
        }
    }
    account(&file, subject, exam);
}

/// Looks at one value of an attribute.
fn text(attribute: &Attribute, value: &Range<u64>, subject: &Subject, exam: &mut Examination<'_>) {
    let size = value.end.saturating_sub(value.start);
    let field = format!("attribute {} of {}", attribute.name, attribute.path);
    exam.budget.objects = exam.budget.objects.saturating_sub(size >> 10);
    if size > VALUE_BYTES {
        let what = "the size of an HDF5 attribute";
        let (offset, limit) = (value.start, VALUE_BYTES);
        exam.gap(offset, size, Gap::Limit { what, limit });
        return exam.problem(weightlock_format::Problem::LimitExceeded {
            offset,
            what,
            asked: size,
            limit,
        });
    }
    let Ok(bytes) = subject
        .content
        .read(value.start, usize::try_from(size).unwrap_or(0))
    else {
        return;
    };
    let padding = |byte: &u8| matches!(byte, 0 | b' ');
    let trimmed = bytes
        .iter()
        .rposition(|byte| !padding(byte))
        .map_or(0, |last| last.saturating_add(1));
    // A UTF-16 text ends with a zero byte that belongs to it.
    let trimmed = if bytes.get(1) == Some(&0) {
        bytes.len()
    } else {
        trimmed
    };
    let text = bytes.get(..trimmed).unwrap_or_default();
    if keras::may_be_configuration(text) {
        keras::examine(text, value.start, &field, exam);
        return;
    }
    let format = Format::of(text);
    let content = || subject.content.part(value.start, trimmed as u64);
    if format.is_code() || format.is_container() && format != Format::Zlib {
        exam.inner(&field, content(), Role::Plain);
    } else if text.len() >= ENCODED_BYTES {
        exam.inner(&field, content(), Role::Metadata);
    }
}

/// Accounts for every byte.
fn account(file: &File, subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let mut used = Vec::new();
    let mut looked_into: (Option<Arc<str>>, usize) = (None, 0);
    for region in &file.regions {
        let range = region.range.start.min(size)..region.range.end.min(size);
        used.push(range.clone());
        match &region.kind {
            RegionKind::Metadata => exam.explain(range),
            RegionKind::Filtered => exam.declare(range),
            RegionKind::Data(path) => {
                if looked_into.0.as_ref() != Some(path) {
                    looked_into = (Some(Arc::clone(path)), 0);
                }
                looked_into.1 = looked_into.1.saturating_add(1);
                if looked_into.1 <= LOOKED_INTO {
                    exam.data(range, path, subject);
                } else {
                    exam.declare(range);
                }
            }
            RegionKind::HeapObject => heap_object(range, subject, exam),
        }
    }
    let base = file.superblock.base;
    user_block(base, subject, exam);
    used.push(0..base);
    used.sort_unstable_by_key(|range| (range.start, range.end));
    used.push(size..size);
    let mut at = 0;
    let mut holes = 0_usize;
    for range in used {
        if at < range.start {
            let end = range.start.min(file.superblock.end.max(at));
            unused(at..end, file.complete, &mut holes, subject, exam);
            unused(end..range.start, false, &mut holes, subject, exam);
        }
        at = at.max(range.end);
    }
}

/// A text or byte string of variable length. PyTables keeps objects as pickles in them, which are judged by what they
/// do.
fn heap_object(range: Range<u64>, subject: &Subject, exam: &mut Examination<'_>) {
    let length = range.end.saturating_sub(range.start);
    let content = subject.content.part(range.start, length);
    let name = format!("heap object at {}", range.start);
    match sniff::start(&content, exam.limits) {
        Some(Found::Format(Format::Pickle)) => exam.inner(&name, content, Role::Pickle),
        Some(_) => return exam.data(range, &name, subject),
        None => {}
    }
    exam.declare(range);
}

/// What lies before the superblock belongs to other programs.
fn user_block(base: u64, subject: &Subject, exam: &mut Examination<'_>) {
    let block = subject.content.part(0, base);
    match leading_zeros(&block) {
        zeros if zeros >= base => exam.explain(0..base),
        _ => {
            let head = block
                .read(0, weightlock_format::detect::HEAD_BYTES)
                .unwrap_or_default();
            // Of any other format the whole content is examined as well.
            if matches!(Format::of(&head), Format::Unknown | Format::Text | Format::Xml) {
                let text = trimmed(&block);
                exam.explain(text.size()..base);
                exam.pass(0..text.size(), "user block", text, Role::Plain);
            }
        }
    }
}

/// `block` without the zeros at its end.
fn trimmed(block: &Content) -> Content {
    let tail = block
        .tail(usize::try_from(COMPARED).unwrap_or(0))
        .unwrap_or_default();
    let zeros = tail.iter().rev().take_while(|&&byte| byte == 0).count() as u64;
    block.part(0, block.size().saturating_sub(zeros))
}

/// A range that nothing points to.
fn unused(
    range: Range<u64>,
    complete: bool,
    holes: &mut usize,
    subject: &Subject,
    exam: &mut Examination<'_>,
) {
    let length = range.end.saturating_sub(range.start);
    if length == 0 {
        return;
    }
    let zeros = leading_zeros(&subject.content.part(range.start, length));
    if zeros >= length || complete && length < SMALL {
        return exam.explain(range);
    }
    if !complete {
        return;
    }
    let start = range.start.saturating_add(zeros);
    exam.explain(range.start..start);
    *holes = holes.saturating_add(1);
    if *holes <= LOOKED_INTO {
        exam.data(start..range.end, &format!("unused space at {start}"), subject);
    } else {
        let head = subject.content.read(start, 64).unwrap_or_default();
        if Format::of(&head).is_code() || Format::of(&head).is_container() {
            exam.data(start..range.end, &format!("unused space at {start}"), subject);
        } else {
            exam.declare(start..range.end);
        }
    }
}

/// How many zeros `content` begins with, as far as is worth a look.
fn leading_zeros(content: &Content) -> u64 {
    const STEP: usize = 64 << 10;
    let mut at = 0_u64;
    while at < content.size().min(COMPARED) {
        let Ok(bytes) = content.read(at, STEP) else {
            return at;
        };
        if let Some(first) = bytes.iter().position(|&byte| byte != 0) {
            return at.saturating_add(first as u64);
        }
        if bytes.is_empty() {
            return at;
        }
        at = at.saturating_add(bytes.len() as u64);
    }
    at
}

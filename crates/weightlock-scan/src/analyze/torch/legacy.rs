//! The files of `torch.save` before PyTorch 1.6: five pickles, then the storages.
//!
//! ```text
//! file    = pickle:magic-number pickle:protocol pickle:system pickle:object pickle:keys storage*
//! storage = i64:elements, elements × itemsize bytes            one for each key, in the order of the keys
//! ```
//!
//! Each of the five is loaded, so each is examined. The types of the storages are in the persistent ids of the fourth;
//! a number of elements that differs from the one stated there is what memory faults are made of.

use weightlock_format::{content::Content, pickle::Stream, torch::tensor::StorageId};

use super::Torch;
use crate::{
    analyze::{Examination, Subject, pickle},
    observation::torch::Seen,
};

/// The magic number as LONG1 and LONG4 write it, and as the opcodes of text do.
const MAGIC: [&[u8]; 3] = [
    b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
    b"119547037146038801333356",
    b"0x1950a86a20f9469cfc6c",
];
/// Bytes in which the magic number ends. What comes later is a constant of another pickle, such as one with a storage.
const HEAD_BYTES: usize = 40;
/// Keys that are followed.
const MOST_KEYS: usize = 1 << 20;
/// Bytes of a key.
const KEY_BYTES: usize = 256;

/// Whether `content` begins with the magic number.
pub(super) fn begins(content: &Content) -> bool {
    let head = content.read(0, HEAD_BYTES).unwrap_or_default();
    let holds = |magic: &&[u8]| {
        head.windows(magic.len())
            .any(|window| window.eq_ignore_ascii_case(magic))
    };
    MAGIC.iter().any(holds)
}

/// Examines such a file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut torch = Torch::legacy();
    let mut at = 0;
    let mut keys = Vec::new();
    for _ in 0..5 {
        let Some(stream) = pickle::stream(subject, exam, at, &mut torch) else {
            return;
        };
        at = stream.range.end;
        if stream.broken.is_some() {
            return rest(subject, exam, &stream, at, &mut torch);
        }
        keys = texts(&stream);
    }
    for key in keys {
        let Some((id, offset)) = torch.storage(&key).cloned() else {
            break;
        };
        match storage(subject, exam, at, &id, offset) {
            Some(end) => at = end,
            None => break,
        }
    }
    if let Some(found) = pickle::behind(subject, exam, at, None) {
        pickle::analyze_from(subject, exam, found, &mut torch);
    }
}

/// Goes on behind a stream that breaks.
fn rest(subject: &Subject, exam: &mut Examination<'_>, stream: &Stream, at: u64, torch: &mut Torch) {
    if let Some(found) = pickle::behind(subject, exam, at, stream.broken.as_ref()) {
        pickle::analyze_from(subject, exam, found, torch);
    }
}

/// The texts in the list that loading gives.
fn texts(stream: &Stream) -> Vec<String> {
    let items = stream
        .root
        .and_then(|root| stream.values.view(root).items())
        .unwrap_or_default();
    let text = |&item| stream.values.text(item, KEY_BYTES);
    items.iter().take(MOST_KEYS).map_while(text).collect()
}

/// Accounts for the storage at `at`, and tells where it ends; `None` when it does not fit.
fn storage(
    subject: &Subject,
    exam: &mut Examination<'_>,
    at: u64,
    id: &StorageId,
    named: u64,
) -> Option<u64> {
    let count = subject.content.read(at, 8).ok()?;
    let count = u64::from_le_bytes(*count.first_chunk()?);
    let start = at.checked_add(8)?;
    let end = count
        .checked_mul(id.element_bytes)
        .and_then(|bytes| start.checked_add(bytes));
    let end = end.filter(|&end| end <= subject.content.size());
    if u64::try_from(id.elements) != Ok(count) || end.is_none() {
        let seen = Seen::StorageSize {
            key: id.key.clone(),
            stated: id.bytes(),
            record: end.map(|end| end.saturating_sub(start)),
        };
        exam.put(Some(named), Some("BINPERSID".to_owned()), seen);
    }
    let end = end?;
    exam.explain(at..start);
    exam.data(start..end, &format!("storage {}", id.key), subject);
    Some(end)
}

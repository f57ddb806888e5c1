//! How a compressed content ended, and whether it is as its container states.

use weightlock_format::container::stream::{End, Opened, Packed};

use super::{Examination, Role};
use crate::{coverage::Gap, observation::container::Seen};

/// Zero bytes behind a stream that are looked for; tools pad with fewer.
const PADDING_BYTES: usize = 1 << 20;

/// Puts down what opening `packed` showed. What follows the stream in its source is examined on its own.
pub(crate) fn report(packed: &Packed, opened: &Opened, exam: &mut Examination<'_>) {
    let size = opened.content.size();
    let left = packed.source().size().saturating_sub(opened.used);
    match &opened.end {
        End::Whole => rest(packed, opened, exam),
        End::Broken(why) => exam.gap(size, left, Gap::Malformed(why.clone())),
        End::Limit { what, limit } => {
            let gap = Gap::Limit { what, limit: *limit };
            exam.gap(size, left, gap.clone());
            exam.cut = Some(gap);
            exam.observe_at(size, Seen::Bomb { what, limit: *limit });
        }
        End::Encrypted => exam.gap(0, packed.source().size(), Gap::Encrypted),
        End::Unsupported(why) => exam.gap(size, left, Gap::Compression(why.clone())),
        end => exam.gap(size, left, Gap::Malformed(format!("{end:?}"))),
    }
    let differs = |what: String| Seen::Disagreement { member: None, what };
    if let Some(other) = opened.other_size {
        exam.observe(differs(format!(
            "it is stated to have another size than its {other} bytes"
        )));
    }
    if let Some(other) = opened.other_crc {
        exam.observe(differs(format!(
            "its checksum is {other:08x} and another one is stated: some readers refuse it, others go on"
        )));
    }
}

/// Hands on what the stream does not own.
fn rest(packed: &Packed, opened: &Opened, exam: &mut Examination<'_>) {
    let source = packed.source();
    for range in &opened.skipped {
        let skipped = source.part(range.start, range.end.saturating_sub(range.start));
        exam.inner("skipped part of the stream", skipped, Role::Plain);
    }
    let rest = source.since(opened.used);
    let is_padding = rest
        .whole(PADDING_BYTES)
        .is_ok_and(|bytes| bytes.is_some_and(|bytes| bytes.iter().all(|&byte| byte == 0)));
    if !is_padding {
        exam.observe(Seen::Foreign { bytes: rest.size() });
        exam.inner("behind the stream", rest, Role::Plain);
    }
}

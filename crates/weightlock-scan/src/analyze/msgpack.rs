//! MessagePack: arrays of Flax, and what else is carried in texts and byte strings.

use weightlock_format::msgpack::{Fact, read};

use crate::coverage::Gap;

use super::{Examination, Role, Subject, walked::Walked};

/// Extension types of Flax: an array, a complex number, a scalar of NumPy.
const FLAX: [i8; 3] = [1, 2, 3];
/// Shorter values cannot hold anything that does harm.
const LEAST: u64 = 12;

/// Examines a MessagePack file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let mut carried = Vec::new();
    let limits = exam.limits;
    let end = read(
        &subject.content,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Extension { kind, range } if FLAX.contains(&kind) => walked.data("array", range),
            Fact::Text(range) | Fact::Bytes(range) | Fact::Extension { range, .. }
                if range.end.saturating_sub(range.start) >= LEAST =>
            {
                carried.push(range)
            }
            _ => {}
        },
    );
    for range in carried {
        let name = format!("value at {}", range.start);
        let content = subject
            .content
            .part(range.start, range.end.saturating_sub(range.start));
        exam.inner(&name, content, Role::Metadata);
    }
    walked.close_at(end, Gap::Unclaimed, subject, exam);
}

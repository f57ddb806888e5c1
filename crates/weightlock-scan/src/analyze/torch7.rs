//! Torch7: compiled Lua, and objects of classes that are no part of it.

use weightlock_format::torch7::{Fact, read};

use super::{Examination, Subject, walked::Walked};
use crate::{coverage::Gap, observation::other::Seen};

/// Examines a Torch7 file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let mut seen = Vec::new();
    let mut function = None;
    let limits = exam.limits;
    let end = read(
        &subject.content,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data(range) => walked.data("storage", range),
            Fact::Class { name, offset } => seen.push((offset, Seen::LuaClass { name })),
            Fact::Function { offset } => {
                function = Some(offset);
                seen.push((offset, Seen::LuaFunction));
            }
            _ => {}
        },
    );
    for (offset, what) in seen {
        exam.put(Some(offset), Some("object".to_owned()), what);
    }
    walked.close_at(end, subject, exam);
    if let Some(offset) = function {
        exam.unread(
            offset..subject.content.size(),
            Gap::UnsupportedFormat("compiled Lua"),
        );
    }
}

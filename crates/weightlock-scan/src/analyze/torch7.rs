//! Torch7: compiled Lua, and objects of classes that are no part of it.

use weightlock_format::torch7::{Fact, read};

use super::{Examination, Subject, walked::Walked};
use crate::{coverage::Gap, observation::other::Seen};

/// Examines a Torch7 file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let mut seen = Vec::new();
    let mut has_function = false;
    let limits = exam.limits;
    let end = read(
        &subject.content,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data(range) => walked.data("storage", range),
            Fact::Class { name, offset } => seen.push((offset, Seen::LuaClass { name })),
            Fact::Function { offset } => {
                has_function = true;
                seen.push((offset, Seen::LuaFunction));
            }
            _ => {}
        },
    );
    for (offset, what) in seen {
        exam.put(Some(offset), Some("object".to_owned()), what);
    }
    let behind = if has_function {
        Gap::UnsupportedFormat("compiled Lua")
    } else {
        Gap::Unclaimed
    };
    walked.close_at(end, behind, subject, exam);
}

//! ExecuTorch: the operators that a program names, the backends that it hands blobs to, and where its bytes lie.

use std::ops::Range;

use weightlock_format::executorch;

use super::{Examination, Subject};
use crate::{coverage::Gap, observation::torch::Seen};

/// Zeros that align what follows: segments begin at pages, of 16 KiB on some devices.
const MOST_PADDING: u64 = 1 << 20;

/// Examines an ExecuTorch program.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let program = match executorch::read(&subject.content, exam.limits, &mut *exam.budget) {
        Ok(program) => program,
        Err(error) => return exam.gave_up(error, subject),
    };
    for problem in program.problems {
        exam.problem(problem);
    }
    for (name, at) in program.operators {
        let construct = Some("operators.name".to_owned());
        exam.put(Some(at), construct, Seen::DeviceOperator { name });
    }
    for (name, at) in program.delegates {
        let construct = Some("delegates.id".to_owned());
        exam.put(Some(at), construct, Seen::DeviceBackend { name });
    }
    let mut owned = Vec::new();
    for blob in program.blobs {
        exam.data(blob.clone(), &format!("blob@{}", blob.start), subject);
        owned.push(blob);
    }
    for gap in program.gaps {
        if is_padding(subject, &gap) {
            continue;
        }
        exam.unread(gap.clone(), Gap::Unclaimed);
        owned.push(gap);
    }
    owned.sort_by_key(|range| (range.start, range.end));
    let mut at = 0;
    for range in owned {
        exam.explain(at..range.start.max(at));
        at = range.end.max(at);
    }
    exam.explain(at..subject.content.size().max(at));
}

fn is_padding(subject: &Subject, gap: &Range<u64>) -> bool {
    let length = gap.end.saturating_sub(gap.start);
    let bytes =
        usize::try_from(length.min(MOST_PADDING)).map(|length| subject.content.read(gap.start, length));
    length <= MOST_PADDING && matches!(bytes, Ok(Ok(bytes)) if bytes.iter().all(|&byte| byte == 0))
}

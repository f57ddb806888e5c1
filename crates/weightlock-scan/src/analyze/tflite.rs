//! TensorFlow Lite: operators that the interpreter has not got, and indices that lead outside their tables.

use weightlock_format::tflite;

use super::{Examination, Subject, tensorflow::reach_of};
use crate::{coverage::Gap, observation::tensorflow::Seen};

/// Bytes that nothing refers to and that may be options of operators, which are not taken apart one by one.
const MOST_OPTIONS: u64 = 64 << 10;

/// Examines a TensorFlow Lite model.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let model = match tflite::read(&subject.content, exam.limits, &mut *exam.budget) {
        Ok(model) => model,
        Err(error) => return exam.gave_up(error, subject),
    };
    for problem in model.problems {
        exam.problem(problem);
    }
    for operator in model.custom {
        let reach = operator.strip_prefix("Flex").and_then(reach_of);
        let construct = Some("operator_codes.custom_code".to_owned());
        exam.put(None, construct, Seen::CustomOperator { operator, reach });
    }
    let mut passed: Vec<_> = model.buffers;
    passed.extend(
        model
            .gaps
            .iter()
            .filter(|gap| length(gap) <= MOST_OPTIONS)
            .cloned(),
    );
    passed.sort_by_key(|range| (range.start, range.end));
    let large: Vec<_> = model
        .gaps
        .iter()
        .filter(|gap| length(gap) > MOST_OPTIONS)
        .collect();
    for gap in &large {
        exam.unread((*gap).clone(), Gap::Unclaimed);
    }
    passed.extend(large.into_iter().cloned());
    passed.sort_by_key(|range| (range.start, range.end));
    let mut at = 0;
    for range in passed {
        exam.explain(at..range.start.max(at));
        at = range.end.max(at);
        match length(&range) {
            0..64 => exam.explain(range),
            length if length <= MOST_OPTIONS || !model.gaps.contains(&range) => {
                exam.data(range, "buffer", subject);
            }
            _ => {}
        }
    }
    exam.explain(at..subject.content.size().max(at));
}

const fn length(range: &std::ops::Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

//! Indexes of TensorFlow checkpoints: which bytes of the files beside them are tensors.

use weightlock_format::{pickle, tensorflow::bundle::Bundle};

use super::{Claim, Examination, Subject};

/// Examines an index, and claims the bytes of its tensors.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let bundle = match Bundle::read(&subject.content) {
        Ok(bundle) => bundle,
        Err(error) => return exam.gave_up(error, subject),
    };
    // Names and values are anything; what is hidden among them is left to whoever looks at bytes that nobody owns.
    let hides = pickle::next_stream(&subject.content, 0).is_some();
    for range in bundle.structure.iter().filter(|_| !hides) {
        exam.explain(range.clone());
    }
    let name = subject.trail.base_name();
    let Some(stem) = name.strip_suffix(".index") else {
        return;
    };
    let shards = bundle.shards;
    for (shard, range) in bundle.tensors {
        exam.claim(Claim {
            location: format!("{stem}.data-{shard:05}-of-{shards:05}"),
            range,
        });
    }
}

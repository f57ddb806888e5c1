//! `numpy-object-array`: an array of objects is a pickle behind a header.

use crate::{
    Profile, Severity,
    observation::numpy::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// The data of an array is a pickle.
pub(super) const RULE: Rule = Rule {
    id: "numpy-object-array",
    title: "array of objects, stored as a pickle",
    worst: Severity::Medium,
    cwe: 502,
    what: "the element type of a NumPy array holds Python objects, so its data is a pickle, which is examined as one; \
           what that pickle does is reported by the rules on pickles",
    why: "loading such an array with allow_pickle=True, the default before NumPy 1.16.3, runs the pickle",
    example: "a file embeddings.npy whose element type is |O",
    fix: "store numbers and texts in arrays of plain types, and load with allow_pickle=False",
    references: &["CVE-2019-6446"],
    check: Check::Numpy(check),
};

fn check(seen: &Seen, context: &Context<'_>) -> Option<Judgement> {
    let Seen::ObjectArray { descr } = seen else {
        return None;
    };
    let reason = "the elements are Python objects: loading needs allow_pickle=True and runs a pickle";
    let severity = match context.profile {
        Profile::Default => Severity::Info,
        Profile::Strict | Profile::WeightsOnly => Severity::Medium,
    };
    Some(Judgement::new(severity, reason).named(descr.as_str()))
}

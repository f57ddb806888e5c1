//! `joblib-external-file`: a wrapper of joblib has its array read from another file.

use crate::{
    Severity,
    observation::numpy::Seen,
    reach::escape,
    rules::{Check, Context, Judgement, Rule},
};

/// A wrapper of joblib names another file.
pub(super) const RULE: Rule = Rule {
    id: "joblib-external-file",
    title: "array is read from another file",
    worst: Severity::High,
    cwe: 22,
    what: "a wrapper of old joblib versions names the file that its array lies in, and loading opens it",
    why: "the name is joined to the folder of the model without a check, so it can lead anywhere; the file that it names \
          is loaded with NumPy and can be a pickle itself",
    example: "an NDArrayWrapper whose filename is ../../../../etc/passwd",
    fix: "do not load the file when the name leads out of its folder; otherwise write it again with a joblib since 0.10, \
          which keeps arrays in the same file",
    references: &[],
    check: Check::Numpy(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::ExternalArray { filename } = seen else {
        return None;
    };
    Some(match filename {
        None => {
            let reason = "the name of the file that the array is read from is not a constant";
            Judgement::new(Severity::High, reason)
        }
        Some(name) => match escape(name) {
            Some(_) => {
                let reason = "the array is read from a file outside the folder";
                Judgement::new(Severity::High, reason).named(name.as_str())
            }
            None => {
                let reason = "the array is read from another file of the folder";
                Judgement::new(Severity::Low, reason).named(name.as_str())
            }
        },
    })
}

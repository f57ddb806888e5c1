//! What the scanner knows of a name that a pickle imports, for the hook that looks on while one is read.

use pyo3::prelude::*;
use serde_json::{Value, to_value};
use weightlock_scan::imports::{Grade, look_up};

/// What a dangerous name can do, such as `process`; `None` of every other name.
#[pyfunction]
pub(crate) fn harm(module: &str, name: &str) -> Option<Vec<String>> {
    let known = look_up(module, name);
    let word = |told: Value| told.as_str().map(str::to_owned);
    let words = known
        .capabilities
        .iter()
        .filter_map(|capability| to_value(capability).ok().and_then(word));
    (known.grade == Grade::Dangerous).then(|| words.collect())
}

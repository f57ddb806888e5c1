//! Refusals as Python's `VerificationError`, which is written in Python: exceptions with members cannot be subclassed from
//! here in the stable interface of 3.11.

use std::path::Path;

use pyo3::{prelude::*, sync::PyOnceLock, types::PyList};
use weightlock::embedded::{Diagnostic, Reason, Refused, VerdictTold};

use crate::answer::to_python;

/// `weightlock._errors.refusal`.
static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception for a model at `path` that was refused.
pub(crate) fn refused(py: Python<'_>, path: &Path, refused: &Refused) -> PyErr {
    let verdict = refused.verdict.as_deref();
    match made(py, path, &refused.reasons, verdict) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn made<'py>(
    py: Python<'py>,
    path: &Path,
    reasons: &[Diagnostic],
    verdict: Option<&VerdictTold>,
) -> PyResult<Bound<'py, PyAny>> {
    let make = MAKE.import(py, "weightlock._errors", "refusal")?;
    let verdict = match verdict {
        Some(verdict) => to_python(py, &serde_json::to_value(verdict).unwrap_or_default())?,
        None => py.None().into_bound(py),
    };
    make.call1((path.as_os_str(), listed(py, reasons)?, verdict))
}

/// As tuples, which Python makes its `Reason` of.
pub(crate) fn listed<'py>(py: Python<'py>, reasons: &[Diagnostic]) -> PyResult<Bound<'py, PyList>> {
    let tuples = reasons.iter().map(|told| {
        let Reason {
            code,
            what,
            place,
            file,
            why,
            next,
        } = Reason::from(told);
        (code, what, place, why, next, file)
    });
    PyList::new(py, tuples.collect::<Vec<_>>())
}

//! Refusals as Python's `VerificationError`, which is written in Python: exceptions with members cannot be subclassed from
//! here in the stable interface of 3.11.

use std::path::Path;

use pyo3::{prelude::*, sync::PyOnceLock, types::PyList};
use weightlock::embedded::{Diagnostic, Reason};

/// `weightlock._errors.refusal`.
static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception for these reasons, about the model at `path`.
pub(crate) fn refused(py: Python<'_>, path: &Path, reasons: &[Diagnostic]) -> PyErr {
    match made(py, path, reasons) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn made<'py>(py: Python<'py>, path: &Path, reasons: &[Diagnostic]) -> PyResult<Bound<'py, PyAny>> {
    let make = MAKE.import(py, "weightlock._errors", "refusal")?;
    make.call1((path.as_os_str(), listed(py, reasons)?))
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

//! Verbs and the command line, as functions.

use std::ffi::OsString;

use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use serde_json::Value;
use weightlock::embedded;

use crate::{attend::attend, refusal::listed};

/// A verb's JSON document as Python's values, and its reasons.
#[pyfunction]
#[pyo3(signature = (words, *, progress=None))]
pub(crate) fn answer<'py>(
    py: Python<'py>,
    words: Vec<OsString>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyList>)> {
    let answer = attend(py, progress, |progress| embedded::answer(&words, progress))?;
    Ok((to_python(py, &answer.document)?, listed(py, &answer.reasons)?))
}

/// The program `weightlock`, with its own way to treat signals. Gives its exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| weightlock::run(arguments)).number()
}

/// JSON as Python has it. Documents are our own, and no deeper than their schemas.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match number.as_u64() {
            Some(number) => number.into_pyobject(py)?.into_any(),
            None => match number.as_i64() {
                Some(number) => number.into_pyobject(py)?.into_any(),
                None => number.as_f64().into_pyobject(py)?.into_any(),
            },
        },
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(members) => {
            let dict = PyDict::new(py);
            for (name, member) in members {
                dict.set_item(name, to_python(py, member)?)?;
            }
            dict.into_any()
        }
    })
}

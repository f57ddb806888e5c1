//! What verified files say of themselves, for loaders: the header of a safetensors file, and which files an ONNX model takes
//! its weights from. The readers are those of [`weightlock_format`], which are fuzzed; here is only what Python sees of them.
//!
//! A signature says who made a file, not that it is sound: what is broken is refused, with a `ValueError`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use pyo3::{exceptions::PyValueError, prelude::*};
use weightlock_format::{
    Problem,
    content::Content,
    limits::{Budget, Limits},
    onnx::{self, Fact, Kind},
    safetensors::{self, Header},
};

use crate::buffer::{Buffer, Shared};

/// Name, type, shape, and where the bytes begin and end in the file; in the order of the bytes.
type Tensor = (String, &'static str, Vec<u64>, u64, u64);

/// The tensors of a header, and its free text.
pub(crate) type Read = (Vec<Tensor>, Option<BTreeMap<String, String>>);

/// The header of a whole safetensors file.
#[pyfunction]
pub(crate) fn safetensors_header(py: Python<'_>, file: &Bound<'_, Buffer>) -> PyResult<Read> {
    let bytes = read_only(file)?;
    py.detach(|| {
        let bytes = (*bytes).as_ref();
        header(bytes, bytes.len() as u64).map_err(|problem| refused(&problem))
    })
}

/// The header of a safetensors file of `size` bytes, from its start.
pub(crate) fn header(start: &[u8], size: u64) -> Result<Read, Problem> {
    let header = Header::parse_within(start, size, safetensors::Limits::SIGNED)?;
    let layout = header.sound().map_err(Clone::clone)?;
    let tensors = layout.tensors().iter().filter_map(|tensor| {
        // A sound header has no other types.
        let dtype = tensor.dtype?.name();
        let (start, end) = (tensor.bytes.start, tensor.bytes.end);
        Some((tensor.name.clone(), dtype, tensor.shape.clone(), start, end))
    });
    let metadata = header.has_metadata().then(|| header.metadata().clone());
    Ok((tensors.collect(), metadata))
}

/// The names of all files that an ONNX model takes data from, as it has them; none of what is no ONNX model.
#[pyfunction]
pub(crate) fn onnx_locations(py: Python<'_>, file: &Bound<'_, Buffer>) -> PyResult<Vec<String>> {
    let bytes = read_only(file)?;
    py.detach(|| locations(Content::new(bytes)))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

fn locations(content: Content) -> Result<Vec<String>, weightlock_format::Error> {
    let limits = Limits::default();
    if Kind::of(&content, &limits)? != Some(Kind::Model) {
        return Ok(Vec::new());
    }
    let mut found = BTreeSet::new();
    let mut budget = Budget::new(&limits);
    onnx::read(&content, Kind::Model, &limits, &mut budget, &mut |fact| {
        if let Fact::Tensor(tensor) = fact {
            found.extend(tensor.locations().map(str::to_owned));
        }
    })?;
    Ok(found.into_iter().collect())
}

fn read_only(file: &Bound<'_, Buffer>) -> PyResult<Arc<Shared>> {
    let bytes = file.get().bytes().cloned();
    bytes.ok_or_else(|| PyValueError::new_err("a buffer that can be written to is not what was verified"))
}

pub(crate) fn refused(problem: &Problem) -> PyErr {
    PyValueError::new_err(problem.to_string())
}

//! [`Partial`]: a signed file of which parts are read, as Python sees it. Each part was verified before it is handed out; the
//! rest of the file was not.

use std::path::PathBuf;

use pyo3::prelude::*;
use weightlock::embedded::{self, Model, Parts};
use weightlock_format::safetensors::{LENGTH_BYTES, Limits, data_start};
use weightlock_runtime::private::View;

use crate::{
    attend::attend,
    buffer::Buffer,
    headers::{self, Read},
    refusal::refused,
    signer::Signer,
};

/// A file of which parts are read.
#[pyclass(frozen, module = "weightlock._native")]
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    parts: Parts,
}

impl Partial {
    fn view(&self, py: Python<'_>, start: u64, stop: u64) -> PyResult<View> {
        let read = attend(py, None, |progress| {
            self.parts.read(start..stop, progress.as_ref())
        })?;
        read.map_err(|reasons| refused(py, &self.path, &reasons.into()))
    }
}

#[pymethods]
impl Partial {
    /// What was verified when it was opened, in one line.
    #[getter]
    fn line(&self) -> &str {
        self.parts.line()
    }

    /// Bytes of the file.
    #[getter]
    fn size(&self) -> u64 {
        self.parts.size()
    }

    /// Bytes of it that were read and verified so far, in whole leaves.
    #[getter]
    fn verified(&self) -> u64 {
        self.parts.verified()
    }

    /// The header of a safetensors file.
    fn safetensors_header(&self, py: Python<'_>) -> PyResult<Read> {
        let size = self.size();
        let length = self.view(py, 0, size.min(LENGTH_BYTES))?;
        let end = data_start(length.as_ref(), size, Limits::SIGNED);
        let end = end.map_err(|problem| headers::refused(&problem))?;
        let start = self.view(py, 0, end)?;
        py.detach(|| headers::header(start.as_ref(), size))
            .map_err(|problem| headers::refused(&problem))
    }

    /// Verified bytes from the start of the file: shared and read-only, or a private copy that can be written to.
    #[pyo3(signature = (start, stop, *, writable = false))]
    fn buffer(&self, py: Python<'_>, start: u64, stop: u64, writable: bool) -> PyResult<Buffer> {
        let view = self.view(py, start, stop)?;
        Ok(if writable {
            py.detach(|| Buffer::copy(&view))
        } else {
            Buffer::part(view)
        })
    }

    fn __repr__(&self) -> String {
        format!(
            "<weightlock: {} of {} bytes verified of {}>",
            self.verified(),
            self.size(),
            self.path.display()
        )
    }
}

/// Opens a file for reading parts of it; `None` where its signer has signed no leaves.
#[pyfunction]
#[pyo3(signature = (path, signer, *, signature=None, progress=None))]
pub(crate) fn load_partial(
    py: Python<'_>,
    path: PathBuf,
    signer: Signer,
    signature: Option<PathBuf>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Partial>> {
    let model = Model {
        path,
        signature,
        ..signer.model()
    };
    let opened = attend(py, progress, |progress| embedded::open_parts(&model, progress))?;
    let opened = opened.map_err(|reasons| refused(py, &model.path, &reasons))?;
    Ok(opened.map(|parts| Partial {
        path: model.path,
        parts,
    }))
}

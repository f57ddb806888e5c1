//! [`Guarded`]: a model that was verified and lies in memory that nobody can change, as Python sees it.

use std::{
    fs::File,
    os::fd::IntoRawFd as _,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pyo3::{
    exceptions::{PyFileNotFoundError, PyValueError},
    prelude::*,
};
use weightlock::embedded::{self, Later, Loaded, Model};
use weightlock_artifact::path::ArtifactPath;
use weightlock_runtime::sealed::Sealed;

use crate::{answer::to_python, attend::attend, buffer::Buffer, refusal::refused};

/// A model that was verified. Its view and descriptors last until it is closed; buffers last longer.
#[pyclass(frozen, weakref, module = "weightlock._native")]
#[derive(Debug)]
pub(crate) struct Guarded {
    path: PathBuf,
    line: String,
    /// Taken out when it is closed. What runs meanwhile has its own reference.
    loaded: Mutex<Option<Arc<Loaded>>>,
}

impl Guarded {
    fn new(loaded: Loaded) -> Self {
        Self {
            path: loaded.view().path(),
            line: loaded.line(),
            loaded: Mutex::new(Some(Arc::new(loaded))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Loaded>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> PyResult<Arc<Loaded>> {
        let loaded = self.lock().clone();
        loaded.ok_or_else(|| PyValueError::new_err("the guarded model is closed"))
    }
}

fn sealed<'a>(loaded: &'a Loaded, name: &str) -> PyResult<&'a Sealed> {
    let path = ArtifactPath::parse(name).ok();
    let found = path.and_then(|path| loaded.view().guarded().files().get(&path));
    found.ok_or_else(|| PyFileNotFoundError::new_err(format!("the signature covers no file {name:?}")))
}

#[pymethods]
impl Guarded {
    /// The sealed view: the folder, or the one file.
    #[getter]
    fn path(&self) -> PyResult<String> {
        self.open()?;
        Ok(self.path.to_string_lossy().into_owned())
    }

    fn __fspath__(&self) -> PyResult<String> {
        self.path()
    }

    /// What was verified, in one line.
    #[getter]
    fn line(&self) -> &str {
        &self.line
    }

    /// What was verified, as the JSON of `verify` has it under `result`.
    #[getter]
    fn verified<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let loaded = self.open()?;
        to_python(py, &serde_json::to_value(loaded.verified()).unwrap_or_default())
    }

    /// The names of the files, sorted.
    fn files(&self) -> PyResult<Vec<String>> {
        let loaded = self.open()?;
        let names = loaded.view().guarded().files().keys();
        Ok(names.map(|name| name.as_str().to_owned()).collect())
    }

    /// The bytes of a file: shared and read-only, or a private copy that can be written to.
    #[pyo3(signature = (name, *, writable = false))]
    fn buffer(&self, name: &str, writable: bool) -> PyResult<Buffer> {
        let loaded = self.open()?;
        let file = sealed(&loaded, name)?;
        let bytes = if writable { file.map_private() } else { file.map() };
        Ok(Buffer::new(bytes?, writable))
    }

    /// A new descriptor of a file, to read from its start. It belongs to the caller.
    fn descriptor(&self, name: &str) -> PyResult<i32> {
        let loaded = self.open()?;
        let file = sealed(&loaded, name)?.reopen();
        Ok(file.map(File::into_raw_fd)?)
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.lock().is_none()
    }

    /// Removes the view and gives up the memory that nobody else uses.
    fn close(&self, py: Python<'_>) {
        let loaded = self.lock().take();
        py.detach(|| drop(loaded));
    }

    const fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyAny>) {
        self.close(py);
    }

    fn __repr__(&self) -> String {
        let state = if self.closed() { ", closed" } else { "" };
        format!("<weightlock guarded model at {}{state}>", self.path.display())
    }
}

/// Verifies a model and reads it into sealed memory, in one act.
#[pyfunction]
#[pyo3(signature = (path, *, key=None, certificate_chain=Vec::new(), signature=None, identity=false, policy=false,
                    only=Vec::new(), allow_symlinks=false, progress=None))]
#[expect(clippy::too_many_arguments, reason = "named arguments of Python")]
pub(crate) fn load(
    py: Python<'_>,
    path: PathBuf,
    key: Option<PathBuf>,
    certificate_chain: Vec<PathBuf>,
    signature: Option<PathBuf>,
    identity: bool,
    policy: bool,
    only: Vec<String>,
    allow_symlinks: bool,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Guarded> {
    let later = Later { identity, policy };
    later.refuse().map_err(|reasons| refused(py, &path, &reasons))?;
    let model = Model {
        path,
        key,
        certificate_chain,
        signature,
        only,
        allow_symlinks,
    };
    let loaded = attend(py, progress, |progress| embedded::load(&model, progress))?;
    let loaded = loaded.map_err(|reasons| refused(py, &model.path, &reasons))?;
    Ok(Guarded::new(loaded))
}

//! [`Guarded`]: a model that was verified and lies in memory that nobody can change, as Python sees it.

use std::{
    collections::BTreeMap,
    fs::File,
    os::fd::IntoRawFd as _,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pyo3::{
    exceptions::{PyFileNotFoundError, PyValueError},
    prelude::*,
};
use weightlock::embedded::{self, Loaded, Model, PinnedFile};
use weightlock_artifact::path::ArtifactPath;
use weightlock_runtime::{sealed::Sealed, view::Frozen as _};

use crate::{
    answer::to_python,
    attend::attend,
    buffer::{Buffer, Room},
    refusal::refused,
    signer::Signer,
};

/// How it was verified, and what keeps it.
#[derive(Debug)]
enum Kept {
    /// By a signature, or by a policy.
    Signed(Box<Loaded>),
    /// By a digest that the caller knew.
    Pinned(Box<PinnedFile>),
}

impl Kept {
    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        match self {
            Self::Signed(loaded) => loaded.view().guarded().files(),
            Self::Pinned(file) => file.view().guarded().files(),
        }
    }

    fn sealed(&self, name: &str) -> PyResult<&Sealed> {
        let path = ArtifactPath::parse(name).ok();
        let found = path.and_then(|path| self.files().get(&path));
        found.ok_or_else(|| {
            PyFileNotFoundError::new_err(format!("nothing was verified under the name {name:?}"))
        })
    }
}

/// A model that was verified. Its view and descriptors last until it is closed; buffers last longer.
#[pyclass(frozen, weakref, module = "weightlock._native")]
#[derive(Debug)]
pub(crate) struct Guarded {
    path: PathBuf,
    line: String,
    /// Taken out when it is closed. What runs meanwhile has its own reference.
    kept: Mutex<Option<Arc<Kept>>>,
}

impl Guarded {
    fn new(kept: Kept) -> Self {
        let (path, line) = match &kept {
            Kept::Signed(loaded) => (loaded.view().path(), loaded.line()),
            Kept::Pinned(file) => (file.view().path(), file.line().to_owned()),
        };
        Self {
            path,
            line,
            kept: Mutex::new(Some(Arc::new(kept))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> PyResult<Arc<Kept>> {
        let kept = self.lock().clone();
        kept.ok_or_else(|| PyValueError::new_err("the guarded model is closed"))
    }
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

    /// What was verified of a named signer, as the JSON of `verify` has it under `result`; none when it was a digest, or when a
    /// policy decided and nobody was named besides.
    #[getter]
    fn verified<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let document = match self.open()?.as_ref() {
            Kept::Signed(loaded) => serde_json::to_value(loaded.verified()).unwrap_or_default(),
            Kept::Pinned(_) => serde_json::Value::Null,
        };
        to_python(py, &document)
    }

    /// The verdict, as the JSON of `gate` has it under `result`; none where no policy decided.
    #[getter]
    fn verdict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let document = match self.open()?.as_ref() {
            Kept::Signed(loaded) => serde_json::to_value(loaded.verdict()).unwrap_or_default(),
            Kept::Pinned(_) => serde_json::Value::Null,
        };
        to_python(py, &document)
    }

    /// The names of the files, sorted.
    fn files(&self) -> PyResult<Vec<String>> {
        let kept = self.open()?;
        Ok(kept.files().keys().map(|name| name.as_str().to_owned()).collect())
    }

    /// The bytes of a file: shared and read-only, or a private copy that can be written to.
    #[pyo3(signature = (name, *, writable = false))]
    fn buffer(&self, name: &str, writable: bool) -> PyResult<Buffer> {
        let kept = self.open()?;
        let file = kept.sealed(name)?;
        Ok(if writable {
            Buffer::private(file.map_private()?)
        } else {
            Buffer::file(file.map()?)
        })
    }

    /// A new descriptor of a file, to read from its start. It belongs to the caller.
    fn descriptor(&self, name: &str) -> PyResult<i32> {
        let kept = self.open()?;
        let file = kept.sealed(name)?.reopen();
        Ok(file.map(File::into_raw_fd)?)
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.lock().is_none()
    }

    /// Removes the view and gives up the memory that nobody else uses.
    fn close(&self, py: Python<'_>) {
        let kept = self.lock().take();
        py.detach(|| drop(kept));
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
#[pyo3(signature = (path, signer, *, signature=None, only=Vec::new(), allow_symlinks=false, progress=None))]
pub(crate) fn load(
    py: Python<'_>,
    path: PathBuf,
    signer: Signer,
    signature: Option<PathBuf>,
    only: Vec<String>,
    allow_symlinks: bool,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Guarded> {
    let model = Model {
        path,
        signature,
        only,
        allow_symlinks,
        ..signer.model()
    };
    let loaded = attend(py, progress, |progress| embedded::load(&model, progress))?;
    let loaded = loaded.map_err(|reasons| refused(py, &model.path, &reasons))?;
    Ok(Guarded::new(Kept::Signed(Box::new(loaded))))
}

/// Verifies a file and reads it into memory of the caller, in one act. Gives what was verified, as a document and in a line.
#[pyfunction]
#[pyo3(signature = (path, buffer, signer, *, signature=None, allow_symlinks=false, progress=None))]
pub(crate) fn load_into<'py>(
    py: Python<'py>,
    path: PathBuf,
    buffer: &Bound<'py, PyAny>,
    signer: Signer,
    signature: Option<PathBuf>,
    allow_symlinks: bool,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, String)> {
    let mut room = Room::of(buffer)?;
    let model = Model {
        path,
        signature,
        allow_symlinks,
        ..signer.model()
    };
    let memory = room.bytes_mut();
    let loaded = attend(py, progress, |progress| {
        embedded::load_into(&model, memory, progress)
    })?;
    let loaded = loaded.map_err(|reasons| refused(py, &model.path, &reasons))?;
    let document = serde_json::to_value(loaded.verified()).unwrap_or_default();
    Ok((to_python(py, &document)?, loaded.line()))
}

/// Reads a file whose SHA-256 is known into sealed memory. `name` is what `pin` was looked up by.
#[pyfunction]
#[pyo3(signature = (path, name, pin, signer, *, progress=None))]
pub(crate) fn load_pinned(
    py: Python<'_>,
    path: PathBuf,
    name: &str,
    pin: Option<&str>,
    signer: Signer,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Guarded> {
    let model = Model {
        path,
        ..signer.model()
    };
    let loaded = attend(py, progress, |progress| {
        embedded::load_pinned(&model, name, pin, progress)
    })?;
    let loaded = loaded.map_err(|reasons| refused(py, &model.path, &reasons))?;
    Ok(Guarded::new(Kept::Pinned(Box::new(loaded))))
}

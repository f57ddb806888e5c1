//! [`Buffer`]: verified bytes by Python's buffer protocol, without a copy.
//!
//! What Python makes of it (`memoryview`, an array, a tensor) holds a reference to the buffer, and the buffer is the
//! mapping: the bytes stay where they are until the last of them is gone, whether or not the model was closed. They are
//! never unmapped or used again under somebody's hands.
//!
//! Rejected: handing out `bytes`, which is a copy of a model; and one mapping for everybody, which a writer would change for
//! all.
#![expect(unsafe_code, reason = "the buffer protocol is a pointer and a length")]

use std::ffi::c_int;

use pyo3::{exceptions::PyBufferError, ffi, prelude::*};
use weightlock_runtime::sealed::Bytes;

/// The bytes of one file: shared and read-only, or a private copy that can be written to.
#[pyclass(frozen, module = "weightlock._native")]
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Bytes,
    writable: bool,
}

impl Buffer {
    pub(crate) const fn new(bytes: Bytes, writable: bool) -> Self {
        Self { bytes, writable }
    }
}

#[pymethods]
impl Buffer {
    fn __len__(&self) -> usize {
        self.bytes.size()
    }

    fn __repr__(&self) -> String {
        let kind = if self.writable { "private" } else { "read-only" };
        format!("<weightlock buffer, {} bytes, {kind}>", self.bytes.size())
    }

    /// Whether what is made of it can be written to.
    #[getter]
    const fn writable(&self) -> bool {
        self.writable
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        let length = isize::try_from(this.bytes.size())
            .map_err(|_| PyBufferError::new_err("too large for this machine"))?;
        let start = this.bytes.start().as_ptr().cast();
        // SAFETY: Python gives a view to be filled. It takes a reference to this object into it, which owns the mapping; the
        // mapping has this length, and permits writing if it is said to. No code of ours looks at a writable one.
        let done = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                start,
                length,
                c_int::from(!this.writable),
                flags,
            )
        };
        if done == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(slf.py()))
        }
    }
}

//! [`Buffer`]: verified bytes by Python's buffer protocol, without a copy.
//!
//! What Python makes of it (`memoryview`, an array, a tensor) holds a reference to the buffer, and the buffer is the
//! mapping: the bytes stay where they are until the last of them is gone, whether or not the model was closed. They are
//! never unmapped or used again under somebody's hands.
//!
//! The other way round, [`Room`] is memory of Python's that verified bytes are to be put into.
//!
//! Rejected: handing out `bytes`, which is a copy of a model; and one mapping for everybody, which a writer would change for
//! all.
#![expect(unsafe_code, reason = "the buffer protocol is a pointer and a length")]

use std::ffi::c_int;

use pyo3::{buffer::PyBuffer, exceptions::PyBufferError, ffi, prelude::*};
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

/// Memory of a Python object that can be written to. The object cannot let it go meanwhile.
pub(crate) struct Room(PyBuffer<u8>);

impl Room {
    /// The memory of a view of bytes.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::get(object)?;
        if buffer.readonly() || !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err(
                "the buffer must be writable and contiguous",
            ));
        }
        Ok(Self(buffer))
    }

    /// The memory. Python code that looks at it meanwhile sees anything: who asks to have it filled is told so.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        if self.0.len_bytes() == 0 {
            return &mut [];
        }
        // SAFETY: the buffer is writable, contiguous, of this length, and stays where it is while this value has it. No
        // other code of ours looks at it.
        unsafe { std::slice::from_raw_parts_mut(self.0.buf_ptr().cast(), self.0.len_bytes()) }
    }
}

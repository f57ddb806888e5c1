//! [`Buffer`]: verified bytes by Python's buffer protocol.
//!
//! What Python makes of it (`memoryview`, an array, a tensor) holds a reference to the buffer, and the buffer owns the
//! memory: the bytes stay where they are until the last of them is gone, whether or not the model was closed. They are
//! never unmapped or used again under somebody's hands.
//!
//! A whole file is a mapping, without a copy. A part of one shares memory with other parts, so what can be written to is a
//! copy of it.
//!
//! The other way round, [`Room`] is memory of Python's that verified bytes are to be put into.
//!
//! Rejected: handing out `bytes`, which is a copy of a model; and one mapping for everybody, which a writer would change for
//! all.
#![expect(unsafe_code, reason = "the buffer protocol is a pointer and a length")]

use std::{ffi::c_int, ptr::NonNull, sync::Arc};

use pyo3::{buffer::PyBuffer, exceptions::PyBufferError, ffi, prelude::*};
use weightlock_format::content;
use weightlock_runtime::{private::View, sealed::Bytes};

/// Verified bytes: shared and read-only, or private and writable.
#[pyclass(frozen, module = "weightlock._native")]
#[derive(Debug)]
pub(crate) struct Buffer {
    start: NonNull<u8>,
    length: usize,
    writable: bool,
    memory: Memory,
}

/// What keeps the bytes where they are.
#[derive(Debug)]
enum Memory {
    /// Read-only bytes, which also our own code looks at.
    Shared(Arc<Shared>),
    /// A private mapping of a file.
    Private(#[expect(dead_code, reason = "it is only kept")] Bytes),
    /// A copy.
    Own,
}

/// Bytes that nobody writes to.
#[derive(Debug)]
pub(crate) enum Shared {
    /// Of a file.
    File(Bytes),
    /// Of a part of one.
    Part(View),
}

// SAFETY: the memory belongs to this value. It is never written to by our code, and it is freed when the value goes; whoever
// writes to a writable one does so by the buffer protocol, where Python's rules for shared memory hold.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// The bytes of a file, read-only.
    pub(crate) fn file(bytes: Bytes) -> Self {
        Self::shared(Shared::File(bytes))
    }

    /// A part of a file, read-only.
    pub(crate) fn part(view: View) -> Self {
        Self::shared(Shared::Part(view))
    }

    /// A private mapping of a file, to be written to.
    pub(crate) fn private(bytes: Bytes) -> Self {
        Self {
            start: bytes.start(),
            length: bytes.size(),
            writable: true,
            memory: Memory::Private(bytes),
        }
    }

    /// A copy, to be written to.
    pub(crate) fn copy(view: &View) -> Self {
        let copy: Box<[u8]> = view.as_ref().into();
        let length = copy.len();
        // From now on it is reached by this pointer alone.
        let start = NonNull::from(Box::leak(copy)).cast();
        Self {
            start,
            length,
            writable: true,
            memory: Memory::Own,
        }
    }

    fn shared(shared: Shared) -> Self {
        let bytes = shared.as_ref();
        Self {
            start: NonNull::from(bytes).cast(),
            length: bytes.len(),
            writable: false,
            memory: Memory::Shared(Arc::new(shared)),
        }
    }

    /// The bytes for our own code; `None` of what Python may write to.
    pub(crate) const fn bytes(&self) -> Option<&Arc<Shared>> {
        match &self.memory {
            Memory::Shared(shared) => Some(shared),
            Memory::Private(_) | Memory::Own => None,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Memory::Own = self.memory {
            let copy = NonNull::slice_from_raw_parts(self.start, self.length);
            // SAFETY: leaked by `copy` with this length, and freed once. Views of it hold a reference to this object, so
            // there is none left.
            drop(unsafe { Box::from_raw(copy.as_ptr()) });
        }
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::File(bytes) => bytes.as_ref(),
            Self::Part(view) => view.as_ref(),
        }
    }
}

impl content::Bytes for Shared {
    fn size(&self) -> u64 {
        self.as_ref().len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.as_ref().get(offset..))
            .unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

#[pymethods]
impl Buffer {
    const fn __len__(&self) -> usize {
        self.length
    }

    fn __repr__(&self) -> String {
        let kind = if self.writable { "private" } else { "read-only" };
        format!("<weightlock buffer, {} bytes, {kind}>", self.length)
    }

    /// Whether what is made of it can be written to.
    #[getter]
    const fn writable(&self) -> bool {
        self.writable
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        let length =
            isize::try_from(this.length).map_err(|_| PyBufferError::new_err("too large for this machine"))?;
        // SAFETY: Python gives a view to be filled. It takes a reference to this object into it, which owns the memory; the
        // memory has this length, and permits writing if it is said to. No code of ours looks at a writable one.
        let done = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                this.start.as_ptr().cast(),
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

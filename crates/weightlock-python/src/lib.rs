//! The Python module `weightlock._native`: what the package `weightlock` stands on, and nothing that a person calls.
//!
//! | question | where |
//! |---|---|
//! | how does work go on while Python can be interrupted? | [`attend`] |
//! | what is a loaded model to Python? | [`guarded`] |
//! | how are its bytes handed out? | [`buffer`] |
//! | whose signature counts? | [`signer`] |
//! | how do answers and refusals get there? | [`answer`], [`refusal`] |
//! | which parts of a file are read? | [`partial`] |
//! | what does a verified file say of itself? | [`headers`] |
//! | which names may a pickle not import? | [`imports`] |
//!
//! The interpreter's lock is given up for everything that reads or hashes. Nothing here is changed without a lock, so the
//! module also stands in interpreters that have none.

mod answer;
mod attend;
mod buffer;
mod guarded;
mod headers;
mod imports;
mod partial;
mod refusal;
mod signer;

/// The module.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::{
        answer::{answer, main},
        buffer::Buffer,
        guarded::{Guarded, load, load_into, load_pinned},
        headers::{onnx_locations, safetensors_header},
        imports::harm,
        partial::{Partial, load_partial},
    };

    /// The version of the program and of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

//! NumPy arrays: `.npy`. <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>
//!
//! ```text
//! file   = 0x93 "NUMPY" major minor length text data
//! length = u16 in version 1, u32 in versions 2 and 3
//! text   = { 'descr': descr, 'fortran_order': bool, 'shape': (n, …) } padding "\n"
//! data   = shape × itemsize bytes | a pickle, when anything in descr is an object
//! ```
//!
//! The text is a Python literal, and a program to readers that evaluate it. Sizes are multiplied with checks, as
//! NumPy's own product of the shape wraps at 64 bits. What is behind the data is for the caller: several arrays in
//! one file are common.

mod dtype;
mod header;
mod literal;
pub mod pickled;

pub use self::{
    dtype::{Layout, Plain, elements},
    header::{Data, Header, MAGIC},
    literal::Literal,
};
use crate::reason;
use weightlock_artifact::reason::Code;

/// A broken rule of NumPy's format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file does not begin with the magic number.
    #[error("no array begins here")]
    Magic,
    /// A version other than 1.0, 2.0 and 3.0.
    #[error("version {0}.{1} of the array format is not known")]
    Version(u8, u8),
    /// The header breaks the syntax of literals.
    #[error("the header is not a Python literal")]
    Literal,
    /// The header names or calls something: it is a program to readers that evaluate it.
    #[error("the header is an expression, not a Python literal")]
    Code,
    /// The header is no dictionary of the three keys.
    #[error("the header does not have exactly the keys descr, fortran_order and shape")]
    Keys,
    /// A key occurs twice.
    #[error("a key of the header occurs twice")]
    DuplicateKey,
    /// The type is no description of a type.
    #[error("descr does not describe a type")]
    Descr,
    /// The type is not known.
    #[error("the type is not known")]
    Type,
    /// The shape is no tuple of sizes.
    #[error("the shape is not a tuple of at most 64 non-negative integers")]
    Shape,
    /// The size of the array overflows.
    #[error("the size of the array overflows")]
    SizeOverflow,
    /// The file ends before the array.
    #[error("the array ends {bytes} bytes behind the end of the file")]
    Missing {
        /// Missing bytes.
        bytes: u64,
    },
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Version(..) | Self::Type => reason::UNSUPPORTED,
            Self::DuplicateKey => reason::DUPLICATE,
            Self::SizeOverflow => reason::RANGE,
            Self::Missing { .. } => reason::TRUNCATED,
            Self::Magic | Self::Literal | Self::Code | Self::Keys | Self::Descr | Self::Shape => {
                reason::MALFORMED
            }
        }
    }
}

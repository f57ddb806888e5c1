//! GGUF: typed metadata and tensors in one file. <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
//!
//! ```text
//! file     = "GGUF" version tensors:n pairs:n pair* info* padding data
//! version  = u32: 1, 2 or 3. Written in the byte order of the file, so it tells that order
//! n        = u64 (u32 in version 1)
//! text     = n bytes, UTF-8
//! pair     = key:text kind:u32 value
//! value    = a number or boolean | text | array
//! array    = kind:u32 n value*
//! info     = name:text u32:dimensions n{dimensions} type:u32 offset:u64
//! data     = the tensors, each at its offset, padded to `general.alignment` (32)
//! ```
//!
//! Readers of this format written in C have had memory-safety faults in nearly every count and length above, so
//! each is compared with what is left of the file before it is used, and sizes are multiplied with checks. What
//! was read before a fault stays readable; [`Header::sound`] refuses a file with any problem.

mod header;
mod metadata;
mod types;

pub(crate) use self::types::dtype as dtype_of_ggml;
pub use self::{
    header::{Header, limit},
    metadata::{Array, Kind, Metadata},
};
use crate::{Named, reason};
use weightlock_artifact::reason::Code;

/// A broken rule of GGUF.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file does not begin with `GGUF`.
    #[error("the file does not begin with GGUF")]
    Magic,
    /// A version other than 1, 2 and 3.
    #[error("GGUF version {0} is not known")]
    Version(u32),
    /// A key is empty, too long or not UTF-8.
    #[error("a metadata key is empty, longer than 65535 bytes or not UTF-8")]
    Key,
    /// A key occurs twice.
    #[error("the metadata key {0} occurs twice")]
    DuplicateKey(Named),
    /// A value has a kind that the format does not know.
    #[error("metadata {key}: value kind {kind} is not known")]
    Kind {
        /// The key.
        key: Named,
        /// The kind as written.
        kind: u32,
    },
    /// A boolean is neither 0 nor 1.
    #[error("metadata {key}: a boolean is {byte}")]
    Bool {
        /// The key.
        key: Named,
        /// The byte.
        byte: u8,
    },
    /// A text is not UTF-8.
    #[error("metadata {0}: a text is not UTF-8")]
    Text(Named),
    /// `general.alignment` is not a 32-bit power of two.
    #[error("general.alignment is not a power of two of the kind u32")]
    Alignment,
    /// A tensor name is not UTF-8.
    #[error("a tensor name is not UTF-8")]
    TensorName,
    /// A tensor name is empty or longer than the 64 bytes of the format; loaders cut or refuse it.
    #[error("tensor {0}: its name is empty or longer than 64 bytes")]
    NameLength(Named),
    /// A tensor name occurs twice.
    #[error("the tensor name {0} occurs twice")]
    DuplicateTensor(Named),
    /// A tensor has more than four dimensions.
    #[error("tensor {name}: {found} dimensions, and the format has at most 4")]
    Dimensions {
        /// The tensor.
        name: Named,
        /// Dimensions as written.
        found: u32,
    },
    /// The tensor type is not known.
    #[error("tensor {name}: type {code} is not known")]
    Type {
        /// The tensor.
        name: Named,
        /// The type as written.
        code: u32,
    },
    /// The product of the dimensions, its bytes or its end overflows 64 bits.
    #[error("tensor {0}: its size overflows")]
    SizeOverflow(Named),
    /// The first dimension is not a multiple of the block size of the type.
    #[error("tensor {name}: rows of {row} elements do not fill blocks of {block}")]
    PartialBlock {
        /// The tensor.
        name: Named,
        /// Elements of one row.
        row: u64,
        /// Elements of one block.
        block: u64,
    },
    /// The offset is not a multiple of the alignment.
    #[error("tensor {0}: its offset is not aligned")]
    Unaligned(Named),
    /// The tensor ends behind the end of the file.
    #[error("tensor {name}: it ends {beyond} bytes behind the end of the file")]
    OutsideFile {
        /// The tensor.
        name: Named,
        /// By how much.
        beyond: u64,
    },
    /// Two tensors share bytes.
    #[error("tensor {name}: it shares {shared} bytes with the tensors before it")]
    Overlap {
        /// The later tensor.
        name: Named,
        /// Shared bytes.
        shared: u64,
    },
    /// More than padding lies before a tensor.
    #[error("tensor {name}: {unowned} bytes before it belong to no tensor")]
    Gap {
        /// The tensor behind the gap.
        name: Named,
        /// Bytes beyond the padding.
        unowned: u64,
    },
    /// More than padding lies behind the last tensor.
    #[error("{unowned} bytes behind the last tensor belong to no tensor")]
    Appended {
        /// Bytes beyond the padding.
        unowned: u64,
    },
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Magic | Self::Key | Self::Bool { .. } | Self::Text(_) | Self::Alignment => {
                reason::MALFORMED
            }
            Self::TensorName | Self::NameLength(_) | Self::Dimensions { .. } => reason::MALFORMED,
            Self::PartialBlock { .. } => reason::MALFORMED,
            Self::Version(_) | Self::Kind { .. } | Self::Type { .. } => reason::UNSUPPORTED,
            Self::DuplicateKey(_) | Self::DuplicateTensor(_) => reason::DUPLICATE,
            Self::SizeOverflow(_) | Self::Unaligned(_) | Self::OutsideFile { .. } => reason::RANGE,
            Self::Overlap { .. } | Self::Gap { .. } | Self::Appended { .. } => reason::RANGE,
        }
    }
}

//! safetensors: tensors behind a JSON header. <https://github.com/huggingface/safetensors#format>
//!
//! ```text
//! file   = length header data
//! length = u64, little endian: bytes of the header, at most 100 000 000
//! header = JSON object, beginning with `{`, padded at the end with spaces
//!          { "__metadata__"?: { text: text, … },
//!            name: { "dtype": text, "shape": [n, …], "data_offsets": [begin, end] }, … }
//! data   = the tensors, little endian, last dimension fastest, without gap or overlap
//! ```
//!
//! [`Header::read`] refuses a file only when its header cannot be believed at all. Everything else that is wrong
//! (ranges, sizes, types, bytes behind the last tensor) is listed in [`Header::problems`] beside the facts that
//! survive; [`Header::sound`] refuses a file with any problem. A reader that stops at the first fault would let
//! one broken entry hide all others from the report.

mod entry;
mod header;
pub mod index;
pub mod write;

pub use self::header::{Header, LENGTH_BYTES, Limits, data_start, limit};
use crate::{Named, reason};
use weightlock_artifact::reason::Code;

/// A broken rule of safetensors.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The header does not begin with `{`.
    #[error("the header does not begin with an opening brace")]
    NotObject,
    /// `__metadata__` is not a map of texts.
    #[error("__metadata__ is not a map from text to text")]
    Metadata,
    /// An entry lacks a field or has one of the wrong kind.
    #[error("tensor {name}: {field} is missing or of the wrong kind")]
    Field {
        /// The tensor.
        name: Named,
        /// The field.
        field: &'static str,
    },
    /// An entry has a field the format does not know; readers may disagree on it.
    #[error("tensor {name}: unknown field {field}")]
    UnknownField {
        /// The tensor.
        name: Named,
        /// The field.
        field: Named,
    },
    /// A tensor name occurs twice.
    #[error("the tensor name {0} occurs twice")]
    DuplicateTensor(Named),
    /// The element type is not known.
    #[error("tensor {name}: unknown dtype {dtype}")]
    UnknownDtype {
        /// The tensor.
        name: Named,
        /// The type as written.
        dtype: Named,
    },
    /// The product of the dimensions, or its bytes, overflows 64 bits.
    #[error("tensor {0}: the product of its dimensions overflows")]
    ShapeOverflow(Named),
    /// Elements of less than a byte that do not fill whole bytes.
    #[error("tensor {0}: its elements do not fill whole bytes")]
    PartialByte(Named),
    /// `begin` is greater than `end`.
    #[error("tensor {0}: it ends before it begins")]
    Reversed(Named),
    /// The range has another size than dtype and shape say.
    #[error("tensor {name}: {found} bytes are set aside and its shape needs {needed}")]
    WrongSize {
        /// The tensor.
        name: Named,
        /// Bytes by dtype and shape.
        needed: u64,
        /// Bytes between the offsets.
        found: u64,
    },
    /// The range ends behind the end of the file.
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
    /// Bytes before a tensor belong to nobody.
    #[error("tensor {name}: {unowned} bytes before it belong to no tensor")]
    Gap {
        /// The tensor behind the gap.
        name: Named,
        /// Bytes of the gap.
        unowned: u64,
    },
    /// Bytes behind the last tensor belong to nobody.
    #[error("{unowned} bytes behind the last tensor belong to no tensor")]
    Appended {
        /// Their number.
        unowned: u64,
    },
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::NotObject | Self::Metadata | Self::Field { .. } | Self::UnknownField { .. } => {
                reason::MALFORMED
            }
            Self::PartialByte(_) => reason::MALFORMED,
            Self::DuplicateTensor(_) => reason::DUPLICATE,
            Self::UnknownDtype { .. } => reason::UNSUPPORTED,
            Self::ShapeOverflow(_)
            | Self::Reversed(_)
            | Self::WrongSize { .. }
            | Self::OutsideFile { .. } => reason::RANGE,
            Self::Overlap { .. } | Self::Gap { .. } | Self::Appended { .. } => reason::RANGE,
        }
    }
}

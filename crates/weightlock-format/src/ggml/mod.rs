//! GGML, GGMF, GGJT and GGLA: the forerunners of GGUF, still in use for speech models and old adapters.
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#historical-state-of-affairs>
//!
//! ```text
//! file    = magic version? parameters filters? vocabulary? tensor*
//! magic   = "lmgg" (no version) | "fmgg" | "tjgg" | "algg" (version)
//! parameters = u32* : the first is the size of the vocabulary; how many there are depends on the model
//! filters = u32:rows u32:columns f32{rows × columns}, of speech models
//! vocabulary = u32:count? ( u32:length bytes score:f32? )*
//! tensor  = u32:dimensions u32:length u32:type u32{dimensions} name padding? data
//! ```
//!
//! No file says which model it is, so how many parameters there are, whether the vocabulary has a count, and which
//! size the blocks of its day had, is found by trying: the shape that reads the file to its last byte is the one.
//! Every count is compared with a limit before use, and nothing is allocated from it.

mod shape;

use std::ops::Range;

use weightlock_artifact::reason::Code;

use self::shape::Shape;
use crate::{Error, Named, Problem, content::Content, layout::Layout, reason};

/// What is accepted from any file.
pub mod limit {
    /// Words of the vocabulary. Published ones have 250 000.
    pub const WORDS: u32 = 1 << 20;
    /// Bytes of a word.
    pub const WORD_BYTES: u32 = 1 << 12;
    /// Tensors. Published files have a few thousand.
    pub const TENSORS: u64 = 1 << 18;
    /// Bytes of a tensor's name.
    pub const NAME_BYTES: u32 = 256;
    /// Lengths and counts that are read while shapes are tried. A published model has half a million.
    pub const NUMBERS: u64 = 8_000_000;
    /// Filters of a speech model: published ones have 128 × 201.
    pub const FILTERS: u64 = 1 << 20;
}

/// A broken rule of these formats.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file begins with none of the magic numbers.
    #[error("the file begins with none of the magic numbers of GGML")]
    Magic,
    /// No known shape reads the file to its end.
    #[error("no known model of GGML is laid out like this; reading ends in {0}")]
    Shape(&'static str),
    /// A tensor's name, type or dimensions are none.
    #[error("tensor {0}: its name, type or dimensions are broken")]
    Tensor(Named),
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Magic | Self::Tensor(_) => reason::MALFORMED,
            Self::Shape(_) => reason::UNSUPPORTED,
        }
    }
}

/// What a file says about itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Model {
    layout: Layout,
    words: u32,
    header: Range<u64>,
}

impl Model {
    /// Reads everything but the data of the tensors.
    ///
    /// # Errors
    /// [`Error::Refused`] when no known shape reads the file to its end, with the fault of the one that came
    /// furthest; [`Error::Io`].
    pub fn read(content: &Content) -> Result<Self, Error> {
        let magic = content.read(0, 4)?;
        let mut furthest: Option<Problem> = None;
        let mut work = 0;
        for shape in Shape::all(&magic).ok_or(Problem::malformed(0, Fault::Magic))? {
            match shape.read(content, &mut work) {
                Ok(model) => return Ok(model),
                Err(Error::Refused(problem)) => {
                    if furthest
                        .as_ref()
                        .is_none_or(|other| other.offset() < problem.offset())
                    {
                        furthest = Some(problem);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(furthest.unwrap_or(Problem::malformed(0, Fault::Magic)).into())
    }

    /// The tensors and where they lie. All other bytes are header.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Words of the vocabulary.
    #[must_use]
    pub const fn words(&self) -> u32 {
        self.words
    }

    /// The bytes before the first tensor's own header.
    #[must_use]
    pub const fn header_range(&self) -> Range<u64> {
        self.header.start..self.header.end
    }
}

#[cfg(test)]
mod tests;

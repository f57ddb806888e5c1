//! The shapes that such a file can have, and how one of them is read.

use std::io::Read;

use super::{Fault, Model, limit};
use crate::{
    Dtype, Error, Named, Problem, Quantization as Q,
    content::{Content, Cursor},
    dtype_of_ggml,
    layout::{Layout, Tensor, elements},
    reader::within,
};

/// Data of tensors begins at multiples of this, in the formats that align it.
const ALIGNMENT: u64 = 32;

/// How a file is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    /// A version follows the magic number.
    has_version: bool,
    /// Numbers before the vocabulary.
    parameters: u32,
    /// Filters of a speech model come before the vocabulary.
    has_filters: bool,
    vocabulary: Vocabulary,
    is_aligned: bool,
    /// The scales of blocks are floats of 32 bits, as they were until May 2023.
    has_wide_scales: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Vocabulary {
    None,
    /// As many words as the first parameter says.
    Stated {
        has_scores: bool,
    },
    /// As many words as a number before them says.
    Counted,
}

impl Shape {
    /// The shapes of files with this magic number, likelier ones first.
    pub(super) fn all(magic: &[u8]) -> Option<Vec<Self>> {
        let plain = Self {
            has_version: true,
            parameters: 7,
            has_filters: false,
            vocabulary: Vocabulary::Stated { has_scores: true },
            is_aligned: false,
            has_wide_scales: false,
        };
        let narrow = match magic {
            b"tjgg" => vec![Self {
                is_aligned: true,
                ..plain
            }],
            b"fmgg" => vec![plain],
            b"algg" => vec![Self {
                parameters: 2,
                vocabulary: Vocabulary::None,
                is_aligned: true,
                ..plain
            }],
            b"lmgg" => Self::unversioned(plain),
            _ => return None,
        };
        let wide = narrow.iter().map(|shape| Self {
            has_wide_scales: true,
            ..*shape
        });
        Some(narrow.iter().copied().chain(wide).collect())
    }

    /// Every model had its own number of parameters.
    fn unversioned(plain: Self) -> Vec<Self> {
        let speech = Self {
            has_version: false,
            parameters: 11,
            has_filters: true,
            vocabulary: Vocabulary::Counted,
            ..plain
        };
        let others = (4..=12).flat_map(|parameters| {
            let of = |vocabulary| Self {
                has_version: false,
                parameters,
                vocabulary,
                ..plain
            };
            [
                of(Vocabulary::Counted),
                of(Vocabulary::Stated { has_scores: false }),
                of(Vocabulary::Stated { has_scores: true }),
                of(Vocabulary::None),
            ]
        });
        [speech].into_iter().chain(others).collect()
    }

    /// Reads `content` to its last byte.
    pub(super) fn read(self, content: &Content, work: &mut u64) -> Result<Model, Error> {
        let mut reader = Reader {
            cursor: content.cursor(),
            work,
        };
        reader.skip(4)?;
        if self.has_version {
            reader.number()?;
        }
        let first = reader.number()?;
        reader.skip(u64::from(self.parameters.saturating_sub(1)).saturating_mul(4))?;
        if self.has_filters {
            let (rows, columns) = (reader.number()?, reader.number()?);
            let count = u64::from(rows).saturating_mul(columns.into());
            within("the number of filters", count, limit::FILTERS, reader.offset())?;
            reader.skip(count.saturating_mul(4))?;
        }
        let words = self.words(&mut reader, first)?;
        let header = 0..reader.offset();
        let mut tensors = Vec::new();
        while reader.cursor.left() > 0 {
            let count = (tensors.len() as u64).saturating_add(1);
            within("the number of tensors", count, limit::TENSORS, reader.offset())?;
            tensors.push(self.tensor(&mut reader)?);
        }
        if tensors.is_empty() {
            return Err(Problem::malformed(reader.offset(), Fault::Shape("a file without tensors")).into());
        }
        Ok(Model {
            layout: Layout::new(tensors),
            words,
            header,
        })
    }

    fn words(self, reader: &mut Reader<'_>, first: u32) -> Result<u32, Error> {
        let (count, has_score) = match self.vocabulary {
            Vocabulary::None => return Ok(0),
            Vocabulary::Stated { has_scores } => (first, has_scores),
            Vocabulary::Counted => (reader.number()?, false),
        };
        within(
            "the number of words",
            count.into(),
            limit::WORDS.into(),
            reader.offset(),
        )?;
        for _ in 0..count {
            let at = reader.offset();
            let length = reader.number()?;
            within(
                "the length of a word",
                length.into(),
                limit::WORD_BYTES.into(),
                at,
            )?;
            let score = if has_score { 4 } else { 0 };
            reader.skip(u64::from(length).saturating_add(score))?;
        }
        Ok(count)
    }

    fn tensor(self, reader: &mut Reader<'_>) -> Result<Tensor, Error> {
        let at = reader.offset();
        let (dimensions, length, code) = (reader.number()?, reader.number()?, reader.number()?);
        let broken = |name: &str| Problem::malformed(at, Fault::Tensor(Named::new(name)));
        if dimensions == 0 || dimensions > 4 || length == 0 || length > limit::NAME_BYTES {
            return Err(broken("").into());
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            shape.push(u64::from(reader.number()?));
        }
        let name = reader.text(length)?.ok_or_else(|| broken(""))?;
        let dtype = dtype_of_ggml(code).ok_or_else(|| broken(&name))?;
        let bytes = elements(&shape).and_then(|elements| self.bytes_of(dtype, elements));
        let bytes = bytes.ok_or_else(|| broken(&name))?;
        if self.is_aligned {
            let padded = reader.offset().next_multiple_of(ALIGNMENT);
            reader.skip(padded.saturating_sub(reader.offset()))?;
        }
        let start = reader.offset();
        reader.skip(bytes)?;
        shape.reverse();
        Ok(Tensor {
            name,
            dtype: Some(dtype),
            shape,
            bytes: start..reader.offset(),
        })
    }

    /// Bytes of so many elements. Where scales are wide, a block has two bytes more for each of its scales.
    fn bytes_of(self, dtype: Dtype, elements: u64) -> Option<u64> {
        let bytes = dtype.bytes_of(elements)?;
        let scales: u64 = match dtype {
            Dtype::Quantized(Q::Q4_0 | Q::Q8_0) => 1,
            Dtype::Quantized(Q::Q4_1) => 2,
            _ => 0,
        };
        let blocks = elements.checked_div(dtype.block().elements)?;
        let wider = blocks.checked_mul(scales.checked_mul(2)?)?;
        bytes.checked_add(if self.has_wide_scales { wider } else { 0 })
    }
}

/// A cursor that goes no further than the end, and no longer than is granted to all shapes together.
struct Reader<'w> {
    cursor: Cursor,
    work: &'w mut u64,
}

impl Reader<'_> {
    const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    fn need(&self, needed: u64) -> Result<(), Problem> {
        let left = self.cursor.left();
        if needed > left {
            return Err(Problem::malformed(
                self.offset(),
                crate::Fault::Truncated { needed, left },
            ));
        }
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), Error> {
        self.need(count)?;
        self.cursor.set_offset(self.offset().saturating_add(count));
        Ok(())
    }

    fn number(&mut self) -> Result<u32, Error> {
        *self.work = self.work.saturating_add(1);
        within(
            "the numbers read while shapes are tried",
            *self.work,
            limit::NUMBERS,
            self.offset(),
        )?;
        self.need(4)?;
        let mut bytes = [0; 4];
        self.cursor.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// A text of at most [`limit::NAME_BYTES`]; `None` when it is not UTF-8.
    fn text(&mut self, length: u32) -> Result<Option<String>, Error> {
        self.need(length.into())?;
        let mut bytes = Vec::new();
        self.cursor.by_ref().take(length.into()).read_to_end(&mut bytes)?;
        Ok(String::from_utf8(bytes).ok())
    }
}

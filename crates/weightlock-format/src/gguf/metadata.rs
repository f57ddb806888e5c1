//! Metadata values. Scalars and texts are kept; of arrays the kind, the length and the place, because a
//! vocabulary has hundreds of thousands of entries and nobody here needs them.

use std::ops::Range;

use super::{
    Fault,
    header::{Width, limit},
};
use crate::{
    Named, Problem,
    reader::{Reader, within},
};

/// The kind of a metadata value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the specification's")]
#[non_exhaustive]
pub enum Kind {
    Uint8,
    Int8,
    Uint16,
    Int16,
    Uint32,
    Int32,
    Float32,
    Bool,
    String,
    Array,
    Uint64,
    Int64,
    Float64,
}

/// A metadata value.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Metadata {
    /// An integer of any width.
    Integer(i128),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
    /// An array, of which only the outside is kept.
    Array(Array),
}

/// The outside of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Array {
    /// The kind of its elements.
    pub kind: Kind,
    /// The number of its elements.
    pub length: u64,
    /// Where the elements lie in the file.
    pub bytes: Range<u64>,
}

impl Metadata {
    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Kind {
    const fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => Self::Uint8,
            1 => Self::Int8,
            2 => Self::Uint16,
            3 => Self::Int16,
            4 => Self::Uint32,
            5 => Self::Int32,
            6 => Self::Float32,
            7 => Self::Bool,
            8 => Self::String,
            9 => Self::Array,
            10 => Self::Uint64,
            11 => Self::Int64,
            12 => Self::Float64,
            _ => return None,
        })
    }

    /// Bytes of a number of this kind; `None` where the length varies or the bytes must be looked at.
    const fn number_bytes(self) -> Option<u64> {
        Some(match self {
            Self::Uint8 | Self::Int8 => 1,
            Self::Uint16 | Self::Int16 => 2,
            Self::Uint32 | Self::Int32 | Self::Float32 => 4,
            Self::Uint64 | Self::Int64 | Self::Float64 => 8,
            Self::Bool | Self::String | Self::Array => return None,
        })
    }
}

/// Reads the value of one pair.
pub(super) struct ValueReader<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) width: Width,
    pub(super) key: &'r str,
    /// Broken rules behind which reading goes on.
    pub(super) faults: Vec<(u64, Fault)>,
    /// Where the text lies that was read.
    pub(super) text: Option<Range<u64>>,
}

impl<'a> ValueReader<'_, 'a> {
    pub(super) fn read(&mut self) -> Result<(Kind, Metadata), Problem> {
        let kind = self.kind()?;
        let value = match kind {
            Kind::Uint8 => Metadata::Integer(self.reader.u8()?.into()),
            Kind::Int8 => Metadata::Integer(self.reader.u8()?.cast_signed().into()),
            Kind::Uint16 => Metadata::Integer(self.reader.u16()?.into()),
            Kind::Int16 => Metadata::Integer(self.reader.u16()?.cast_signed().into()),
            Kind::Uint32 => Metadata::Integer(self.reader.u32()?.into()),
            Kind::Int32 => Metadata::Integer(self.reader.u32()?.cast_signed().into()),
            Kind::Uint64 => Metadata::Integer(self.reader.u64()?.into()),
            Kind::Int64 => Metadata::Integer(self.reader.u64()?.cast_signed().into()),
            Kind::Float32 => Metadata::Float(f32::from_bits(self.reader.u32()?).into()),
            Kind::Float64 => Metadata::Float(f64::from_bits(self.reader.u64()?)),
            Kind::Bool => Metadata::Bool(self.bool()?),
            Kind::String => Metadata::Text(self.text()?),
            Kind::Array => Metadata::Array(self.array()?),
        };
        Ok((kind, value))
    }

    fn kind(&mut self) -> Result<Kind, Problem> {
        let offset = self.reader.offset();
        let code = self.reader.u32()?;
        let fault = || Fault::Kind {
            key: self.named(),
            kind: code,
        };
        Kind::from_code(code).ok_or_else(|| Problem::malformed(offset, fault()))
    }

    /// Any byte but 0 is true to loaders.
    fn bool(&mut self) -> Result<bool, Problem> {
        let offset = self.reader.offset();
        let byte = self.reader.u8()?;
        if byte > 1 {
            let key = self.named();
            self.faults.push((offset, Fault::Bool { key, byte }));
        }
        Ok(byte != 0)
    }

    /// Loaders take any bytes for a text.
    fn text(&mut self) -> Result<String, Problem> {
        let offset = self.reader.offset();
        let bytes = self.text_bytes()?;
        let end = self.reader.offset();
        self.text = Some(end.saturating_sub(bytes.len() as u64)..end);
        if std::str::from_utf8(bytes).is_err() {
            self.faults.push((offset, Fault::Text(self.named())));
        }
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn text_bytes(&mut self) -> Result<&'a [u8], Problem> {
        let offset = self.reader.offset();
        let length = self.width.read(self.reader)?;
        within("the length of a metadata text", length, limit::TEXT_BYTES, offset)?;
        self.reader.take(length)
    }

    /// Walks an array. Arrays of arrays are kept on a heap stack of at most [`limit::ARRAY_DEPTH`] counters.
    fn array(&mut self) -> Result<Array, Problem> {
        let (kind, length) = self.array_start()?;
        let start = self.reader.offset();
        let mut open = vec![(kind, length)];
        while let Some((kind, left)) = open.pop() {
            let Some(fewer) = left.checked_sub(1) else {
                continue;
            };
            match kind {
                Kind::Array => {
                    open.push((kind, fewer));
                    let depth = (open.len() as u64).saturating_add(1);
                    within(
                        "the depth of nested arrays",
                        depth,
                        limit::ARRAY_DEPTH,
                        self.reader.offset(),
                    )?;
                    let inner = self.array_start()?;
                    open.push(inner);
                }
                _ => self.skip(kind, left)?,
            }
        }
        let bytes = start..self.reader.offset();
        Ok(Array { kind, length, bytes })
    }

    fn array_start(&mut self) -> Result<(Kind, u64), Problem> {
        let kind = self.kind()?;
        let length = self.width.read(self.reader)?;
        Ok((kind, length))
    }

    /// Passes over `count` elements that are no arrays. Each takes bytes, so the work is bounded by the file.
    fn skip(&mut self, kind: Kind, count: u64) -> Result<(), Problem> {
        if let Some(size) = kind.number_bytes() {
            // Saturated, the number is larger than any file, and refused as truncated.
            return self.reader.take(count.saturating_mul(size)).map(drop);
        }
        for _ in 0..count {
            match kind {
                Kind::Bool => drop(self.bool()?),
                // Tokens need not be UTF-8: byte-level vocabularies hold parts of characters.
                _ => drop(self.text_bytes()?),
            }
        }
        Ok(())
    }

    fn named(&self) -> Named {
        Named::new(self.key)
    }
}

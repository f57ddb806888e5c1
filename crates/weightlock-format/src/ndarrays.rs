//! Files of bare arrays: MXNet's `.params` and Paddle's `.pdiparams`. Nothing in them is code; what matters is that
//! every byte is a declared number.
//!
//! ```text
//! mxnet   = u64:0x112 u64:0 u64:n array{n} u64:n name{n}         name = u64:length bytes
//! array   = u32:magic [i32:storage] [shape of sparse storage] shape context i32:type aux* data
//! shape   = u32:dimensions, that many i64 (u32 without a magic number)
//! context = i32:device i32:number        aux = i32:type shape, one for CSR's index pointer and each index
//! paddle  = tensor*
//! tensor  = u32:0 u64:levels (u64:length bytes){levels} u32:0 i32:length description data
//! ```
//!
//! <https://github.com/apache/mxnet/blob/master/src/ndarray/ndarray.cc>,
//! <https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/lod_tensor.cc>

use std::ops::Range;

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::Content,
    reader::{Endian, Reader, within},
    reason,
};

/// The first sixteen bytes of an MXNet file.
pub const MXNET_MAGIC: &[u8] = b"\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// Arrays of one file. The largest models have a few thousand.
const ARRAYS: u64 = 1 << 18;
/// Dimensions of an array.
const DIMENSIONS: u64 = 32;
/// Bytes of a name.
const NAME_BYTES: u64 = 4096;
/// Bytes of the fixed part of an array that are read at once.
const WINDOW: usize = 4096;

/// A broken rule of a file of arrays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file does not begin as files of arrays do.
    #[error("no file of arrays begins here")]
    Magic,
    /// The type of the elements or the storage is not known.
    #[error("type {0} of an array is not known")]
    Type(i64),
    /// The size of an array overflows, or it ends behind the end of the file.
    #[error("an array ends behind the end of the file")]
    Size,
    /// The description of a tensor is broken.
    #[error("the description of a tensor is broken")]
    Description,
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Type(_) => reason::UNSUPPORTED,
            Self::Size => reason::RANGE,
            Self::Magic | Self::Description => reason::MALFORMED,
        }
    }
}

/// What was read of a file of arrays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Arrays {
    /// The bytes of the arrays, in order.
    pub data: Vec<Range<u64>>,
    /// How far the file was read; the rest belongs to nothing, or could not be read.
    pub end: u64,
    /// Why reading stopped.
    pub problem: Option<Problem>,
}

impl Arrays {
    /// Reads an MXNet file.
    ///
    /// # Errors
    /// When reading fails.
    pub fn of_mxnet(content: &Content) -> Result<Self, Error> {
        Self::collect(content, |cursor, data| cursor.mxnet(data))
    }

    /// Reads a Paddle file.
    ///
    /// # Errors
    /// When reading fails.
    pub fn of_paddle(content: &Content) -> Result<Self, Error> {
        Self::collect(content, |cursor, data| cursor.paddle(data))
    }

    fn collect(
        content: &Content,
        read: impl FnOnce(&mut Cursor<'_>, &mut Vec<Range<u64>>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut cursor = Cursor { content, at: 0 };
        let mut data = Vec::new();
        let problem = match read(&mut cursor, &mut data) {
            Ok(()) => None,
            Err(Error::Refused(problem)) => Some(problem),
            Err(error) => return Err(error),
        };
        Ok(Self {
            data,
            end: cursor.at,
            problem,
        })
    }
}

/// Whether `head` begins as a Paddle file does: version 0, few levels of detail, version 0, a short description that
/// begins with a type.
#[must_use]
pub fn is_paddle(head: &[u8]) -> bool {
    matches!(
        head,
        [
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            2..=120,
            0,
            0,
            0,
            0x08,
            0..=40,
            0x10 | 0x12,
            ..
        ]
    )
}

struct Cursor<'a> {
    content: &'a Content,
    at: u64,
}

impl Cursor<'_> {
    /// Reads with a [`Reader`] over the next bytes, and goes on where it stopped.
    fn read<T>(&mut self, read: impl FnOnce(&mut Reader<'_>) -> Result<T, Problem>) -> Result<T, Error> {
        let window = self.content.read(self.at, WINDOW)?;
        let mut reader = Reader::new(&window, self.at, Endian::Little);
        let value = read(&mut reader)?;
        self.at = reader.offset();
        Ok(value)
    }

    /// Takes `bytes` as data.
    fn data(&mut self, bytes: Option<u64>) -> Result<Range<u64>, Error> {
        let end = bytes
            .and_then(|bytes| self.at.checked_add(bytes))
            .filter(|&end| end <= self.content.size());
        let end = end.ok_or_else(|| Problem::malformed(self.at, Fault::Size))?;
        Ok(std::mem::replace(&mut self.at, end)..end)
    }

    fn mxnet(&mut self, data: &mut Vec<Range<u64>>) -> Result<(), Error> {
        let count = self.read(|reader| {
            if reader.take(16)? != MXNET_MAGIC {
                return Err(Problem::malformed(0, Fault::Magic));
            }
            let count = reader.u64()?;
            within("the number of arrays", count, ARRAYS, 16)
        })?;
        for _ in 0..count {
            self.mxnet_array(data)?;
        }
        let names = self.read(|reader| {
            let names = reader.u64()?;
            within("the number of names", names, ARRAYS, reader.offset())
        })?;
        for _ in 0..names {
            let length = self.read(|reader| {
                let length = reader.u64()?;
                within("the length of a name", length, NAME_BYTES, reader.offset())
            })?;
            self.data(Some(length))?;
        }
        Ok(())
    }

    fn mxnet_array(&mut self, data: &mut Vec<Range<u64>>) -> Result<(), Error> {
        let Some(array) = self.read(mxnet_header)? else {
            return Ok(());
        };
        let bytes = array
            .parts
            .iter()
            .try_fold(0_u64, |sum, part| sum.checked_add((*part)?));
        let range = self.data(bytes)?;
        data.push(range);
        Ok(())
    }

    fn paddle(&mut self, data: &mut Vec<Range<u64>>) -> Result<(), Error> {
        let mut count = 0_u64;
        while self.at < self.content.size() {
            count = count.saturating_add(1);
            within("the number of arrays", count, ARRAYS, self.at)?;
            let levels = self.read(|reader| {
                version(reader)?;
                let levels = reader.u64()?;
                within("the levels of detail", levels, DIMENSIONS, reader.offset())
            })?;
            for _ in 0..levels {
                let length = self.read(|reader| reader.u64())?;
                self.data(Some(length))?;
            }
            let bytes = self.read(|reader| {
                version(reader)?;
                let length = u64::from(reader.u32()?);
                description(&mut reader.sub(length)?)
            })?;
            let range = self.data(bytes)?;
            data.push(range);
        }
        Ok(())
    }
}

fn version(reader: &mut Reader<'_>) -> Result<(), Problem> {
    let at = reader.offset();
    match reader.u32()? {
        0 => Ok(()),
        other => Err(Problem::malformed(at, Fault::Type(i64::from(other)))),
    }
}

/// The bytes of each part of an array: its values, then its indices. None for a part whose size overflows.
struct MxnetArray {
    parts: Vec<Option<u64>>,
}

/// The header of an array; `None` for an array that was never filled, of which nothing follows.
fn mxnet_header(reader: &mut Reader<'_>) -> Result<Option<MxnetArray>, Problem> {
    const V1: u32 = 0xf993_fac8;
    const V2: u32 = 0xf993_fac9;
    const V3: u32 = 0xf993_faca;
    let magic = reader.u32()?;
    let at = reader.offset();
    let indices = match magic {
        V2 | V3 => match reader.u32()? {
            0 => 0,
            1 => 1,
            2 => 2,
            other => return Err(Problem::malformed(at, Fault::Type(i64::from(other)))),
        },
        _ => 0,
    };
    // What is stored of a sparse array has a shape of its own.
    let stored = if indices > 0 { Some(shape(reader)?) } else { None };
    let whole = match magic {
        V1 | V2 | V3 => shape(reader)?,
        // Without a magic number the first number is that of the dimensions, which are short.
        dimensions => Some(short_shape(reader, u64::from(dimensions))?),
    };
    let Some(whole) = whole.filter(|whole| magic == V3 || !whole.is_empty()) else {
        return Ok(None);
    };
    reader.take(8)?;
    let kind = mxnet_type(reader)?;
    let mut parts = vec![size(&stored.flatten().unwrap_or(whole), kind)];
    for _ in 0..indices {
        let kind = mxnet_type(reader)?;
        let sizes = shape(reader)?.unwrap_or_default();
        parts.push(size(&sizes, kind));
    }
    Ok(Some(MxnetArray { parts }))
}

/// A shape; `None` when it is not known.
fn shape(reader: &mut Reader<'_>) -> Result<Option<Vec<u64>>, Problem> {
    let at = reader.offset();
    let dimensions = reader.u32()?;
    if dimensions == u32::MAX {
        return Ok(None);
    }
    let dimensions = within(
        "the dimensions of an array",
        u64::from(dimensions),
        DIMENSIONS,
        at,
    )?;
    (0..dimensions)
        .map(|_| reader.u64())
        .collect::<Result<_, _>>()
        .map(Some)
}

fn short_shape(reader: &mut Reader<'_>, dimensions: u64) -> Result<Vec<u64>, Problem> {
    within(
        "the dimensions of an array",
        dimensions,
        DIMENSIONS,
        reader.offset(),
    )?;
    (0..dimensions).map(|_| reader.u32().map(u64::from)).collect()
}

fn size(shape: &[u64], element: u64) -> Option<u64> {
    shape
        .iter()
        .try_fold(element, |size, &length| size.checked_mul(length))
}

/// Bytes of an element, by the numbers of mshadow.
fn mxnet_type(reader: &mut Reader<'_>) -> Result<u64, Problem> {
    let at = reader.offset();
    Ok(match reader.u32()? {
        3 | 5 | 7 => 1,
        2 | 8 | 9 | 12 => 2,
        0 | 4 | 10 => 4,
        1 | 6 | 11 => 8,
        other => return Err(Problem::malformed(at, Fault::Type(i64::from(other)))),
    })
}

/// The bytes that a description states: field 1 is the type, field 2 each dimension, packed or not.
fn description(reader: &mut Reader<'_>) -> Result<Option<u64>, Problem> {
    let mut element = None;
    let mut sizes = Vec::new();
    while reader.left() > 0 {
        let at = reader.offset();
        match varint(reader)? {
            0x08 => element = Some(paddle_type(varint(reader)?, at)?),
            0x10 => sizes.push(varint(reader)?),
            0x12 => {
                let length = varint(reader)?;
                let mut packed = reader.sub(length)?;
                while packed.left() > 0 {
                    sizes.push(varint(&mut packed)?);
                }
            }
            _ => return Err(Problem::malformed(at, Fault::Description)),
        }
    }
    let element = element.ok_or_else(|| Problem::malformed(reader.offset(), Fault::Description))?;
    Ok(size(&sizes, element))
}

fn varint(reader: &mut Reader<'_>) -> Result<u64, Problem> {
    let at = reader.offset();
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Problem::malformed(at, Fault::Description))
}

/// Bytes of an element, by the numbers of `framework.proto`.
fn paddle_type(kind: u64, at: u64) -> Result<u64, Problem> {
    Ok(match kind {
        0 | 20 | 21 | 32 | 33 => 1,
        1 | 4 | 22 => 2,
        2 | 5 => 4,
        3 | 6 | 19 | 23 => 8,
        24 => 16,
        other => return Err(Problem::malformed(at, Fault::Type(other.cast_signed()))),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_possible_truncation, reason = "files made here are small")]

    use proptest::prelude::*;

    use super::*;

    fn mxnet(arrays: &[Vec<u8>], names: &[&str]) -> Vec<u8> {
        let mut file = MXNET_MAGIC.to_vec();
        file.extend((arrays.len() as u64).to_le_bytes());
        file.extend(arrays.concat());
        file.extend((names.len() as u64).to_le_bytes());
        for name in names {
            file.extend((name.len() as u64).to_le_bytes());
            file.extend(name.as_bytes());
        }
        file
    }

    fn dense(magic: u32, shape: &[i64], kind: i32, data: usize) -> Vec<u8> {
        let mut array = magic.to_le_bytes().to_vec();
        if magic != 0xf993_fac8 {
            array.extend(0_i32.to_le_bytes());
        }
        array.extend((shape.len() as u32).to_le_bytes());
        array.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
        array.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        array.extend(kind.to_le_bytes());
        array.extend(vec![7; data]);
        array
    }

    fn paddle(dims: &[u8], data: usize) -> Vec<u8> {
        let mut description = vec![0x08, 5];
        description.extend(dims.iter().flat_map(|&size| [0x10, size]));
        let mut file = vec![0; 16];
        file.extend((description.len() as u32).to_le_bytes());
        file.extend(description);
        file.extend(vec![1; data]);
        file
    }

    #[test]
    fn every_byte_of_an_mxnet_file_is_told() {
        let old = [
            &2_u32.to_le_bytes()[..],
            &[2, 0, 0, 0, 3, 0, 0, 0],
            &[1, 0, 0, 0, 0, 0, 0, 0],
            &[0; 4],
            &[9; 24],
        ];
        let file = mxnet(
            &[
                dense(0xf993_fac9, &[2, 3], 0, 24),
                dense(0xf993_faca, &[], 1, 8),
                dense(0xf993_fac8, &[5], 3, 5),
                old.concat(),
            ],
            &["arg:w", "b", "c", "d"],
        );
        let size = file.len() as u64;
        let arrays = Arrays::of_mxnet(&file.into()).unwrap();
        assert_eq!((arrays.end, arrays.problem), (size, None));
        let sizes: Vec<_> = arrays.data.iter().map(|range| range.end - range.start).collect();
        assert_eq!(sizes, [24, 8, 5, 24]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        for file in [
            mxnet(&[dense(0xf993_fac9, &[2, 3], 0, 23)], &[]),
            mxnet(&[dense(0xf993_fac9, &[i64::MAX, i64::MAX], 0, 23)], &[]),
            mxnet(&[dense(0xf993_fac9, &[2, 3], 99, 24)], &[]),
            paddle(&[2, 3], 23),
            paddle(&[2, 3], 25),
        ] {
            let arrays = match file.starts_with(MXNET_MAGIC) {
                true => Arrays::of_mxnet(&file.into()),
                false => Arrays::of_paddle(&file.into()),
            };
            assert!(arrays.unwrap().problem.is_some());
        }
    }

    #[test]
    fn every_byte_of_a_paddle_file_is_told() {
        let file = [paddle(&[2, 3], 24), paddle(&[4], 16)].concat();
        assert!(is_paddle(&file) && !is_paddle(&[0; 64]));
        let size = file.len() as u64;
        let arrays = Arrays::of_paddle(&file.into()).unwrap();
        assert_eq!((arrays.end, arrays.problem, arrays.data.len()), (size, None, 2));
    }

    proptest! {
        #[test]
        fn never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..100_usize, byte: u8) {
            let _ = Arrays::of_paddle(&bytes.clone().into());
            bytes.splice(0..0, MXNET_MAGIC.iter().copied());
            let _ = Arrays::of_mxnet(&bytes.into());
            for mut file in [mxnet(&[dense(0xf993_fac9, &[2, 3], 0, 24)], &["a"]), paddle(&[2, 3], 24)] {
                if let Some(target) = file.get_mut(at) {
                    *target = byte;
                }
                let size = file.len() as u64;
                let content = Content::from(file);
                for arrays in [Arrays::of_mxnet(&content).unwrap(), Arrays::of_paddle(&content).unwrap()] {
                    prop_assert!(arrays.end <= size && arrays.data.iter().all(|range| range.end <= size));
                }
            }
        }
    }
}

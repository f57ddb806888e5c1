//! [`Bundle`]: the index of a checkpoint of TensorFlow, `variables.index` of a SavedModel.
//!
//! ```text
//! index  = block* footer                          each block as its handle says, and 5 bytes: compression, checksum
//! footer = handle:meta handle:blocks zero* magic  48 bytes
//! handle = varint:offset varint:size
//! block  = entry* u32:restart* u32:restarts
//! entry  = varint:shared varint:rest varint:length rest-of-key value
//! value  = BundleHeaderProto under the empty key, BundleEntryProto under the name of a tensor
//! ```
//!
//! The tensors are raw bytes in files beside it, `variables.data-00000-of-00001`, which nothing but the index tells
//! from any other bytes. <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto>
//!
//! Refused: compressed blocks, which TensorFlow does not write, blocks that leave the file or do not follow each other
//! (no byte is read twice as an entry), and more than [`limit::BYTES`] of index.

use std::ops::Range;

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::Content,
    reader::{Endian, Reader},
    reason,
};

/// What is accepted from any index.
pub mod limit {
    /// Bytes of the index. That of a model of a thousand tensors has a hundred thousand.
    pub const BYTES: u64 = 64 << 20;
    /// Bytes of a block, which is held while it is read. TensorFlow ends one behind 256 KiB.
    pub const BLOCK_BYTES: u64 = 4 << 20;
    /// Entries in it.
    pub const ENTRIES: usize = 500_000;
    /// Bytes of a name.
    pub const KEY_BYTES: usize = 64 << 10;
}

/// The last bytes of an index.
const MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
const FOOTER_BYTES: u64 = 48;
const TRAILER_BYTES: u64 = 5;

/// A broken rule of the index.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A block, an entry or a number leaves what holds it.
    #[error("a part of the checkpoint index leaves what holds it")]
    Overrun,
    /// A block is compressed.
    #[error("a block of the checkpoint index is compressed")]
    Compressed,
    /// There is something where nothing stands: between the handles and the magic number, in the first block, between
    /// the entries of a block and the places where keys begin anew.
    #[error("a part of the checkpoint index that is empty is filled")]
    Filled,
    /// The header is missing, or comes after an entry.
    #[error("the checkpoint index has no header")]
    NoHeader,
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Compressed => reason::UNSUPPORTED,
            Self::Overrun | Self::Filled | Self::NoHeader => reason::MALFORMED,
        }
    }
}

/// An index.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bundle {
    /// Files that the tensors lie in.
    pub shards: u64,
    /// Where the bytes of each tensor lie: the number of the file, and the bytes in it.
    pub tensors: Vec<(u64, Range<u64>)>,
    /// What was taken apart.
    pub structure: Vec<Range<u64>>,
}

/// Whether `content` ends as an index does.
///
/// # Errors
/// What reading raises.
pub fn is_bundle(content: &Content) -> std::io::Result<bool> {
    let Some(at) = content.size().checked_sub(FOOTER_BYTES) else {
        return Ok(false);
    };
    Ok(content.read(at, 48)?.ends_with(&MAGIC))
}

impl Bundle {
    /// Reads an index.
    ///
    /// # Errors
    /// The first broken rule, a limit, or what reading raises.
    pub fn read(content: &Content) -> Result<Self, Error> {
        let size = content.size();
        if size > limit::BYTES {
            return Err(exceeded("bytes of a checkpoint index", size, limit::BYTES));
        }
        let at = size.saturating_sub(FOOTER_BYTES);
        let mut bundle = Self::default();
        let footer = content.read(at, 48)?;
        let mut reader = Reader::new(&footer, at, Endian::Little);
        let meta = handle(&mut reader)?;
        let index = handle(&mut reader)?;
        while reader.offset() < at.saturating_add(40) {
            if reader.u8()? != 0 {
                return Err(broken(reader.offset(), Fault::Filled));
            }
        }
        bundle.structure.push(at..size);
        let filters = bundle.block(content, meta, at)?;
        entries(&filters, &mut |_, _| Err(broken(meta.0, Fault::Filled)))?;
        let blocks = bundle.block(content, index, at)?;
        let mut read_to = 0;
        entries(&blocks, &mut |_, value| {
            let block = handle(&mut Reader::new(value, 0, Endian::Little))?;
            if block.0 < read_to {
                return Err(broken(block.0, Fault::Overrun));
            }
            let held = bundle.block(content, block, at)?;
            read_to = block
                .0
                .saturating_add(held.len() as u64)
                .saturating_add(TRAILER_BYTES);
            entries(&held, &mut |key, value| bundle.entry(key, value))
        })?;
        bundle.structure.sort_by_key(|range| (range.start, range.end));
        match bundle.shards {
            0 => Err(broken(0, Fault::NoHeader)),
            _ => Ok(bundle),
        }
    }

    /// The bytes of a block, which must lie before the footer.
    fn block(&mut self, content: &Content, (at, size): (u64, u64), footer: u64) -> Result<Vec<u8>, Error> {
        let end = at
            .checked_add(size)
            .and_then(|end| end.checked_add(TRAILER_BYTES));
        let (Some(end), Ok(length)) = (end.filter(|&end| end <= footer), usize::try_from(size)) else {
            return Err(broken(at, Fault::Overrun));
        };
        if size > limit::BLOCK_BYTES {
            return Err(exceeded("bytes of a block", size, limit::BLOCK_BYTES));
        }
        let bytes = content.read(at, length)?;
        if content.read(at.saturating_add(size), 1)? != [0] {
            return Err(broken(at, Fault::Compressed));
        }
        self.structure.push(at..end);
        Ok(bytes.to_vec())
    }

    fn entry(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let fields = fields(value)?;
        let field = |number| {
            let found = fields.iter().rev().find(|(known, _)| *known == number);
            found.map_or(0, |&(_, value)| value)
        };
        if key.is_empty() {
            self.shards = field(1).max(1);
            return Ok(());
        }
        let (shard, at, size) = (field(3), field(4), field(5));
        let end = at.checked_add(size).ok_or_else(|| broken(at, Fault::Overrun))?;
        if self.tensors.len() >= limit::ENTRIES {
            let asked = self.tensors.len() as u64;
            return Err(exceeded(
                "entries of a checkpoint index",
                asked,
                limit::ENTRIES as u64,
            ));
        }
        self.tensors.push((shard, at..end));
        Ok(())
    }
}

/// The numbers of a message, by field; texts and messages in it are passed over.
pub(super) fn fields(value: &[u8]) -> Result<Vec<(u64, u64)>, Error> {
    let mut reader = Reader::new(value, 0, Endian::Little);
    let mut found = Vec::new();
    while reader.offset() < value.len() as u64 {
        let tag = varint(&mut reader)?;
        let number = match tag & 7 {
            0 => varint(&mut reader)?,
            1 => reader.u64()?,
            2 => {
                let length = varint(&mut reader)?;
                reader.take(length)?;
                continue;
            }
            5 => u64::from(reader.u32()?),
            _ => return Err(broken(reader.offset(), Fault::Overrun)),
        };
        found.push((tag >> 3, number));
    }
    Ok(found)
}

/// Takes a key and its value.
type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), Error> + 'a;

/// Hands each key of a block and its value to `each`.
fn entries(block: &[u8], each: &mut Each<'_>) -> Result<(), Error> {
    let restarts = block
        .last_chunk::<4>()
        .map_or(0, |count| u32::from_le_bytes(*count));
    let tail = u64::from(restarts).saturating_mul(4).saturating_add(4);
    let Some(end) = (block.len() as u64).checked_sub(tail) else {
        return Err(broken(0, Fault::Overrun));
    };
    let mut reader = Reader::new(block, 0, Endian::Little);
    let mut key: Vec<u8> = Vec::new();
    while reader.offset() < end {
        let at = reader.offset();
        let (shared, rest, length) = (varint(&mut reader)?, varint(&mut reader)?, varint(&mut reader)?);
        let shared = usize::try_from(shared).unwrap_or(usize::MAX);
        if shared > key.len() {
            return Err(broken(at, Fault::Overrun));
        }
        key.truncate(shared);
        key.extend_from_slice(reader.take(rest)?);
        if key.len() > limit::KEY_BYTES {
            return Err(exceeded(
                "bytes of a name",
                key.len() as u64,
                limit::KEY_BYTES as u64,
            ));
        }
        let value = reader.take(length)?;
        if reader.offset() > end {
            return Err(broken(at, Fault::Overrun));
        }
        each(&key, value)?;
    }
    let mut last = None;
    for _ in 0..restarts {
        let restart = reader.u32()?;
        if u64::from(restart) > end || last.is_some_and(|last| last >= restart) {
            return Err(broken(reader.offset(), Fault::Filled));
        }
        last = Some(restart);
    }
    Ok(())
}

fn handle(reader: &mut Reader<'_>) -> Result<(u64, u64), Error> {
    Ok((varint(reader)?, varint(reader)?))
}

fn varint(reader: &mut Reader<'_>) -> Result<u64, Error> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(broken(reader.offset(), Fault::Overrun))
}

fn broken(at: u64, fault: Fault) -> Error {
    Problem::malformed(at, fault).into()
}

fn exceeded(what: &'static str, asked: u64, limit: u64) -> Error {
    Problem::LimitExceeded {
        offset: 0,
        what,
        asked,
        limit,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(key: &[u8], value: &[u8]) -> Vec<u8> {
        let lengths = [
            0,
            u8::try_from(key.len()).unwrap(),
            u8::try_from(value.len()).unwrap(),
        ];
        [&lengths[..], key, value].concat()
    }

    fn block(entries: &[Vec<u8>], compression: u8) -> Vec<u8> {
        [
            &entries.concat()[..],
            &[0, 0, 0, 0, 1, 0, 0, 0],
            &[compression, 0, 0, 0, 0],
        ]
        .concat()
    }

    /// An index with one tensor of 16 bytes at byte 4 of the first of two files.
    fn index(compression: u8) -> Vec<u8> {
        index_naming(compression, 1)
    }

    /// The same, whose block of entries is named so many times.
    fn index_naming(compression: u8, times: usize) -> Vec<u8> {
        let data = block(
            &[entry(b"", &[8, 2]), entry(b"w", &[8, 1, 0x20, 4, 0x28, 16])],
            compression,
        );
        let meta = block(&[], 0);
        let length = |bytes: &[u8]| u8::try_from(bytes.len() - 5).unwrap();
        let names = block(&vec![entry(b"x", &[0, length(&data)]); times], 0);
        let at = u8::try_from(data.len()).unwrap();
        let next = u8::try_from(data.len() + meta.len()).unwrap();
        let mut footer = vec![at, length(&meta), next, length(&names)];
        footer.resize(40, 0);
        footer.extend(MAGIC);
        [data, meta, names, footer].concat()
    }

    #[test]
    fn tensors_are_found_and_every_byte_is_a_part() {
        let bytes = index(0);
        let size = bytes.len() as u64;
        let content: Content = bytes.into();
        assert!(is_bundle(&content).unwrap());
        let bundle = Bundle::read(&content).unwrap();
        assert_eq!((bundle.shards, &bundle.tensors[..]), (2, &[(0, 4..20)][..]));
        let mut at = 0;
        for range in &bundle.structure {
            assert_eq!(range.start, at);
            at = range.end;
        }
        assert_eq!(at, size);
    }

    #[test]
    fn broken_ones_are_refused() {
        assert!(Bundle::read(&index(1).into()).is_err(), "compressed");
        assert!(
            Bundle::read(&index_naming(0, 2).into()).is_err(),
            "a block that is read twice"
        );
        let mut bytes = index(0);
        let footer = bytes.len() - 48;
        bytes[footer + 3] = 0x7f;
        assert!(
            Bundle::read(&bytes.into()).is_err(),
            "a block that leaves the file"
        );
        let mut bytes = index(0);
        bytes[footer + 20] = 1;
        assert!(
            Bundle::read(&bytes.into()).is_err(),
            "something before the magic number"
        );
        assert!(!is_bundle(&b"x".to_vec().into()).unwrap());
    }

    proptest! {
        #[test]
        fn never_panics(at in 0_usize..120, value: u8, noise in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut bytes = index(0);
            let at = at.min(bytes.len() - 1);
            bytes[at] = value;
            for content in [bytes.into(), noise.into()] {
                let content: Content = content;
                if let Ok(bundle) = Bundle::read(&content) {
                    prop_assert!(bundle.structure.iter().all(|range| range.end <= content.size()));
                }
            }
        }
    }
}

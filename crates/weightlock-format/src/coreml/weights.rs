//! [`Weights`]: the weights of a Core ML program, `weights/weight.bin` of a package.
//!
//! ```text
//! file   = u32:count u32:2 zero[56] { blob }
//! blob   = pad-to-64 u32:0xdeadbeef u32:type u64:size u64:offset u64:bits zero[32] data     offset is that of the data
//! ```
//!
//! <https://github.com/apple/coremltools/blob/main/mlmodel/src/MILBlob/Blob/StorageFormat.hpp>
//!
//! Refused: blobs that overlap or leave the file, and padding that is not zero; what is refused stays unread.

use std::ops::Range;

use crate::{
    Error, Problem,
    content::Content,
    reader::{Endian, Reader},
};

/// Blobs and headers begin at multiples of this.
const ALIGNMENT: u64 = 64;
/// Blobs that are kept. A model of a thousand layers has some thousand.
const MOST_BLOBS: u32 = 200_000;
const SENTINEL: u32 = 0xdead_beef;
const VERSION: u32 = 2;

/// The parts of a file of weights.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Weights {
    /// Headers and padding.
    pub structure: Vec<Range<u64>>,
    /// The bytes of each blob.
    pub blobs: Vec<Range<u64>>,
}

/// Whether `content` begins as weights do.
///
/// # Errors
/// What reading raises.
pub fn begins(content: &Content) -> std::io::Result<bool> {
    let head = content.read(0, 68)?;
    let mut reader = Reader::new(&head, 0, Endian::Little);
    let count = reader.u32().unwrap_or_default();
    let version = reader.u32().unwrap_or_default();
    let reserved = reader.take(56).unwrap_or_default();
    let sentinel = reader.u32().unwrap_or_default();
    let is_zero = reserved.len() == 56 && reserved.iter().all(|&byte| byte == 0);
    Ok(count > 0 && version == VERSION && is_zero && sentinel == SENTINEL)
}

impl Weights {
    /// Reads the headers of the blobs. Stops at the first that breaks a rule: what lies behind is no part.
    ///
    /// # Errors
    /// A limit, or what reading raises.
    pub fn read(content: &Content) -> Result<Self, Error> {
        let head = content.read(0, 4)?;
        let count = Reader::new(&head, 0, Endian::Little).u32().map_err(Error::from)?;
        if count > MOST_BLOBS {
            return Err(Problem::LimitExceeded {
                offset: 0,
                what: "blobs of weights",
                asked: count.into(),
                limit: MOST_BLOBS.into(),
            }
            .into());
        }
        let mut weights = Self::default();
        weights.structure.push(0..ALIGNMENT.min(content.size()));
        let mut at = ALIGNMENT;
        for _ in 0..count {
            let Some(data) = blob(content, at)? else {
                break;
            };
            weights.structure.push(at..data.start);
            at = data.end.checked_next_multiple_of(ALIGNMENT).unwrap_or(u64::MAX);
            let padding = data.end..at.min(content.size());
            weights.blobs.push(data);
            if content
                .read(padding.start, 64)?
                .iter()
                .take(length(&padding))
                .all(|&byte| byte == 0)
            {
                weights.structure.push(padding);
            }
        }
        Ok(weights)
    }
}

fn length(range: &Range<u64>) -> usize {
    usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX)
}

/// The bytes of the blob whose header is at `at`.
fn blob(content: &Content, at: u64) -> Result<Option<Range<u64>>, Error> {
    let header = content.read(at, 64)?;
    let mut reader = Reader::new(&header, at, Endian::Little);
    let mut read = || -> Result<_, Problem> {
        let (sentinel, _type) = (reader.u32()?, reader.u32()?);
        let (size, offset, _bits) = (reader.u64()?, reader.u64()?, reader.u64()?);
        Ok((sentinel, size, offset, reader.take(32)?))
    };
    let Ok((sentinel, size, offset, reserved)) = read() else {
        return Ok(None);
    };
    let end = offset.checked_add(size).filter(|&end| end <= content.size());
    let follows = at.checked_add(ALIGNMENT) == Some(offset);
    let is_header = sentinel == SENTINEL && follows && reserved.iter().all(|&byte| byte == 0);
    Ok(end.filter(|_| is_header).map(|end| offset..end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weights(blobs: &[&[u8]]) -> Vec<u8> {
        let mut bytes = u32::try_from(blobs.len()).unwrap().to_le_bytes().to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.resize(64, 0);
        for blob in blobs {
            bytes.resize(bytes.len().next_multiple_of(64), 0);
            let offset = bytes.len() as u64 + 64;
            bytes.extend(SENTINEL.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend((blob.len() as u64).to_le_bytes());
            bytes.extend(offset.to_le_bytes());
            bytes.resize(usize::try_from(offset).unwrap(), 0);
            bytes.extend(*blob);
        }
        bytes
    }

    /// Bytes that are no part.
    fn left(bytes: Vec<u8>) -> u64 {
        let content: Content = bytes.into();
        let read = Weights::read(&content).unwrap();
        let parts = read.structure.iter().chain(&read.blobs);
        content.size() - parts.map(|range| range.end - range.start).sum::<u64>()
    }

    #[test]
    fn every_byte_is_a_part() {
        let bytes = weights(&[&[1; 32], &[2; 64], &[3; 100]]);
        assert!(begins(&bytes.clone().into()).unwrap());
        let read = Weights::read(&bytes.clone().into()).unwrap();
        assert_eq!(read.blobs, [128..160, 256..320, 384..484]);
        assert_eq!(left(bytes), 0);
    }

    #[test]
    fn what_breaks_a_rule_is_no_part() {
        let good = weights(&[&[1; 32], &[2; 64]]);
        let mut padding = good.clone();
        padding[170] = 1;
        assert_eq!(left(padding), 32);
        let mut huge = good.clone();
        huge[72..80].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(left(huge), good.len() as u64 - 64);
        let mut behind = good.clone();
        behind.extend([9; 7]);
        assert_eq!(left(behind), 7);
        let mut other = good;
        other[4] = 1;
        assert!(!begins(&other.into()).unwrap());
    }

    proptest! {
        #[test]
        fn never_panics(at in 0_usize..300, value: u8, noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = weights(&[&[1; 32], &[2; 64]]);
            let at = at.min(bytes.len() - 1);
            bytes[at] = value;
            for content in [bytes, noise] {
                let content: Content = content.into();
                let _ = begins(&content).unwrap();
                if let Ok(read) = Weights::read(&content) {
                    prop_assert!(read.blobs.iter().all(|range| range.end <= content.size()));
                }
            }
        }
    }
}

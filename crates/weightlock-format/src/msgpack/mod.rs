//! MessagePack, as Flax and others write checkpoints. <https://github.com/msgpack/msgpack/blob/master/spec.md>
//!
//! A file is one value; values lie within each other. Flax puts arrays into extension type 1: itself MessagePack,
//! `[shape, dtype, bytes]`. Loaders of this format run nothing, so what matters is what else could be carried.
//! [`read`] hands out texts, byte strings and extensions; counts of open arrays are on a stack of its own.

use std::ops::Range;

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::Content,
    limits::{Budget, Limits},
    reader::Endian,
    reason,
    stream::{Stream, spend},
};

/// A broken rule of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The byte that the format leaves unused.
    #[error("a value begins with the byte 0xc1, which is never used")]
    Unused,
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        reason::MALFORMED
    }
}

/// Something that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A text that is a key or a value.
    Text(Range<u64>),
    /// A string of bytes.
    Bytes(Range<u64>),
    /// An extension.
    Extension {
        /// Its type; 1 is an array of Flax.
        kind: i8,
        /// Its bytes.
        range: Range<u64>,
    },
}

/// Whether `content` is one value that is a map with a text as its first key, from the first byte to the last.
///
/// # Errors
/// What reading raises.
pub fn fits(content: &Content, limits: &Limits) -> std::io::Result<bool> {
    let head = content.read(0, 6)?;
    let key = match head.as_slice() {
        [0x81..=0x8f, key, ..] | [0xde, _, _, key, ..] | [0xdf, _, _, _, _, key] => *key,
        _ => return Ok(false),
    };
    if !matches!(key, 0xa0..=0xbf | 0xd9..=0xdb) {
        return Ok(false);
    }
    let mut budget = Budget::new(limits);
    match read(content, limits, &mut budget, &mut |_| ()) {
        Ok(end) => Ok(end == content.size()),
        Err(Error::Io(error)) => Err(error),
        Err(_) => Ok(false),
    }
}

/// Reads one value and hands each fact to `tell`. Returns where it ends.
///
/// # Errors
/// The first broken rule, a limit, or what reading raises.
pub fn read(
    content: &Content,
    limits: &Limits,
    budget: &mut Budget,
    tell: &mut dyn FnMut(Fact),
) -> Result<u64, Error> {
    let mut stream = Stream::new(content, Endian::Big);
    // Values that are still to be read in each open array or map.
    let mut open = vec![1_u64];
    while let Some(left) = open.last_mut() {
        let Some(rest) = left.checked_sub(1) else {
            open.pop();
            continue;
        };
        *left = rest;
        let depth = open.len() as u64;
        crate::reader::within(
            "values within values",
            depth,
            limits.nesting as u64,
            stream.offset(),
        )?;
        spend(budget, stream.offset())?;
        if let Some(count) = value(&mut stream, tell)? {
            open.push(count);
        }
    }
    Ok(stream.offset())
}

/// Reads a value, or the head of an array or map: then the number of values in it.
fn value(stream: &mut Stream, tell: &mut dyn FnMut(Fact)) -> Result<Option<u64>, Error> {
    let offset = stream.offset();
    let byte = stream.u8()?;
    let count = match byte {
        0x80..=0x8f => u64::from(byte & 15).saturating_mul(2),
        0x90..=0x9f => u64::from(byte & 15),
        0xdc => length::<2>(stream)?,
        0xdd => length::<4>(stream)?,
        0xde => length::<2>(stream)?.saturating_mul(2),
        0xdf => length::<4>(stream)?.saturating_mul(2),
        _ => return scalar(byte, offset, stream, tell).map(|()| None),
    };
    Ok(Some(count))
}

fn scalar(byte: u8, offset: u64, stream: &mut Stream, tell: &mut dyn FnMut(Fact)) -> Result<(), Error> {
    match byte {
        0xc1 => return Err(Problem::malformed(offset, Fault::Unused).into()),
        0xa0..=0xbf => tell(Fact::Text(stream.skip(u64::from(byte & 31))?)),
        0xd9..=0xdb => {
            let length = short_length(byte.saturating_sub(0xd9), stream)?;
            tell(Fact::Text(stream.skip(length)?));
        }
        0xc4..=0xc6 => {
            let length = short_length(byte.saturating_sub(0xc4), stream)?;
            tell(Fact::Bytes(stream.skip(length)?));
        }
        0xc7..=0xc9 => {
            let length = short_length(byte.saturating_sub(0xc7), stream)?;
            extension(length, stream, tell)?;
        }
        0xd4..=0xd8 => extension(1 << byte.saturating_sub(0xd4), stream, tell)?,
        0xcc | 0xd0 => stream.skip(1).map(drop)?,
        0xcd | 0xd1 => stream.skip(2).map(drop)?,
        0xca | 0xce | 0xd2 => stream.skip(4).map(drop)?,
        0xcb | 0xcf | 0xd3 => stream.skip(8).map(drop)?,
        _ => {}
    }
    Ok(())
}

fn extension(length: u64, stream: &mut Stream, tell: &mut dyn FnMut(Fact)) -> Result<(), Error> {
    let kind = stream.u8()?.cast_signed();
    let range = stream.skip(length)?;
    tell(Fact::Extension { kind, range });
    Ok(())
}

/// A length of 1, 2 or 4 bytes.
fn short_length(size: u8, stream: &mut Stream) -> Result<u64, Error> {
    match size {
        0 => stream.u8().map(u64::from),
        1 => length::<2>(stream),
        _ => length::<4>(stream),
    }
}

fn length<const N: usize>(stream: &mut Stream) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(stream.number::<N>()?) {
        *to = from;
    }
    Ok(u64::from_le_bytes(bytes))
}

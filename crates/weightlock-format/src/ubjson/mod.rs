//! UBJSON, as XGBoost writes models. <https://ubjson.org>, with the 64-bit lengths that XGBoost uses.
//!
//! ```text
//! value  = 'Z' | 'N' | 'T' | 'F' | ('i' 'U') u8 | 'I' i16 | ('l' 'd') i32 | ('L' 'D') i64 | 'C' u8 | ('S' 'H') text
//!        | '[' ('$' type)? ('#' number)? value* ']'      (']' only without '#')
//!        | '{' ('$' type)? ('#' number)? (text value)* '}'
//! text   = number bytes
//! ```
//!
//! Loaders of this format run nothing. Numbers are big endian. Open containers are on a stack of its own.

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
    /// A type that the format does not have.
    #[error("the type marker {0:#04x} is not known")]
    Marker(u8),
    /// A length that is negative or no whole number.
    #[error("a length is negative or not a whole number")]
    Length,
    /// A type for all elements without their number.
    #[error("a container states the type of its elements and not their number")]
    Uncounted,
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        reason::MALFORMED
    }
}

/// Whether `content` is one object from the first byte to the last.
///
/// # Errors
/// What reading raises.
pub fn fits(content: &Content, limits: &Limits) -> std::io::Result<bool> {
    let head = content.read(0, 2)?;
    if !matches!(
        head.as_slice(),
        [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'$' | b'#']
    ) {
        return Ok(false);
    }
    let mut budget = Budget::new(limits);
    match read(content, limits, &mut budget, &mut |_| ()) {
        Ok(end) => Ok(end == content.size()),
        Err(Error::Io(error)) => Err(error),
        Err(_) => Ok(false),
    }
}

/// A container that is open.
#[derive(Clone, Copy)]
struct Open {
    is_object: bool,
    kind: Option<u8>,
    left: Option<u64>,
}

/// Reads one value and hands the ranges of typed arrays to `data`. Returns where it ends.
///
/// # Errors
/// The first broken rule, a limit, or what reading raises.
pub fn read(
    content: &Content,
    limits: &Limits,
    budget: &mut Budget,
    data: &mut dyn FnMut(Range<u64>),
) -> Result<u64, Error> {
    let mut stream = Stream::new(content, Endian::Big);
    let marker = stream.u8()?;
    let mut open = Vec::new();
    open.extend(value(marker, &mut stream, data)?);
    while let Some(container) = open.last_mut() {
        spend(budget, stream.offset())?;
        let Some(marker) = next(container, &mut stream)? else {
            open.pop();
            continue;
        };
        let opened = value(marker, &mut stream, data)?;
        open.extend(opened);
        crate::reader::within(
            "values within values",
            open.len() as u64,
            limits.nesting as u64,
            stream.offset(),
        )?;
    }
    Ok(stream.offset())
}

/// The marker of the next value of a container, behind its key; `None` at the end.
fn next(container: &mut Open, stream: &mut Stream) -> Result<Option<u8>, Error> {
    if container.left == Some(0) {
        return Ok(None);
    }
    let mut marker = match (container.left, container.is_object) {
        (None, _) | (_, true) => Some(skip_filler(stream)?),
        _ => None,
    };
    if container.left.is_none() && matches!(marker, Some(b']' | b'}')) {
        return Ok(None);
    }
    container.left = container.left.map(|left| left.saturating_sub(1));
    if let (true, Some(length)) = (container.is_object, marker) {
        let length = whole(length, stream)?;
        stream.skip(length)?;
        marker = None;
    }
    match (container.kind, marker) {
        (Some(kind), _) => Ok(Some(kind)),
        (None, Some(marker)) => Ok(Some(marker)),
        (None, None) => skip_filler(stream).map(Some),
    }
}

/// The next marker that is not the one that stands for nothing.
fn skip_filler(stream: &mut Stream) -> Result<u8, Error> {
    loop {
        match stream.u8()? {
            b'N' => {}
            marker => return Ok(marker),
        }
    }
}

/// Bytes of a number; `None` for what is no number.
const fn width(marker: u8) -> Option<u64> {
    Some(match marker {
        b'Z' | b'N' | b'T' | b'F' => 0,
        b'i' | b'U' | b'C' => 1,
        b'I' => 2,
        b'l' | b'd' => 4,
        b'L' | b'D' => 8,
        _ => return None,
    })
}

fn value(marker: u8, stream: &mut Stream, data: &mut dyn FnMut(Range<u64>)) -> Result<Option<Open>, Error> {
    if let Some(width) = width(marker) {
        return stream.skip(width).map(|_| None);
    }
    match marker {
        b'S' | b'H' => {
            let length = stream.u8()?;
            let length = whole(length, stream)?;
            stream.skip(length).map(|_| None)
        }
        b'[' | b'{' => container(marker, stream, data),
        _ => {
            let offset = stream.offset().saturating_sub(1);
            Err(Problem::malformed(offset, Fault::Marker(marker)).into())
        }
    }
}

fn container(
    marker: u8,
    stream: &mut Stream,
    data: &mut dyn FnMut(Range<u64>),
) -> Result<Option<Open>, Error> {
    let is_object = marker == b'{';
    let (mut kind, mut left) = (None, None);
    let start = stream.offset();
    if stream.peek()? == Some(b'$') {
        stream.skip(1)?;
        kind = Some(stream.u8()?);
    }
    if stream.peek()? == Some(b'#') {
        stream.skip(1)?;
        let length = stream.u8()?;
        left = Some(whole(length, stream)?);
    }
    match (kind, left) {
        (Some(_), None) => Err(Problem::malformed(start, Fault::Uncounted).into()),
        (Some(kind), Some(count)) if !is_object && width(kind).is_some() => {
            let bytes = count.saturating_mul(width(kind).unwrap_or(0));
            data(stream.skip(bytes)?);
            Ok(None)
        }
        _ => Ok(Some(Open {
            is_object,
            kind,
            left,
        })),
    }
}

/// A length: a whole number of the type `marker`.
fn whole(marker: u8, stream: &mut Stream) -> Result<u64, Error> {
    let offset = stream.offset();
    let number = match marker {
        b'i' => i64::from(stream.u8()?.cast_signed()),
        b'U' => i64::from(stream.u8()?),
        b'I' => i64::from(i16::from_le_bytes(stream.number()?)),
        b'l' => i64::from(stream.i32()?),
        b'L' => stream.i64()?,
        _ => return Err(Problem::malformed(offset, Fault::Length).into()),
    };
    u64::try_from(number).map_err(|_| Problem::malformed(offset, Fault::Length).into())
}

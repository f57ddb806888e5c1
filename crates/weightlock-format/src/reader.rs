//! A bounded cursor over bytes, and the bounded start of a stream.
//!
//! A [`Reader`] hands out exactly the bytes asked for or a [`Problem`] with the offset; it never slices past its
//! end, never allocates from a declared length, and [`Reader::finish`] refuses bytes that nobody read. A nested
//! structure with its own length is read through a sub-reader ([`Reader::sub`]), so that it cannot reach beyond.

use std::io::{self, Read, Seek, SeekFrom};

use crate::{Fault, Problem};

/// The order of bytes in a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// A cursor over bytes of which the first lies at some offset of a file.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: u64,
    endian: Endian,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which begin at `offset` of their file.
    #[must_use]
    pub const fn new(bytes: &'a [u8], offset: u64, endian: Endian) -> Self {
        Self {
            rest: bytes,
            offset,
            endian,
        }
    }

    /// The offset in the file of the next byte.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.rest.len() as u64
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Fault::Truncated`] when fewer are left; nothing is consumed then.
    pub fn take(&mut self, count: u64) -> Result<&'a [u8], Problem> {
        let split = usize::try_from(count)
            .ok()
            .and_then(|count| self.rest.split_at_checked(count));
        let Some((taken, rest)) = split else {
            return Err(self.truncated(count));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(count);
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Reader::take`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(N as u64));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(N as u64);
        Ok(*taken)
    }

    /// A byte.
    ///
    /// # Errors
    /// As [`Reader::take`].
    pub fn u8(&mut self) -> Result<u8, Problem> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A 16-bit number.
    ///
    /// # Errors
    /// As [`Reader::take`].
    pub fn u16(&mut self) -> Result<u16, Problem> {
        Ok(u16::from_le_bytes(self.number()?))
    }

    /// A 32-bit number.
    ///
    /// # Errors
    /// As [`Reader::take`].
    pub fn u32(&mut self) -> Result<u32, Problem> {
        Ok(u32::from_le_bytes(self.number()?))
    }

    /// A 64-bit number.
    ///
    /// # Errors
    /// As [`Reader::take`].
    pub fn u64(&mut self) -> Result<u64, Problem> {
        Ok(u64::from_le_bytes(self.number()?))
    }

    /// A reader of exactly the next `count` bytes; this one goes on behind them.
    ///
    /// # Errors
    /// As [`Reader::take`].
    pub fn sub(&mut self, count: u64) -> Result<Self, Problem> {
        let offset = self.offset;
        let bytes = self.take(count)?;
        Ok(Self::new(bytes, offset, self.endian))
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Fault::Trailing`] when bytes are left.
    pub fn finish(self) -> Result<(), Problem> {
        match self.left() {
            0 => Ok(()),
            left => Err(Problem::malformed(self.offset, Fault::Trailing { left })),
        }
    }

    /// Numbers are read from here on in this order.
    pub const fn set_endian(&mut self, endian: Endian) {
        self.endian = endian;
    }

    /// The bytes of a number, least significant first.
    fn number<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut bytes = self.array::<N>()?;
        if self.endian == Endian::Big {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn truncated(&self, needed: u64) -> Problem {
        let left = self.left();
        Problem::malformed(self.offset, Fault::Truncated { needed, left })
    }
}

/// Passes `asked` on when it is within `limit`.
///
/// # Errors
/// [`Problem::LimitExceeded`].
pub const fn within(what: &'static str, asked: u64, limit: u64, offset: u64) -> Result<u64, Problem> {
    if asked > limit {
        return Err(Problem::LimitExceeded {
            offset,
            what,
            asked,
            limit,
        });
    }
    Ok(asked)
}

/// The start of a file and the size of the whole.
#[derive(Clone, Debug)]
pub struct Prefix {
    /// The first bytes: as many as asked for, or all.
    pub bytes: Vec<u8>,
    /// The size of the whole file.
    pub file_size: u64,
}

impl Prefix {
    /// Reads at most `limit` bytes from the start of `source`.
    ///
    /// Memory grows with the bytes that are there, not with the limit.
    ///
    /// # Errors
    /// What reading or seeking raises.
    pub fn read(source: &mut (impl Read + Seek), limit: u64) -> io::Result<Self> {
        let file_size = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        source.take(limit.min(file_size)).read_to_end(&mut bytes)?;
        Ok(Self { bytes, file_size })
    }

    /// Whether `bytes` is the whole file.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.bytes.len() as u64 >= self.file_size
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn reads_in_both_orders_and_refuses_the_rest() {
        let mut reader = Reader::new(&[1, 0, 0, 2, 9], 100, Endian::Little);
        assert_eq!(reader.u16(), Ok(1));
        reader.set_endian(Endian::Big);
        assert_eq!(reader.u16(), Ok(2));
        assert_eq!(reader.offset(), 104);
        let trailing = Fault::Trailing { left: 1 };
        assert_eq!(reader.clone().finish(), Err(Problem::malformed(104, trailing)));
        assert_eq!(reader.u8(), Ok(9));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn nothing_is_taken_beyond_the_end() {
        let mut reader = Reader::new(&[1, 2, 3], 0, Endian::Little);
        let truncated = |needed| Err(Problem::malformed(0, Fault::Truncated { needed, left: 3 }));
        assert_eq!(reader.take(u64::MAX), truncated(u64::MAX).map(|()| &[][..]));
        assert_eq!(reader.u32(), truncated(4).map(|()| 0));
        let mut inner = reader.sub(2).unwrap();
        assert_eq!(inner.take(2), Ok(&[1, 2][..]));
        assert!(
            inner.u8().is_err(),
            "a sub-reader must not reach its parent's bytes"
        );
        assert_eq!(reader.u8(), Ok(3));
    }

    #[test]
    fn a_prefix_is_bounded() {
        let mut source = Cursor::new(vec![7; 100]);
        let prefix = Prefix::read(&mut source, 10).unwrap();
        assert_eq!(
            (prefix.bytes.len(), prefix.file_size, prefix.is_whole()),
            (10, 100, false)
        );
        assert!(Prefix::read(&mut source, u64::MAX).unwrap().is_whole());
    }

    #[test]
    fn limits_are_inclusive() {
        assert_eq!(within("count", 5, 5, 0), Ok(5));
        assert_eq!(
            within("count", 6, 5, 3).unwrap_err().to_string(),
            "at byte 3: count is 6, and the limit is 5"
        );
    }
}

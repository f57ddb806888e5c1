//! [`Stream`]: numbers and lengths out of a content of any size, by a cursor.
//!
//! The counterpart of [`crate::reader::Reader`] for formats whose files are too large to hold: what is passed over is
//! not read. Offsets are those of the content.

use std::{
    io::{BufRead as _, Read as _, Seek as _, SeekFrom},
    ops::Range,
};

use crate::{
    Error, Fault, Problem,
    content::{Content, Cursor},
    limits::Budget,
    reader::Endian,
};

/// A cursor over a content, with the order of bytes in its numbers.
#[derive(Debug)]
pub struct Stream {
    cursor: Cursor,
    endian: Endian,
}

impl Stream {
    /// Reads `content` from its start.
    #[must_use]
    pub fn new(content: &Content, endian: Endian) -> Self {
        Self {
            cursor: content.cursor(),
            endian,
        }
    }

    /// The offset of the next byte.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// Bytes left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.cursor.left()
    }

    /// The next `N` bytes, least significant first where they are a number.
    ///
    /// # Errors
    /// [`Fault::Truncated`], or what reading raises.
    pub fn number<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = self.array::<N>()?;
        if self.endian == Endian::Big {
            bytes.reverse();
        }
        Ok(bytes)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Stream::number`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.has(N as u64)?;
        let mut bytes = [0; N];
        self.cursor.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// A byte.
    ///
    /// # Errors
    /// As [`Stream::number`].
    pub fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The next byte, which stays the next; `None` at the end.
    ///
    /// # Errors
    /// What reading raises.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        Ok(self.cursor.fill_buf()?.first().copied())
    }

    /// A signed number of 32 bits.
    ///
    /// # Errors
    /// As [`Stream::number`].
    pub fn i32(&mut self) -> Result<i32, Error> {
        Ok(i32::from_le_bytes(self.number()?))
    }

    /// A signed number of 64 bits.
    ///
    /// # Errors
    /// As [`Stream::number`].
    pub fn i64(&mut self) -> Result<i64, Error> {
        Ok(i64::from_le_bytes(self.number()?))
    }

    /// Passes over `count` bytes and tells where they lie.
    ///
    /// # Errors
    /// [`Fault::Truncated`] when fewer are left.
    pub fn skip(&mut self, count: u64) -> Result<Range<u64>, Error> {
        self.has(count)?;
        let start = self.offset();
        let end = start.saturating_add(count);
        self.cursor.seek(SeekFrom::Start(end))?;
        Ok(start..end)
    }

    /// The next `count` bytes as text, of which at most `kept` are kept.
    ///
    /// # Errors
    /// [`Fault::Truncated`] when fewer are left.
    pub fn text(&mut self, count: u64, kept: usize) -> Result<String, Error> {
        self.has(count)?;
        let start = self.offset();
        let mut bytes = Vec::new();
        self.cursor
            .by_ref()
            .take(count.min(kept as u64))
            .read_to_end(&mut bytes)?;
        self.cursor.set_offset(start.saturating_add(count));
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn has(&self, needed: u64) -> Result<(), Error> {
        let left = self.left();
        if needed > left {
            return Err(Problem::malformed(self.offset(), Fault::Truncated { needed, left }).into());
        }
        Ok(())
    }
}

/// Takes one of the objects that a file may have.
///
/// # Errors
/// [`Problem::LimitExceeded`] when none is left.
pub(crate) fn spend(budget: &mut Budget, offset: u64) -> Result<(), Error> {
    budget.objects = budget.objects.checked_sub(1).ok_or(Problem::LimitExceeded {
        offset,
        what: "objects",
        asked: u64::MAX,
        limit: 0,
    })?;
    Ok(())
}

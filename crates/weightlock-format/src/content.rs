//! [`Content`]: bytes that can be read at any offset, wherever they lie: in a file, in memory, in a member of an
//! archive.
//!
//! A model file is a nest: a pickle in a zip in a compressed tar. Readers are given a [`Content`] and do not know
//! how deep it lies. Taking a part of one ([`Content::part`]) costs nothing; reading is bounded by the caller, so
//! memory never grows with a file. Nothing here opens a file by name.

use std::{
    fmt,
    io::{self, BufRead, Read, Seek, SeekFrom},
    sync::Arc,
};

/// Bytes that can be read at any offset.
pub trait Bytes: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills `buffer` from `offset` on, as far as there are bytes; fewer are read only at the end.
    ///
    /// # Errors
    /// What reading raises, or that a stream which is being decompressed is broken.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Hears that `bytes` that come out of these are about to be looked at, and that `memory` bytes may be taken for it
    /// at once. Whoever reads several files in one memory may refuse; reading fails then, here and later.
    ///
    /// # Errors
    /// There is no room for more at present.
    fn passing(&self, _bytes: u64, _memory: u64) -> io::Result<()> {
        Ok(())
    }

    /// Bytes that the decoders look back which work while these are read.
    fn windows(&self) -> u64 {
        0
    }
}

impl Bytes for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.get(offset..))
            .unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(from), Some(to)) = (rest.get(..count), buffer.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

/// Bytes to be examined: the whole of something, or a part of it.
#[derive(Clone)]
pub struct Content {
    bytes: Arc<dyn Bytes>,
    start: u64,
    size: u64,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes from {})", self.size, self.start)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(Arc::new(bytes))
    }
}

impl Content {
    /// The most memory that a tree takes for one byte of text: what is read whole is about to be parsed.
    const PARSED: u64 = 64;

    /// All of `bytes`.
    #[must_use]
    pub fn new(bytes: Arc<dyn Bytes>) -> Self {
        let size = bytes.size();
        Self {
            bytes,
            start: 0,
            size,
        }
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The `length` bytes from `offset` on, or as many of them as there are.
    #[must_use]
    pub fn part(&self, offset: u64, length: u64) -> Self {
        let offset = offset.min(self.size);
        Self {
            bytes: Arc::clone(&self.bytes),
            start: self.start.saturating_add(offset),
            size: length.min(self.size.saturating_sub(offset)),
        }
    }

    /// All bytes from `offset` on.
    #[must_use]
    pub fn since(&self, offset: u64) -> Self {
        self.part(offset, u64::MAX)
    }

    /// At most `length` bytes from `offset` on; fewer only at the end.
    ///
    /// The caller bounds the memory: `length` must not come from the file without a limit. Memory grows with the
    /// bytes that are there.
    ///
    /// # Errors
    /// What reading raises.
    pub fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let left = self.size.saturating_sub(offset);
        let length = usize::try_from(left).map_or(length, |left| left.min(length));
        let mut bytes = vec![0; length];
        let count = self.read_at(offset, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Fills `buffer` from `offset` on, as far as there are bytes.
    ///
    /// # Errors
    /// What reading raises.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let length = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let Some(buffer) = buffer.get_mut(..length) else {
            return Ok(0);
        };
        self.bytes.read_at(self.start.saturating_add(offset), buffer)
    }

    /// The whole, or `None` when there are more than `limit` bytes.
    ///
    /// # Errors
    /// What reading raises.
    pub fn whole(&self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        if self.size > limit as u64 {
            return Ok(None);
        }
        self.bytes.passing(0, self.size.saturating_mul(Self::PARSED))?;
        self.read(0, limit).map(Some)
    }

    /// As [`Bytes::passing`].
    pub(crate) fn passing(&self, bytes: u64, memory: u64) -> io::Result<()> {
        self.bytes.passing(bytes, memory)
    }

    /// As [`Bytes::windows`].
    pub(crate) fn windows(&self) -> u64 {
        self.bytes.windows()
    }

    /// The last `length` bytes, or all.
    ///
    /// # Errors
    /// What reading raises.
    pub fn tail(&self, length: usize) -> io::Result<Vec<u8>> {
        self.read(self.size.saturating_sub(length as u64), length)
    }

    /// A buffered cursor at the start.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            content: self.clone(),
            buffer: Vec::new(),
            buffered_from: 0,
            at: 0,
        }
    }
}

/// Reads a [`Content`] as a stream that can be sought.
#[derive(Clone, Debug)]
pub struct Cursor {
    content: Content,
    buffer: Vec<u8>,
    /// The offset of the first byte of `buffer`.
    buffered_from: u64,
    at: u64,
}

impl Cursor {
    /// Bytes read ahead.
    const BUFFER_BYTES: usize = 64 << 10;

    /// The offset of the next byte.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.at
    }

    /// Bytes left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.content.size().saturating_sub(self.at)
    }

    /// Goes to `offset`, which may lie beyond the end.
    pub const fn set_offset(&mut self, offset: u64) {
        self.at = offset;
    }

    fn buffered(&self) -> &[u8] {
        self.at
            .checked_sub(self.buffered_from)
            .and_then(|skip| usize::try_from(skip).ok())
            .and_then(|skip| self.buffer.get(skip..))
            .unwrap_or_default()
    }
}

impl BufRead for Cursor {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffered().is_empty() {
            self.buffer = self.content.read(self.at, Self::BUFFER_BYTES)?;
            self.buffered_from = self.at;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount as u64);
    }
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.buffered().is_empty() && buffer.len() >= Self::BUFFER_BYTES {
            let count = self.content.read_at(self.at, buffer)?;
            self.consume(count);
            return Ok(count);
        }
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(by) => self.content.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_cannot_reach_beyond_itself() {
        let content = Content::from((0..100).collect::<Vec<u8>>());
        let part = content.part(10, 20).part(5, 1000);
        assert_eq!(part.size(), 15);
        assert_eq!(part.read(0, 3).unwrap(), [15, 16, 17]);
        assert_eq!(part.read(14, 30).unwrap(), [29]);
        assert_eq!(part.tail(2).unwrap(), [28, 29]);
        assert!(part.read(u64::MAX, 1).unwrap().is_empty());
        assert_eq!(content.part(u64::MAX, u64::MAX).size(), 0);
        assert_eq!(part.whole(14).unwrap(), None);
    }

    #[test]
    fn a_cursor_reads_and_seeks() {
        let content = Content::from((0..200).cycle().take(200_000).collect::<Vec<u8>>());
        let mut cursor = content.cursor();
        let mut all = Vec::new();
        cursor.read_to_end(&mut all).unwrap();
        assert_eq!(all, content.whole(200_000).unwrap().unwrap());
        cursor.seek(SeekFrom::End(-1)).unwrap();
        let mut one = [0; 2];
        assert_eq!(cursor.read(&mut one).unwrap(), 1);
        assert_eq!(one[0], 199);
        cursor.set_offset(u64::MAX);
        assert_eq!(cursor.read(&mut one).unwrap(), 0);
        assert!(cursor.seek(SeekFrom::Current(i64::MIN)).is_ok());
        assert!(cursor.seek(SeekFrom::Start(0)).is_ok());
        assert!(cursor.seek(SeekFrom::Current(-1)).is_err());
    }
}

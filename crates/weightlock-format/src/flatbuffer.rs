//! FlatBuffers, read in place. <https://flatbuffers.dev/internals/>
//!
//! ```text
//! file   = u32:root-offset identifier[4] …
//! table  = i32:distance to its vtable (subtracted) fields…
//! vtable = u16:own bytes u16:bytes of the table u16:offset of field 0 … (0: absent)
//! vector = u32:count element*        string = vector of bytes, then 0
//! reference = u32 offset from where it stands, always forwards
//! ```
//!
//! Every offset is an attacker's number: each is added with checks and compared with the size of the content before
//! it is followed. References point forwards only, so a chain of them ends. What was visited is remembered, so that
//! bytes that nothing refers to can be told ([`FlatBuffer::gaps`]).

use std::ops::Range;

use weightlock_artifact::reason::Code;

use crate::{Error, Problem, content::Content, reason};

/// A broken rule of FlatBuffers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// An offset leads outside the file.
    #[error("an offset leads outside the file")]
    Outside,
    /// A vtable is shorter than its own header, or lies outside the file.
    #[error("a vtable is shorter than its header")]
    Vtable,
    /// A vector ends behind the end of the file.
    #[error("a vector of {count} elements ends behind the end of the file")]
    Vector {
        /// Elements announced.
        count: u32,
    },
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Outside | Self::Vector { .. } => reason::RANGE,
            Self::Vtable => reason::MALFORMED,
        }
    }
}

/// A buffer that is being read.
#[derive(Debug)]
pub struct FlatBuffer<'a> {
    content: &'a Content,
    window: Vec<u8>,
    window_start: u64,
    visited: Vec<Range<u64>>,
}

/// A table: where it lies and where its fields are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    start: u64,
    /// Offsets of the fields from the start of the table; 0 for an absent one.
    fields: Vec<u16>,
}

/// A vector: its elements' place and number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vector {
    /// Where the first element lies.
    pub start: u64,
    /// How many there are.
    pub count: u32,
}

/// Bytes that are read ahead.
const WINDOW_BYTES: usize = 16 << 10;
/// Fields of a table that are read: more than any schema here has.
const MOST_FIELDS: u16 = 64;

impl<'a> FlatBuffer<'a> {
    /// Reads `content`.
    #[must_use]
    pub const fn new(content: &'a Content) -> Self {
        Self {
            content,
            window: Vec::new(),
            window_start: 0,
            visited: Vec::new(),
        }
    }

    /// The root table.
    ///
    /// # Errors
    /// As all functions here: an offset outside the file, or what reading raises.
    pub fn root(&mut self) -> Result<Table, Error> {
        self.visit(0, 8);
        self.referred(0).and_then(|start| self.table(start))
    }

    /// The table at `start`.
    ///
    /// # Errors
    /// As [`FlatBuffer::root`].
    pub fn table(&mut self, start: u64) -> Result<Table, Error> {
        let distance = i64::from(i32::from_le_bytes(self.bytes(start)?));
        let vtable = start
            .checked_sub_signed(distance)
            .ok_or_else(|| Problem::malformed(start, Fault::Outside))?;
        let own = u16::from_le_bytes(self.bytes(vtable)?);
        let inline = u16::from_le_bytes(self.bytes(vtable.saturating_add(2))?);
        let count = own
            .checked_sub(4)
            .ok_or_else(|| Problem::malformed(vtable, Fault::Vtable))?
            / 2;
        let mut fields = Vec::new();
        for index in 0..count.min(MOST_FIELDS) {
            let at = vtable.saturating_add(4).saturating_add(u64::from(index) * 2);
            fields.push(u16::from_le_bytes(self.bytes(at)?));
        }
        self.visit(vtable, u64::from(own));
        self.visit(start, u64::from(inline));
        Ok(Table { start, fields })
    }

    /// Where field `index` of a table lies; `None` when it is absent.
    #[must_use]
    pub fn field(table: &Table, index: usize) -> Option<u64> {
        let offset = *table.fields.get(index)?;
        (offset != 0).then(|| table.start.saturating_add(u64::from(offset)))
    }

    /// A number of `N` bytes in field `index`, as its bytes; `None` when it is absent.
    ///
    /// # Errors
    /// As [`FlatBuffer::root`].
    pub fn number<const N: usize>(&mut self, table: &Table, index: usize) -> Result<Option<[u8; N]>, Error> {
        Self::field(table, index).map(|at| self.bytes(at)).transpose()
    }

    /// The table that field `index` refers to.
    ///
    /// # Errors
    /// As [`FlatBuffer::root`].
    pub fn table_field(&mut self, table: &Table, index: usize) -> Result<Option<Table>, Error> {
        let Some(at) = Self::field(table, index) else {
            return Ok(None);
        };
        let start = self.referred(at)?;
        self.table(start).map(Some)
    }

    /// The vector that field `index` refers to, of elements of `element` bytes.
    ///
    /// # Errors
    /// As [`FlatBuffer::root`], and when the vector does not fit into the file.
    pub fn vector(&mut self, table: &Table, index: usize, element: u64) -> Result<Option<Vector>, Error> {
        let Some(at) = Self::field(table, index) else {
            return Ok(None);
        };
        let at = self.referred(at)?;
        let count = u32::from_le_bytes(self.bytes(at)?);
        let start = at.saturating_add(4);
        let bytes = u64::from(count).saturating_mul(element);
        if self.content.size().saturating_sub(start) < bytes {
            return Err(Problem::malformed(at, Fault::Vector { count }).into());
        }
        self.visit(at, bytes.saturating_add(4));
        Ok(Some(Vector { start, count }))
    }

    /// The table that element `index` of a vector of tables refers to.
    ///
    /// # Errors
    /// As [`FlatBuffer::root`].
    pub fn table_element(&mut self, vector: Vector, index: u32) -> Result<Table, Error> {
        let at = vector.start.saturating_add(u64::from(index) * 4);
        let start = self.referred(at)?;
        self.table(start)
    }

    /// A number of 32 bits in a vector of them.
    ///
    /// # Errors
    /// As [`FlatBuffer::root`].
    pub fn i32_element(&mut self, vector: Vector, index: u32) -> Result<i32, Error> {
        let at = vector.start.saturating_add(u64::from(index) * 4);
        Ok(i32::from_le_bytes(self.bytes(at)?))
    }

    /// The text that field `index` refers to, at most `limit` bytes of it.
    ///
    /// # Errors
    /// As [`FlatBuffer::vector`].
    pub fn text(&mut self, table: &Table, index: usize, limit: usize) -> Result<Option<String>, Error> {
        let Some(vector) = self.vector(table, index, 1)? else {
            return Ok(None);
        };
        self.visit(vector.start.saturating_add(u64::from(vector.count)), 1);
        let length = usize::try_from(vector.count).unwrap_or(limit).min(limit);
        let bytes = self.content.read(vector.start, length)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The bytes that nothing visited refers to, in order. Alignment makes short ones; call it at the end.
    #[must_use]
    pub fn gaps(mut self) -> Vec<Range<u64>> {
        self.visited.sort_by_key(|range| (range.start, range.end));
        let mut gaps = Vec::new();
        let mut end = 0;
        for range in self.visited {
            if range.start > end {
                gaps.push(end..range.start);
            }
            end = range.end.max(end);
        }
        if end < self.content.size() {
            gaps.push(end..self.content.size());
        }
        gaps
    }

    /// Says that `length` bytes from `start` on belong to something.
    pub fn visit(&mut self, start: u64, length: u64) {
        let end = start.saturating_add(length).min(self.content.size());
        match self.visited.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.visited.push(start..end),
        }
    }

    /// Where the reference at `at` leads.
    fn referred(&mut self, at: u64) -> Result<u64, Error> {
        let distance = u64::from(u32::from_le_bytes(self.bytes(at)?));
        let target = at.saturating_add(distance);
        if distance == 0 || target.saturating_add(4) > self.content.size() {
            return Err(Problem::malformed(at, Fault::Outside).into());
        }
        Ok(target)
    }

    fn bytes<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Error> {
        if let Some(bytes) = self.in_window(at) {
            return Ok(bytes);
        }
        self.window = self.content.read(at, WINDOW_BYTES)?;
        self.window_start = at;
        self.in_window(at)
            .ok_or_else(|| Problem::malformed(at, Fault::Outside).into())
    }

    fn in_window<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let skip = usize::try_from(at.checked_sub(self.window_start)?).ok()?;
        self.window.get(skip..)?.first_chunk::<N>().copied()
    }
}

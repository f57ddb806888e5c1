//! The header: facts, layout and problems.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
    ops::Range,
};

use super::{Fault, entry};
use crate::{
    Error, Named, Problem,
    layout::Layout,
    reader::{Endian, Prefix, Reader, within},
};

/// What is accepted from any file.
pub mod limit {
    /// Bytes of the header. The format's own limit is 100 MB, four times as much; no published file has 16 MB, and the
    /// header is held in memory.
    pub const HEADER_BYTES: u64 = 24 << 20;
    /// Bytes of the header that the format allows: such a file is told for what it is, and then refused.
    pub const FORMAT_HEADER_BYTES: u64 = 100_000_000;
    /// Tensors of one file. The largest published models have about 100 000 in all their files together.
    pub const TENSORS: u64 = 120_000;
    /// Texts under `__metadata__`. Training tools write dozens.
    pub const METADATA: u64 = 100_000;
    /// Dimensions of one tensor. Frameworks stop at 64.
    pub const DIMENSIONS: u64 = 64;
    /// Problems listed; a hostile header could have millions.
    pub const PROBLEMS: usize = 100;
}

/// How large a header may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Its bytes.
    pub bytes: u64,
    /// The tensors in it.
    pub tensors: u64,
}

impl Limits {
    /// Of any file: [`limit::HEADER_BYTES`] and [`limit::TENSORS`].
    pub const ANY: Self = Self {
        bytes: limit::HEADER_BYTES,
        tensors: limit::TENSORS,
    };

    /// Of a file that somebody trusted has signed: whatever the format allows, which is what other loaders take.
    pub const SIGNED: Self = Self {
        bytes: limit::FORMAT_HEADER_BYTES,
        tensors: limit::FORMAT_HEADER_BYTES,
    };
}

/// Bytes before the header.
pub const LENGTH_BYTES: u64 = 8;

/// What a safetensors file says about itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Header {
    metadata: Option<BTreeMap<String, String>>,
    layout: Layout,
    is_whole: bool,
    header_bytes: u64,
    file_size: u64,
    problems: Vec<Problem>,
}

impl Header {
    /// Reads the header at the start of `source`; the tensors themselves are not read.
    ///
    /// # Errors
    /// [`Error::Refused`] when the header is missing, too long, not JSON, or has duplicate names; [`Error::Io`].
    pub fn read(source: &mut (impl Read + Seek)) -> Result<Self, Error> {
        let start = Prefix::read(source, LENGTH_BYTES)?;
        let header_end = data_start(&start.bytes, start.file_size, Limits::ANY)?;
        let prefix = Prefix::read(source, header_end)?;
        Ok(Self::parse(&prefix.bytes, prefix.file_size)?)
    }

    /// Parses the header from `start`, the first bytes of a file of `file_size` bytes.
    ///
    /// # Errors
    /// As [`Header::read`]; also when `start` does not hold the whole header.
    pub fn parse(start: &[u8], file_size: u64) -> Result<Self, Problem> {
        Self::parse_within(start, file_size, Limits::ANY)
    }

    /// As [`Header::parse`], with other limits.
    ///
    /// # Errors
    /// As [`Header::parse`].
    pub fn parse_within(start: &[u8], file_size: u64, limits: Limits) -> Result<Self, Problem> {
        // 1. The length fits the format and the file.
        let end = data_start(start, file_size, limits)?;
        let mut reader = Reader::new(start, 0, Endian::Little);
        reader.take(LENGTH_BYTES)?;
        let text = reader.take(end.saturating_sub(LENGTH_BYTES))?;
        if text.first() != Some(&b'{') {
            return Err(Problem::malformed(LENGTH_BYTES, Fault::NotObject));
        }
        // 2. The entries, each checked by itself.
        let read = entry::Entries::read(text, LENGTH_BYTES, end, limits)?;
        // 3. The entries together tile the data.
        let layout = Layout::new(read.tensors);
        let mut problems = read.problems;
        check_tiling(&layout, end..file_size, &mut problems);
        problems.truncate(limit::PROBLEMS);
        Ok(Self {
            metadata: read.metadata,
            layout,
            is_whole: read.lost == 0,
            header_bytes: end,
            file_size,
            problems,
        })
    }

    /// The texts under `__metadata__`.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.metadata.as_ref().unwrap_or(&NONE)
    }

    /// Whether there is a `__metadata__`, which may be empty.
    #[must_use]
    pub const fn has_metadata(&self) -> bool {
        self.metadata.is_some()
    }

    /// The tensors and where they lie. Where the header is broken, so may this be: see [`Header::problems`].
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether [`Header::layout`] has every tensor of the header. It lacks those with a range that means nothing.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The bytes before the first tensor: length and header.
    #[must_use]
    pub const fn header_range(&self) -> Range<u64> {
        0..self.header_bytes
    }

    /// The bytes behind the header.
    #[must_use]
    pub const fn data_range(&self) -> Range<u64> {
        self.header_bytes..self.file_size
    }

    /// The broken rules, at most [`limit::PROBLEMS`].
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The layout of a file without any problem.
    ///
    /// # Errors
    /// The first problem.
    pub fn sound(&self) -> Result<&Layout, &Problem> {
        self.problems.first().map_or(Ok(&self.layout), Err)
    }
}

/// Where the data of a file of `file_size` bytes begins, by its first [`LENGTH_BYTES`].
///
/// # Errors
/// When the header is missing, too long, or longer than the file.
pub fn data_start(start: &[u8], file_size: u64, limits: Limits) -> Result<u64, Problem> {
    let mut reader = Reader::new(start, 0, Endian::Little);
    let length = reader.u64()?;
    within("the length of the safetensors header", length, limits.bytes, 0)?;
    let end = length.saturating_add(LENGTH_BYTES);
    if end > file_size {
        let left = file_size.saturating_sub(LENGTH_BYTES);
        let fault = crate::Fault::Truncated { needed: length, left };
        return Err(Problem::malformed(LENGTH_BYTES, fault));
    }
    Ok(end)
}

/// Compares each tensor with the end of those before it, and the last end with the end of the file.
fn check_tiling(layout: &Layout, data: Range<u64>, problems: &mut Vec<Problem>) {
    let mut reached = data.start;
    for tensor in layout.tensors() {
        let (start, end) = (tensor.bytes.start, tensor.bytes.end);
        let name = || Named::new(&tensor.name);
        if let Some(unowned) = start.checked_sub(reached).filter(|&bytes| bytes > 0) {
            problems.push(Problem::malformed(
                reached,
                Fault::Gap {
                    name: name(),
                    unowned,
                },
            ));
        }
        // An empty tensor inside another shares no byte, but no writer puts it there.
        if start < reached {
            let shared = end.min(reached).saturating_sub(start);
            problems.push(Problem::malformed(start, Fault::Overlap { name: name(), shared }));
        }
        if let Some(beyond) = end.checked_sub(data.end).filter(|&bytes| bytes > 0) {
            problems.push(Problem::malformed(
                start,
                Fault::OutsideFile { name: name(), beyond },
            ));
        }
        reached = reached.max(end);
        if problems.len() >= limit::PROBLEMS {
            return;
        }
    }
    if let Some(unowned) = data.end.checked_sub(reached).filter(|&bytes| bytes > 0) {
        problems.push(Problem::malformed(reached, Fault::Appended { unowned }));
    }
}

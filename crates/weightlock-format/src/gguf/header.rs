//! The header: facts, layout and problems.

use std::{
    collections::{BTreeMap, HashSet},
    io::{Read, Seek},
    ops::Range,
};

use super::{
    Fault,
    metadata::{Kind, Metadata, ValueReader},
    types,
};
use crate::{
    Dtype, Error, Named, Problem,
    layout::{Layout, Tensor, elements},
    reader::{Endian, Prefix, Reader, within},
};

/// What is accepted from any file.
pub mod limit {
    /// Bytes before the first tensor. The largest published vocabularies take 20 MB. They are held while they are read.
    pub const HEADER_BYTES: u64 = 40 << 20;
    /// Metadata pairs. Published files have fewer than 100.
    pub const PAIRS: u64 = 1 << 16;
    /// Tensors. Published files have a few thousand.
    pub const TENSORS: u64 = 1 << 18;
    /// Bytes of a key, by the specification.
    pub const KEY_BYTES: u64 = 65_535;
    /// Bytes of a text. Chat templates have kilobytes.
    pub const TEXT_BYTES: u64 = 16 << 20;
    /// Arrays in arrays. ggml itself reads no nested array at all.
    pub const ARRAY_DEPTH: u64 = 8;
    /// Problems listed.
    pub const PROBLEMS: usize = 100;
}

/// The first attempt reads this much; a header that needs more is read again with four times as much.
const FIRST_BYTES: u64 = 1 << 20;
const DEFAULT_ALIGNMENT: u64 = 32;
/// Bytes of a tensor name that loaders have room for.
const NAME_BYTES: usize = 64;

/// How wide counts and lengths are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    /// Version 1.
    Narrow,
    /// Versions 2 and 3.
    Wide,
}

impl Width {
    pub(super) fn read(self, reader: &mut Reader<'_>) -> Result<u64, Problem> {
        match self {
            Self::Narrow => reader.u32().map(u64::from),
            Self::Wide => reader.u64(),
        }
    }
}

/// What a GGUF file says about itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Header {
    version: u32,
    endian: Endian,
    metadata: BTreeMap<String, Metadata>,
    texts: Vec<(String, Range<u64>)>,
    declared_tensors: u64,
    layout: Layout,
    /// The header was read to its end.
    ends: bool,
    /// Where the data begins by alignment; behind the end of a file that has none.
    data_start: u64,
    data: Range<u64>,
    alignment: u64,
    problems: Vec<Problem>,
}

impl Header {
    /// Reads the header at the start of `source`; the tensors themselves are not read.
    ///
    /// # Errors
    /// [`Error::Refused`] when the file is no GGUF file of a known version; [`Error::Io`].
    pub fn read(source: &mut (impl Read + Seek)) -> Result<Self, Error> {
        let mut limit = FIRST_BYTES;
        loop {
            let prefix = Prefix::read(source, limit)?;
            let header = Self::parse(&prefix.bytes, prefix.file_size)?;
            let enough = prefix.is_whole() || header.data.start <= limit && !header.ends_early();
            if enough || limit >= limit::HEADER_BYTES {
                return Ok(header);
            }
            limit = limit.saturating_mul(4).min(limit::HEADER_BYTES);
        }
    }

    /// Parses the header from `start`, the first bytes of a file of `file_size` bytes. Where `start` ends inside
    /// the header, what was read so far is kept and the last problem says so.
    ///
    /// # Errors
    /// When the file is no GGUF file of a known version.
    pub fn parse(start: &[u8], file_size: u64) -> Result<Self, Problem> {
        let mut reader = Reader::new(start, 0, Endian::Little);
        let (version, endian) = version(&mut reader)?;
        reader.set_endian(endian);
        let mut parser = Parser {
            reader,
            width: if version == 1 { Width::Narrow } else { Width::Wide },
            metadata: BTreeMap::new(),
            texts: Vec::new(),
            alignment: DEFAULT_ALIGNMENT,
            declared_tensors: 0,
            infos: Vec::new(),
            problems: Vec::new(),
        };

        let read = parser.read_all();
        let header_ends = read.is_ok();
        if let Err(problem) = read {
            // The fatal problem must survive the cap: `sound` and `read` look for it.
            parser.problems.truncate(limit::PROBLEMS.saturating_sub(1));
            if !parser.problems.contains(&problem) {
                parser.problems.push(problem);
            }
            // Offsets count from the end of the header, which was not found: no tensor has a place.
            parser.infos.clear();
        }
        let mut header = parser.finish(version, endian, file_size);
        header.ends = header_ends;
        if header_ends {
            header.check_tiling();
        }
        Ok(header)
    }

    /// The version of the format: 1, 2 or 3.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The order of bytes in all numbers, tensors included.
    #[must_use]
    pub const fn endian(&self) -> Endian {
        self.endian
    }

    /// The metadata.
    #[must_use]
    pub const fn metadata(&self) -> &BTreeMap<String, Metadata> {
        &self.metadata
    }

    /// The metadata text under `key`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key)?.as_text()
    }

    /// Keys of chat templates: programs in a template language that loaders run.
    pub fn chat_templates(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_template = |key: &str| key.starts_with("tokenizer.chat_template");
        let pairs = self.metadata.iter().filter(move |(key, _)| is_template(key));
        pairs.filter_map(|(key, value)| Some((key.as_str(), value.as_text()?)))
    }

    /// Where the bytes of each metadata text lie, with its key, in the order of the file. Of a key that occurs twice
    /// both are listed: loaders take the first or the last.
    #[must_use]
    pub fn texts(&self) -> &[(String, Range<u64>)] {
        &self.texts
    }

    /// The number of tensors that the file announces.
    #[must_use]
    pub const fn declared_tensors(&self) -> u64 {
        self.declared_tensors
    }

    /// The tensors whose place is known. Where the header is broken, so may this be: see [`Header::problems`].
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The bytes before the first tensor.
    #[must_use]
    pub const fn header_range(&self) -> Range<u64> {
        0..self.data.start
    }

    /// The bytes behind the header.
    #[must_use]
    pub const fn data_range(&self) -> Range<u64> {
        self.data.start..self.data.end
    }

    /// Whether the header was read to its end and [`Header::layout`] has every tensor that the file announces.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.ends && self.layout.tensors().len() as u64 == self.declared_tensors
    }

    /// Tensors begin at multiples of this.
    #[must_use]
    pub const fn alignment(&self) -> u64 {
        self.alignment
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

    /// Compares each tensor with the end of those before it, and the last end with the end of the file.
    fn check_tiling(&mut self) {
        let mut faults = Vec::new();
        let whole = self.is_whole();
        let mut reached = self.data_start;
        for tensor in self.layout.tensors() {
            let (begin, end) = (tensor.bytes.start, tensor.bytes.end);
            let name = || Named::new(&tensor.name);
            let due = self.padded(reached);
            if let Some(unowned) = begin.checked_sub(due).filter(|&bytes| bytes > 0 && whole) {
                faults.push((
                    due,
                    Fault::Gap {
                        name: name(),
                        unowned,
                    },
                ));
            }
            if begin < reached {
                let shared = end.min(reached).saturating_sub(begin);
                faults.push((begin, Fault::Overlap { name: name(), shared }));
            }
            if let Some(beyond) = end.checked_sub(self.data.end).filter(|&bytes| bytes > 0) {
                faults.push((begin, Fault::OutsideFile { name: name(), beyond }));
            }
            reached = reached.max(end);
        }
        // The last tensor may be padded; and a file without tensors may end with its header, unpadded.
        let due = self.padded(reached);
        if let Some(unowned) = self.data.end.checked_sub(due).filter(|&bytes| bytes > 0 && whole) {
            faults.push((due, Fault::Appended { unowned }));
        }
        let left = limit::PROBLEMS.saturating_sub(self.problems.len());
        let problems = faults
            .into_iter()
            .take(left)
            .map(|(offset, fault)| Problem::malformed(offset, fault));
        self.problems.extend(problems);
    }

    fn padded(&self, offset: u64) -> u64 {
        aligned(offset, self.alignment).unwrap_or(offset)
    }

    fn ends_early(&self) -> bool {
        let is_truncated = |problem: &Problem| {
            matches!(
                problem,
                Problem::Malformed {
                    fault: crate::Fault::Truncated { .. },
                    ..
                }
            )
        };
        self.problems.iter().any(is_truncated)
    }
}

/// Magic and version. The version is small, so the order that makes it small is the order of the file.
fn version(reader: &mut Reader<'_>) -> Result<(u32, Endian), Problem> {
    if reader.array::<4>()? != *b"GGUF" {
        return Err(Problem::malformed(0, Fault::Magic));
    }
    let offset = reader.offset();
    let little = reader.u32()?;
    match (little, little.swap_bytes()) {
        (1..=3, _) => Ok((little, Endian::Little)),
        // Version 3 is the first with big-endian files.
        (_, 3) => Ok((3, Endian::Big)),
        _ => Err(Problem::malformed(offset, Fault::Version(little))),
    }
}

/// A tensor info as written.
struct Info {
    at: u64,
    name: String,
    dtype: Option<Dtype>,
    /// As stored: the first dimension is the row.
    dimensions: Vec<u64>,
    offset: u64,
}

struct Parser<'a> {
    reader: Reader<'a>,
    width: Width,
    metadata: BTreeMap<String, Metadata>,
    texts: Vec<(String, Range<u64>)>,
    alignment: u64,
    declared_tensors: u64,
    infos: Vec<Info>,
    problems: Vec<Problem>,
}

impl Parser<'_> {
    /// Reads to the end of the tensor infos, or to the first fault behind which nothing can be found.
    fn read_all(&mut self) -> Result<(), Problem> {
        let offset = self.reader.offset();
        self.declared_tensors = self.width.read(&mut self.reader)?;
        let pairs = self.width.read(&mut self.reader)?;
        let counts = within("the number of metadata pairs", pairs, limit::PAIRS, offset).and(within(
            "the number of tensors",
            self.declared_tensors,
            limit::TENSORS,
            offset,
        ));
        self.problems.extend(counts.clone().err());
        // What is there is read although a count is refused: a template must not hide behind a number.
        for _ in 0..pairs.min(limit::PAIRS) {
            self.pair()?;
        }
        counts?;
        let mut names = HashSet::new();
        for _ in 0..self.declared_tensors {
            let info = self.info()?;
            if !names.insert(info.name.clone()) {
                return Err(Problem::malformed(
                    info.at,
                    Fault::DuplicateTensor(Named::new(&info.name)),
                ));
            }
            self.infos.push(info);
        }
        Ok(())
    }

    fn pair(&mut self) -> Result<(), Problem> {
        let offset = self.reader.offset();
        let length = self.width.read(&mut self.reader)?;
        if length == 0 || length > limit::KEY_BYTES {
            return Err(Problem::malformed(offset, Fault::Key));
        }
        let key = std::str::from_utf8(self.reader.take(length)?);
        let key = key.map_err(|_| Problem::malformed(offset, Fault::Key))?;
        let mut values = ValueReader {
            reader: &mut self.reader,
            width: self.width,
            key,
            faults: Vec::new(),
            text: None,
        };
        let read = values.read();
        let ValueReader { faults, text, .. } = values;
        for (offset, fault) in faults {
            self.report(offset, fault);
        }
        let (kind, value) = read?;
        self.texts.extend(text.map(|range| (key.to_owned(), range)));
        if self.metadata.contains_key(key) {
            self.report(offset, Fault::DuplicateKey(Named::new(key)));
            return Ok(());
        }
        if key == "general.alignment" {
            self.alignment =
                alignment(kind, &value).ok_or_else(|| Problem::malformed(offset, Fault::Alignment))?;
        }
        self.metadata.insert(key.to_owned(), value);
        Ok(())
    }

    fn info(&mut self) -> Result<Info, Problem> {
        let at = self.reader.offset();
        let length = self.width.read(&mut self.reader)?;
        within("the length of a tensor name", length, limit::KEY_BYTES, at)?;
        let name = std::str::from_utf8(self.reader.take(length)?);
        let name = name
            .map_err(|_| Problem::malformed(at, Fault::TensorName))?
            .to_owned();
        // A loader keeps 64 bytes with the final NUL, or without: both are in use, so 64 is not reported.
        if name.is_empty() || name.len() > NAME_BYTES {
            self.report(at, Fault::NameLength(Named::new(&name)));
        }
        let found = self.reader.u32()?;
        if found > 4 {
            return Err(Problem::malformed(
                at,
                Fault::Dimensions {
                    name: Named::new(&name),
                    found,
                },
            ));
        }
        let mut dimensions = Vec::new();
        for _ in 0..found {
            dimensions.push(self.width.read(&mut self.reader)?);
        }
        let code = self.reader.u32()?;
        let offset = self.reader.u64()?;
        let dtype = types::dtype(code);
        if dtype.is_none() {
            self.report(
                at,
                Fault::Type {
                    name: Named::new(&name),
                    code,
                },
            );
        }
        Ok(Info {
            at,
            name,
            dtype,
            dimensions,
            offset,
        })
    }

    /// Places the tensors in the file.
    fn finish(mut self, version: u32, endian: Endian, file_size: u64) -> Header {
        let start = aligned(self.reader.offset(), self.alignment).unwrap_or(file_size);
        let data = start.min(file_size)..file_size;
        let mut tensors = Vec::new();
        for info in std::mem::take(&mut self.infos) {
            let at = info.at;
            match info.place(start, self.alignment) {
                Ok(tensor) => tensors.extend(tensor),
                Err(fault) => self.report(at, fault),
            }
        }
        Header {
            version,
            endian,
            metadata: self.metadata,
            texts: self.texts,
            declared_tensors: self.declared_tensors,
            layout: Layout::new(tensors),
            ends: false,
            data_start: start,
            data,
            alignment: self.alignment,
            problems: self.problems,
        }
    }

    fn report(&mut self, offset: u64, fault: Fault) {
        if self.problems.len() < limit::PROBLEMS {
            self.problems.push(Problem::malformed(offset, fault));
        }
    }
}

impl Info {
    /// The tensor at its place, the data beginning at `start`; `None` for a type of unknown size.
    fn place(mut self, start: u64, alignment: u64) -> Result<Option<Tensor>, Fault> {
        let Some(dtype) = self.dtype else { return Ok(None) };
        let name = || Named::new(&self.name);
        let row = self.dimensions.first().copied().unwrap_or(1);
        let block = dtype.block().elements;
        if row.checked_rem(block) != Some(0) {
            return Err(Fault::PartialBlock {
                name: name(),
                row,
                block,
            });
        }
        if self.offset.checked_rem(alignment) != Some(0) {
            return Err(Fault::Unaligned(name()));
        }
        let bytes = elements(&self.dimensions).and_then(|elements| dtype.bytes_of(elements));
        let begin = start.checked_add(self.offset);
        let end = begin
            .zip(bytes)
            .and_then(|(begin, bytes)| begin.checked_add(bytes));
        let (Some(begin), Some(end)) = (begin, end) else {
            return Err(Fault::SizeOverflow(name()));
        };
        self.dimensions.reverse();
        Ok(Some(Tensor {
            name: self.name,
            dtype: self.dtype,
            shape: self.dimensions,
            bytes: begin..end,
        }))
    }
}

/// `general.alignment`, where it is one.
fn alignment(kind: Kind, value: &Metadata) -> Option<u64> {
    match (kind, value) {
        (Kind::Uint32, Metadata::Integer(number)) => u64::try_from(*number)
            .ok()
            .filter(|number| number.is_power_of_two()),
        _ => None,
    }
}

/// The next multiple of `alignment`.
const fn aligned(offset: u64, alignment: u64) -> Option<u64> {
    offset.checked_next_multiple_of(alignment)
}

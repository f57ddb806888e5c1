//! [`Header`]: what a NumPy file says of its array.

use std::ops::Range;

use super::{Fault, Layout, Literal, dtype, literal};
use crate::{
    Error, Problem,
    content::Content,
    reader::{Endian, Reader, within},
};

/// The six bytes that a file begins with.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Bytes of a header that are read. NumPy itself refuses more than 10 000 unless it may unpickle.
const HEADER_BYTES: u64 = 1 << 20;
/// Dimensions that NumPy knows.
const DIMENSIONS: usize = 64;

/// What the data behind a header is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Data {
    /// Values: they fill the range, as far as the file has it.
    Values(Range<u64>),
    /// A pickle begins at this byte.
    Pickle(u64),
    /// Nobody can tell; it begins at this byte.
    Unknown(u64),
}

/// What a NumPy file says of its array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The format's version, major and minor.
    pub version: (u8, u8),
    /// Magic, version, length and text.
    pub range: Range<u64>,
    /// The type, as written.
    pub descr: String,
    /// The dimensions; empty for one value.
    pub shape: Vec<u64>,
    /// What follows.
    pub data: Data,
    /// The broken rules.
    pub problems: Vec<Problem>,
}

impl Header {
    /// Reads the header of the array that begins at `start` of `content`.
    ///
    /// # Errors
    /// [`Error::Refused`] when no array begins there, or its text cannot be found; [`Error::Io`].
    pub fn read(content: &Content, start: u64) -> Result<Self, Error> {
        let head = content.read(start, 12)?;
        let mut reader = Reader::new(&head, start, Endian::Little);
        if reader.array::<6>()? != *MAGIC {
            return Err(Problem::malformed(start, Fault::Magic).into());
        }
        let version = (reader.u8()?, reader.u8()?);
        let length = match version.0 {
            1 => u64::from(reader.u16()?),
            2 | 3 => u64::from(reader.u32()?),
            _ => return Err(Problem::malformed(start, Fault::Version(version.0, version.1)).into()),
        };
        within("the header of the array", length, HEADER_BYTES, start)?;
        let at = reader.offset();
        let bytes = content.read(at, usize::try_from(length).unwrap_or_default())?;
        Reader::new(&bytes, at, Endian::Little).take(length)?;
        let mut header = Self {
            version,
            range: start..at.saturating_add(length),
            descr: String::new(),
            shape: Vec::new(),
            data: Data::Unknown(at.saturating_add(length)),
            problems: Vec::new(),
        };
        if version.1 != 0 {
            header
                .problems
                .push(Problem::malformed(start, Fault::Version(version.0, version.1)));
        }
        if let Err(problem) = header.interpret(&text(&bytes, version.0), at, content.size()) {
            header.problems.push(problem);
        }
        Ok(header)
    }

    /// Where the array ends, as far as it can be told.
    #[must_use]
    pub const fn end(&self) -> Option<u64> {
        match &self.data {
            Data::Values(range) => Some(range.end),
            Data::Pickle(_) | Data::Unknown(_) => None,
        }
    }

    fn interpret(&mut self, text: &str, at: u64, size: u64) -> Result<(), Problem> {
        let problem = |fault: Fault| Problem::malformed(at, fault);
        let Literal::Dict(pairs) = literal::parse(text, at)? else {
            return Err(problem(Fault::Keys));
        };
        let mut values: [Option<Literal>; 3] = [None, None, None];
        let mut has_object = false;
        for (key, value) in pairs {
            let Literal::Text(key) = key else {
                return Err(problem(Fault::Keys));
            };
            let place = ["descr", "fortran_order", "shape"]
                .iter()
                .position(|known| *known == key);
            let Some(place) = place.and_then(|place| values.get_mut(place)) else {
                return Err(problem(Fault::Keys));
            };
            // Python keeps the last value of a key; a reader that keeps the first may see an object there.
            has_object |= key == "descr" && Layout::of(&value).is_ok_and(|layout| layout.has_object);
            if place.replace(value).is_some() {
                self.problems.push(problem(Fault::DuplicateKey));
            }
        }
        let [Some(descr), Some(Literal::Bool(_)), Some(shape)] = values else {
            return Err(problem(Fault::Keys));
        };
        self.shape = dtype::dimensions(&shape).map_err(problem)?;
        if self.shape.len() > DIMENSIONS {
            self.problems.push(problem(Fault::Shape));
        }
        self.descr = describe(&descr);
        let layout = Layout::of(&descr).map_err(problem)?;
        self.place(layout, has_object, at, size);
        Ok(())
    }

    /// Tells where the data lies and whether it is all there.
    fn place(&mut self, layout: Layout, has_object: bool, at: u64, size: u64) {
        let start = self.range.end;
        if layout.has_object || has_object {
            self.data = Data::Pickle(start);
            return;
        }
        if !layout.is_known {
            self.problems.push(Problem::malformed(at, Fault::Type));
            return;
        }
        let bytes = dtype::elements(&self.shape)
            .zip(layout.item_bytes)
            .and_then(|(elements, item)| elements.checked_mul(item))
            .filter(|&bytes| i64::try_from(bytes).is_ok());
        let Some(end) = bytes.and_then(|bytes| start.checked_add(bytes)) else {
            self.problems.push(Problem::malformed(at, Fault::SizeOverflow));
            return;
        };
        if end > size {
            let missing = Fault::Missing {
                bytes: end.saturating_sub(size),
            };
            self.problems.push(Problem::malformed(start, missing));
        }
        self.data = Data::Values(start..end);
    }
}

/// Version 3 is UTF-8, the others Latin-1.
fn text(bytes: &[u8], version: u8) -> String {
    match version {
        3 => String::from_utf8_lossy(bytes).into_owned(),
        _ => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The type in a few words.
fn describe(descr: &Literal) -> String {
    match descr {
        Literal::Text(name) => name.chars().take(64).collect(),
        Literal::List(fields) => format!("structure of {} fields", fields.len()),
        _ => "subarray".to_owned(),
    }
}

//! 7z archives: the members of each folder of streams, and the decoders that lead to them.
//!
//! ```text
//! file    = "7z" BC AF 27 1C version:2 crc:4 offset:8 size:8 crc:4   packed streams   header
//! header  = 01 [streams] [files] 00  |  17 streams                   the second decodes to the first
//! streams = [06 pack] [07 folders] [08 substreams] 00
//! folder  = count { coder } { bind pair } { packed stream }
//! files   = 05 count { property size data } 00                        names are UTF-16
//! ```
//!
//! The header is read through a [`Reader`] that ends where it ends, nothing is allocated from a count, and decoding
//! it is counted like any other stream. Folders whose coders form one chain are read; PPMd and BCJ2 are not, and
//! encrypted ones are told as such. Specification: `DOC/7zFormat.txt` of the LZMA SDK.

mod folder;
mod header;

use std::{io, ops::Range};

pub use folder::{Folder, Unreadable};

use super::stream::End;
use crate::{
    Problem,
    content::Content,
    limits::{Budget, Limits},
    reader::{Endian, Reader},
    reason,
};

/// A rule of 7z that a file breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A checksum does not hold.
    #[error("the checksum of the {what} is wrong")]
    Checksum {
        /// Of what.
        what: &'static str,
    },
    /// Parts of the header contradict each other.
    #[error("{what}")]
    Structure {
        /// What is wrong.
        what: &'static str,
    },
}

impl Fault {
    /// The stable reason code.
    #[must_use]
    pub const fn code(&self) -> weightlock_artifact::reason::Code {
        reason::MALFORMED
    }
}

/// What is in a 7z archive.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Archive {
    /// The members, in the order of the header.
    pub members: Vec<Member>,
    /// Streams that decode to the bytes of members, one after the other.
    pub folders: Vec<Folder>,
    /// The signature header and the header.
    pub structure: Vec<Range<u64>>,
    /// Broken rules and met limits; what follows them in the header is not known.
    pub problems: Vec<Problem>,
    /// Why the header could not be decoded, when it is packed.
    pub sealed: Option<End>,
    /// The header is encrypted.
    pub is_encrypted: bool,
}

/// A member.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Member {
    /// The name.
    pub name: String,
    /// The folder whose content has the bytes, and where in it they lie; `None` when there are none.
    pub place: Option<(usize, Range<u64>)>,
    /// CRC-32 of the bytes, where it is stated.
    pub crc: Option<u32>,
    /// Whether it is a folder in a file system.
    pub is_directory: bool,
    /// Whether it is a symbolic link; the bytes are its target.
    pub is_link: bool,
}

/// Bytes of the signature header.
const START_BYTES: usize = 32;
/// Bytes of a header, packed or not.
const HEADER_BYTES: u64 = 32 << 20;
/// Headers that are packed headers again.
const MOST_PACKED: usize = 4;

impl Archive {
    /// Reads the header of `content`.
    ///
    /// # Errors
    /// What reading raises.
    pub fn read(content: &Content, limits: &Limits, budget: &mut Budget) -> io::Result<Self> {
        let mut archive = Self::default();
        if let Err(problem) = archive.start(content, limits, budget)? {
            archive.problems.push(problem);
        }
        Ok(archive)
    }

    fn start(
        &mut self,
        content: &Content,
        limits: &Limits,
        budget: &mut Budget,
    ) -> io::Result<Result<(), Problem>> {
        let bytes = content.read(0, START_BYTES)?;
        self.structure.push(0..bytes.len() as u64);
        let (offset, size, crc) = match signature(&bytes, &mut self.problems) {
            Ok(found) => found,
            Err(problem) => return Ok(Err(problem)),
        };
        if size == 0 {
            return Ok(Ok(()));
        }
        let at = offset.saturating_add(START_BYTES as u64);
        let end = at.saturating_add(size);
        if end > content.size() {
            let what = "the header lies behind the end of the file";
            return Ok(Err(Problem::malformed(12, Fault::Structure { what })));
        }
        let Some(length) = usize::try_from(size).ok().filter(|_| size <= HEADER_BYTES) else {
            return Ok(Err(too_long(at, size)));
        };
        let mut bytes = content.read(at, length)?;
        self.structure.push(at..end);
        if checksum(&bytes) != crc {
            self.problems
                .push(Problem::malformed(at, Fault::Checksum { what: "header" }));
        }
        for _ in 0..MOST_PACKED {
            if bytes.first() != Some(&header::PACKED) {
                return Ok(header::parse(&bytes, at, limits, self));
            }
            match self.unpack(content, &bytes, at, limits, budget)? {
                Ok(Some(unpacked)) => bytes = unpacked,
                Ok(None) => return Ok(Ok(())),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        let what = "the header is packed again and again";
        Ok(Err(Problem::malformed(at, Fault::Structure { what })))
    }

    /// Decodes a packed header; `None` when it cannot be decoded, which is told in the archive.
    fn unpack(
        &mut self,
        content: &Content,
        bytes: &[u8],
        at: u64,
        limits: &Limits,
        budget: &mut Budget,
    ) -> io::Result<Result<Option<Vec<u8>>, Problem>> {
        let folder = match header::packed(bytes, at, limits) {
            Ok(folder) => folder,
            Err(problem) => return Ok(Err(problem)),
        };
        self.structure.push(folder.packed.clone());
        let opened = match folder.packed(content) {
            Ok(packed) => packed.open(limits, budget),
            Err(Unreadable::Encrypted) => {
                self.is_encrypted = true;
                return Ok(Ok(None));
            }
            Err(Unreadable::Coder(name)) => {
                self.sealed = Some(End::Unsupported(name));
                return Ok(Ok(None));
            }
        };
        if opened.end != End::Whole {
            self.sealed = Some(opened.end);
            return Ok(Ok(None));
        }
        let size = opened.content.size();
        match usize::try_from(size).ok().filter(|_| size <= HEADER_BYTES) {
            Some(length) => opened.content.read(0, length).map(|bytes| Ok(Some(bytes))),
            None => Ok(Err(too_long(at, size))),
        }
    }
}

const fn too_long(offset: u64, asked: u64) -> Problem {
    Problem::LimitExceeded {
        offset,
        what: "bytes of a 7z header",
        asked,
        limit: HEADER_BYTES,
    }
}

/// Where the header lies behind the signature header, its size and its checksum.
fn signature(bytes: &[u8], problems: &mut Vec<Problem>) -> Result<(u64, u64, u32), Problem> {
    let mut reader = Reader::new(bytes, 0, Endian::Little);
    reader.take(8)?;
    let stated = reader.u32()?;
    if bytes.get(12..START_BYTES).map(checksum) != Some(stated) {
        let what = "signature header";
        problems.push(Problem::malformed(8, Fault::Checksum { what }));
    }
    Ok((reader.u64()?, reader.u64()?, reader.u32()?))
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

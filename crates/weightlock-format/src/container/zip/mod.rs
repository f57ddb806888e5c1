//! Zip archives, by the union of what every reader could see.
//!
//! Readers of zip disagree: some take the last end record and some the first, some believe the central directory
//! and some the local headers, some read a stream from the front. An attacker shows the clean file to the scanner
//! and the other to the loader. So [`Archive::read`] collects every member that is reachable in any way: from each
//! end record, at the stated and at the usual place, with narrow and with wide numbers; and by local headers in bytes
//! that nothing else owns. A member of which the two headers disagree has two [`View`]s. What readers disagree on is
//! a [`Fact`].
//!
//! Specification: APPNOTE 6.3.10. Nothing is read of the members themselves, so the size of an archive does not
//! matter. Refused: more than [`Limits::members`] members, names of more than [`survey::NAME_BYTES`] bytes together.

mod chain;
mod fact;
mod record;
mod relations;
mod survey;
mod sweep;

use std::ops::Range;

pub use chain::chain;
pub use fact::{Fact, Seen};
pub use record::Header;

use crate::{
    Problem,
    container::stream::{Coder, Expected, Kind as StreamKind, Packed},
    content::Content,
    limits::{Budget, Limits},
};

/// Everything that some reader could find in a zip archive.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Archive {
    /// The members, in the order of their local headers.
    pub members: Vec<Member>,
    /// Headers, directories, end records and padding of zero bytes: all that was taken apart.
    pub structure: Vec<Range<u64>>,
    /// Comments of the archive.
    pub comments: Vec<Range<u64>>,
    /// Bytes that belong to no part.
    pub foreign: Vec<Range<u64>>,
    /// What readers disagree on, in the order of the offsets.
    pub facts: Vec<Seen>,
    /// Limits that were met; what lies beyond is not in [`Archive::members`].
    pub problems: Vec<Problem>,
    /// Whether a central directory was found.
    pub has_directory: bool,
}

/// A member.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Member {
    /// The name, as the central directory has it where there is one.
    pub name: String,
    /// Where its local header lies.
    pub at: u64,
    /// What kind of file it becomes.
    pub kind: Kind,
    /// Its bytes, as each reader sees them: one view when the headers agree.
    pub views: Vec<View>,
}

/// What a member becomes when it is extracted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; the bytes are its target.
    Link,
    /// A device, a socket or a pipe.
    Device,
}

/// The bytes of a member as one kind of reader sees them.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct View {
    /// Where the bytes lie in the archive.
    pub data: Range<u64>,
    /// The compression method.
    pub method: u16,
    /// Bytes that come out.
    pub size: u64,
    /// Their CRC-32; `None` where no header states it.
    pub crc: Option<u32>,
    /// Whether a flag says that they are encrypted.
    pub encrypted: bool,
    /// Whether an end marker ends LZMA.
    pub end_marker: bool,
}

/// Why the bytes of a member cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unreadable {
    /// They are encrypted.
    Encrypted,
    /// The method is not read by this version.
    Method(&'static str),
}

impl Archive {
    /// Collects what is in `content`, within `limits` and what is left of `budget`.
    ///
    /// A content that is no zip archive has no members and no facts.
    ///
    /// # Errors
    /// What reading raises.
    pub fn read(content: &Content, limits: &Limits, budget: &mut Budget) -> std::io::Result<Self> {
        survey::survey(content, limits, budget)
    }

    /// Whether anything of a zip archive was found.
    #[must_use]
    pub const fn is_zip(&self) -> bool {
        self.has_directory || !self.members.is_empty()
    }

    /// The first member called `name`.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// Where the last end record near the end of `content` lies that leads to a central directory: a zip archive may
/// follow anything, and zip readers look for it at the end.
///
/// # Errors
/// What reading raises.
pub fn last_end(content: &Content) -> std::io::Result<Option<u64>> {
    survey::last_end(content)
}

impl View {
    /// Whether the bytes are stored as they are, so that they are a part of the archive.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.method == 0
    }

    /// The bytes of this view of a member of the archive `content`, to be opened.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn packed(&self, content: &Content) -> Result<Packed, Unreadable> {
        let coders = match self.method {
            0 => vec![],
            8 => vec![Coder::Deflate],
            9 => vec![Coder::Deflate64],
            12 => vec![Coder::Stream(StreamKind::Bzip2)],
            14 => vec![Coder::ZipLzma {
                size: (!self.end_marker).then_some(self.size),
            }],
            20 | 93 => vec![Coder::Stream(StreamKind::Zstd)],
            95 => vec![Coder::Stream(StreamKind::Xz)],
            99 => return Err(Unreadable::Encrypted),
            _ => return Err(Unreadable::Method(method_name(self.method))),
        };
        let source = content.part(self.data.start, self.data.end.saturating_sub(self.data.start));
        let packed = Packed::new(source, coders).expecting(Expected {
            size: Some(self.size),
            crc: self.crc,
        });
        Ok(if self.encrypted {
            packed.said_to_be_encrypted()
        } else {
            packed
        })
    }
}

/// The usual name of a compression method.
#[must_use]
pub const fn method_name(method: u16) -> &'static str {
    match method {
        0 => "stored",
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        8 => "deflate",
        9 => "deflate64",
        10 => "DCL implode",
        12 => "bzip2",
        14 => "LZMA",
        18 => "TERSE",
        19 => "LZ77",
        20 | 93 => "zstd",
        94 => "mp3",
        95 => "xz",
        96 => "jpeg",
        97 => "WavPack",
        98 => "PPMd",
        99 => "AES encryption",
        _ => "of an unknown number",
    }
}

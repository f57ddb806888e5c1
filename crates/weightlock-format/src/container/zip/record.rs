//! The records of a zip archive, each read at an offset. Numbers are little endian.
//!
//! ```text
//! local      = "PK\3\4" version:2 flags:2 method:2 time:4 crc:4 packed:4 size:4 name:2 extra:2  name extra
//! descriptor = ["PK\7\8"] crc:4 packed:4|8 size:4|8                      behind the data when bit 3 of flags is set
//! central    = "PK\1\2" made:2 version:2 flags:2 method:2 time:4 crc:4 packed:4 size:4
//!              name:2 extra:2 comment:2 disk:2 internal:2 external:4 local:4  name extra comment
//! end64      = "PK\6\6" rest:8 made:2 version:2 disk:4 disk:4 here:8 entries:8 size:8 offset:8
//! locator    = "PK\6\7" disk:4 offset:8 disks:4
//! end        = "PK\5\6" disk:2 disk:2 here:2 entries:2 size:4 offset:4 comment:2  comment
//! extra      = { id:2 length:2 bytes }                id 0x7075: version:1 crc:4 name in UTF-8; id 1: those of size, packed, local that are all ones above
//! ```

use std::{io, ops::Range};

use crate::{
    content::Content,
    reader::{Endian, Reader},
};

/// Local header.
pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// Entry of a central directory.
pub(super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
/// End of a central directory.
pub(super) const END: [u8; 4] = *b"PK\x05\x06";
/// End of a central directory with wide numbers.
const END64: [u8; 4] = *b"PK\x06\x06";
/// Where [`END64`] lies.
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
/// Data descriptor.
pub(super) const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// Bytes of a local header before the name.
pub(super) const LOCAL_BYTES: u64 = 30;
/// Bytes of a central entry before the name.
const CENTRAL_BYTES: usize = 46;
/// Bytes of an end record before the comment.
const END_BYTES: usize = 22;

/// What a header says of a member.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Header {
    /// Where the header lies, behind it its name and its extra fields.
    pub range: Range<u64>,
    /// The name, as bytes.
    pub name: Vec<u8>,
    /// The compression method.
    pub method: u16,
    /// General purpose flags: 0 encrypted, 3 sizes follow the data, 5 patch, 6 strong encryption, 11 UTF-8.
    pub flags: u16,
    /// CRC-32 of the bytes of the member.
    pub crc: u32,
    /// Bytes in the archive.
    pub packed: u64,
    /// Bytes of the member.
    pub size: u64,
    /// Where the local header lies, relative to the archive; of a central entry only.
    pub local: u64,
    /// File type and permissions as on Unix; of a central entry only.
    pub mode: u32,
    /// A field of wide numbers contradicts the header, or is missing where the header points to it.
    pub wide_contradicts: bool,
    /// The name in the field for names in UTF-8 (0x7075), which some readers take instead.
    pub unicode_name: Option<Vec<u8>>,
}

impl Header {
    /// Whether the bytes are said to be encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.flags & (1 | 1 << 6 | 1 << 13) != 0
    }

    /// Whether the sizes follow the data.
    #[must_use]
    pub const fn has_descriptor(&self) -> bool {
        self.flags & 1 << 3 != 0
    }
}

/// Whether `signature` lies at `at`.
pub(super) fn is_at(content: &Content, at: u64, signature: [u8; 4]) -> bool {
    content.read(at, 4).is_ok_and(|bytes| bytes == signature)
}

/// The local header at `at`, if one is there.
pub(super) fn local(content: &Content, at: u64) -> io::Result<Option<Header>> {
    // Most names and extra fields are short: one read is enough.
    let bytes = content.read(at, 512)?;
    let mut reader = Reader::new(&bytes, at, Endian::Little);
    let Some((mut header, name, extra)) = fixed_local(&mut reader) else {
        return Ok(None);
    };
    let variable = u64::from(name).saturating_add(u64::from(extra));
    let end = at.saturating_add(LOCAL_BYTES).saturating_add(variable);
    let more;
    let mut rest = reader.clone();
    if rest.left() < variable {
        more = content.read(
            at.saturating_add(LOCAL_BYTES),
            usize::from(name).saturating_add(usize::from(extra)),
        )?;
        rest = Reader::new(&more, at.saturating_add(LOCAL_BYTES), Endian::Little);
    }
    header.range = at..end.min(content.size());
    Ok(variable_fields(&mut header, &mut rest, name, extra, false).map(|()| header))
}

fn fixed_local(reader: &mut Reader<'_>) -> Option<(Header, u16, u16)> {
    if reader.array().ok()? != LOCAL {
        return None;
    }
    reader.take(2).ok()?;
    let mut header = sizes(reader)?;
    let (name, extra) = (reader.u16().ok()?, reader.u16().ok()?);
    header.local = reader.offset();
    Some((header, name, extra))
}

/// What local headers and central entries have in common.
fn sizes(reader: &mut Reader<'_>) -> Option<Header> {
    let (flags, method) = (reader.u16().ok()?, reader.u16().ok()?);
    reader.take(4).ok()?;
    Some(Header {
        flags,
        method,
        crc: reader.u32().ok()?,
        packed: u64::from(reader.u32().ok()?),
        size: u64::from(reader.u32().ok()?),
        ..Header::default()
    })
}

fn variable_fields(
    header: &mut Header,
    reader: &mut Reader<'_>,
    name: u16,
    extra: u16,
    central: bool,
) -> Option<()> {
    header.name = reader.take(u64::from(name)).ok()?.to_vec();
    let extra = reader.sub(u64::from(extra)).ok()?;
    header.unicode_name = unicode_name(extra.clone());
    wide(header, extra, central);
    Some(())
}

/// The name in the field of Info-ZIP: version, CRC-32 of the name that it replaces, name. Whether a reader heeds the
/// checksum is its own affair.
fn unicode_name(mut extra: Reader<'_>) -> Option<Vec<u8>> {
    while let (Ok(id), Ok(length)) = (extra.u16(), extra.u16()) {
        let mut body = extra.sub(u64::from(length)).ok()?;
        if id == UNICODE_NAME {
            body.take(5).ok()?;
            let left = body.left();
            return body.take(left).ok().map(<[u8]>::to_vec);
        }
    }
    None
}

/// Tag of the field for names in UTF-8.
const UNICODE_NAME: u16 = 0x7075;

const ALL_ONES: u64 = 0xffff_ffff;

/// Reads the field of wide numbers. Readers differ in whether they use it when the header does not point to it.
fn wide(header: &mut Header, mut extra: Reader<'_>, central: bool) {
    let mut fields = vec![&mut header.size, &mut header.packed];
    if central {
        fields.push(&mut header.local);
    }
    let needed = fields.iter().any(|field| **field == ALL_ONES);
    let mut found = false;
    while let (Ok(id), Ok(length)) = (extra.u16(), extra.u16()) {
        let Ok(mut body) = extra.sub(u64::from(length)) else {
            break;
        };
        if id != 1 || found {
            continue;
        }
        found = true;
        for field in &mut fields {
            let stated = **field;
            if needed && stated != ALL_ONES {
                continue;
            }
            match body.u64() {
                Ok(value) if needed => **field = value,
                Ok(value) if value != stated => header.wide_contradicts = true,
                Ok(_) => {}
                Err(_) if needed => header.wide_contradicts = true,
                Err(_) => break,
            }
        }
    }
    header.wide_contradicts |= needed && !found;
}

/// Entries of a central directory, one after the other, from an offset on.
pub(super) struct Directory {
    content: Content,
    window: Vec<u8>,
    window_from: u64,
    pub(super) at: u64,
}

impl Directory {
    /// Bytes read at once; an entry with the longest name, extra fields and comment has fewer.
    const WINDOW_BYTES: usize = 256 << 10;

    pub(super) const fn new(content: Content, at: u64) -> Self {
        Self {
            content,
            window: Vec::new(),
            window_from: at,
            at,
        }
    }

    /// The next entry; `None` where there is none.
    pub(super) fn entry(&mut self) -> io::Result<Option<Header>> {
        let skip = usize::try_from(self.at.saturating_sub(self.window_from)).unwrap_or(usize::MAX);
        let left = self.window.len().saturating_sub(skip);
        let missing = self.window_from.saturating_add(self.window.len() as u64) < self.content.size();
        if left < CENTRAL_BYTES.saturating_add(3 << 16) && missing {
            self.window = self.content.read(self.at, Self::WINDOW_BYTES)?;
            self.window_from = self.at;
        }
        let skip = usize::try_from(self.at.saturating_sub(self.window_from)).unwrap_or(usize::MAX);
        let bytes = self.window.get(skip..).unwrap_or_default();
        let mut reader = Reader::new(bytes, self.at, Endian::Little);
        let Some(mut header) = central(&mut reader) else {
            return Ok(None);
        };
        header.range = self.at..reader.offset();
        self.at = reader.offset();
        Ok(Some(header))
    }
}

fn central(reader: &mut Reader<'_>) -> Option<Header> {
    if reader.array().ok()? != CENTRAL {
        return None;
    }
    let made = reader.u16().ok()?;
    reader.take(2).ok()?;
    let mut header = sizes(reader)?;
    let (name, extra, comment) = (reader.u16().ok()?, reader.u16().ok()?, reader.u16().ok()?);
    reader.take(4).ok()?;
    let external = reader.u32().ok()?;
    header.local = u64::from(reader.u32().ok()?);
    // The upper byte names the system: Unix and macOS keep a mode.
    if matches!(made >> 8, 3 | 19) {
        header.mode = external >> 16;
    }
    variable_fields(&mut header, reader, name, extra, true)?;
    reader.take(u64::from(comment)).ok()?;
    Some(header)
}

/// An end record, and the wide one in front of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct End {
    pub(super) range: Range<u64>,
    pub(super) comment: Range<u64>,
    /// Bytes of the comment that are stated and not there.
    pub(super) comment_missing: u64,
    /// Entries, size and offset of the directory, as each record states them.
    pub(super) stated: Vec<Stated>,
    /// Where the wide record and its locator lie.
    pub(super) wide: Vec<Range<u64>>,
    pub(super) several_disks: bool,
    /// A locator points to a wide record that is not where it says.
    pub(super) wide_missing: bool,
}

/// What an end record says of its directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stated {
    /// Where the record begins, and so where the directory should end.
    pub(super) at: u64,
    pub(super) entries: u64,
    pub(super) size: u64,
    pub(super) offset: u64,
    /// The numbers are 16 and 32 bits wide, and only their lower parts count.
    pub(super) narrow: bool,
}

/// The end record at `at`, if one is there.
pub(super) fn end(content: &Content, at: u64) -> io::Result<Option<End>> {
    let bytes = content.read(at, END_BYTES)?;
    let Some((stated, comment, several_disks)) = fixed_end(&bytes, at) else {
        return Ok(None);
    };
    let comment_from = at.saturating_add(END_BYTES as u64);
    let comment_to = comment_from.saturating_add(u64::from(comment));
    let mut end = End {
        range: at..comment_from,
        comment: comment_from..comment_to.min(content.size()),
        comment_missing: comment_to.saturating_sub(content.size()),
        stated: vec![stated],
        wide: Vec::new(),
        several_disks,
        wide_missing: false,
    };
    if let Some(locator_at) = at.checked_sub(20)
        && let Some(offset) = locator(&content.read(locator_at, 20)?)
    {
        end.wide.push(locator_at..at);
        // Readers go to the stated offset, or to where the record usually lies.
        let mut places = vec![offset];
        places.extend(locator_at.checked_sub(56).filter(|&place| place != offset));
        for place in places {
            let bytes = content.read(place, 56)?;
            let record = end64(&bytes, place);
            end.wide_missing |= record.is_none() && place == offset;
            if let Some((stated, length)) = record {
                end.wide
                    .push(place..place.saturating_add(length).min(locator_at.max(place)));
                end.stated.push(stated);
            }
        }
    }
    Ok(Some(end))
}

fn fixed_end(bytes: &[u8], at: u64) -> Option<(Stated, u16, bool)> {
    let mut reader = Reader::new(bytes, at, Endian::Little);
    if reader.array().ok()? != END {
        return None;
    }
    let disks = reader.u32().ok()?;
    let (here, entries) = (reader.u16().ok()?, reader.u16().ok()?);
    let stated = Stated {
        at,
        entries: u64::from(entries),
        size: u64::from(reader.u32().ok()?),
        offset: u64::from(reader.u32().ok()?),
        narrow: true,
    };
    Some((
        stated,
        reader.u16().ok()?,
        disks != 0 && disks != 0xffff_ffff || here != entries,
    ))
}

fn locator(bytes: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(bytes, 0, Endian::Little);
    if reader.array().ok()? != LOCATOR {
        return None;
    }
    reader.take(4).ok()?;
    reader.u64().ok()
}

fn end64(bytes: &[u8], at: u64) -> Option<(Stated, u64)> {
    let mut reader = Reader::new(bytes, at, Endian::Little);
    if reader.array().ok()? != END64 {
        return None;
    }
    let rest = reader.u64().ok()?;
    reader.take(20).ok()?;
    let stated = Stated {
        at,
        entries: reader.u64().ok()?,
        size: reader.u64().ok()?,
        offset: reader.u64().ok()?,
        narrow: false,
    };
    Some((stated, rest.saturating_add(12)))
}

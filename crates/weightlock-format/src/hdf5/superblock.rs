//! The superblock (specification, II.A): where the file begins, how wide numbers are, where the root group lies.

use std::io;

use super::{
    Fault,
    checksum::lookup3,
    walk::{Fields, Widths},
};
use crate::{
    Error, Problem,
    content::Content,
    reader::{Endian, Reader},
};

const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// Enough for every version with the widest numbers.
const MOST_BYTES: usize = 128;

/// What the superblock states. Addresses count from [`Superblock::base`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Superblock {
    /// Its version: 0 to 3.
    pub version: u8,
    /// Where it lies; what is before is the user block, which belongs to other programs.
    pub base: u64,
    /// Where the file ends by its own account, counted from the start of all bytes.
    pub end: u64,
    pub(super) size: u64,
    pub(super) widths: Widths,
    pub(super) extension: Option<u64>,
    pub(super) driver: Option<u64>,
    pub(super) free_space: Option<u64>,
    pub(super) root: Option<u64>,
    /// B-tree 1 and local heap of the root group, where the superblock repeats them.
    pub(super) root_table: Option<(u64, u64)>,
}

/// Finds the signature at 0, 512, 1024, 2048 and so on; `None` when the content is no HDF5 file.
///
/// # Errors
/// What reading raises.
pub fn locate(content: &Content) -> io::Result<Option<u64>> {
    let mut at = 0_u64;
    while at < content.size() {
        if content.read(at, SIGNATURE.len())? == SIGNATURE {
            return Ok(Some(at));
        }
        let Some(next) = at.max(256).checked_mul(2) else {
            break;
        };
        at = next;
    }
    Ok(None)
}

impl Superblock {
    pub(super) fn read(content: &Content, base: u64) -> Result<Self, Error> {
        let bytes = content.read(base, MOST_BYTES)?;
        let mut reader = Reader::new(&bytes, base, Endian::Little);
        if reader.take(8)? != SIGNATURE {
            return Err(Problem::malformed(base, Fault::Signature).into());
        }
        let version = reader.u8()?;
        let block = match version {
            0 | 1 => Self::first(reader, version, base)?,
            2 | 3 => Self::second(reader, version, base)?,
            _ => {
                let what = "the superblock";
                return Err(Problem::malformed(base, Fault::Version { what, version }).into());
            }
        };
        Ok(block)
    }

    fn first(mut reader: Reader<'_>, version: u8, base: u64) -> Result<Self, Problem> {
        reader.take(4)?;
        let widths = Widths::read(&mut reader)?;
        reader.u8()?;
        // How much room the nodes of trees have. What is unused of it counts as unused space.
        reader.take(if version == 1 { 12 } else { 8 })?;
        let mut fields = Fields::new(reader, widths);
        let stated_base = fields.address()?.unwrap_or(0);
        let free_space = fields.address()?;
        let end = fields.address()?;
        let driver = fields.address()?;
        let _name = fields.number(widths.offsets)?;
        let root = fields.address()?;
        let cached = fields.u32()?;
        fields.u32()?;
        let table = (fields.address()?, fields.address()?);
        // The scratch pad always has 16 bytes.
        let used = u64::from(widths.offsets).saturating_mul(2);
        let size = fields
            .offset()
            .saturating_sub(base)
            .saturating_add(16_u64.saturating_sub(used));
        Ok(Self {
            version,
            base,
            end: moved_end(end, stated_base, base),
            size,
            widths,
            extension: None,
            driver,
            free_space,
            root,
            root_table: (cached == 1)
                .then_some(table)
                .and_then(|(tree, heap)| tree.zip(heap)),
        })
    }

    fn second(mut reader: Reader<'_>, version: u8, base: u64) -> Result<Self, Problem> {
        let widths = Widths::read(&mut reader)?;
        reader.u8()?;
        let mut fields = Fields::new(reader, widths);
        let stated_base = fields.address()?.unwrap_or(0);
        let extension = fields.address()?;
        let end = fields.address()?;
        let root = fields.address()?;
        fields.u32()?;
        Ok(Self {
            version,
            base,
            end: moved_end(end, stated_base, base),
            size: fields.offset().saturating_sub(base),
            widths,
            extension,
            driver: None,
            free_space: None,
            root,
            root_table: None,
        })
    }

    /// Whether the checksum holds; the first versions have none.
    pub(super) fn is_sound(&self, content: &Content) -> io::Result<bool> {
        if self.version < 2 {
            return Ok(true);
        }
        let bytes = content.read(self.base, usize::try_from(self.size).unwrap_or(MOST_BYTES))?;
        Ok(bytes
            .split_last_chunk::<4>()
            .is_some_and(|(body, stated)| lookup3(body) == u32::from_le_bytes(*stated)))
    }
}

/// The library counts the end from the stated base, and moves it by as much as the superblock was moved.
fn moved_end(end: Option<u64>, stated_base: u64, base: u64) -> u64 {
    end.map_or(u64::MAX, |end| {
        end.saturating_sub(stated_base).saturating_add(base)
    })
}

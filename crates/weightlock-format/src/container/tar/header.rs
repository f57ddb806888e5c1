//! A header block of a tar archive.

use super::{Kind, name};

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;

/// A header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Header {
    name: Vec<u8>,
    prefix: Vec<u8>,
    pub(super) target: String,
    /// `None` when the field holds no number.
    pub(super) size: Option<u64>,
    pub(super) kind: u8,
    pub(super) checksum_holds: bool,
    /// The map of a sparse member goes on in the next block.
    pub(super) map_goes_on: bool,
}

impl Header {
    /// The header in `block`: its checksum holds, or it has the magic number and a name.
    pub(super) fn parse(block: &[u8]) -> Option<Self> {
        let block: &[u8; BLOCK] = block.first_chunk()?;
        let magic = block.get(257..262)? == b"ustar";
        let gnu = block.get(257..265)? == b"ustar  \0";
        let checksum_holds = checksum_holds(block)?;
        let name = until_nul(block.get(..100)?);
        if !checksum_holds && (!magic || name.is_empty()) {
            return None;
        }
        let prefix = if magic && !gnu {
            until_nul(block.get(345..500)?)
        } else {
            &[]
        };
        Some(Self {
            name: name.to_vec(),
            prefix: prefix.to_vec(),
            target: name::text(until_nul(block.get(157..257)?)),
            size: number(block.get(124..136)?),
            kind: *block.get(156)?,
            checksum_holds,
            map_goes_on: gnu && *block.get(482)? != 0,
        })
    }

    /// The name in the header.
    pub(super) fn name(&self) -> String {
        let name = name::text(&self.name);
        match self.prefix.is_empty() {
            true => name,
            false => format!("{}/{name}", name::text(&self.prefix)),
        }
    }

    pub(super) fn kind(&self, name: &str) -> Kind {
        match self.kind {
            b'1' => Kind::HardLink,
            b'2' => Kind::Link,
            b'3' | b'4' | b'6' => Kind::Device,
            b'5' | b'D' => Kind::Folder,
            // Old tar marks a folder by its name.
            0 | b'0' if name.ends_with('/') => Kind::Folder,
            _ => Kind::File,
        }
    }
}

/// Whether the stated sum is that of the bytes, taken as unsigned or, as some writers did, as signed.
fn checksum_holds(block: &[u8; BLOCK]) -> Option<bool> {
    let stated = number(block.get(148..156)?);
    let (mut unsigned, mut signed) = (0_u64, 0_i64);
    for (at, &byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&at) { b' ' } else { byte };
        unsigned = unsigned.saturating_add(u64::from(byte));
        signed = signed.saturating_add(i64::from(byte.cast_signed()));
    }
    Some(stated.is_some_and(|stated| stated == unsigned || i64::try_from(stated) == Ok(signed)))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in binary when the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xff, rest @ ..] = field {
        let high = u64::from(first & 0x7f);
        return rest.iter().try_fold(high, |number, &byte| {
            (number >> 56 == 0).then_some(number << 8 | u64::from(byte))
        });
    }
    let text = std::str::from_utf8(until_nul(field)).ok()?.trim_matches(' ');
    if text.is_empty() {
        return Some(0);
    }
    // A sign would be taken by the parser and is taken by no reader.
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| u64::from_str_radix(text, 8).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"  17 \0"), Some(15));
        assert_eq!(number(b"\0\0\0"), Some(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\0\0\0\x01\0"), Some(256));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(number(b"8\0"), None);
        assert_eq!(number(b"+7\0"), None);
    }

    #[test]
    fn a_block_without_checksum_needs_magic_and_a_name() {
        let mut block = [0; BLOCK];
        assert_eq!(Header::parse(&block), None);
        block[0] = b'a';
        assert_eq!(Header::parse(&block), None);
        block[257..262].copy_from_slice(b"ustar");
        assert!(!Header::parse(&block).unwrap().checksum_holds);
    }
}

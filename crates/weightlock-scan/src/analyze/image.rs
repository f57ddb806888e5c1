//! Pictures: their chunks are walked to where the picture ends, so that what follows is seen.
//!
//! ```text
//! PNG  = magic { length:4 kind:4 data crc:4 } until IEND      big endian
//! JPEG = FFD8 { FF marker [length:2 data] } until FFD9        after FFDA, data until the next marker
//! GIF  = header { extension | image } 3B                      data in blocks of up to 255 bytes
//! WebP = "RIFF" size:4 "WEBP" …                               BMP = "BM" size:4 …       little endian
//! ```

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use weightlock_format::content::Cursor;

use super::{Examination, Subject};
use crate::coverage::Gap;

/// Examines a picture.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let mut cursor = subject.content.cursor();
    let mut magic = [0; 4];
    let _ = cursor.read(&mut magic);
    cursor.set_offset(0);
    let walked = match magic {
        [0x89, ..] => png(&mut cursor),
        [0xff, ..] => jpeg(&mut cursor),
        [b'G', ..] => gif(&mut cursor),
        _ => sized(&mut cursor),
    };
    match walked {
        Ok(end) if end <= size => exam.declare(0..end),
        // What is whole of a cut picture is not told apart from what follows it.
        _ => exam.unread(0..size, Gap::Malformed("the picture is cut".to_owned())),
    }
}

fn array<const N: usize>(cursor: &mut Cursor) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    cursor.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn skip(cursor: &mut Cursor, count: u64) -> io::Result<()> {
    if count > cursor.left() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    cursor.seek(SeekFrom::Current(i64::try_from(count).unwrap_or(i64::MAX)))?;
    Ok(())
}

fn png(cursor: &mut Cursor) -> io::Result<u64> {
    skip(cursor, 8)?;
    loop {
        let length = u32::from_be_bytes(array(cursor)?);
        let kind: [u8; 4] = array(cursor)?;
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        skip(cursor, u64::from(length).saturating_add(4))?;
        if &kind == b"IEND" {
            return Ok(cursor.offset());
        }
    }
}

fn jpeg(cursor: &mut Cursor) -> io::Result<u64> {
    skip(cursor, 2)?;
    loop {
        match array(cursor)? {
            [0xff, 0xd9] => return Ok(cursor.offset()),
            [0xff, 0x01 | 0xd0..=0xd7] => {}
            // Filler before a marker.
            [0xff, 0xff] => cursor.set_offset(cursor.offset().saturating_sub(1)),
            [0xff, marker] => {
                let length = u64::from(u16::from_be_bytes(array(cursor)?));
                skip(cursor, length.saturating_sub(2))?;
                if marker == 0xda {
                    scan_data(cursor)?;
                }
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Goes to the next marker; in the data of a scan, a zero follows each byte of ones, or a restart marker.
fn scan_data(cursor: &mut Cursor) -> io::Result<()> {
    loop {
        let bytes = cursor.fill_buf()?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = bytes.len();
        let Some(at) = memchr::memchr(0xff, bytes) else {
            cursor.consume(length);
            continue;
        };
        cursor.consume(at);
        let [_, next] = array(cursor)?;
        if !matches!(next, 0 | 0xd0..=0xd7 | 0xff) {
            cursor.set_offset(cursor.offset().saturating_sub(2));
            return Ok(());
        }
        if next == 0xff {
            cursor.set_offset(cursor.offset().saturating_sub(1));
        }
    }
}

fn gif(cursor: &mut Cursor) -> io::Result<u64> {
    skip(cursor, 10)?;
    color_table(cursor)?;
    skip(cursor, 2)?;
    loop {
        match array(cursor)? {
            [0x3b] => return Ok(cursor.offset()),
            [0x21] => skip(cursor, 1)?,
            [0x2c] => {
                skip(cursor, 8)?;
                color_table(cursor)?;
                skip(cursor, 1)?;
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        loop {
            let [length] = array(cursor)?;
            if length == 0 {
                break;
            }
            skip(cursor, u64::from(length))?;
        }
    }
}

/// Reads the flags that tell whether a color table follows, and in a header the two bytes between.
fn color_table(cursor: &mut Cursor) -> io::Result<()> {
    let [flags] = array(cursor)?;
    if flags & 0x80 != 0 {
        let entries = 2_u64 << (flags & 7);
        // In the header, two more bytes come before the table, and are skipped behind it.
        skip(cursor, entries.saturating_mul(3))?;
    }
    Ok(())
}

/// BMP and WebP state their size.
fn sized(cursor: &mut Cursor) -> io::Result<u64> {
    let [first, second] = array(cursor)?;
    if [first, second] == *b"BM" {
        return Ok(u64::from(u32::from_le_bytes(array(cursor)?)));
    }
    skip(cursor, 2)?;
    let size = u64::from(u32::from_le_bytes(array(cursor)?));
    Ok(size.saturating_add(8).saturating_add(size & 1))
}

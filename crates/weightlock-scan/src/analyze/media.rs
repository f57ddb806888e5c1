//! Sound, film, rarer pictures, fonts and tables of records that lie beside models. No loader of models runs them; they are
//! measured to where they end by their own account, so that what follows is seen.
//!
//! ```text
//! RIFF    = "RIFF" size:4 …                little endian         wave
//! box     = size:4 kind:4 [size:8] …       big endian            MP4, AVIF, HEIC, JPEG 2000; one behind the other
//! Ogg     = page*    page = "OggS" … count:1 at 26, that many lengths, data
//! MP3     = [ "ID3" … size:4 ] frame* [ "TAG" 125 bytes ]
//! TIFF    = order 42 directory:4           directory = count:2 { tag:2 type:2 count:4 value:4 } next:4
//! font    = version count:2 … { tag:4 sum:4 offset:4 length:4 }  or "wOFF"/"wOF2" flavor:4 length:4
//! icon    = 0 1 count:2 { … length:4 offset:4 }             PPM = "P6" width height most, in text, pixels
//! SQLite  = 16 bytes, page size:2, … pages:4 at 28
//! FLAC, Parquet, Arrow                     to the end of the file
//! ```

use std::io;

use memchr::memmem;
use weightlock_format::{content::Content, detect::Format};

use super::{Examination, Subject};
use crate::{
    coverage::Gap,
    observation::embedded::{Seen, Spot},
};

/// Examines such a file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    match end(&subject.content) {
        Ok(Some(end)) => exam.data(0..end.min(size), "content", subject),
        Ok(None) => return exam.unread(0..size, Gap::Malformed("the file is cut".to_owned())),
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    }
    let head = subject.content.read(0, 6).unwrap_or_default();
    if (head.starts_with(b"PAR1") || head.starts_with(b"ARROW1"))
        && let Some(at) = pickled_type(&subject.content)
    {
        let (format, place) = (Format::Pickle, Spot::Whole);
        exam.put(
            Some(at),
            Some("arrow.py_extension_type".to_owned()),
            Seen::Hidden { format, place },
        );
    }
}

/// Whether the content is measured to an end within it.
pub(crate) fn is_whole(content: &Content) -> bool {
    end(content).is_ok_and(|end| end.is_some())
}

/// Where the file ends by its own account; `None` when that is not within it, or nowhere.
fn end(content: &Content) -> io::Result<Option<u64>> {
    let head = content.read(0, 64)?;
    let size = content.size();
    let end = match &*head {
        [b'R', b'I', b'F', b'F', ..] => number(&head, 4, 4, false).map(|length| {
            let odd = length & 1;
            length
                .saturating_add(8)
                .saturating_add(odd)
                .min(size.max(length.saturating_add(8)))
        }),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] | [0, 0, 0, 12, b'j', b'P', ..] => boxes(content)?,
        [b'O', b'g', b'g', b'S', ..] => pages(content)?,
        [b'I', b'D', b'3', ..] | [0xff, 0xfb, ..] => frames(content, &head)?,
        [0, 0, 1, 0, ..] => icons(content, &head)?,
        [b'P', b'5' | b'6', b'\n', ..] => pixels(&head),
        [b'I', b'I', 42, 0, ..] => directories(content, false)?,
        [b'M', b'M', 0, 42, ..] => directories(content, true)?,
        [b'w', b'O', b'F', b'F' | b'2', ..] => number(&head, 8, 4, true),
        [0, 1, 0, 0, ..] | [b'O', b'T', b'T', b'O', ..] => tables(content, &head)?,
        [b'S', b'Q', b'L', ..] => database(&head),
        [b'P', b'A', b'R', b'1', ..] => content.tail(4)?.eq(b"PAR1").then_some(size),
        [b'A', b'R', b'R', b'O', b'W', ..] => content.tail(6)?.eq(b"ARROW1").then_some(size),
        [b'f', b'L', b'a', b'C', 0 | 0x80, 0, 0, 34, ..] => Some(size),
        _ => None,
    };
    Ok(end.filter(|&end| end > 0 && end <= size))
}

/// A number of `width` bytes at `at`.
fn number(bytes: &[u8], at: usize, width: usize, big: bool) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    let digit = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    Some(if big {
        bytes.iter().fold(0, digit)
    } else {
        bytes.iter().rev().fold(0, digit)
    })
}

/// Boxes, pages, frames and directories that are followed.
const MOST_PARTS: usize = 1_000_000;

/// The end of the last box.
fn boxes(content: &Content) -> io::Result<Option<u64>> {
    let mut at = 0_u64;
    for _ in 0..MOST_PARTS {
        let head = content.read(at, 16)?;
        let is_kind = head.get(4..8).is_some_and(|kind| {
            kind.iter()
                .all(|byte| (0x20..0x7f).contains(byte) || *byte == 0xa9)
        });
        let length = match number(&head, 0, 4, true) {
            Some(0) => Some(content.size().saturating_sub(at)),
            Some(1) => number(&head, 8, 8, true).filter(|&length| length >= 16),
            length => length.filter(|&length| length >= 8),
        };
        let next = length.and_then(|length| at.checked_add(length));
        match next.filter(|&next| is_kind && next <= content.size()) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(Some(at))
}

/// The end of the last page.
fn pages(content: &Content) -> io::Result<Option<u64>> {
    let mut at = 0_u64;
    for _ in 0..MOST_PARTS {
        let head = content.read(at, 27 + 255)?;
        if !head.starts_with(b"OggS\0") {
            break;
        }
        let Some(&count) = head.get(26) else {
            return Ok(None);
        };
        let body: Option<u64> = head
            .get(27..)
            .and_then(|lengths| lengths.get(..usize::from(count)))
            .map(|lengths| lengths.iter().map(|&length| u64::from(length)).sum());
        let Some(body) = body else {
            return Ok(None);
        };
        at = at
            .saturating_add(27)
            .saturating_add(u64::from(count))
            .saturating_add(body);
    }
    Ok(Some(at))
}

/// Kilobits a second of MPEG 1 layer III.
const RATES: [u64; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
/// The same of MPEG 2.
const LOW_RATES: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
/// Samples a second of MPEG 1.
const SAMPLES: [u64; 3] = [44_100, 48_000, 32_000];

/// The end of the last frame behind the tag.
fn frames(content: &Content, head: &[u8]) -> io::Result<Option<u64>> {
    let mut at = 0_u64;
    if head.starts_with(b"ID3") {
        // Seven bits of each byte count.
        let length = head.get(6..10).unwrap_or_default();
        let digit = |number: u64, byte: &u8| number << 7 | u64::from(byte & 0x7f);
        at = length.iter().fold(0, digit).saturating_add(10);
    }
    let tagged = at;
    for _ in 0..MOST_PARTS {
        let head = content.read(at, 4)?;
        match &*head {
            b"TAG\0" | [b'T', b'A', b'G', _] => return Ok(Some(at.saturating_add(128))),
            &[0xff, version, rate, _] => match frame(version, rate) {
                Some(length) => at = at.saturating_add(length),
                None => break,
            },
            _ => break,
        }
    }
    Ok((at > tagged).then_some(at.min(content.size())))
}

/// The length of a frame of layer III.
fn frame(version: u8, rate: u8) -> Option<u64> {
    let (divisor, rates) = match version & 0xfe {
        0xfa => (1, &RATES),
        0xf2 => (2, &LOW_RATES),
        0xe2 => (4, &LOW_RATES),
        _ => return None,
    };
    let kilobits = *rates.get(usize::from(rate >> 4)).filter(|&&rate| rate > 0)?;
    let samples = SAMPLES.get(usize::from(rate >> 2 & 3))?.checked_div(divisor)?;
    let bytes: u64 = if divisor == 1 { 144_000 } else { 72_000 };
    let length = bytes.checked_mul(kilobits)?.checked_div(samples)?;
    Some(length.saturating_add(u64::from(rate >> 1 & 1)))
}

/// The furthest byte that the directories of a TIFF name, themselves included.
fn directories(content: &Content, big: bool) -> io::Result<Option<u64>> {
    let mut next = number(&content.read(4, 4)?, 0, 4, big).unwrap_or(0);
    let (mut end, mut parts) = (8_u64, 0_usize);
    while next != 0 && parts < MOST_PARTS {
        let Some(count) = number(&content.read(next, 2)?, 0, 2, big) else {
            return Ok(None);
        };
        let entries = content.read(
            next.saturating_add(2),
            usize::try_from(count).unwrap_or(0).saturating_mul(12),
        )?;
        let mut strips = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
        for entry in entries.chunks_exact(12) {
            parts = parts.saturating_add(1);
            let (values, reached) = values(content, entry, big)?;
            end = end.max(reached);
            let [plain, tiled] = &mut strips;
            match number(entry, 0, 2, big) {
                Some(273) => plain.0 = values,
                Some(279) => plain.1 = values,
                Some(324) => tiled.0 = values,
                Some(325) => tiled.1 = values,
                _ => {}
            }
        }
        for (offsets, lengths) in &strips {
            for (offset, length) in offsets.iter().zip(lengths) {
                end = end.max(offset.saturating_add(*length));
            }
        }
        let behind = next.saturating_add(2).saturating_add(count.saturating_mul(12));
        end = end.max(behind.saturating_add(4));
        next = number(&content.read(behind, 4)?, 0, 4, big).unwrap_or(0);
        parts = parts.saturating_add(1);
    }
    // An odd end is filled up.
    Ok(Some(end.saturating_add(end & 1).min(content.size().max(end))))
}

/// Values of an entry that are read; a picture has one for each strip.
const MOST_VALUES: u64 = 100_000;

/// The numbers of an entry of a directory of a TIFF, if it has any, and where its values end.
fn values(content: &Content, entry: &[u8], big: bool) -> io::Result<(Vec<u64>, u64)> {
    let field = |at, width| number(entry, at, width, big).unwrap_or(0);
    let (kind, count) = (field(2, 2), field(4, 4));
    let width: u64 = match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 => 8,
        _ => 1,
    };
    let length = count.saturating_mul(width);
    let is_inline = length <= 4;
    let start = field(8, 4);
    let reached = if is_inline {
        0
    } else {
        start.saturating_add(length)
    };
    if !matches!(kind, 3 | 4) || count > MOST_VALUES {
        return Ok((Vec::new(), reached));
    }
    let length = usize::try_from(length).unwrap_or(0);
    let bytes = if is_inline {
        entry
            .get(8..8_usize.saturating_add(length))
            .unwrap_or_default()
            .to_vec()
    } else {
        content.read(start, length)?
    };
    let width = usize::try_from(width).unwrap_or(1);
    let numbers = bytes
        .chunks_exact(width)
        .filter_map(|value| number(value, 0, width, big));
    Ok((numbers.collect(), reached))
}

/// The furthest byte that the tables of a font take.
fn tables(content: &Content, head: &[u8]) -> io::Result<Option<u64>> {
    let count = number(head, 4, 2, true).unwrap_or(0);
    let table = content.read(12, usize::try_from(count).unwrap_or(0).saturating_mul(16))?;
    let ends: Option<Vec<u64>> = table
        .chunks_exact(16)
        .map(|entry| {
            let is_tag = entry.get(..4)?.iter().all(|byte| (0x20..0x7f).contains(byte));
            let end = number(entry, 8, 4, true)?.checked_add(number(entry, 12, 4, true)?)?;
            is_tag.then_some(end)
        })
        .collect();
    let end = ends.and_then(|ends| ends.into_iter().max());
    // A table is filled up to four bytes.
    Ok(end.map(|end| end.div_ceil(4).saturating_mul(4).min(content.size().max(end))))
}

/// The furthest byte of the pictures of an icon.
fn icons(content: &Content, head: &[u8]) -> io::Result<Option<u64>> {
    let count = number(head, 4, 2, false).unwrap_or(0);
    let entries = content.read(6, usize::try_from(count).unwrap_or(0).saturating_mul(16))?;
    let first = count.saturating_mul(16).saturating_add(6);
    let ends: Option<Vec<u64>> = entries
        .chunks_exact(16)
        .map(|entry| {
            let (length, offset) = (number(entry, 8, 4, false)?, number(entry, 12, 4, false)?);
            (entry.get(3) == Some(&0) && length > 0 && offset >= first).then(|| offset.saturating_add(length))
        })
        .collect();
    Ok(ends.and_then(|ends| ends.into_iter().max()))
}

/// The end of a portable map of pixels, whose size stands in text before them.
fn pixels(head: &[u8]) -> Option<u64> {
    let lines = || head.split_inclusive(|&byte| byte == b'\n').skip(1);
    let mut numbers = Vec::new();
    let mut at = 3_u64;
    for line in lines() {
        at = at.saturating_add(line.len() as u64);
        if !line.starts_with(b"#") {
            let text = std::str::from_utf8(line).ok()?;
            numbers.extend(text.split_ascii_whitespace().map(str::parse::<u64>));
        }
        if numbers.len() >= 3 {
            break;
        }
    }
    let [Ok(width), Ok(height), Ok(most)] = numbers.as_slice() else {
        return None;
    };
    let colors = if head.get(1) == Some(&b'6') { 3 } else { 1 };
    let bytes = if *most > 255 { 2 } else { 1 };
    let size = width
        .checked_mul(*height)?
        .checked_mul(colors)?
        .checked_mul(bytes)?;
    at.checked_add(size)
}

/// Pages times their size.
fn database(head: &[u8]) -> Option<u64> {
    let page = match number(head, 16, 2, true)? {
        1 => 65_536,
        size => size,
    };
    number(head, 28, 4, true)?.checked_mul(page)
}

/// The name of the type of Arrow that readers before 14.0.1 unpickle, as it is and in base64 at each of its three offsets,
/// as Parquet keeps it.
const PICKLED: &[&[u8]] = &[
    b"arrow.py_extension_type",
    b"YXJyb3cucHlfZXh0ZW5zaW9uX3R5cG",
    b"Fycm93LnB5X2V4dGVuc2lvbl90eXBl",
    b"hcnJvdy5weV9leHRlbnNpb25fdHlwZ",
];

/// Where a type is named that is unpickled.
fn pickled_type(content: &Content) -> Option<u64> {
    const WINDOW: usize = 1 << 20;
    const OVERLAP: usize = 64;
    let finders: Vec<_> = PICKLED.iter().map(|name| memmem::Finder::new(*name)).collect();
    let mut at = 0_u64;
    loop {
        let window = content.read(at, WINDOW).ok()?;
        let hits = finders.iter().filter_map(|finder| finder.find(&window));
        if let Some(hit) = hits.min() {
            return Some(at.saturating_add(hit as u64));
        }
        if window.len() < WINDOW {
            return None;
        }
        at = at.saturating_add(window.len().saturating_sub(OVERLAP) as u64);
    }
}

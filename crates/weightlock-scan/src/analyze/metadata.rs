//! A text out of a file's metadata: nothing loads it, and a pickle, archive or program can still be carried in it, as
//! it is, or as base64 or hexadecimal digits.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use weightlock_format::{content::Content, detect::Format, executable, pickle};

use super::{Examination, Subject, indicator};
use crate::{
    coverage::Gap,
    observation::embedded::{self, Encoding},
};

/// Shorter texts cannot hold anything that does harm, and decode to anything.
const LEAST: usize = 12;

/// Examines a text of metadata.
pub(crate) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let text = match subject.content.whole(exam.limits.held) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let limit = exam.limits.held as u64;
            let gap = Gap::Limit {
                what: "bytes of a text in metadata",
                limit,
            };
            return exam.unread(0..size, gap);
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    exam.explain(0..size);
    if let Ok(text) = std::str::from_utf8(&text) {
        indicator::look(text, Some(0), || None, exam);
    }
    let readings = [
        (Encoding::Plain, Some(text.clone())),
        (Encoding::Base64, base64(&text)),
        (Encoding::Hexadecimal, hexadecimal(&text)),
    ];
    for (encoding, bytes) in readings {
        let format = bytes
            .filter(|bytes| bytes.len() >= LEAST)
            .filter(|bytes| !is_digest(bytes, encoding) || pickle::is_stream(&Content::from(bytes.clone())))
            .map(|bytes| Format::of(&bytes));
        if let Some(format) = format
            && (format.is_code() || format.is_container() && format != Format::Zlib)
        {
            exam.observe_at(0, embedded::Seen::InText { format, encoding });
        }
    }
}

/// Bytes of an encoded text in a document that are decoded.
const MOST_CARRIED: usize = 8 << 20;

/// Looks at a text of a document of which no reader makes anything: only what is surely a pickle that imports something,
/// or a program, is told, because a document may hold pictures, digests and keys in the same digits.
pub(crate) fn carried(text: &str, offset: u64, path: impl FnOnce() -> String, exam: &mut Examination<'_>) {
    const BASE64: &[&str] = &["gA", "f0VMR", "TV", "yv66v", "z/rt+"];
    const HEXADECIMAL: &[&str] = &["800", "0x800", "7f454c46", "4d5a", "7F454C46", "4D5A"];
    let begins = |list: &[&str]| list.iter().any(|start| text.starts_with(start));
    let is_long = text.len() > MOST_CARRIED;
    if is_long && (begins(HEXADECIMAL) || begins(BASE64)) {
        let limit = MOST_CARRIED as u64;
        let what = "bytes of an encoded text";
        exam.gap(offset, text.len() as u64, Gap::Limit { what, limit });
    }
    if is_long || text.len() < 24 {
        return;
    }
    let (encoding, bytes) = if begins(HEXADECIMAL) {
        (Encoding::Hexadecimal, hexadecimal(text.as_bytes()))
    } else if begins(BASE64) {
        (Encoding::Base64, base64(text.as_bytes()))
    } else {
        return;
    };
    let Some(bytes) = bytes else {
        return;
    };
    let format = Format::of(&bytes);
    let content = Content::from(bytes);
    let is_sure = match format {
        Format::Pickle => pickle::is_stream(&content),
        Format::Elf | Format::Pe | Format::MachO => {
            executable::recognise(&content, 0).is_ok_and(|program| program.is_some())
        }
        _ => false,
    };
    if is_sure {
        exam.put(
            Some(offset),
            Some(path()),
            embedded::Seen::InText { format, encoding },
        );
    }
}

/// Whether the bytes are as many as a digest has: what it begins with is chance.
fn is_digest(bytes: &[u8], encoding: Encoding) -> bool {
    encoding == Encoding::Hexadecimal && matches!(bytes.len(), 16 | 20 | 28 | 32 | 48 | 64)
}

/// The bytes that `text` encodes, in either alphabet, with or without padding and line ends.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let compact: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    [STANDARD, URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(&compact).ok())
}

/// The bytes that Python's decoder could make of `text`: it passes over what is no digit, and some versions of it end at
/// the first padding.
pub(super) fn lenient_base64(text: &str) -> Vec<Vec<u8>> {
    let digits = |text: &str| -> Vec<u8> {
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let mut digits: Vec<u8> = text.bytes().filter(is_digit).collect();
        // One digit alone is no byte.
        if digits.len() % 4 == 1 {
            digits.pop();
        }
        digits
    };
    let padded = text.split('=').next().unwrap_or_default();
    let mut found: Vec<_> = [digits(text), digits(padded)]
        .iter()
        .filter_map(|digits| base64(digits))
        .collect();
    found.dedup();
    found
}

fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|pair| {
            let digits = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(digits, 16).ok()
        })
        .collect()
}

//! Text in UTF-16, UTF-32 or an encoding of one byte a letter: readers of JSON, YAML and XML decode it, and whoever looks for words in it finds none.
//!
//! The encoding is told by a byte order mark, or by the zeros around the first letter of a document; the text is passed on
//! in UTF-8 under the same name. Bytes that are no UTF-8 and hold no control characters are taken for Latin 1: which of
//! its kin they are makes no difference to keys and tags.

use weightlock_format::{content::Content, pickle};

use super::{Examination, Subject};

/// A decoder of one unit: its bytes in order, or swapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Encoding {
    /// Bytes of a unit: 2 or 4.
    unit: usize,
    big: bool,
    /// Bytes of the byte order mark.
    mark: usize,
}

/// Passes the text on, if the content is one.
pub(crate) fn analyze(subject: &Subject, exam: &mut Examination<'_>) -> bool {
    let size = subject.content.size();
    let is_single = is_single_byte(&subject.content).unwrap_or(false);
    let most = if is_single {
        exam.limits.held
    } else {
        exam.limits.text
    };
    let Ok(Some(bytes)) = subject.content.whole(most) else {
        return false;
    };
    let decoded = encoding(&bytes).and_then(|encoding| decode(&bytes, encoding));
    // Python tells the encoding of its source itself.
    let is_source = super::python::is_source_name(subject.trail.base_name());
    let single = || (is_single && !is_source).then(|| bytes.iter().copied().map(char::from).collect());
    let Some(text) = decoded.or_else(single) else {
        return false;
    };
    // Two bytes in front of a pickle make most of it some script or other.
    if !is_single && !is_document(&text) || (0..=4).any(|at| holds_pickle(subject, at)) {
        return false;
    }
    let name = subject.trail.base_name().to_owned();
    exam.pass(0..size, &name, text.into_bytes().into(), subject.role.clone());
    true
}

/// Bytes that are looked at together.
const WINDOW: usize = 64 << 10;

/// Whether the content is text in an encoding of one byte a letter: no control characters but those of text, and mostly
/// the letters that all of them share.
pub(super) fn is_single_byte(content: &Content) -> std::io::Result<bool> {
    let (mut at, mut shared) = (0_u64, 0_u64);
    while at < content.size() {
        let window = content.read(at, WINDOW)?;
        let is_control = |byte: &u8| *byte < 0x20 && !b"\t\n\r\x0c".contains(byte) || *byte == 0x7f;
        if window.is_empty() || window.iter().any(is_control) {
            return Ok(false);
        }
        shared = shared.saturating_add(window.iter().filter(|byte| byte.is_ascii()).count() as u64);
        at = at.saturating_add(window.len() as u64);
    }
    Ok(at > 0 && shared >= at.saturating_sub(shared))
}

/// Whether most letters are of the kind that keys and tags are written in.
fn is_document(text: &str) -> bool {
    let (ascii, all) = text.chars().fold((0_usize, 0_usize), |(ascii, all), letter| {
        (
            ascii.saturating_add(usize::from(letter.is_ascii())),
            all.saturating_add(1),
        )
    });
    ascii.saturating_mul(4) >= all.saturating_mul(3)
}

/// Whether a pickle begins at `at`, or one that calls something behind it.
fn holds_pickle(subject: &Subject, at: u64) -> bool {
    let rest = subject
        .content
        .part(at, subject.content.size().saturating_sub(at));
    pickle::is_stream(&rest) || at == 0 && pickle::next_stream(&rest, 0).is_some()
}

fn encoding(bytes: &[u8]) -> Option<Encoding> {
    let with = |unit, big, mark| Some(Encoding { unit, big, mark });
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => with(4, false, 4),
        [0, 0, 0xfe, 0xff, ..] => with(4, true, 4),
        [0xff, 0xfe, ..] => with(2, false, 2),
        [0xfe, 0xff, ..] => with(2, true, 2),
        [first, 0, second, 0, ..] if begins(*first) && *second != 0 => with(2, false, 0),
        [0, first, 0, second, ..] if begins(*first) && *second != 0 => with(2, true, 0),
        [first, 0, 0, 0, ..] if begins(*first) => with(4, false, 0),
        [0, 0, 0, first, ..] if begins(*first) => with(4, true, 0),
        _ => None,
    }
}

/// How documents without a byte order mark begin.
const fn begins(byte: u8) -> bool {
    matches!(byte, b'<' | b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n')
}

/// The text, if the bytes are nothing but text.
fn decode(bytes: &[u8], encoding: Encoding) -> Option<String> {
    let units = bytes.get(encoding.mark..)?.chunks_exact(encoding.unit);
    if !units.remainder().is_empty() {
        return None;
    }
    let numbers = units.map(|unit| {
        let digit = |number: u32, byte: &u8| number << 8 | u32::from(*byte);
        if encoding.big {
            unit.iter().fold(0, digit)
        } else {
            unit.iter().rev().fold(0, digit)
        }
    });
    let text: Option<String> = if encoding.unit == 4 {
        numbers.map(char::from_u32).collect()
    } else {
        let halves = numbers.filter_map(|number| u16::try_from(number).ok());
        char::decode_utf16(halves).map(Result::ok).collect()
    };
    text.filter(|text| !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, big: bool) -> Vec<u8> {
        let order = |unit: u16| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        };
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn text_is_found_in_either_order_and_numbers_are_none() {
        let read = |bytes: &[u8]| encoding(bytes).and_then(|encoding| decode(bytes, encoding));
        for big in [false, true] {
            assert_eq!(read(&wide("\u{feff}a: é", big)).as_deref(), Some("a: é"));
            assert_eq!(read(&wide("{\"a\": 1}", big)).as_deref(), Some("{\"a\": 1}"));
        }
        let four: Vec<u8> = "\u{feff}<a/>"
            .chars()
            .flat_map(|c| (c as u32).to_le_bytes())
            .collect();
        assert_eq!(read(&four).as_deref(), Some("<a/>"));
        for none in [
            &b"\xff\xfe"[..],
            b"\xff\xfea",
            b"\xff\xfe\0\xd8",
            b"{\0\x01\0",
            b"plain",
            b"{\0\0\0\0\0\0\xff",
        ] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}

//! Text in UTF-16 or UTF-32: readers of JSON, YAML and XML decode it, and whoever looks for words in it finds none.
//!
//! The encoding is told by a byte order mark, or by the zeros around the first letter of a document; the text is passed on
//! in UTF-8 under the same name.

use weightlock_format::pickle;

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
    let Ok(Some(bytes)) = subject.content.whole(exam.limits.text) else {
        return false;
    };
    let Some(text) = encoding(&bytes).and_then(|encoding| decode(&bytes, encoding)) else {
        return false;
    };
    // Two bytes in front of a pickle make most of it some script or other.
    if !is_document(&text) || (0..=4).any(|at| holds_pickle(subject, at)) {
        return false;
    }
    let name = subject.trail.base_name().to_owned();
    exam.pass(0..size, &name, text.into_bytes().into(), subject.role.clone());
    true
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

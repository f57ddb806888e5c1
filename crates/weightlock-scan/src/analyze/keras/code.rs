//! Marshalled code in the texts of a configuration, decoded as Keras does.
//!
//! Keras hands the text to Python's base64 codec, which passes over every character that is no digit of base64; older
//! versions take the text itself for the bytes when it is no base64 at all.

use weightlock_format::limits::Limits;

use crate::analyze::marshal::{self, Survey};

/// What a text is.
#[derive(Debug)]
pub(super) enum Marshalled {
    /// Marshalled code.
    Code(Survey),
    /// It begins like marshalled code, and is none.
    Broken,
    /// Something else.
    No,
}

/// The tags that a marshalled code object begins with.
const TAGS: [u8; 2] = [b'c', b'c' | 0x80];
/// A code object has more fields than this has bytes.
const LEAST: usize = 32;

/// Whether `text` begins like marshalled code in base64.
pub(super) fn may_be(text: &str) -> bool {
    let digits = text.bytes().filter(|&byte| digit(byte).is_some());
    let first = base64(digits.take(4));
    text.len() >= LEAST && first.first().is_some_and(|tag| TAGS.contains(tag))
}

/// Whether `text` is marshalled code in base64.
pub(super) fn find(text: &str, limits: &Limits) -> Marshalled {
    if !may_be(text) {
        return Marshalled::No;
    }
    let bytes = base64(text.bytes());
    match marshal::survey(&bytes, 0, limits) {
        Ok(survey) => Marshalled::Code(survey),
        Err(_) => Marshalled::Broken,
    }
}

/// The code that `text` is when its characters are taken for bytes.
pub(super) fn find_raw(text: &str, limits: &Limits) -> Option<Survey> {
    let bytes = latin1(text)?;
    marshal::survey(&bytes, 0, limits).ok()
}

/// The bytes that a text may stand for: decoded, and as they are.
pub(super) fn bytes(text: &str) -> Vec<Vec<u8>> {
    let mut readings = Vec::new();
    let decoded = base64(text.bytes());
    let known = |bytes: &[u8]| {
        let format = weightlock_format::detect::Format::of(bytes);
        format.is_code() || format.is_container()
    };
    if known(&decoded) {
        readings.push(decoded);
    }
    if let Some(plain) = latin1(text).filter(|plain| known(plain)) {
        readings.push(plain);
    }
    readings
}

/// The characters as bytes, when none is beyond Latin-1.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

/// Decodes like Python's `base64` codec: other characters are passed over, and padding that is due ends the text.
fn base64(text: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut bits = 0_u32;
    let mut held = 0_u8;
    let mut padding = 0_u8;
    for byte in text {
        let Some(value) = digit(byte) else {
            if byte == b'=' {
                padding = padding.saturating_add(1);
                if held >= 2 && held.saturating_add(padding) >= 4 {
                    break;
                }
            }
            continue;
        };
        padding = 0;
        bits = bits.wrapping_shl(6) | u32::from(value);
        held = held.saturating_add(1);
        if held > 1 {
            // The second digit ends the first byte, the third the second, the fourth the third.
            let left = match held {
                2 => 4,
                3 => 2,
                _ => 0,
            };
            let [.., low] = (bits >> left).to_be_bytes();
            bytes.push(low);
        }
        if held == 4 {
            held = 0;
        }
    }
    bytes
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte.wrapping_sub(b'A')),
        b'a'..=b'z' => Some(byte.wrapping_sub(b'a').wrapping_add(26)),
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0').wrapping_add(52)),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_python_reads_it() {
        let decode = |text: &str| base64(text.bytes());
        assert_eq!(decode("YWJj"), b"abc");
        assert_eq!(decode("YW\nJ*j"), b"abc");
        assert_eq!(decode("YWI=YWI="), b"ab");
        assert_eq!(decode("=YWI="), b"ab");
        assert_eq!(decode("YQ=="), b"a");
        assert_eq!(decode(""), b"");
    }
}

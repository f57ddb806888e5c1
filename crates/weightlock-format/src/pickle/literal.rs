//! Numbers and strings in text, as C reads them, and strings found again in the content.
//!
//! INT goes through `strtol` with base 0 and, where that stops early, through Python's `int` with base 0; LONG
//! through `int` with base 0; GET and PUT through `int` with base 10. So `0x10`, ` +7`, `1_0` and `5\0junk` are
//! numbers, which tools that read plain digits do not know: [`Number::plain`] tells them apart.

use std::ops::Range;

use super::Op;
use crate::content::Content;

/// A number in text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number {
    /// Its value; `None` when it has more than 64 bits.
    pub(super) value: Option<i64>,
    /// Whether it is spelt as picklers spell it: an optional minus and digits.
    pub(super) plain: bool,
}

/// The argument of INT, without the line feed.
pub(super) fn int(line: &[u8]) -> Option<Number> {
    let plain = is_plain(line) || matches!(line, b"00" | b"01");
    strtol(line)
        .map(|value| Number {
            value: Some(value),
            plain,
        })
        .or_else(|| python_int(line, 0).map(|value| Number { value, plain }))
}

/// The argument of LONG.
pub(super) fn long(line: &[u8]) -> Option<Number> {
    let digits = line.strip_suffix(b"L").unwrap_or(line);
    let plain = is_plain(digits);
    python_int(digits, 0).map(|value| Number { value, plain })
}

/// The argument of GET and PUT.
pub(super) fn index(line: &[u8]) -> Option<Number> {
    let plain = is_plain(line) && !line.starts_with(b"-");
    python_int(line, 10).map(|value| Number { value, plain })
}

/// The argument of FLOAT: whether it is one, and whether it is spelt plainly. The unpickler in Python takes blanks around
/// it and underscores between its digits.
pub(super) fn float(line: &[u8]) -> Option<bool> {
    let number = line.split(|&byte| byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(number).ok()?;
    let bare = without_underscores(text.trim_matches(|c: char| c.is_ascii() && is_space(c as u8)))?;
    bare.parse::<f64>().ok()?;
    Some(bare.len() == line.len())
}

/// The text without the underscores between digits; `None` when there are others.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let mut bare = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        if letter != '_' {
            bare.push(letter);
        } else if !is_digit(at.checked_sub(1)) || !is_digit(at.checked_add(1)) {
            return None;
        }
    }
    Some(bare)
}

fn is_plain(line: &[u8]) -> bool {
    let digits = line.strip_prefix(b"-").unwrap_or(line);
    let padded = digits.len() > 1 && digits.starts_with(b"0");
    !digits.is_empty() && !padded && digits.iter().all(u8::is_ascii_digit)
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|&byte| !is_space(byte))
        .unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// `strtol` with base 0 that must stop at the end or at a NUL.
fn strtol(line: &[u8]) -> Option<i64> {
    if line.first() == Some(&0) {
        return Some(0);
    }
    let (negative, text) = sign(trim_start(line));
    let (base, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => (16, rest),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let count = digits
        .iter()
        .position(|&byte| digit(byte).is_none_or(|digit| digit >= base))
        .unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(count)?;
    if digits.is_empty() || !matches!(rest.first(), None | Some(0)) {
        return None;
    }
    number(digits, base, negative)?
}

/// Python's `int(text, base)` for base 0 and 10: the value, or `None` in it when it does not fit.
#[expect(
    clippy::option_option,
    reason = "not a number, and a number that is too long, are two things"
)]
fn python_int(line: &[u8], base: u32) -> Option<Option<i64>> {
    // The C string ends at a NUL.
    let line = line.split(|&byte| byte == 0).next().unwrap_or_default();
    let (negative, text) = sign(trim_start(line));
    let end = text.iter().rposition(|&byte| !is_space(byte))?.saturating_add(1);
    let text = text.get(..end)?;
    let (found, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] if base == 0 => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] if base == 0 => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] if base == 0 => (2, rest),
        _ => (10, text),
    };
    let digits = if found == 10 {
        digits
    } else {
        digits.strip_prefix(b"_").unwrap_or(digits)
    };
    let mut bare = Vec::with_capacity(digits.len());
    let mut after_digit = false;
    for &byte in digits {
        match digit(byte) {
            Some(value) if value < found => {
                bare.push(byte);
                after_digit = true;
            }
            _ if byte == b'_' && after_digit => after_digit = false,
            _ => return None,
        }
    }
    // With base 0, a leading zero announces a base, unless the number is zero.
    let old_octal = base == 0 && found == 10 && bare.len() > 1 && bare.starts_with(b"0");
    if !after_digit || old_octal && bare.iter().any(|&byte| byte != b'0') {
        return None;
    }
    number(&bare, found, negative)
}

const fn digit(byte: u8) -> Option<u32> {
    (byte as char).to_digit(36)
}

/// The value of digits; `None` in it when it has more than 64 bits.
#[expect(clippy::option_option, reason = "the callers pass it on")]
fn number(digits: &[u8], base: u32, negative: bool) -> Option<Option<i64>> {
    let mut value = 0_i64;
    for &byte in digits {
        let digit = i64::from(digit(byte)?);
        let signed = if negative { digit.checked_neg()? } else { digit };
        match value
            .checked_mul(i64::from(base))
            .and_then(|value| value.checked_add(signed))
        {
            Some(next) => value = next,
            None => return Some(None),
        }
    }
    Some(Some(value))
}

/// A little-endian number of at most eight bytes, with a sign.
pub(super) fn little_endian(bytes: &[u8]) -> Option<i64> {
    let fill = if bytes.last().is_some_and(|&last| last >= 0x80) {
        0xff
    } else {
        0
    };
    let mut all = [fill; 8];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(all))
}

/// The argument of STRING: the quotes taken off, escapes resolved. `None` when a C unpickler raises.
pub(super) fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let inner = match line {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        _ => return None,
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next()? {
            b'\n' => {}
            same @ (b'\\' | b'\'' | b'"') => bytes.push(same),
            b'a' => bytes.push(0x07),
            b'b' => bytes.push(0x08),
            b'f' => bytes.push(0x0c),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(0x0b),
            b'x' => {
                let high = digit(rest.next()?).filter(|&digit| digit < 16)?;
                let low = digit(rest.next()?).filter(|&digit| digit < 16)?;
                bytes.push(u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?);
            }
            first @ b'0'..=b'7' => {
                let mut value = u16::from(first.wrapping_sub(b'0'));
                for _ in 0..2 {
                    let Some(next) = rest.next_if(|byte| matches!(byte, b'0'..=b'7')) else {
                        break;
                    };
                    value = value
                        .wrapping_mul(8)
                        .wrapping_add(u16::from(next.wrapping_sub(b'0')));
                }
                bytes.push(value.to_le_bytes()[0]);
            }
            other => bytes.extend([b'\\', other]),
        }
    }
    Some(bytes)
}

/// The argument of UNICODE: Latin-1 with `\u` and `\U` escapes. `None` when a C unpickler raises. Lone surrogates
/// become replacement characters.
pub(super) fn raw_unicode(line: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            text.push(char::from(byte));
            continue;
        }
        let count = match rest.next() {
            None => {
                text.push('\\');
                break;
            }
            Some(b'u') => 4,
            Some(b'U') => 8,
            Some(other) => {
                text.extend(['\\', char::from(other)]);
                continue;
            }
        };
        let mut code = 0_u32;
        for _ in 0..count {
            let digit = digit(rest.next()?).filter(|&digit| digit < 16)?;
            code = code.checked_mul(16)?.checked_add(digit)?;
        }
        if code > 0x10_ffff {
            return None;
        }
        text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Some(text)
}

/// Each byte the character of its number, as `encoding="latin1"` reads the strings of Python 2.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// The bytes of the argument of the string opcode at `offset`, without its length, quotes and line feed.
pub(super) fn range_at(content: &Content, offset: u64) -> Option<Range<u64>> {
    let head = content.read(offset, 9).ok()?;
    let (&byte, rest) = head.split_first()?;
    let op = Op::of(byte)?;
    let start = offset.checked_add(1)?;
    if let Some(count) = op.length_bytes() {
        let mut length = [0; 8];
        length.get_mut(..count)?.copy_from_slice(rest.get(..count)?);
        let start = start.checked_add(count as u64)?;
        let end = start.checked_add(u64::from_le_bytes(length))?;
        return Some(start..end);
    }
    let mut end = start;
    loop {
        let window = content.read(end, 64 << 10).ok()?;
        if window.is_empty() {
            return None;
        }
        match window.iter().position(|&byte| byte == b'\n') {
            Some(index) => {
                end = end.checked_add(index as u64)?;
                break;
            }
            None => end = end.checked_add(window.len() as u64)?,
        }
    }
    Some(start..end)
}

/// The text of the opcode at `offset`, when it has at most `most` bytes in the content.
pub(super) fn text_at(content: &Content, offset: u64, most: usize) -> Option<String> {
    let op = Op::of(*content.read(offset, 1).ok()?.first()?)?;
    let range = range_at(content, offset)?;
    let length = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
    if length > most {
        return None;
    }
    let bytes = content.read(range.start, length).ok()?;
    text(op, &bytes)
}

/// The text that `bytes`, the argument of the string opcode `op`, spell.
pub(super) fn text(op: Op, bytes: &[u8]) -> Option<String> {
    match op {
        Op::String => quoted(bytes).map(|bytes| latin1(&bytes)),
        Op::Unicode => raw_unicode(bytes),
        Op::BinString | Op::ShortBinString => Some(latin1(bytes)),
        _ => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(number: Option<Number>) -> Option<(i64, bool)> {
        number.map(|number| (number.value.unwrap(), number.plain))
    }

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        for (line, expected) in [
            (&b"5"[..], Some((5, true))),
            (b"-12", Some((-12, true))),
            (b"00", Some((0, true))),
            (b"0x10", Some((16, false))),
            (b"010", Some((8, false))),
            (b"0b101", Some((5, false))),
            (b"0o17", Some((15, false))),
            (b" +7", Some((7, false))),
            (b"1_000", Some((1000, false))),
            (b"5\0junk", Some((5, false))),
            (b"\0", Some((0, false))),
            (b"9 ", Some((9, false))),
            (b"0x", None),
            (b"09", None),
            (b"x", None),
            (b"1__0", None),
            (b"_1", None),
            (b" ", None),
            (b"5L", None),
        ] {
            assert_eq!(value(int(line)), expected, "{:?}", String::from_utf8_lossy(line));
        }
        for (line, expected) in [
            (&b"5L"[..], Some((5, true))),
            (b"5", Some((5, true))),
            (b"0x10L", Some((16, false))),
            (b"00L", Some((0, false))),
            (b"010L", None),
            (b"L", None),
        ] {
            assert_eq!(value(long(line)), expected, "{:?}", String::from_utf8_lossy(line));
        }
        for (line, expected) in [
            (&b"7"[..], Some((7, true))),
            (b"007", Some((7, false))),
            (b" 7 ", Some((7, false))),
            (b"+7", Some((7, false))),
            (b"-1", Some((-1, false))),
            (b"0x7", None),
        ] {
            assert_eq!(
                value(index(line)),
                expected,
                "{:?}",
                String::from_utf8_lossy(line)
            );
        }
        assert_eq!(long(b"123456789012345678901234567890L").unwrap().value, None);
        assert_eq!(little_endian(&[0xff]), Some(-1));
        assert_eq!(little_endian(&[0xff, 0]), Some(255));
        assert_eq!(little_endian(&[]), Some(0));
        assert_eq!(float(b"1.5"), Some(true));
        assert_eq!(float(b"nan\0x"), Some(false));
        assert_eq!(float(b" 1_0.5 "), Some(false));
        for none in [&b"1__0"[..], b"_1", b"1_", b"1._5", b"x", b""] {
            assert_eq!(float(none), None);
        }
    }

    #[test]
    fn strings_are_read_as_c_reads_them() {
        assert_eq!(quoted(br"'\x70osi\170\0\41\q'").unwrap(), b"posix\0!\\q");
        assert_eq!(quoted(br#""it's""#).unwrap(), b"it's");
        for line in [&b"'"[..], b"", b"'a\"", b"'a' ", br"'\'", br"'\x1'"] {
            assert_eq!(quoted(line), None, "{:?}", String::from_utf8_lossy(line));
        }
        assert_eq!(
            raw_unicode(br"\u0070osix\U0001F600\x\").unwrap(),
            "posix\u{1f600}\\x\\"
        );
        assert_eq!(raw_unicode(br"\\u0041").unwrap(), r"\\u0041");
        assert_eq!(raw_unicode(b"\xe9").unwrap(), "é");
        assert_eq!(raw_unicode(br"\u00g0"), None);
        assert_eq!(raw_unicode(br"\U00110000"), None);
    }
}

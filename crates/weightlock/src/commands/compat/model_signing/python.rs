//! Text as Python's `repr` writes it: the reference prints lists of texts and digests that way.

use std::fmt::Write as _;

/// `repr` of a list of texts.
pub(super) fn list(texts: &[String]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| text_literal(text)).collect();
    format!("[{}]", quoted.join(", "))
}

/// `repr` of bytes: `b'…'`.
pub(super) fn bytes_literal(bytes: &[u8]) -> String {
    let quote = quote(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut out = format!("b{quote}");
    for &byte in bytes {
        match byte {
            0x20..0x7f | b'\t' | b'\n' | b'\r' => escape(char::from(byte), quote, &mut out),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out.push(quote);
    out
}

/// `repr` of a text.
fn text_literal(text: &str) -> String {
    let quote = quote(text.contains('\''), text.contains('"'));
    let mut out = String::from(quote);
    for character in text.chars() {
        match (u32::from(character), is_printable(character)) {
            (_, true) | (9 | 10 | 13, _) => escape(character, quote, &mut out),
            (code @ 0..=0xff, _) => drop(write!(out, "\\x{code:02x}")),
            (code @ 0..=0xffff, _) => drop(write!(out, "\\u{code:04x}")),
            (code, _) => drop(write!(out, "\\U{code:08x}")),
        }
    }
    out.push(quote);
    out
}

const fn quote(single: bool, double: bool) -> char {
    if single && !double { '"' } else { '\'' }
}

fn escape(character: char, quote: char, out: &mut String) {
    match character {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\\' => out.push_str("\\\\"),
        _ if character == quote => out.extend(['\\', quote]),
        _ => out.push(character),
    }
}

/// As `str.isprintable` has it. Rust's own `escape_debug` follows the same classes, but for marks that combine with
/// the character before them, which Python prints.
fn is_printable(character: char) -> bool {
    matches!(character, '\'' | '"' | '\\') || {
        let after_a_letter = format!("a{character}");
        after_a_letter.escape_debug().skip(1).eq([character])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line is what CPython 3.11 prints.
    #[test]
    fn writes_texts_as_python_does() {
        for (text, literal) in [
            ("abc", "'abc'"),
            ("it's", "\"it's\""),
            ("it's \"quoted\"", "'it\\'s \"quoted\"'"),
            ("a\nb\tc\r\\", "'a\\nb\\tc\\r\\\\'"),
            ("\u{0}\u{1b}\u{7f}\u{85}", "'\\x00\\x1b\\x7f\\x85'"),
            ("größe 模型 🦀", "'größe 模型 🦀'"),
            ("a\u{301}", "'a\u{301}'"),
            (
                "\u{a0}\u{200b}\u{202e}\u{e0001}",
                "'\\xa0\\u200b\\u202e\\U000e0001'",
            ),
        ] {
            assert_eq!(text_literal(text), literal, "{text:?}");
        }
    }

    #[test]
    fn writes_bytes_and_lists_as_python_does() {
        assert_eq!(bytes_literal(b"\xbe'a\n\x7f"), "b\"\\xbe'a\\n\\x7f\"");
        assert_eq!(list(&["a".to_owned(), "b'".to_owned()]), "['a', \"b'\"]");
        assert_eq!(list(&[]), "[]");
    }
}

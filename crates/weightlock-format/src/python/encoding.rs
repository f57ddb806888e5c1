//! The characters of a Python source file, as [PEP 263](https://peps.python.org/pep-0263/) tells them: a byte-order
//! mark, or a comment in one of the first two lines that names an encoding, else UTF-8.
//!
//! Encodings that write ASCII characters in other bytes (`utf-7`, `unicode_escape`, `punycode`, …) are refused: in
//! them source does not look like what it is, and nobody writes them by hand.

use std::borrow::Cow;

use super::Fault;
use crate::Named;

/// The text of `bytes`, and how many of them come before it.
pub(super) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, u64), Fault> {
    let (rest, mark) = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .map_or((bytes, 0), |rest| (rest, 3));
    let declared = declared(rest);
    let text = match declared.as_deref().map_or(Charset::Utf8, Charset::of) {
        Charset::Utf8 => Cow::Borrowed(std::str::from_utf8(rest).map_err(|_| Fault::NotUtf8)?),
        Charset::SingleByte => Cow::Owned(rest.iter().map(|&byte| char::from(byte)).collect()),
        Charset::MultiByte if rest.is_ascii() => {
            Cow::Borrowed(std::str::from_utf8(rest).map_err(|_| Fault::NotUtf8)?)
        }
        Charset::MultiByte | Charset::Other => {
            return Err(Fault::Encoding(Named::new(
                declared.as_deref().unwrap_or_default(),
            )));
        }
    };
    Ok((text, mark))
}

/// The encoding that a comment in the first two lines names.
fn declared(text: &[u8]) -> Option<String> {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let mut lines = text.split(is_end).filter(|line| !line.is_empty());
    let first = lines.next()?;
    cookie(first).or_else(|| {
        let head = first.trim_ascii_start();
        (head.is_empty() || head.starts_with(b"#")).then(|| lines.next().and_then(cookie))?
    })
}

/// `^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)`
fn cookie(line: &[u8]) -> Option<String> {
    let comment = line.trim_ascii_start();
    if !comment.starts_with(b"#") {
        return None;
    }
    let mut rest = comment;
    while let Some(at) = rest.windows(6).position(|window| window == b"coding") {
        rest = rest.get(at.saturating_add(6)..)?;
        if let Some(name) = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"=")) {
            let name = name.trim_ascii_start();
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
            let name: Vec<u8> = name.iter().copied().take_while(is_name).take(64).collect();
            if !name.is_empty() {
                return String::from_utf8(name).ok();
            }
        }
    }
    None
}

/// How an encoding writes ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Charset {
    Utf8,
    /// One byte a character, ASCII as itself.
    SingleByte,
    /// ASCII as itself, other characters in bytes that may be ASCII.
    MultiByte,
    /// Nothing is known.
    Other,
}

impl Charset {
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase().replace(['_', '.', ' '], "-");
        let name = name.as_str();
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        match name {
            "utf-8" | "utf8" | "u8" | "cp65001" | "utf-8-sig" | "utf8-sig" | "utf-8-unix" | "utf-8-dos"
            | "utf" => Self::Utf8,
            "ascii" | "us-ascii" | "646" | "latin" | "latin1" | "latin-1" | "l1" | "cp437" | "cp850"
            | "koi8-r" | "koi8-u" | "mac-roman" => Self::SingleByte,
            _ if begins(&["utf-8-"]) => Self::Utf8,
            _ if begins(&["iso-8859-", "iso8859-", "latin-1-", "cp125", "windows-125"]) => Self::SingleByte,
            "gbk" | "gb2312" | "gb18030" | "cp936" | "big5" | "cp950" | "euc-jp" | "euc-kr" | "cp949"
            | "shift-jis" | "sjis" | "cp932" => Self::MultiByte,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_the_encoding() {
        for (text, name) in [
            (&b"# -*- coding: latin-1 -*-\n"[..], Some("latin-1")),
            (
                b"#!/usr/bin/python\n# vim: set fileencoding=utf_7 :\n",
                Some("utf_7"),
            ),
            (b"\n  # coding=x.y\n", Some("x.y")),
            (b"import os\n# coding: utf-7\n", None),
            (b"x = 'coding: utf-7'\n", None),
            (b"# encoding is hard\n# coding\n", None),
        ] {
            assert_eq!(
                declared(text).as_deref(),
                name,
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn encodings_that_hide_source_are_refused() {
        for name in [
            "utf-7",
            "unicode_escape",
            "raw-unicode-escape",
            "rot13",
            "utf-16",
            "hz",
            "x",
        ] {
            let text = format!("# coding: {name}\nimport os\n");
            assert!(
                matches!(decode(text.as_bytes()), Err(Fault::Encoding(_))),
                "{name}"
            );
        }
        assert_eq!(
            decode(b"# coding: latin-1\n\xe9").unwrap().0,
            "# coding: latin-1\né"
        );
        assert!(decode(b"# coding: gbk\nx = 1").is_ok());
        assert!(decode(b"# coding: gbk\n\xd6\xd0").is_err());
        assert_eq!(decode(b"\xff"), Err(Fault::NotUtf8));
        assert_eq!(decode(b"\xef\xbb\xbfx").unwrap(), (Cow::Borrowed("x"), 3));
    }
}

//! Lists of digests as GNU coreutils write them (`sha256sum`, `b2sum`; `b3sum` too), so that either tool reads the
//! other's.
//!
//! ```text
//! line = [ "\" ] hex SP ( SP | "*" ) name LF
//! ```
//!
//! A line that begins with `\` has `\\`, `\n` and `\r` in its name for these three characters. Lines may end in
//! CR LF. Empty lines and lines that begin with `#` say nothing. Everything else is refused with its number, for a
//! line that is passed over is a file that is not checked.

use weightlock_artifact::digest::{Algorithm, Digest};

/// Longer lists are not read: half a million files with long names.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// One file of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// The digest that the list says.
    pub(super) digest: Digest,
    /// The name that the list says.
    pub(super) name: String,
}

/// Why a text is no list.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum ListError {
    /// Nothing is listed.
    #[error("the list names no file")]
    Empty,
    /// The text is not UTF-8.
    #[error("the list is not UTF-8")]
    NotUtf8,
    /// Larger than [`MAX_BYTES`].
    #[error("the list is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// A line is not of the form above.
    #[error("line {line} is not `<{algorithm} digest>  <name>`")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// The algorithm that was asked for.
        algorithm: Algorithm,
    },
}

/// The line for one file.
pub(super) fn write(digest: &Digest, name: &str) -> String {
    let escaped = escape(name);
    let mark = if escaped == name { "" } else { "\\" };
    format!("{mark}{}  {escaped}\n", digest.hex())
}

/// All lines of a list.
pub(super) fn parse(text: &[u8], algorithm: Algorithm) -> Result<Vec<Line>, ListError> {
    if text.len() as u64 > MAX_BYTES {
        return Err(ListError::TooLarge);
    }
    let text = std::str::from_utf8(text).map_err(|_| ListError::NotUtf8)?;
    let mut lines = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        lines.push(parse_line(line, algorithm).ok_or(ListError::Line {
            line: index + 1,
            algorithm,
        })?);
    }
    if lines.is_empty() {
        Err(ListError::Empty)
    } else {
        Ok(lines)
    }
}

fn parse_line(line: &str, algorithm: Algorithm) -> Option<Line> {
    let (line, escaped) = match line.strip_prefix('\\') {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let (hex, rest) = line.split_once(' ')?;
    let name = rest.strip_prefix([' ', '*']).filter(|name| !name.is_empty())?;
    let name = if escaped { unescape(name)? } else { name.to_owned() };
    Some(Line {
        digest: Digest::from_hex(algorithm, hex).ok()?,
        name,
    })
}

fn escape(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            _ => text.push(character),
        }
    }
    text
}

fn unescape(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        name.push(match character {
            '\\' => match rest.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            _ => character,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn reads_what_it_writes() {
        let digest = Algorithm::Sha256.digest(b"");
        for name in [
            "a", "a b", " a", "*a", "a\\b", "a\nb", "a\rb", "é/模", "-rf", "a\\nb",
        ] {
            let text = write(&digest, name);
            assert_eq!(text.lines().count(), 1, "{text:?}");
            let line = Line {
                digest,
                name: name.to_owned(),
            };
            assert_eq!(parse(text.as_bytes(), Algorithm::Sha256), Ok(vec![line]));
        }
        assert_eq!(write(&digest, "a\\b"), format!("\\{HEX}  a\\\\b\n"));
    }

    #[test]
    fn reads_what_others_write() {
        for text in [
            format!("{HEX} *a\n"),
            format!("{HEX}  a"),
            format!("# made today\n\n{HEX}  a\r\n"),
            format!("{}  a\n", HEX.to_uppercase()),
        ] {
            let lines = parse(text.as_bytes(), Algorithm::Sha256).unwrap();
            assert_eq!(lines.len(), 1);
            assert_eq!(lines[0].name, "a", "{text:?}");
        }
    }

    #[test]
    fn refuses_what_checks_nothing() {
        let line = |line| ListError::Line {
            line,
            algorithm: Algorithm::Sha256,
        };
        for (text, error) in [
            ("".to_owned(), ListError::Empty),
            ("# nothing\n\n".to_owned(), ListError::Empty),
            (format!("{HEX}  \n"), line(1)),
            (format!("{HEX} a\n"), line(1)),
            (format!("{HEX}  a\nrubbish\n"), line(2)),
            (format!("{}  a\n", &HEX[1..]), line(1)),
            (format!("\\{HEX}  a\\x\n"), line(1)),
            (format!("sha256:{HEX}  a\n"), line(1)),
        ] {
            assert_eq!(parse(text.as_bytes(), Algorithm::Sha256), Err(error), "{text:?}");
        }
        assert_eq!(parse(b"\xff", Algorithm::Sha256), Err(ListError::NotUtf8));
    }
}

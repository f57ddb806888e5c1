//! Textual encoding of keys and certificates ([RFC 7468]), read the way OpenSSL and Go read it.
//!
//! ```text
//! any text                                  ignored
//! -----BEGIN <label>-----
//! Name: value                               only in the old encrypted keys; noted, never interpreted
//! <base64, lines of any length>
//! -----END <label>-----
//! ```
//!
//! Refused: input above a limit, a block without its end, another label at the end, base64 that is not
//! canonical, more blocks than the caller expects. Own code because the strict decoders of the usual crates
//! take exactly one block, and real files hold several (`EC PARAMETERS` before the key, chains, explanations).
//!
//! [RFC 7468]: https://www.rfc-editor.org/rfc/rfc7468

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// One PEM block, decoded. The content is wiped when dropped, because it may be a private key.
pub(crate) struct Block<'a> {
    /// The words between `-----BEGIN ` and `-----`.
    pub(crate) label: &'a str,
    /// Whether `Name: value` lines stood above the base64 text.
    #[cfg_attr(
        all(not(feature = "sign"), not(test)),
        expect(dead_code, reason = "only private keys have them")
    )]
    pub(crate) has_headers: bool,
    /// The decoded content.
    pub(crate) content: Zeroizing<Vec<u8>>,
}

/// How much a file may hold.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) blocks: usize,
}

/// Why text is not PEM.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// The file is larger than any honest one.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The largest accepted size.
        limit: usize,
    },
    /// The file has more blocks than any honest one.
    #[error("the file has more than {limit} PEM blocks")]
    TooManyBlocks {
        /// The largest accepted number.
        limit: usize,
    },
    /// There is no `-----BEGIN …-----` line.
    #[error("the file has no `-----BEGIN …-----` line")]
    NoBlock,
    /// A block has no `-----END …-----` line.
    #[error("a PEM block has no end")]
    Unterminated,
    /// The label of a `BEGIN` or `END` line is damaged, or the two differ.
    #[error("the first and the last line of a PEM block do not fit together")]
    Label,
    /// The text between the two lines is not base64.
    #[error("the text of a PEM block is not base64")]
    Base64,
    /// There is nothing between the two lines.
    #[error("a PEM block is empty")]
    Empty,
}

/// Reads every block of a file, in order. At least one.
pub(crate) fn blocks(text: &[u8], limits: Limits) -> Result<Vec<Block<'_>>, PemError> {
    if text.len() > limits.bytes {
        return Err(PemError::TooLarge { limit: limits.bytes });
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii_end);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix(b"-----BEGIN ") else {
            continue;
        };
        if blocks.len() == limits.blocks {
            return Err(PemError::TooManyBlocks { limit: limits.blocks });
        }
        blocks.push(read_block(label(rest)?, &mut lines)?);
    }
    if blocks.is_empty() {
        Err(PemError::NoBlock)
    } else {
        Ok(blocks)
    }
}

/// Reads the lines after `-----BEGIN label-----` up to and with its end.
fn read_block<'a>(begin: &'a str, lines: &mut impl Iterator<Item = &'a [u8]>) -> Result<Block<'a>, PemError> {
    let mut base64 = Zeroizing::new(Vec::new());
    let mut has_headers = false;
    loop {
        let line = lines.next().ok_or(PemError::Unterminated)?;
        if let Some(rest) = line.strip_prefix(b"-----END ") {
            if label(rest)? != begin {
                return Err(PemError::Label);
            }
            break;
        }
        if line.starts_with(b"-----") {
            return Err(PemError::Unterminated);
        }
        if line.contains(&b':') && base64.is_empty() {
            has_headers = true;
        } else {
            base64.extend_from_slice(line.trim_ascii());
        }
    }
    let content = Zeroizing::new(STANDARD.decode(&*base64).map_err(|_| PemError::Base64)?);
    if content.is_empty() {
        return Err(PemError::Empty);
    }
    Ok(Block {
        label: begin,
        has_headers,
        content,
    })
}

/// The label of `label-----`.
fn label(rest: &[u8]) -> Result<&str, PemError> {
    let label = rest.strip_suffix(b"-----").ok_or(PemError::Label)?;
    let plain = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
    if label.is_empty() || !label.iter().all(plain) {
        return Err(PemError::Label);
    }
    std::str::from_utf8(label).map_err(|_| PemError::Label)
}

/// Writes one block as OpenSSL does: 64 columns, `\n`, a final newline.
pub(crate) fn encode(label: &str, content: &[u8]) -> Zeroizing<String> {
    const COLUMNS: usize = 64;
    let base64 = Zeroizing::new(STANDARD.encode(content));
    let lines = base64.len().div_ceil(COLUMNS);
    // Reserved in full, so that no half-written copy of a private key is left behind by growth.
    let mut text = Zeroizing::new(String::with_capacity(base64.len() + lines + 2 * label.len() + 32));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        bytes: 4096,
        blocks: 2,
    };

    fn refusal(text: &str) -> PemError {
        blocks(text.as_bytes(), LIMITS).err().expect("a refusal")
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in [1, 47, 48, 49, 96, 500] {
            let content: Vec<u8> = (0..=250).cycle().take(length).collect();
            let text = encode("SOME KEY", &content);
            let read = blocks(text.as_bytes(), LIMITS).unwrap();
            assert_eq!((read[0].label, &*read[0].content), ("SOME KEY", &content));
            assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("-----\n"));
        }
    }

    #[test]
    fn surroundings_are_ignored_and_line_ends_are_free() {
        let text = "\u{feff}Subject: x\r\n-----BEGIN A-----\r\nAQ\r\n ID\r\n-----END A----- \r\ntail\n\
                    -----BEGIN B-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END B-----";
        let read = blocks(text.as_bytes(), LIMITS).unwrap();
        assert_eq!((read[0].label, &read[0].content[..]), ("A", &[1, 2, 3][..]));
        assert!(!read[0].has_headers && read[1].has_headers);
    }

    #[test]
    fn each_broken_form_has_its_own_refusal() {
        let block = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        assert_eq!(refusal(&block.repeat(3)), PemError::TooManyBlocks { limit: 2 });
        assert_eq!(refusal(&"x".repeat(4097)), PemError::TooLarge { limit: 4096 });
        for (text, why) in [
            ("", PemError::NoBlock),
            ("AQID", PemError::NoBlock),
            ("-----BEGIN A-----\nAQID\n", PemError::Unterminated),
            (
                "-----BEGIN A-----\nAQID\n-----BEGIN A-----\n",
                PemError::Unterminated,
            ),
            ("-----BEGIN A-----\nAQID\n-----END B-----\n", PemError::Label),
            ("-----BEGIN A----\nAQID\n-----END A-----\n", PemError::Label),
            (
                "-----BEGIN a\u{1b}-----\nAQID\n-----END a-----\n",
                PemError::Label,
            ),
            ("-----BEGIN A-----\nA!ID\n-----END A-----\n", PemError::Base64),
            ("-----BEGIN A-----\nAQI\n-----END A-----\n", PemError::Base64),
            ("-----BEGIN A-----\nAR==\n-----END A-----\n", PemError::Base64),
            ("-----BEGIN A-----\n-----END A-----\n", PemError::Empty),
        ] {
            assert_eq!(refusal(text), why, "{text:?}");
        }
    }
}

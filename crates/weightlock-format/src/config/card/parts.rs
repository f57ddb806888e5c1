//! Where the front matter of a card lies, and where its Markdown begins.
//!
//! ```text
//! card  = [ BOM ] blank* "---" EOL  front  "---" ( EOL | end )  body
//! blank = a line of white space
//! EOL   = "\n" | "\r\n"
//! ```
//!
//! White space behind the three dashes is passed over, as the hub does before it and editors leave it after.

use std::ops::Range;

use super::super::Fault;
use crate::Problem;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The parts of a card, in bytes from the start of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// The YAML between the lines `---`, with its last line end; `None` where the card does not begin with one.
    pub front: Option<Range<usize>>,
    /// The Markdown.
    pub body: Range<usize>,
}

impl Parts {
    /// Finds them.
    ///
    /// # Errors
    /// Front matter that is opened and not closed.
    pub fn of(text: &[u8]) -> Result<Self, Problem> {
        let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let mut lines = Lines::new(text, start).skip_while(|line| is_blank(text, line));
        let opened = lines.next().filter(|line| is_dashes(text, line));
        let Some(opened) = opened else {
            return Ok(Self {
                front: None,
                body: start..text.len(),
            });
        };
        match lines.find(|line| is_dashes(text, line) && !is_indented(text, line)) {
            Some(closed) => Ok(Self {
                front: Some(opened.end..closed.start),
                body: closed.end..text.len(),
            }),
            None => Err(Problem::malformed(opened.start as u64, Fault::CardOpen)),
        }
    }
}

fn line<'a>(text: &'a [u8], at: &Range<usize>) -> &'a [u8] {
    text.get(at.clone()).unwrap_or_default()
}

fn is_blank(text: &[u8], at: &Range<usize>) -> bool {
    line(text, at).trim_ascii().is_empty()
}

fn is_dashes(text: &[u8], at: &Range<usize>) -> bool {
    line(text, at).trim_ascii() == b"---"
}

/// Inside a block scalar, dashes may be text.
fn is_indented(text: &[u8], at: &Range<usize>) -> bool {
    line(text, at).first().is_some_and(u8::is_ascii_whitespace)
}

/// The lines of a text, each with its line end, as ranges of bytes.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at }
    }
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end.saturating_add(1));
        let start = self.at;
        self.at = start.saturating_add(length);
        Some(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason;

    fn parts(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
        let parts = Parts::of(text).unwrap();
        let of = |range: Range<usize>| &text[range];
        (parts.front.map(of), of(parts.body))
    }

    #[test]
    fn front_matter_is_found_as_it_occurs() {
        for text in [
            "---\nlicense: mit\n---\nbody",
            "\u{feff}---\nlicense: mit\n---\nbody",
            "\n \n\t\n---\nlicense: mit\n---\nbody",
            "--- \nlicense: mit\n---\t\nbody",
        ] {
            let expected = (Some("license: mit\n".as_bytes()), "body".as_bytes());
            assert_eq!(parts(text.as_bytes()), expected, "{text:?}");
        }
        let windows = parts(b"---\r\nlicense: mit\r\n---\r\nbody\r\n");
        assert_eq!(windows, (Some(&b"license: mit\r\n"[..]), &b"body\r\n"[..]));
        assert_eq!(parts(b"---\n---"), (Some(&b""[..]), &b""[..]));
        let dashes = parts(b"---\na: |\n  ---\n  x\n---\nb");
        assert_eq!(dashes, (Some(&b"a: |\n  ---\n  x\n"[..]), &b"b"[..]));
    }

    #[test]
    fn what_does_not_begin_with_dashes_has_none() {
        for text in [
            "",
            "# Title\n---\na: b\n---\n",
            "----\na: b\n----\n",
            "license: mit\n",
            "\u{feff}",
        ] {
            let (front, body) = parts(text.as_bytes());
            assert_eq!(front, None, "{text:?}");
            assert_eq!(body, text.trim_start_matches('\u{feff}').as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn front_matter_without_an_end_is_refused() {
        for text in ["---", "---\na: b\n", "---\na: b\n ---\n", "---\na: b\n----\n"] {
            let refused = Parts::of(text.as_bytes()).unwrap_err();
            assert_eq!(refused.code(), reason::MALFORMED, "{text:?}");
        }
    }
}

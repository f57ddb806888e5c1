//! Flow collections as YAML 1.1 has them.
//!
//! YAML 1.2 wants each line of a flow collection indented deeper than what is around it; PyYAML does not care, and
//! people close brackets at the start of a line. [`joined`] puts each flow collection on one line, byte for byte as
//! long as before, so that offsets stay.
//!
//! ```text
//! a: [          a: [  1, 2 ]
//! 1, 2   ─►
//! ]
//! ```
//!
//! Brackets count where a node can begin; quotes, comments and block scalars are passed over.

/// The text with line breaks and comments within flow collections replaced by spaces; `None` when there are none.
pub(super) fn joined(text: &str) -> Option<String> {
    let mut joining = Joining {
        out: text.as_bytes().to_vec(),
        depth: 0,
        quote: None,
        may_begin: true,
        changed: false,
    };
    let mut offset = 0_usize;
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len().saturating_sub(line.trim_start_matches(' ').len());
        let is_blank = line.trim().is_empty();
        if let Some(outside) = block
            && (is_blank || indent > outside)
        {
            offset = offset.saturating_add(line.len());
            continue;
        }
        block = None;
        joining.line(line, offset);
        if joining.depth == 0 && joining.quote.is_none() && begins_block_scalar(line) {
            block = Some(indent);
        }
        offset = offset.saturating_add(line.len());
    }
    joining.changed.then(|| String::from_utf8(joining.out).ok())?
}

/// Whether the line ends in `|` or `>` with its indicators.
fn begins_block_scalar(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let header = line.trim_end_matches(|c: char| c.is_ascii_digit() || "+-".contains(c));
    let before = header.strip_suffix(['|', '>']);
    before.is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
}

struct Joining {
    out: Vec<u8>,
    depth: usize,
    quote: Option<u8>,
    /// Whether a node can begin here.
    may_begin: bool,
    changed: bool,
}

impl Joining {
    fn line(&mut self, line: &str, offset: usize) {
        if self.depth == 0 && self.quote.is_none() {
            self.may_begin = true;
        }
        let bytes = line.as_bytes();
        let mut at = 0_usize;
        let mut before = b' ';
        while let Some(&byte) = bytes.get(at) {
            let here = offset.saturating_add(at);
            let next = bytes.get(at.saturating_add(1)).copied().unwrap_or(b'\n');
            at = at.saturating_add(1);
            match (self.quote, byte) {
                (Some(b'"'), b'\\') => at = at.saturating_add(usize::from(next != b'\n')),
                (Some(quote), byte) if byte == quote => self.quote = None,
                (Some(_), _) => {}
                (None, b'#') if before.is_ascii_whitespace() => {
                    if self.depth > 0 {
                        self.blank(here..offset.saturating_add(bytes.len()));
                    }
                    return;
                }
                (None, b'\n' | b'\r') if self.depth > 0 => self.blank(here..here.saturating_add(1)),
                (None, byte) => self.plain(byte, next),
            }
            before = byte;
        }
    }

    fn plain(&mut self, byte: u8, next: u8) {
        match byte {
            b'"' | b'\'' if self.may_begin => self.quote = Some(byte),
            b'[' | b'{' if self.may_begin => self.depth = self.depth.saturating_add(1),
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            b',' if self.depth > 0 => self.may_begin = true,
            b':' | b'-' | b'?' if next.is_ascii_whitespace() || self.depth > 0 && byte == b':' => {
                self.may_begin = true
            }
            b' ' | b'\t' => {}
            // A tag or an anchor comes before its node.
            b'!' | b'&' if self.may_begin => {}
            _ => self.may_begin = self.may_begin && matches!(byte, b'\n' | b'\r'),
        }
    }

    fn blank(&mut self, range: std::ops::Range<usize>) {
        if let Some(bytes) = self.out.get_mut(range) {
            bytes.fill(b' ');
            self.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flow_collections_come_on_one_line_and_nothing_moves() {
        for (text, expected) in [
            ("a: [\n]\nb: c\n", Some("a: [ ]\nb: c\n")),
            ("a: [ # c\n\n1]\n", Some("a: [      1]\n")),
            (
                "a: {\nb: \"x]\", c: 'd}'\n}\n",
                Some("a: { b: \"x]\", c: 'd}' }\n"),
            ),
            ("a: b[\nc: d\n", None),
            ("a: |\n  [\n  x\nb: 1\n", None),
            ("a: '['\nb: \"{\"\n# [\n", None),
            ("a: b # [\nc: d\n", None),
            ("- [1,\n2]\n", Some("- [1, 2]\n")),
        ] {
            let joined = joined(text);
            assert_eq!(joined.as_deref(), expected, "{text:?}");
            assert!(joined.is_none_or(|joined| joined.len() == text.len()));
        }
    }
}

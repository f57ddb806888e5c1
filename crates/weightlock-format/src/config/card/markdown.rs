//! The lines of a card's Markdown, told apart as far as headings need it ([CommonMark](https://spec.commonmark.org/0.31.2/),
//! sections 4.2 to 4.5): what stands in a code fence or in an HTML comment is no heading and no text.
//!
//! Inline markup is left as it is written. What a fence or a comment that is never closed hides, is hidden to the end.

use super::parts::Lines;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Offset of its first byte.
    pub(super) start: usize,
    /// Offset behind its line end.
    pub(super) end: usize,
    /// Offset of the first byte of its text.
    pub(super) offset: usize,
    pub(super) kind: Kind,
    /// Its text without white space around it and without comments; of a heading, the title.
    pub(super) text: String,
}

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Blank,
    /// Of this level, from 1 to 6.
    Heading(u8),
    /// An item of a list.
    Item,
    /// Code, a table, a quotation, HTML, an image: not prose.
    Other,
    Prose,
}

/// The lines of `text` from byte `start` on.
pub(super) fn lines(text: &[u8], start: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut fence: Option<(u8, usize)> = None;
    let mut commented = false;
    for at in Lines::new(text, start) {
        let bytes = text.get(at.clone()).unwrap_or_default();
        let written = String::from_utf8_lossy(bytes);
        let shown = if fence.is_some() {
            written.trim_end().to_owned()
        } else {
            uncommented(written.trim_end(), &mut commented)
        };
        let marker = marker(&shown);
        let kind = match (fence, marker) {
            (Some((byte, length)), Some((other, longer)))
                if byte == other && longer >= length && is_closing(&shown, byte) =>
            {
                fence = None;
                Kind::Other
            }
            (Some(_), _) => Kind::Other,
            (None, Some(opened)) => {
                fence = Some(opened);
                Kind::Other
            }
            (None, None) => kind(&shown),
        };
        if let (Some(level), Some(before)) = (underline(&shown), lines.last_mut())
            && before.kind == Kind::Prose
            && fence.is_none()
        {
            before.kind = Kind::Heading(level);
            before.end = at.end;
            continue;
        }
        let blanks = bytes.len().saturating_sub(bytes.trim_ascii_start().len());
        lines.push(Line {
            start: at.start,
            end: at.end,
            offset: at.start.saturating_add(blanks),
            kind,
            text: match kind {
                Kind::Heading(_) => title(&shown).to_owned(),
                _ => shown.trim().to_owned(),
            },
        });
    }
    lines
}

/// A line without the comments in it; `commented` says whether one is open before and after it.
fn uncommented(line: &str, commented: &mut bool) -> String {
    let mut kept = String::new();
    let mut rest = line;
    loop {
        let (mark, ends) = if *commented {
            ("-->", true)
        } else {
            ("<!--", false)
        };
        match rest.split_once(mark) {
            Some((before, after)) => {
                if !ends {
                    kept.push_str(before);
                }
                *commented = !ends;
                rest = after;
            }
            None => {
                if !*commented {
                    kept.push_str(rest);
                }
                return kept;
            }
        }
    }
}

/// Spaces before a block; four make code of it.
fn indent(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b' ').count()
}

/// The byte and the length of a code fence.
fn marker(line: &str) -> Option<(u8, usize)> {
    let inner = line.trim_start().as_bytes();
    let byte = *inner.first().filter(|byte| matches!(byte, b'`' | b'~'))?;
    let length = inner.iter().take_while(|other| **other == byte).count();
    // Behind backticks, more backticks are inline code.
    let rest = inner.get(length..).unwrap_or_default();
    let inline = byte == b'`' && rest.contains(&b'`');
    (length >= 3 && !inline).then_some((byte, length))
}

fn is_closing(line: &str, byte: u8) -> bool {
    line.trim().bytes().all(|other| other == byte)
}

/// The level of the heading that an underline makes of the line before it.
fn underline(line: &str) -> Option<u8> {
    let marks = line.trim();
    match marks.bytes().next()? {
        b'=' if marks.bytes().all(|byte| byte == b'=') => Some(1),
        b'-' if marks.bytes().all(|byte| byte == b'-') => Some(2),
        _ => None,
    }
}

fn kind(line: &str) -> Kind {
    let text = line.trim_start();
    if text.is_empty() {
        return Kind::Blank;
    }
    if indent(line) < 4
        && let Some(level) = level(text)
    {
        return Kind::Heading(level);
    }
    if item(text).is_some() {
        return Kind::Item;
    }
    let is_rule = text.len() >= 3 && text.bytes().all(|byte| matches!(byte, b'-' | b'*' | b'_' | b' '));
    if is_rule || text.starts_with(['|', '>', '<']) || text.starts_with("![") || text.starts_with("[![") {
        return Kind::Other;
    }
    Kind::Prose
}

/// The level of a heading: one to six `#`, then a space or the end.
fn level(text: &str) -> Option<u8> {
    let marks = text.bytes().take_while(|byte| *byte == b'#').count();
    let rest = text.get(marks..).unwrap_or_default();
    let is_heading = matches!(marks, 1..=6) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    u8::try_from(marks).ok().filter(|_| is_heading)
}

/// The title of a heading, without the marks before and behind it.
fn title(line: &str) -> &str {
    let inner = line.trim().trim_start_matches('#').trim();
    match inner.trim_end_matches('#') {
        cut if cut.ends_with([' ', '\t']) || cut.is_empty() => cut.trim(),
        _ => inner,
    }
}

/// The text of an item of a list.
pub(super) fn item(text: &str) -> Option<&str> {
    ["- ", "* ", "+ ", "-\t", "*\t", "+\t"]
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(Kind, String)> {
        let told = lines(text.as_bytes(), 0).into_iter();
        told.map(|line| (line.kind, line.text)).collect()
    }

    fn headings(text: &str) -> Vec<(u8, String)> {
        let of = |(kind, text)| match kind {
            Kind::Heading(level) => Some((level, text)),
            _ => None,
        };
        told(text).into_iter().filter_map(of).collect()
    }

    #[test]
    fn headings_are_told_from_what_looks_like_one() {
        let expected = |of: &[(u8, &str)]| of.iter().map(|(l, t)| (*l, (*t).to_owned())).collect::<Vec<_>>();
        assert_eq!(
            headings("# One\n### Two ###\n#Three\n    # Four\n####### Five\nSix\n===\n\nSeven\n---\n"),
            expected(&[(1, "One"), (3, "Two"), (1, "Six"), (2, "Seven")])
        );
        assert_eq!(
            headings(
                "```python\n# no\n```\n~~~~\n# no\n~~~\n# no\n~~~~\n# C#\n<!-- # no\n# no -->\n# yes <!-- x -->\n"
            ),
            expected(&[(1, "C#"), (1, "yes")])
        );
        assert_eq!(headings("- item\n---\n\n---\n# x\n"), expected(&[(1, "x")]));
        assert_eq!(headings("```\n# never closed\n"), []);
    }

    #[test]
    fn lines_keep_their_place() {
        let text = "# A\r\n\r\n  - \u{e4} b\r\n<!-- c\n-->prose";
        let all = lines(text.as_bytes(), 0);
        let kinds: Vec<_> = all.iter().map(|line| line.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Heading(1),
                Kind::Blank,
                Kind::Item,
                Kind::Blank,
                Kind::Prose
            ]
        );
        assert_eq!(all[2].text, "- \u{e4} b");
        assert_eq!(all[2].offset, text.find("- \u{e4}").unwrap());
        assert_eq!(all.last().unwrap().end, text.len());
    }
}

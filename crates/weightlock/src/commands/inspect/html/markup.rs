//! [`Markup`]: text of a page into which nothing comes unescaped.
//!
//! Names of elements and attributes are literals of this program. Everything else goes through [`Markup::text`] or
//! [`Markup::name`], which
//!
//! 1. make control characters, bidirectional overrides and invisible characters visible, as [`Shown`] does for terminals, and code
//!    points that are no characters too;
//! 2. keep the start and the end of what is too long, and say how much is left out between them;
//! 3. escape what has a meaning in HTML, in text and in attributes alike.
//!
//! Elements are closed by who opened them, so that a page is well-formed however it is put together: it can be read as HTML and as
//! XML. Rejected: a template language, in which each place must remember to escape.

use std::fmt::{self, Write as _};

use crate::text::Shown;

/// An attribute: a name of ours, and any text.
pub(super) type Attribute<'a> = (&'static str, &'a str);

/// Markup in which every text was escaped.
#[derive(Default, Debug)]
pub(super) struct Markup(String);

impl Markup {
    /// Characters of running text that are shown; no sentence of ours comes near.
    const MOST_TEXT: usize = 400;
    /// Characters of a name that are shown.
    const MOST_NAME: usize = 160;

    /// The line that begins an HTML document.
    pub(super) fn document() -> Self {
        Self("<!DOCTYPE html>\n".to_owned())
    }

    /// An element and what is in it.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: &[Attribute<'_>],
        content: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        self.0.push('>');
        content(self);
        let _ = write!(self.0, "</{name}>");
        if is_block(name) {
            self.0.push('\n');
        }
    }

    /// An element that has no content, such as `meta`.
    pub(super) fn empty(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.open(name, attributes);
        self.0.push_str("/>");
        if is_block(name) {
            self.0.push('\n');
        }
    }

    fn open(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        let _ = write!(self.0, "<{name}");
        for (name, value) in attributes {
            let _ = write!(self.0, " {name}=\"");
            self.escaped(value, Self::MOST_TEXT);
            self.0.push('"');
        }
    }

    /// An element that holds text only.
    pub(super) fn says(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(name, attributes, |it| it.text(text));
    }

    /// A style sheet of ours. Its text is not escaped, so it must have no `<`.
    pub(super) fn style(&mut self, sheet: &'static str) {
        self.element("style", &[], |it| it.0.push_str(sheet));
    }

    /// Running text; whoever wrote it.
    pub(super) fn text(&mut self, text: &str) {
        self.escaped(text, Self::MOST_TEXT);
    }

    /// What is made of other things, as running text.
    pub(super) fn shown(&mut self, text: impl fmt::Display) {
        self.text(&text.to_string());
    }

    /// A name, a path, a digest or a command: in letters of one width, and apart from the text around it, which no direction of
    /// writing in it can then turn around.
    pub(super) fn name(&mut self, name: &str) {
        self.element("bdi", &[("class", "name"), ("translate", "no")], |it| {
            it.escaped(name, Self::MOST_NAME);
        });
    }

    /// A command to type. It is shown whole: half of a command is another command.
    pub(super) fn command(&mut self, command: &str) {
        const MOST: usize = 4000;
        self.element("code", &[("translate", "no")], |it| it.escaped(command, MOST));
    }

    fn escaped(&mut self, text: &str, most: usize) {
        let Cut { head, left_out, tail } = cut(text, most);
        self.harmless(&head);
        if left_out > 0 {
            let _ = write!(self.0, " [\u{2026} {left_out} more characters \u{2026}] ");
            self.harmless(&tail);
        }
    }

    /// Text that was made visible, without a meaning in HTML.
    fn harmless(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Elements after which a line ends, for those who read the source.
fn is_block(name: &str) -> bool {
    const INLINE: [&str; 9] = ["a", "b", "bdi", "br", "code", "span", "small", "strong", "text"];
    !INLINE.contains(&name)
}

/// The start and the end of a text.
struct Cut {
    head: String,
    left_out: usize,
    tail: String,
}

/// A text of at most about `most` characters after they were made visible. Of what is longer a quarter is from the end, where the
/// ending of a file name is.
fn cut(text: &str, most: usize) -> Cut {
    let (head, at) = visible(text.chars(), most);
    if at == text.len() {
        return Cut {
            head,
            left_out: 0,
            tail: String::new(),
        };
    }
    let end = most / 4;
    let (head, at) = visible(text.chars(), most - end);
    let rest = text.get(at..).unwrap_or_default();
    let (_, length) = visible(rest.chars().rev(), end);
    let (middle, tail) = rest.split_at(rest.len() - length);
    Cut {
        head,
        left_out: middle.chars().count(),
        tail: visible(tail.chars(), end).0,
    }
}

/// Characters made visible, while there is room, and how many bytes of the text they were.
fn visible(characters: impl Iterator<Item = char>, most: usize) -> (String, usize) {
    let mut shown = String::new();
    let (mut count, mut bytes) = (0, 0);
    for character in characters {
        let one = match character {
            _ if is_no_character(character) => character.escape_unicode().to_string(),
            _ => Shown(character.encode_utf8(&mut [0; 4])).to_string(),
        };
        count += one.chars().count();
        if count > most {
            break;
        }
        bytes += character.len_utf8();
        shown.push_str(&one);
    }
    (shown, bytes)
}

/// Code points that Unicode sets aside for ever, and XML refuses.
const fn is_no_character(character: char) -> bool {
    let code = character as u32;
    matches!(code, 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        let mut markup = Markup::default();
        markup.text(text);
        markup.finish()
    }

    #[test]
    fn whatever_has_a_meaning_is_written_without_it() {
        for (written, shown) in [
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            ("\"' onload='x", "&quot;&#39; onload=&#39;x"),
            ("a&b;&lt;", "a&amp;b;&amp;lt;"),
            ("</style>]]>-->", "&lt;/style&gt;]]&gt;--&gt;"),
            ("a\0b\u{1b}[2J\r\n", "a\\u{0}b\\u{1b}[2J\\r\\n"),
            ("gpj.\u{202e}exe\u{200b}", "gpj.\\u{202e}exe\\u{200b}"),
            (
                "\u{fffe}\u{fdd0}\u{10ffff}\u{fffd}",
                "\\u{fffe}\\u{fdd0}\\u{10ffff}\u{fffd}",
            ),
            ("模型 é ①", "模型 é ①"),
            ("", ""),
        ] {
            assert_eq!(text(written), shown);
        }
    }

    #[test]
    fn attributes_are_escaped_as_text_is() {
        let mut markup = Markup::default();
        markup.element("td", &[("data-label", "\"><img src=x onerror='x'>")], |it| {
            it.text("y")
        });
        assert_eq!(
            markup.finish(),
            "<td data-label=\"&quot;&gt;&lt;img src=x onerror=&#39;x&#39;&gt;\">y</td>\n"
        );
    }

    #[test]
    fn of_what_is_long_the_start_and_the_end_are_shown_with_the_count_between() {
        let long = format!("start{}end.exe", "x".repeat(1 << 20));
        let shown = text(&long);
        assert!(
            shown.starts_with("startxxx") && shown.ends_with("xxxend.exe"),
            "{shown}"
        );
        let rest = long.len() - Markup::MOST_TEXT;
        assert!(
            shown.contains(&format!("[… {rest} more characters …]")),
            "{shown}"
        );
        let fits = "y".repeat(Markup::MOST_TEXT);
        assert_eq!(text(&fits), fits);
        assert_eq!(text(&format!("{fits}z")).matches("more characters").count(), 1);
    }

    /// What becomes longer when it is made visible is not more on the page.
    #[test]
    fn no_text_is_longer_on_the_page_than_is_granted() {
        for one in ["\u{e0041}", "\"", "\u{202e}", "𝕏", "\0"] {
            let shown = text(&one.repeat(100_000));
            assert!(
                shown.len() < 6 * Markup::MOST_TEXT + 60,
                "{one:?}: {}",
                shown.len()
            );
        }
    }
}

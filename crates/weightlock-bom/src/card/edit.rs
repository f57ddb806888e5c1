//! [`Document`]: a YAML mapping that is changed without being written anew.
//!
//! What is not changed keeps its bytes: comments, order, quotes, blank lines, line ends. A change replaces the bytes of one
//! value, or adds one line. The result is read again, and must say what was wanted there and the same as before everywhere
//! else; otherwise the change is refused, and the document stays as it was. So no rule of YAML need be trusted here, only
//! its reader.

use std::ops::Range;

use weightlock_format::{
    Error, Problem,
    yaml::tree::{Node, Value},
};

/// Why a change is not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Something stands where a mapping is needed.
    #[error("the value of {0} is no mapping, and nothing can be added to it")]
    NotMapping(String),
    /// The change would have changed something else too: an anchor, a folded text.
    #[error("{0} cannot be changed without changing something else")]
    Entangled(String),
}

/// A value that is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum New {
    /// A text; in quotes where it would read as something else without them.
    Text(String),
    /// A number or a boolean, as it is written.
    Plain(String),
    /// A list of texts.
    List(Vec<String>),
    /// Names with their values.
    Map(Vec<(String, Self)>),
}

/// A YAML text whose root is a mapping, or that is empty.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
    tree: Node,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// What [`Node::read`] refuses, with its offset in `text`.
    pub fn read(text: &[u8]) -> Result<Self, Problem> {
        let tree = Node::read(text).map_err(refused)?;
        Ok(Self {
            // The reader has refused what is no UTF-8.
            text: String::from_utf8_lossy(text).into_owned(),
            tree,
        })
    }

    /// The text, as it is now.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree, as it is now.
    #[must_use]
    pub const fn tree(&self) -> &Node {
        &self.tree
    }

    /// Sets the value at a path of keys. What leads there is added where it is missing.
    ///
    /// # Errors
    /// [`EditError`]; the document is then unchanged.
    pub fn set(&mut self, path: &[&str], new: &New) -> Result<(), EditError> {
        let named = || path.join(".");
        let (depth, node) = self.deepest(path);
        let (range, text) = if depth == path.len() {
            self.replacement(path, node, new)
        } else {
            let rest = path.get(depth..).unwrap_or_default();
            let is_open = matches!(node.value, Value::Mapping(_)) || node.is_null();
            if !is_open {
                return Err(EditError::NotMapping(
                    path.get(..depth).unwrap_or_default().join("."),
                ));
            }
            self.addition(path.get(..depth).unwrap_or_default(), node, rest, new)
        };
        let mut edited = self.text.clone();
        edited.replace_range(range, &text);
        let changed = Self::read(edited.as_bytes()).map_err(|_| EditError::Entangled(named()))?;
        let wanted = Node::read(format!("v: {}", new.flow()).as_bytes()).ok();
        let holds = changed.found(path).zip(wanted.as_ref().and_then(|it| it.at("v")));
        if !holds.is_some_and(|(one, other)| same(one, other)) || !same_but(&self.tree, &changed.tree, path) {
            return Err(EditError::Entangled(named()));
        }
        *self = changed;
        Ok(())
    }

    /// The node at a path of keys.
    #[must_use]
    pub fn found(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(&self.tree, |node, key| node.at(key))
    }

    /// How many keys of a path are there, and the node that the last of them leads to.
    fn deepest(&self, path: &[&str]) -> (usize, &Node) {
        let mut node = &self.tree;
        for (depth, key) in path.iter().enumerate() {
            match node.at(key) {
                Some(below) => node = below,
                None => return (depth, node),
            }
        }
        (path.len(), node)
    }

    /// The bytes of a value, and what is to stand there.
    fn replacement(&self, path: &[&str], node: &Node, new: &New) -> (Range<usize>, String) {
        let value = bytes(&node.range);
        let behind = self.behind_colon(path);
        let between = self.text.get(behind..value.start).unwrap_or("\n");
        if !between.contains('\n') && !between.is_empty() && !value.is_empty() {
            let ended = self
                .text
                .get(value.clone())
                .is_some_and(|text| text.ends_with('\n'));
            let end = if ended { self.line_end() } else { "" };
            return (value, new.flow() + end);
        }
        let end = if node.is_null() {
            behind
        } else {
            value.end.max(behind)
        };
        let ended = self
            .text
            .get(behind..end)
            .is_some_and(|text| text.ends_with('\n'));
        let close = if ended { self.line_end() } else { "" };
        (behind..end, format!(" {}{close}", new.flow()))
    }

    /// Where the value of the last key of a path begins, blanks included.
    fn behind_colon(&self, path: &[&str]) -> usize {
        let (last, before) = match path.split_last() {
            Some(split) => split,
            None => return 0,
        };
        let parent = before.iter().try_fold(&self.tree, |node, key| node.at(key));
        let key = parent.and_then(|parent| parent.entries().iter().find(|(key, _)| key.text() == Some(last)));
        let end = key.map_or(0, |(key, _)| bytes(&key.range).end);
        let colon = self.text.get(end..).and_then(|rest| rest.find(':'));
        colon.map_or(end, |at| end.saturating_add(at).saturating_add(1))
    }

    /// Where a missing entry goes, and its text.
    fn addition(&self, parent: &[&str], node: &Node, rest: &[&str], new: &New) -> (Range<usize>, String) {
        let Some(((first, _), (_, last))) = node.entries().first().zip(node.entries().last()) else {
            return self.first_entry(parent, node, rest, new);
        };
        let start = bytes(&first.range).start;
        let line = self
            .text
            .get(..start)
            .map_or(0, |text| text.rfind('\n').map_or(0, |at| at.saturating_add(1)));
        let indent = self.text.get(line..start).unwrap_or_default();
        let value = bytes(&node.range);
        if self
            .text
            .get(value.clone())
            .is_some_and(|text| text.starts_with('{'))
        {
            let end = value.end.saturating_sub(1);
            return (end..end, format!(", {}", flow_entry(rest, new)));
        }
        let end = bytes(&last.range).end.max(start);
        // An entry begins a line of its own; what else stands on the line of the last one is its comment.
        let from = if self.text.get(..end).is_some_and(|text| text.ends_with('\n')) {
            end.saturating_sub(1)
        } else {
            end
        };
        let rest_of_line = self.text.get(from..).unwrap_or_default();
        let (at, open) = match rest_of_line.find('\n') {
            Some(found) => (from.saturating_add(found).saturating_add(1), ""),
            None => (self.text.len(), self.line_end()),
        };
        (at..at, format!("{open}{}", self.block(indent, rest, new)))
    }

    /// The first entry of a mapping that has none, or of nothing.
    fn first_entry(&self, parent: &[&str], node: &Node, rest: &[&str], new: &New) -> (Range<usize>, String) {
        let value = bytes(&node.range);
        if !node.is_null() {
            return (value, format!("{{{}}}", flow_entry(rest, new)));
        }
        if parent.is_empty() {
            let open = if self.text.is_empty() || self.text.ends_with('\n') {
                ""
            } else {
                self.line_end()
            };
            let at = self.text.len();
            return (at..at, format!("{open}{}", self.block("", rest, new)));
        }
        let behind = self.behind_colon(parent);
        let end = if value.is_empty() {
            behind
        } else {
            value.end.max(behind)
        };
        (behind..end, format!(" {{{}}}", flow_entry(rest, new)))
    }

    /// An entry as lines of its own.
    fn block(&self, indent: &str, path: &[&str], new: &New) -> String {
        let mut indent = indent.to_owned();
        let mut text = String::new();
        for (at, key) in path.iter().enumerate() {
            text += &format!("{indent}{}", block_key(key, &indent));
            if at.saturating_add(1) == path.len() {
                text += &format!(" {}", new.flow());
            }
            text += self.line_end();
            indent += "  ";
        }
        text
    }

    /// How lines end here.
    fn line_end(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text.get(..at).is_some_and(|line| line.ends_with('\r')) => "\r\n",
            _ => "\n",
        }
    }
}

fn flow_entry(path: &[&str], new: &New) -> String {
    let mut text = String::new();
    for (at, key) in path.iter().enumerate() {
        let open = if at == 0 { "" } else { "{" };
        text += &format!("{open}{}: ", flow_key(key));
    }
    text + &new.flow() + &"}".repeat(path.len().saturating_sub(1))
}

impl New {
    /// The value in one line.
    #[must_use]
    pub fn flow(&self) -> String {
        match self {
            Self::Text(text) => scalar(text),
            Self::Plain(text) => text.clone(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| scalar(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(String, Self)| format!("{}: {}", flow_key(key), value.flow());
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

/// A key in a line of its own, with its colon. One of more than 1024 letters is told by a question mark (YAML 1.2.2, section 8.2.2).
#[must_use]
pub fn block_key(text: &str, indent: &str) -> String {
    let key = flow_key(text);
    let colon = if key.starts_with("? ") {
        format!("\n{indent}:")
    } else {
        ":".to_owned()
    };
    key + &colon
}

/// A key without its colon, marked where it is long.
fn flow_key(text: &str) -> String {
    // Quotes and what is escaped count too.
    const MOST_LETTERS: usize = 1000;
    let key = scalar(text);
    if key.chars().count() > MOST_LETTERS {
        format!("? {key}")
    } else {
        key
    }
}

/// A text as a scalar that every reader takes for that text, in one line.
#[must_use]
pub fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            // Line ends of YAML 1.1, and what may not stand in a YAML text.
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ if letter.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text needs no quotes for any reader of YAML 1.1 or 1.2: it is no number, date, boolean or null, and holds
/// nothing that means something.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 11] = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
    ];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _./@+-:".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(plain)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// The range of a node; offsets of a text in memory fit.
fn bytes(range: &Range<u64>) -> Range<usize> {
    let of = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    of(range.start)..of(range.end)
}

fn refused(error: Error) -> Problem {
    match error {
        Error::Refused(problem) => problem,
        // A text in memory is read from nowhere.
        _ => Problem::LimitExceeded {
            offset: 0,
            what: "the size of the YAML text",
            asked: u64::MAX,
            limit: 0,
        },
    }
}

/// Whether two nodes say the same. Where they stand does not matter.
fn same(one: &Node, other: &Node) -> bool {
    let mut due = vec![(one, other)];
    while let Some((one, other)) = due.pop() {
        match (&one.value, &other.value) {
            (Value::Scalar { text: a, plain: p }, Value::Scalar { text: b, plain: q }) => {
                if a != b || p != q || one.tag != other.tag {
                    return false;
                }
            }
            (Value::Sequence(a), Value::Sequence(b)) if a.len() == b.len() => due.extend(a.iter().zip(b)),
            (Value::Mapping(a), Value::Mapping(b)) if a.len() == b.len() => {
                due.extend(a.iter().zip(b).flat_map(|((k, v), (l, w))| [(k, l), (v, w)]));
            }
            _ => return false,
        }
    }
    true
}

/// Whether two mappings say the same, but for the value at a path.
fn same_but(before: &Node, after: &Node, path: &[&str]) -> bool {
    let (mut before, mut after) = (Some(before), after);
    for key in path {
        let old = before.map_or(&[][..], Node::entries);
        let name = |(name, _): &&(Node, Node)| name.text() != Some(key);
        let others = |entries| <[(Node, Node)]>::iter(entries).filter(name);
        let kept = others(old).count() == others(after.entries()).count()
            && others(old)
                .zip(others(after.entries()))
                .all(|((k, v), (l, w))| same(k, l) && same(v, w));
        let Some(below) = after.at(key).filter(|_| kept) else {
            return false;
        };
        before = before.and_then(|it| it.at(key));
        after = below;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, path: &[&str], new: &New) -> String {
        let mut document = Document::read(text.as_bytes()).unwrap();
        document
            .set(path, new)
            .unwrap_or_else(|error| panic!("{text:?}: {error}"));
        document.text().to_owned()
    }

    fn text(text: &str) -> New {
        New::Text(text.to_owned())
    }

    #[test]
    fn a_change_touches_the_bytes_of_one_value() {
        for (before, path, after) in [
            ("a: b # why\nc: 'd'\n", "a", "a: X # why\nc: 'd'\n"),
            ("c:   'd'   # e\n", "c", "c:   X   # e\n"),
            ("a: \"b\"\r\nc: d\r\n", "a", "a: X\r\nc: d\r\n"),
            ("a:\nb: c\n", "a", "a: X\nb: c\n"),
            ("a: ~\nb: c\n", "a", "a: X\nb: c\n"),
            ("a: [x, # y\n  z]\nb: c\n", "a", "a: X\nb: c\n"),
            ("a:\n- x\n- y\n\n# then\nb: c\n", "a", "a: X\n\n# then\nb: c\n"),
            (
                "a:\n  x: y\n  # in\n  z: w\nb: c\n",
                "a.z",
                "a:\n  x: y\n  # in\n  z: X\nb: c\n",
            ),
            ("a: {x: y, z: w}\n", "a.x", "a: {x: X, z: w}\n"),
            ("a: !!str 12\n", "b", "a: !!str 12\nb: X\n"),
            ("a: |\n  one\n  two\nb: c\n", "a", "a: X\nb: c\n"),
            ("a: >-\n  one\n\n  two\n", "a", "a: X\n"),
            ("b: *x\n", "", ""),
        ] {
            if path.is_empty() {
                assert!(Document::read(before.as_bytes()).is_err(), "{before:?}");
                continue;
            }
            let path: Vec<&str> = path.split('.').collect();
            assert_eq!(set(before, &path, &text("X")), after, "{before:?}");
        }
    }

    #[test]
    fn what_is_missing_is_added() {
        for (before, path, after) in [
            ("", "a", "a: X\n"),
            ("# only\n", "a", "# only\na: X\n"),
            ("b: c", "a", "b: c\na: X\n"),
            ("b: c # d\r\n", "a", "b: c # d\r\na: X\r\n"),
            ("b:\n  c: d # e\nf: g\n", "b.h", "b:\n  c: d # e\n  h: X\nf: g\n"),
            (
                "b:\n    c:\n    - d\nf: g\n",
                "b.h",
                "b:\n    c:\n    - d\n    h: X\nf: g\n",
            ),
            ("b: {c: d}\n", "b.h", "b: {c: d, h: X}\n"),
            ("b: {}\n", "b.h", "b: {h: X}\n"),
            ("b:\nc: d\n", "b.h", "b: {h: X}\nc: d\n"),
            ("b: c\n", "a.d.e", "b: c\na:\n  d:\n    e: X\n"),
            ("b: {c: d}\n", "b.e.f", "b: {c: d, e: {f: X}}\n"),
            ("b: |\n  c\n", "a", "b: |\n  c\na: X\n"),
        ] {
            let path: Vec<&str> = path.split('.').collect();
            assert_eq!(set(before, &path, &text("X")), after, "{before:?}");
        }
    }

    #[test]
    fn values_read_back_as_what_they_are() {
        let odd = [
            "",
            "no",
            "1.10",
            "2024-01-02",
            "a: b",
            "a #b",
            "- a",
            "'",
            "\"\\",
            "x\ny",
            "\u{1}\u{85}\u{2028}",
            " a ",
            "*x",
            "&x",
            "!t",
            "%",
            "@a",
            "`",
            "{",
            "null",
            "~",
            "0x1F",
            "\u{e4}\u{1f600}",
        ];
        for word in odd {
            let document = Document::read(set("k: v\n", &["k"], &text(word)).as_bytes()).unwrap();
            let node = document.found(&["k"]).unwrap();
            assert_eq!(node.text(), Some(word), "{}", document.text());
            assert!(!node.is_plain() || word.starts_with(|c: char| c.is_ascii_alphabetic()));
        }
        assert_eq!(
            set("k: v\n", &["k"], &New::Plain("47.90".to_owned())),
            "k: 47.90\n"
        );
        let list = New::List(vec!["a".to_owned(), "b, c".to_owned()]);
        assert_eq!(set("k: v\n", &["k"], &list), "k: [a, \"b, c\"]\n");
        let map = New::Map(vec![("a b".to_owned(), New::Plain("1".to_owned()))]);
        assert_eq!(set("k: v\n", &["k"], &map), "k: {a b: 1}\n");
    }

    #[test]
    fn what_would_change_more_than_one_value_is_refused() {
        let refused = |before: &str, path: &[&str]| {
            let mut document = Document::read(before.as_bytes()).unwrap();
            let refused = document.set(path, &text("X")).unwrap_err();
            assert_eq!(document.text(), before);
            refused
        };
        assert_eq!(
            refused("a: &x b\nc: *x\n", &["a"]),
            EditError::Entangled("a".to_owned())
        );
        assert_eq!(
            refused("a: b\n", &["a", "c"]),
            EditError::NotMapping("a".to_owned())
        );
        assert_eq!(
            refused("a: &x {b: c}\nd: *x\n", &["d", "b"]),
            EditError::Entangled("d.b".to_owned())
        );
    }
}

//! [`Node`]: a YAML document as a tree, for text whose facts are taken: front matter, recipes, environments.
//!
//! Where [`read`](super::read) keeps whatever a loader could see, this reader takes only what every reader sees alike, and
//! refuses the rest ([YAML 1.2](https://yaml.org/spec/1.2.2/)): a key twice in one mapping, a key that is no scalar, a second document, an
//! alias to something that is not there. Aliases are replaced by what they stand for, within [`MOST_NODES`]. Merge
//! keys (`<<`) are kept as an ordinary key.
//!
//! Scalars are text. `no`, `1.10` and `2024-01-02` stay what was written; [`Node::is_plain`] tells whether there were
//! quotes around them, which is all that tells a number from its text.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Fault, Offsets};
use crate::{Error, Named, Problem, reader::within};

/// Depth of collections in each other. Model cards need about ten.
pub const MOST_DEPTH: u64 = 64;
/// Nodes of a document, aliases replaced. A card with thousands of evaluation results has some ten thousand.
pub const MOST_NODES: u64 = 200_000;
/// Bytes of all scalars together, aliases replaced.
pub const MOST_TEXT: u64 = 16 << 20;

/// A node and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// The bytes of the text, quotes and brackets included. Those of an alias are the place of the alias.
    pub range: Range<u64>,
    /// The tag as it is resolved, unless it is one that everything has.
    pub tag: Option<String>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A text, as it reads: escapes replaced, lines folded.
    Scalar {
        /// The text; empty where nothing stands.
        text: String,
        /// Whether it stands without quotes, so that `true` means a boolean.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in the order of the text. No key is there twice.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// Reads the one document of `text`; nothing but blanks and comments is an empty scalar.
    ///
    /// # Errors
    /// Text that is no YAML, means different things to different readers, or exceeds a limit; with the offset in bytes.
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(text)
            .map_err(|error| Problem::malformed(error.valid_up_to() as u64, Fault::NotUtf8))?;
        let mut building = Building::new(text);
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                let offset = building.offsets.of(error.marker().index());
                Problem::malformed(offset, Fault::Broken(Named::new(error.info())))
            })?;
            let range = building.offsets.of(span.start.index())..building.offsets.of(span.end.index());
            building.add(event, range)?;
        }
        Ok(building.root.unwrap_or_else(|| Self::empty(0)))
    }

    /// Nothing, at `offset`.
    const fn empty(offset: u64) -> Self {
        let value = Value::Scalar {
            text: String::new(),
            plain: true,
        };
        Self {
            range: offset..offset,
            tag: None,
            value,
        }
    }

    /// The value of `key`, where this is a mapping that has it.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// The entries of a mapping; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Self, Self)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or the one value that stands where a list may: cards write both. Nothing for null.
    #[must_use]
    pub fn one_or_many(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            _ if self.is_null() => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The text of a scalar that is not null.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Whether it is a scalar without quotes.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        matches!(self.value, Value::Scalar { plain: true, .. })
    }

    /// Whether it is null: nothing, `~`, or the plain word.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The boolean that a plain `true` or `false` is. YAML 1.1's `yes` and `no` are text.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        match self.text().filter(|_| self.is_plain())? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// The plain number, as it is written.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        let text = self.text().filter(|_| self.is_plain())?;
        let is_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
            && text.parse::<f64>().is_ok_and(f64::is_finite);
        is_number.then_some(text)
    }
}

/// A collection that is not yet closed.
struct Open {
    node: Node,
    /// Whether it is written in brackets, so that its end is known.
    is_flow: bool,
    anchor: usize,
    /// The keys of a mapping so far.
    keys: BTreeSet<String>,
    /// The key whose value is due.
    key: Option<Node>,
}

struct Building<'t> {
    text: &'t str,
    offsets: Offsets,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Node>,
    documents: u64,
    nodes: u64,
    bytes: u64,
}

impl<'t> Building<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            offsets: Offsets::new(text),
            open: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            documents: 0,
            nodes: 0,
            bytes: 0,
        }
    }

    fn add(&mut self, event: Event<'_>, range: Range<u64>) -> Result<(), Error> {
        match event {
            Event::DocumentStart(_) => {
                self.documents = self.documents.saturating_add(1);
                within("the number of YAML documents", self.documents, 1, range.start)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = Value::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                let tag = named(tag.as_deref());
                let range = range.start..self.end_of_quotes(&range, style);
                self.close(Node { range, tag, value }, anchor)?;
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    let fault = Fault::Broken(Named::new("an alias of a collection that contains it"));
                    return Err(Problem::malformed(range.start, fault).into());
                };
                self.close(Node { range, ..node }, 0)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(Value::Sequence(Vec::new()), range, anchor, tag.as_deref())?;
            }
            Event::MappingStart(anchor, tag) => {
                self.start(Value::Mapping(Vec::new()), range, anchor, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&range)?,
            _ => {}
        }
        Ok(())
    }

    /// The end of a scalar. Where one stands in quotes, the parser's end is after the comment that follows.
    fn end_of_quotes(&self, range: &Range<u64>, style: ScalarStyle) -> u64 {
        let quote = match style {
            ScalarStyle::SingleQuoted => b'\'',
            ScalarStyle::DoubleQuoted => b'"',
            _ => return range.end,
        };
        let bytes = usize::try_from(range.start)
            .ok()
            .and_then(|at| self.text.as_bytes().get(at..))
            .unwrap_or_default();
        let mut rest = bytes.iter().enumerate().skip(1).peekable();
        while let Some((at, &byte)) = rest.next() {
            let is_escape = byte == b'\\' && quote == b'"';
            let is_doubled =
                byte == quote && quote == b'\'' && rest.peek().is_some_and(|(_, next)| **next == quote);
            if is_escape || is_doubled {
                rest.next();
            } else if byte == quote {
                return range.start.saturating_add(at as u64).saturating_add(1);
            }
        }
        range.end
    }

    fn start(
        &mut self,
        value: Value,
        range: Range<u64>,
        anchor: usize,
        tag: Option<&saphyr_parser::Tag>,
    ) -> Result<(), Error> {
        let depth = (self.open.len() as u64).saturating_add(1);
        within("the depth of YAML nesting", depth, MOST_DEPTH, range.start)?;
        let first = usize::try_from(range.start)
            .ok()
            .and_then(|at| self.text.as_bytes().get(at));
        self.open.push(Open {
            is_flow: matches!(first, Some(b'[' | b'{')),
            node: Node {
                range,
                tag: named(tag),
                value,
            },
            anchor,
            keys: BTreeSet::new(),
            key: None,
        });
        Ok(())
    }

    fn end(&mut self, range: &Range<u64>) -> Result<(), Error> {
        let Some(mut open) = self.open.pop() else {
            return Ok(());
        };
        // A block ends with its last item; where the parser sees its end, blanks and comments lie between.
        let last = match &open.node.value {
            Value::Sequence(items) => items.last(),
            Value::Mapping(entries) => entries.last().map(|(_, value)| value),
            Value::Scalar { .. } => None,
        };
        open.node.range.end = match last {
            Some(last) if !open.is_flow => last.range.end,
            _ => range.end,
        };
        self.close(open.node, open.anchor)
    }

    /// Puts a whole node into the collection around it.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        self.count(&node)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.node.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(checked_key(&mut open.keys, node)?),
            },
            Value::Scalar { .. } => {}
        }
        Ok(())
    }

    /// Counts what a node adds; what is in a collection was counted before, unless it comes by an alias.
    fn count(&mut self, node: &Node) -> Result<(), Error> {
        let (nodes, bytes) = match &node.value {
            Value::Scalar { text, .. } => (1, text.len() as u64),
            _ if self.is_alias(node) => weight(node),
            _ => (1, 0),
        };
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        within(
            "the number of YAML nodes",
            self.nodes,
            MOST_NODES,
            node.range.start,
        )?;
        within(
            "the size of YAML scalars",
            self.bytes,
            MOST_TEXT,
            node.range.start,
        )?;
        Ok(())
    }

    fn is_alias(&self, node: &Node) -> bool {
        usize::try_from(node.range.start)
            .ok()
            .and_then(|at| self.text.as_bytes().get(at))
            == Some(&b'*')
    }
}

/// Nodes and bytes of a tree. Not recursive: a document chooses its depth.
fn weight(node: &Node) -> (u64, u64) {
    let (mut nodes, mut bytes) = (0_u64, 0_u64);
    let mut due = vec![node];
    while let Some(node) = due.pop() {
        nodes = nodes.saturating_add(1);
        match &node.value {
            Value::Scalar { text, .. } => bytes = bytes.saturating_add(text.len() as u64),
            Value::Sequence(items) => due.extend(items),
            Value::Mapping(entries) => due.extend(entries.iter().flat_map(|(key, value)| [key, value])),
        }
    }
    (nodes, bytes)
}

/// A key that may stand in a mapping with these keys.
fn checked_key(keys: &mut BTreeSet<String>, key: Node) -> Result<Node, Error> {
    let Value::Scalar { text, .. } = &key.value else {
        let fault = Fault::Broken(Named::new("a key that is a collection"));
        return Err(Problem::malformed(key.range.start, fault).into());
    };
    if !keys.insert(text.clone()) {
        let fault = Fault::DuplicateKey(Named::new(text));
        return Err(Problem::malformed(key.range.start, fault).into());
    }
    Ok(key)
}

/// A tag that says more than what is there anyway.
fn named(tag: Option<&saphyr_parser::Tag>) -> Option<String> {
    tag.map(|tag| format!("{}{}", tag.handle, tag.suffix))
        .filter(|name| name != "!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        Node::read(text.as_bytes()).expect("a document")
    }

    fn refusal(text: &str) -> String {
        Node::read(text.as_bytes()).expect_err("a refusal").to_string()
    }

    #[test]
    fn scalars_stay_what_was_written() {
        let card = read("license: no\nversion: 1.10\nquoted: \"true\"\nreal: true\nnothing:\ntilde: ~\n");
        assert_eq!(card.at("license").and_then(Node::text), Some("no"));
        assert_eq!(card.at("license").and_then(Node::boolean), None);
        assert_eq!(card.at("version").and_then(Node::number), Some("1.10"));
        assert_eq!(card.at("quoted").and_then(Node::boolean), None);
        assert_eq!(card.at("real").and_then(Node::boolean), Some(true));
        assert!(card.at("nothing").is_some_and(Node::is_null));
        assert!(card.at("tilde").is_some_and(|it| it.one_or_many().is_empty()));
        assert!(card.at("absent").is_none());
    }

    #[test]
    fn a_value_may_stand_where_a_list_may() {
        for text in ["base: a", "base: [a]", "base:\n- a", "base:\n    - 'a'"] {
            let names: Vec<_> = read(text)
                .at("base")
                .into_iter()
                .flat_map(Node::one_or_many)
                .filter_map(|it| it.text().map(str::to_owned))
                .collect();
            assert_eq!(names, ["a"], "{text}");
        }
    }

    #[test]
    fn ranges_are_the_bytes_of_the_text() {
        let text =
            "ключ: \"зна чение\"  # word\nlist: [a, {b: c}]\nblock:\n  - one\n  - two # no\n\nlast: x\n";
        let tree = read(text);
        let slice = |key: &str| {
            let range = &tree.at(key).expect("there").range;
            let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
            &text[start.expect("small")..end.expect("small")]
        };
        assert_eq!(slice("ключ"), "\"зна чение\"");
        assert_eq!(slice("list"), "[a, {b: c}]");
        assert_eq!(slice("block"), "- one\n  - two");
        assert_eq!(slice("last"), "x");
    }

    #[test]
    fn ranges_end_with_the_quote() {
        let text = "a: 'it''s' # x\nb: \"say \\\"\" # y\nc: !!str \"t\"\n";
        let tree = read(text);
        let end = |key: &str| tree.at(key).and_then(|it| usize::try_from(it.range.end).ok());
        assert_eq!(end("a"), text.find(" # x"));
        assert_eq!(end("b"), text.find(" # y"));
        assert_eq!(
            tree.at("c").and_then(|it| it.tag.as_deref()),
            Some("tag:yaml.org,2002:str")
        );
    }

    #[test]
    fn an_alias_is_what_it_stands_for() {
        let tree = read("a: &x [1, 2]\nb: *x\n");
        assert_eq!(tree.at("b").map(|it| it.items().len()), Some(2));
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        assert!(refusal("a: 1\na: 2\n").contains("twice"));
        assert!(refusal("? [a, b]\n: c\n").contains("a key that is a collection"));
        assert!(refusal("a: 1\n---\nb: 2\n").contains("documents"));
        assert!(refusal("a: *nowhere\n").contains("broken"));
        assert!(refusal("a: [1, 2\nb: 3\n").contains("broken"));
        assert!(refusal("a: &x [*x]\n").contains("contains it"));
        assert!(Node::read(b"a: \xff\n").is_err());
    }

    #[test]
    fn limits_hold() {
        let deep = "[".repeat(100);
        assert!(refusal(&deep).contains("depth"));
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..8 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            laughs.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                below.trim_end_matches(", ")
            ));
        }
        assert!(refusal(&laughs).contains("number of YAML nodes"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(20));
        assert!(refusal(&long).contains("size of YAML scalars"));
    }

    #[test]
    fn an_empty_text_is_null() {
        assert!(read("").is_null());
        assert!(read("# nothing\n").is_null());
    }
}

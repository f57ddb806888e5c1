//! [`Tree`]: JSON as Python reads it, for text that is judged rather than believed.
//!
//! Python's `json` takes `NaN`, `Infinity`, numbers of any size, half surrogate pairs, and of a key that occurs twice
//! the last; given bytes it also guesses UTF-16 and UTF-32, and passes over a byte-order mark. A strict reader would
//! refuse such a text that Python loads, so this one keeps it, *both* values of a key that occurs twice included, and
//! what was read before an error. Numbers are not kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{
    Fault, Limits,
    events::{Event, Events},
};
use crate::{Named, Problem, reader::within};

/// A place in a [`Tree`].
pub type NodeId = u32;

/// A key, the same for all objects of a [`Tree`] that have it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KeyId(u32);

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    /// An object; a key may occur more than once. See [`Tree::all`].
    Object(Vec<(KeyId, NodeId)>),
    /// An array, without those of its items that are numbers, booleans or null.
    Array(Vec<NodeId>),
    /// A text.
    Text(String),
    /// A number or boolean.
    Other,
    /// Null.
    Null,
}

/// How a value hangs in the one around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Key(u32),
    Item(u32),
}

/// A value and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    node: Node,
    offset: u32,
    /// The value around it.
    place: Option<(NodeId, Step)>,
}

/// A document.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    nodes: Vec<Entry>,
    keys: Vec<Arc<str>>,
    ids: BTreeMap<Arc<str>, KeyId>,
    problem: Option<Problem>,
}

impl Tree {
    /// Reads `text`, in any encoding that Python guesses. Offsets count from its start, or in a text that is not
    /// UTF-8 from the start of its translation.
    #[must_use]
    pub fn read(text: &[u8], limits: Limits) -> Self {
        let mut tree = Self::default();
        tree.problem = tree.build(text, limits).err();
        tree
    }

    fn build(&mut self, text: &[u8], limits: Limits) -> Result<(), Problem> {
        within("the size of the JSON text", text.len() as u64, limits.bytes, 0)?;
        let decoded = decoded(text);
        let (text, offset) = decoded
            .as_ref()
            .map(|text| (text.as_bytes(), 0))
            .or_else(|| Some((text.strip_prefix(BOM)?, BOM.len() as u64)))
            .unwrap_or((text, 0));
        let mut events = Events::python(text, offset, limits);
        let mut open: Vec<Open> = Vec::new();
        while let Some((offset, event)) = events.next()? {
            let node = match event {
                Event::Key(key) => {
                    let key = self.key_id(key);
                    if let Some(Open { key: pending, .. }) = open.last_mut() {
                        *pending = key;
                    }
                    continue;
                }
                Event::End => {
                    open.pop();
                    continue;
                }
                Event::StartObject => Node::Object(Vec::new()),
                Event::StartArray => Node::Array(Vec::new()),
                Event::Scalar(Value::String(text)) => Node::Text(text),
                Event::Scalar(Value::Null) => Node::Null,
                Event::Scalar(_) => Node::Other,
            };
            let opens = matches!(node, Node::Object(_) | Node::Array(_));
            if let Some(node) = self.add(node, offset, open.last_mut())
                && opens
            {
                open.push(Open {
                    node,
                    key: None,
                    items: 0,
                });
            }
        }
        Ok(())
    }

    fn key_id(&mut self, key: String) -> Option<KeyId> {
        if let Some(&known) = self.ids.get(key.as_str()) {
            return Some(known);
        }
        let id = KeyId(u32::try_from(self.keys.len()).ok()?);
        let key: Arc<str> = key.into();
        self.keys.push(Arc::clone(&key));
        self.ids.insert(key, id);
        Some(id)
    }

    /// Hangs `node` into the innermost open value.
    fn add(&mut self, node: Node, offset: u64, around: Option<&mut Open>) -> Option<NodeId> {
        let id = u32::try_from(self.nodes.len()).ok()?;
        let mut place = None;
        if let Some(open) = around {
            let item = open.items;
            open.items = open.items.saturating_add(1);
            match self.nodes.get_mut(index(open.node)).map(|entry| &mut entry.node) {
                Some(Node::Object(pairs)) => {
                    place = Some((open.node, Step::Key(u32::try_from(pairs.len()).ok()?)));
                    pairs.push((open.key.take()?, id));
                }
                Some(Node::Array(_)) if matches!(node, Node::Other | Node::Null) => return None,
                Some(Node::Array(items)) => {
                    place = Some((open.node, Step::Item(item)));
                    items.push(id);
                }
                _ => {}
            }
        }
        // A longer text than 4 GiB is within no limit.
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        self.nodes.push(Entry { node, offset, place });
        Some(id)
    }

    /// Why reading ended early.
    #[must_use]
    pub const fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Option<&Node> {
        self.node(0)
    }

    fn entry(&self, id: NodeId) -> Option<&Entry> {
        self.nodes.get(index(id))
    }

    /// A value.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.entry(id).map(|entry| &entry.node)
    }

    /// Where a value begins.
    #[must_use]
    pub fn offset(&self, id: NodeId) -> u64 {
        self.entry(id).map_or(0, |entry| u64::from(entry.offset))
    }

    /// All values, those around others first.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        (0..).zip(&self.nodes).map(|(id, entry)| (id, &entry.node))
    }

    /// Every value of an object under `key`, in the order of the text.
    pub fn all(&self, id: NodeId, key: &str) -> impl Iterator<Item = NodeId> + '_ {
        let key = self.ids.get(key).copied();
        let pairs = match self.node(id) {
            Some(Node::Object(pairs)) => pairs.as_slice(),
            _ => &[],
        };
        let wanted = move |pair: &&(KeyId, NodeId)| Some(pair.0) == key;
        pairs.iter().filter(wanted).map(|&(_, id)| id)
    }

    /// Every text of an object under `key`.
    pub fn texts(&self, id: NodeId, key: &str) -> impl Iterator<Item = &str> + '_ {
        self.all(id, key).filter_map(|id| self.text(id))
    }

    /// A text.
    #[must_use]
    pub fn text(&self, id: NodeId) -> Option<&str> {
        match self.node(id) {
            Some(Node::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The key that a value has in the object around it.
    #[must_use]
    pub fn key(&self, id: NodeId) -> Option<&str> {
        let (around, step) = self.entry(id)?.place?;
        match (step, self.node(around)?) {
            (Step::Key(at), Node::Object(pairs)) => {
                let (KeyId(key), _) = pairs.get(index(at))?;
                self.keys.get(index(*key)).map(AsRef::as_ref)
            }
            _ => None,
        }
    }

    /// The value around one.
    #[must_use]
    pub fn around(&self, id: NodeId) -> Option<NodeId> {
        Some(self.entry(id)?.place?.0)
    }

    /// The way to a value, `config.layers[2].class_name`; of a long one the end.
    #[must_use]
    pub fn path(&self, id: NodeId) -> String {
        const MOST: usize = 256;
        let mut steps = Vec::new();
        let mut length = 0_usize;
        let mut at = id;
        while let Some((around, step)) = self.entry(at).and_then(|entry| entry.place) {
            let step = match step {
                Step::Item(index) => format!("[{index}]"),
                Step::Key(_) => format!(".{}", crate::error::cut(self.key(at).unwrap_or_default(), 64)),
            };
            length = length.saturating_add(step.len());
            if length > MOST {
                steps.push("…".to_owned());
                break;
            }
            steps.push(step);
            at = around;
        }
        steps.reverse();
        let path = steps.concat();
        path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
    }

    /// Keys that occur more than once in an object: where the later one is.
    #[must_use]
    pub fn duplicates(&self) -> Vec<NodeId> {
        let mut found = Vec::new();
        for entry in &self.nodes {
            if let Node::Object(pairs) = &entry.node {
                let mut seen = BTreeSet::new();
                found.extend(
                    pairs
                        .iter()
                        .filter(|(key, _)| !seen.insert(key))
                        .map(|&(_, id)| id),
                );
            }
        }
        found
    }

    /// The broken rule that [`Tree::duplicates`] has found at `id`.
    #[must_use]
    pub fn duplicate(&self, id: NodeId) -> Problem {
        let key = Named::new(self.key(id).unwrap_or_default());
        Problem::malformed(self.offset(id), Fault::DuplicateKey(key))
    }
}

struct Open {
    node: NodeId,
    key: Option<KeyId>,
    items: u32,
}

fn index(id: NodeId) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The text as UTF-8, where Python would take it for UTF-16 or UTF-32.
fn decoded(text: &[u8]) -> Option<String> {
    let (width, big, skip) = match text {
        [0xff, 0xfe, 0, 0, ..] => (4, false, 4),
        [0, 0, 0xfe, 0xff, ..] => (4, true, 4),
        [0xff, 0xfe, ..] => (2, false, 2),
        [0xfe, 0xff, ..] => (2, true, 2),
        [0, 0, _, _, ..] => (4, true, 0),
        [0, _, ..] => (2, true, 0),
        [_, 0, 0, 0, ..] => (4, false, 0),
        [_, 0, ..] => (2, false, 0),
        _ => return None,
    };
    let rest = text.get(skip..).unwrap_or_default();
    let number = |bytes: &[u8]| {
        let fold = |all: u32, &byte: &u8| all.wrapping_shl(8) | u32::from(byte);
        if big {
            bytes.iter().fold(0, fold)
        } else {
            bytes.iter().rev().fold(0, fold)
        }
    };
    let units = rest.chunks_exact(width).map(number);
    Some(if width == 4 {
        units
            .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    } else {
        let units = units.map(|unit| u16::try_from(unit).unwrap_or_default());
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Tree {
        Tree::read(text, Limits::default())
    }

    #[test]
    fn both_values_of_a_key_are_kept() {
        let tree = read(br#"{"a": [1, {"b": "x", "\u0062": "y"}], "c": NaN, "d": 1e999, "e": "\ud800"}"#);
        assert_eq!(tree.problem(), None);
        let inner = tree
            .nodes()
            .find(|(_, node)| matches!(node, Node::Object(pairs) if pairs.len() == 2));
        let (id, _) = inner.unwrap();
        assert_eq!(tree.texts(id, "b").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(tree.path(id), "a[1]");
        let [later] = tree.duplicates()[..] else { panic!() };
        assert_eq!(tree.path(later), "a[1].b");
        assert_eq!(tree.duplicate(later).offset(), tree.offset(later));
        assert_eq!(tree.text(later), Some("y"));
        assert_eq!(tree.texts(0, "e").collect::<Vec<_>>(), ["\u{fffd}"]);
    }

    #[test]
    fn every_encoding_that_python_guesses() {
        let text = r#"{"ä": "ö"}"#;
        let wide = |unit: u16, big: bool| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        };
        let mut texts = vec![text.as_bytes().to_vec(), [BOM, text.as_bytes()].concat()];
        for big in [true, false] {
            texts.push(text.encode_utf16().flat_map(|unit| wide(unit, big)).collect());
            texts.push(
                ["\u{feff}", text]
                    .concat()
                    .encode_utf16()
                    .flat_map(|unit| wide(unit, big))
                    .collect(),
            );
        }
        texts.push(text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect());
        texts.push(text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect());
        for text in texts {
            let tree = read(&text);
            assert_eq!(tree.problem(), None, "{text:?}");
            assert_eq!(tree.texts(0, "ä").collect::<Vec<_>>(), ["ö"], "{text:?}");
        }
    }

    #[test]
    fn what_was_read_before_an_error_stays() {
        let tree = read(br#"{"a": "x", "b": oops"#);
        assert!(tree.problem().is_some());
        assert_eq!(tree.texts(0, "a").collect::<Vec<_>>(), ["x"]);
        assert!(read(b"-Infinit").problem().is_some());
        assert!(read(b"[1, -Infinity, Infinity]").problem().is_none());
        assert!(read(b"01").problem().is_some());
    }

    proptest! {
        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let tree = read(&text);
            for (id, _) in tree.nodes() {
                let _ = (tree.path(id), tree.offset(id));
            }
        }
    }
}

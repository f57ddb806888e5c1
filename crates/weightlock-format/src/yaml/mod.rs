//! YAML: the scalars of a stream with their keys, and the tags that make a loader do something.
//!
//! ```text
//! stream  = document { '---' document }
//! node    = [ '&' anchor ] [ '!' tag ] ( scalar | '[' … ']' | '{' … '}' | block ) | '*' alias
//! ```
//!
//! Read by `saphyr-parser` ([YAML 1.2](https://yaml.org/spec/1.2.2/)) as a stream of events; nothing outside this
//! module knows it. Aliases are never expanded: a scalar that an alias names is looked up, a collection is not
//! visited a second time, so that "a billion laughs" is nine. Depth, events and text are limited.
//!
//! Flow collections are also read as YAML 1.1 has them ([`flow`]), for PyYAML does.
//!
//! A key twice in one mapping is reported: PyYAML takes the last value, others the first, YAML forbids it.
//! What PyYAML reads and this parser refuses is refused here too, at the offset where it stops; what came before stays.

mod flow;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle};
use weightlock_artifact::reason::Code;

use crate::{Error, Named, Problem, limits::Limits, reader::within, reason};

/// A broken rule of YAML.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The text is no UTF-8.
    #[error("the YAML text is not UTF-8")]
    NotUtf8,
    /// The text breaks the grammar.
    #[error("the YAML text is broken: {0}")]
    Broken(Named),
    /// A key occurs twice in one mapping.
    #[error("the key {0} occurs twice in one YAML mapping")]
    DuplicateKey(Named),
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::NotUtf8 | Self::Broken(_) => reason::MALFORMED,
            Self::DuplicateKey(_) => reason::DUPLICATE,
        }
    }
}

/// What a YAML stream holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stream {
    /// Scalars, in the order of the text.
    pub scalars: Vec<Scalar>,
    /// Tags that are not of the core schema.
    pub tags: Vec<Tag>,
    /// Documents.
    pub documents: u64,
    /// Aliases of collections.
    pub aliases: u64,
    /// Duplicate keys, and aliases that stand for too much; the first [`Stream::MOST_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Where reading ended before the text did, and why.
    pub broken: Option<Problem>,
}

impl Stream {
    /// Problems that are listed.
    pub const MOST_PROBLEMS: usize = 100;

    /// The text of the scalar at `path`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Scalar> {
        self.scalars.iter().find(|scalar| scalar.path == path)
    }
}

/// A scalar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scalar {
    /// Offset of its first byte.
    pub offset: u64,
    /// The keys and indices that lead to it, cut when they are long: `encoder.layers[2]._target_`.
    pub path: String,
    /// The last key, or that of the sequence which holds it.
    pub key: String,
    /// The text; cut when it is long.
    pub text: String,
    /// Whether it is written without quotes, so that `true` means a boolean.
    pub plain: bool,
}

/// A tag, with the scalar that it stands before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Offset of the node.
    pub offset: u64,
    /// The whole tag, handles resolved: `tag:yaml.org,2002:python/object/apply:os.system`, `!include`.
    pub name: String,
    /// The keys and indices that lead to the node.
    pub path: String,
    /// The text, when the node is a scalar.
    pub text: String,
}

/// Events of one stream. A megabyte of `- a` has a third of them.
const MOST_EVENTS: u64 = 1_000_000;
/// Nodes that a collection may have when every alias in it is replaced by what it stands for.
const MOST_EXPANDED: u64 = 50_000_000;
/// Bytes of a path that are kept.
const MOST_PATH: usize = 512;
/// Bytes of a scalar that are kept.
const MOST_TEXT: usize = 4096;
/// The namespace of `!!`.
pub const CORE: &str = "tag:yaml.org,2002:";

/// Reads a stream.
///
/// # Errors
/// [`Fault::NotUtf8`], or a text over the size that is granted. Everything else is in [`Stream::broken`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Stream, Error> {
    within(
        "the size of the YAML text",
        bytes.len() as u64,
        limits.text as u64,
        0,
    )?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Problem::malformed(error.valid_up_to() as u64, Fault::NotUtf8))?;
    let strict = events(text, limits);
    if !matches!(strict.broken, Some(Problem::Malformed { .. })) {
        return Ok(strict);
    }
    // A reader of YAML 1.1 goes on where this one stopped: what it sees is added.
    let Some(joined) = flow::joined(text) else {
        return Ok(strict);
    };
    let mut lenient = events(&joined, limits);
    let reached = |stream: &Stream| stream.broken.as_ref().map_or(u64::MAX, Problem::offset);
    if reached(&lenient) <= reached(&strict) {
        return Ok(strict);
    }
    let known: BTreeSet<(u64, String)> = lenient
        .scalars
        .iter()
        .map(|it| (it.offset, it.text.clone()))
        .collect();
    let only_strict = |scalar: &Scalar| !known.contains(&(scalar.offset, scalar.text.clone()));
    lenient
        .scalars
        .extend(strict.scalars.into_iter().filter(only_strict));
    Ok(lenient)
}

/// What the parser gives of a text.
fn events(text: &str, limits: &Limits) -> Stream {
    let mut reading = Reading::new(text, limits.nesting);
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => {
                let offset = reading.offsets.of(span.start.index());
                reading.add(&event, offset)
            }
            Err(error) => {
                let offset = reading.offsets.of(error.marker().index());
                Err(Problem::malformed(
                    offset,
                    Fault::Broken(Named::new(error.info())),
                ))
            }
        };
        if let Err(problem) = step {
            reading.stream.broken = Some(problem);
            break;
        }
    }
    reading.stream
}

/// From characters, which the parser counts, to bytes.
struct Offsets(Option<Vec<u32>>);

impl Offsets {
    fn new(text: &str) -> Self {
        let table = || {
            text.char_indices()
                .filter_map(|(at, _)| u32::try_from(at).ok())
                .collect()
        };
        Self((!text.is_ascii()).then(table))
    }

    fn of(&self, character: usize) -> u64 {
        match &self.0 {
            None => character as u64,
            Some(table) => table
                .get(character)
                .or(table.last())
                .copied()
                .map_or(0, u64::from),
        }
    }
}

/// An open collection.
struct Open {
    /// Bytes of the path outside.
    outside: usize,
    /// The key of the collection.
    key: String,
    kind: Kind,
    /// Its anchor; zero when it has none.
    anchor: usize,
    /// Nodes in it, when every alias is what it stands for.
    nodes: u64,
}

enum Kind {
    Sequence(u64),
    Mapping {
        /// Keys that were seen.
        keys: BTreeSet<String>,
        /// The key whose value is due.
        pending: Option<String>,
    },
}

struct Reading {
    stream: Stream,
    offsets: Offsets,
    open: Vec<Open>,
    path: String,
    anchors: BTreeMap<usize, String>,
    /// Nodes in each collection that has an anchor.
    sizes: BTreeMap<usize, u64>,
    /// Whether it was told that aliases stand for too much.
    is_expanded: bool,
    events: u64,
    depth: usize,
}

/// What stands at a place where a node is due.
enum Place {
    Key,
    Value(String),
}

impl Reading {
    fn new(text: &str, depth: usize) -> Self {
        Self {
            stream: Stream::default(),
            offsets: Offsets::new(text),
            open: Vec::new(),
            path: String::new(),
            anchors: BTreeMap::new(),
            sizes: BTreeMap::new(),
            is_expanded: false,
            events: 0,
            depth,
        }
    }

    fn add(&mut self, event: &Event<'_>, offset: u64) -> Result<(), Problem> {
        self.events = self.events.saturating_add(1);
        within("the number of YAML events", self.events, MOST_EVENTS, offset)?;
        match event {
            Event::DocumentStart(_) => {
                self.stream.documents = self.stream.documents.saturating_add(1);
                self.open.clear();
                self.path.clear();
                // Anchors end with their document.
                self.anchors.clear();
                self.sizes.clear();
            }
            Event::Scalar(text, style, anchor, tag) => {
                let text = cut(text, MOST_TEXT);
                if *anchor != 0 {
                    self.anchors.insert(*anchor, text.to_owned());
                }
                self.scalar(text, *style == ScalarStyle::Plain, tag.as_deref(), offset);
            }
            Event::Alias(anchor) => match self.anchors.get(anchor).cloned() {
                Some(text) => self.scalar(&text, false, None, offset),
                None => {
                    self.stream.aliases = self.stream.aliases.saturating_add(1);
                    self.count(self.sizes.get(anchor).copied().unwrap_or(1));
                    self.place(None, offset);
                }
            },
            Event::SequenceStart(anchor, tag) => {
                self.start(Kind::Sequence(0), *anchor, tag.as_deref(), offset)?;
            }
            Event::MappingStart(anchor, tag) => {
                let kind = Kind::Mapping {
                    keys: BTreeSet::new(),
                    pending: None,
                };
                self.start(kind, *anchor, tag.as_deref(), offset)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.path.truncate(open.outside);
                    self.close(&open, offset);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Counts nodes of the collection that is open.
    fn count(&mut self, nodes: u64) {
        if let Some(open) = self.open.last_mut() {
            open.nodes = open.nodes.saturating_add(nodes);
        }
    }

    /// Counts a collection in the one around it, and tells when aliases make it too large.
    fn close(&mut self, open: &Open, offset: u64) {
        let nodes = open.nodes.saturating_add(1);
        if open.anchor != 0 {
            self.sizes.insert(open.anchor, nodes);
        }
        self.count(nodes);
        let is_told = self.stream.problems.len() >= Stream::MOST_PROBLEMS || self.is_expanded;
        if nodes > MOST_EXPANDED && !is_told {
            self.is_expanded = true;
            self.stream.problems.push(Problem::LimitExceeded {
                offset,
                what: "the number of YAML nodes behind aliases",
                asked: nodes,
                limit: MOST_EXPANDED,
            });
        }
    }

    /// Takes the place of the next node: a key, or a value with its key. The path is that of the value.
    fn place(&mut self, text: Option<&str>, offset: u64) -> (Place, usize) {
        let outside = self.path.len();
        let Some(open) = self.open.last_mut() else {
            return (Place::Value(String::new()), outside);
        };
        let (key, step) = match &mut open.kind {
            Kind::Sequence(count) => {
                let step = format!("[{count}]");
                *count = count.saturating_add(1);
                (open.key.clone(), step)
            }
            Kind::Mapping {
                pending: Some(_),
                keys: _,
            } => {
                let Kind::Mapping { pending, .. } = &mut open.kind else {
                    return (Place::Key, outside);
                };
                let key = pending.take().unwrap_or_default();
                let step = if outside == 0 {
                    key.clone()
                } else {
                    format!(".{key}")
                };
                (key, step)
            }
            Kind::Mapping { pending, keys } => {
                // Only scalars are keys that anything here looks for.
                let key = text.unwrap_or_default().to_owned();
                let is_twice = text.is_some() && !keys.insert(key.clone()) && key != "<<";
                *pending = Some(key.clone());
                if is_twice && self.stream.problems.len() < Stream::MOST_PROBLEMS {
                    let problem = Problem::malformed(offset, Fault::DuplicateKey(Named::new(&key)));
                    self.stream.problems.push(problem);
                }
                return (Place::Key, outside);
            }
        };
        if outside.saturating_add(step.len()) <= MOST_PATH {
            self.path.push_str(&step);
        }
        (Place::Value(key), outside)
    }

    fn scalar(&mut self, text: &str, plain: bool, tag: Option<&saphyr_parser::Tag>, offset: u64) {
        self.count(1);
        let (place, outside) = self.place(Some(text), offset);
        self.tag(tag, text, offset);
        if let Place::Value(key) = place {
            self.stream.scalars.push(Scalar {
                offset,
                path: self.path.clone(),
                key,
                text: text.to_owned(),
                plain,
            });
        }
        self.path.truncate(outside);
    }

    fn start(
        &mut self,
        kind: Kind,
        anchor: usize,
        tag: Option<&saphyr_parser::Tag>,
        offset: u64,
    ) -> Result<(), Problem> {
        let depth = self.open.len().saturating_add(1);
        within(
            "the depth of YAML nesting",
            depth as u64,
            self.depth as u64,
            offset,
        )?;
        let (place, outside) = self.place(None, offset);
        self.tag(tag, "", offset);
        let key = match place {
            Place::Value(key) => key,
            Place::Key => String::new(),
        };
        self.open.push(Open {
            outside,
            key,
            kind,
            anchor,
            nodes: 0,
        });
        Ok(())
    }

    fn tag(&mut self, tag: Option<&saphyr_parser::Tag>, text: &str, offset: u64) {
        let Some(tag) = tag else {
            return;
        };
        let name = unescaped(cut(&format!("{}{}", tag.handle, tag.suffix), MOST_TEXT));
        if name != "!" && !is_core(&name) {
            let (path, text) = (self.path.clone(), text.to_owned());
            self.stream.tags.push(Tag {
                offset,
                name,
                path,
                text,
            });
        }
    }
}

/// Whether the tag is of a plain type.
fn is_core(name: &str) -> bool {
    name.strip_prefix(CORE).is_some_and(|kind| {
        matches!(
            kind,
            "str"
                | "int"
                | "float"
                | "bool"
                | "null"
                | "map"
                | "seq"
                | "set"
                | "omap"
                | "pairs"
                | "binary"
                | "timestamp"
                | "merge"
                | "value"
                | "yaml"
        )
    })
}

/// `%XX` in a tag stands for a byte.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if first == b'%' => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(first));
        rest = after
            .get(if escaped.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests;

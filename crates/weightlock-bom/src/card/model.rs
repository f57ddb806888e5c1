//! [`ModelCard`]: a structured card, as YAML in `model-card.yaml` or as JSON in a statement.
//!
//! Every field is read by the one list of [`Field`]s. Keys that are not in it stay in the tree: nothing is dropped. A field
//! that says `unknown`, a placeholder, an empty list or nothing is a field that is not there.

use weightlock_format::{
    Error, Problem,
    config::card::{Stated, line_and_column, says_nothing},
    yaml::tree::{Node, Value},
};

use super::field::{Field, Shape, misfit};

/// Larger structured cards are not read. One with every field and a thousand metrics has 60 kB.
pub const MAX_BYTES: usize = 1 << 20;

/// A structured card that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelCard {
    text: Vec<u8>,
    tree: Node,
}

/// A value that a field cannot have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The field.
    pub field: Field,
    /// What stands there.
    pub said: Stated,
    /// What is wrong.
    pub why: &'static str,
}

impl ModelCard {
    /// Reads a card; JSON is YAML too.
    ///
    /// # Errors
    /// Text over [`MAX_BYTES`], or what [`Node::read`] refuses, with its offset; a document that is no mapping.
    pub fn read(text: &[u8]) -> Result<Self, Problem> {
        let too_large = |asked| Problem::LimitExceeded {
            offset: 0,
            what: "the size of the card",
            asked,
            limit: MAX_BYTES as u64,
        };
        if text.len() > MAX_BYTES {
            return Err(too_large(text.len() as u64));
        }
        let bare = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let tree = Node::read(bare).map_err(|error| match error {
            Error::Refused(problem) => problem,
            // A text in memory is read from nowhere.
            _ => too_large(0),
        })?;
        if tree.is_null() || matches!(tree.value, Value::Mapping(_)) {
            Ok(Self {
                text: bare.to_vec(),
                tree,
            })
        } else {
            Err(weightlock_format::config::card::no_mapping(tree.range.start))
        }
    }

    /// The tree, with everything that is in it.
    #[must_use]
    pub const fn tree(&self) -> &Node {
        &self.tree
    }

    /// What the card says under a field: one text, or several; nothing where it says nothing.
    #[must_use]
    pub fn says(&self, field: Field) -> Vec<Stated> {
        let Some(node) = self.node(field) else {
            return Vec::new();
        };
        match field {
            Field::Performance => self.metrics().into_iter().map(|(_, value)| value).collect(),
            _ => match field.shape() {
                Shape::Settings | Shape::Digests => {
                    self.settings(node).into_iter().map(|(_, it)| it).collect()
                }
                _ => node
                    .one_or_many()
                    .iter()
                    .filter_map(|item| self.stated(item))
                    .collect(),
            },
        }
    }

    /// The first text under a field.
    #[must_use]
    pub fn first(&self, field: Field) -> Option<Stated> {
        self.says(field).into_iter().next()
    }

    /// Names and values under a field that has them.
    #[must_use]
    pub fn named(&self, field: Field) -> Vec<(String, Stated)> {
        match field {
            Field::Performance => self.metrics(),
            _ => self
                .node(field)
                .map(|node| self.settings(node))
                .unwrap_or_default(),
        }
    }

    /// Where the field, or the nearest mapping around it, begins.
    #[must_use]
    pub fn place(&self, field: Field) -> (u64, u64) {
        let mut offset = 0;
        let mut node = &self.tree;
        for key in field.keys() {
            let Some((name, below)) = node.entries().iter().find(|(name, _)| name.text() == Some(key)) else {
                break;
            };
            offset = name.range.start;
            node = below;
        }
        (line_and_column(&self.text, offset).0, offset)
    }

    /// Values that their fields cannot have.
    #[must_use]
    pub fn misfits(&self) -> Vec<Misfit> {
        let mut found = Vec::new();
        for field in Field::ALL.iter().copied() {
            let Some(node) = self.node(field) else { continue };
            if let Some(why) = wrong_kind(field.shape(), node) {
                let said = self.at(node, kind_of(node).to_owned());
                found.push(Misfit { field, said, why });
                continue;
            }
            let said = self.says(field).into_iter();
            found.extend(said.filter_map(|said| {
                let why = misfit(field.shape(), &said.text)?;
                Some(Misfit { field, said, why })
            }));
        }
        found
    }

    fn node(&self, field: Field) -> Option<&Node> {
        field.keys().try_fold(&self.tree, |node, key| node.at(key))
    }

    /// What was measured: the members of `performance` that are no fields of their own, and those of mappings in it.
    fn metrics(&self) -> Vec<(String, Stated)> {
        let Some(node) = self.tree.at("performance") else {
            return Vec::new();
        };
        let is_field = |name: &Node| {
            let path = format!("performance.{}", name.text().unwrap_or_default());
            Field::parse(&path).is_some()
        };
        let mut metrics = Vec::new();
        for (name, value) in node.entries().iter().filter(|(name, _)| !is_field(name)) {
            let name = name.text().unwrap_or_default();
            match &value.value {
                Value::Mapping(below) => {
                    let below = below.iter().filter_map(|(key, value)| {
                        let key = key.text().unwrap_or_default();
                        Some((format!("{name}.{key}"), self.stated(value)?))
                    });
                    metrics.extend(below);
                }
                _ => metrics.extend(self.stated(value).map(|value| (name.to_owned(), value))),
            }
        }
        metrics
    }

    fn settings(&self, node: &Node) -> Vec<(String, Stated)> {
        let entries = node.entries().iter().filter_map(|(key, value)| {
            let value = self.stated(value).or_else(|| self.written(value))?;
            Some((key.text().unwrap_or_default().to_owned(), value))
        });
        entries.collect()
    }

    /// A scalar that says something.
    fn stated(&self, node: &Node) -> Option<Stated> {
        let text = node.text().filter(|text| !says_nothing(text))?;
        Some(self.at(node, text.to_owned()))
    }

    /// A list or a mapping that is not empty, as it is written.
    fn written(&self, node: &Node) -> Option<Stated> {
        let is_filled = !node.items().is_empty() || !node.entries().is_empty();
        let range = usize::try_from(node.range.start).ok()?..usize::try_from(node.range.end).ok()?;
        let text = String::from_utf8_lossy(self.text.get(range)?);
        is_filled.then(|| self.at(node, text.trim().to_owned()))
    }

    fn at(&self, node: &Node, text: String) -> Stated {
        let offset = node.range.start;
        Stated {
            text,
            line: line_and_column(&self.text, offset).0,
            offset,
        }
    }

    /// Everything in the card as JSON: numbers that JSON writes alike are numbers, other plain scalars are text as written.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json(&self.tree)
    }
}

/// What stands where a field wants something else.
const fn wrong_kind(shape: Shape, node: &Node) -> Option<&'static str> {
    match (shape, &node.value) {
        (Shape::Settings | Shape::Digests, Value::Sequence(_)) => {
            Some("names with values belong here, and no list")
        }
        (Shape::Settings | Shape::Digests, Value::Scalar { .. }) if !is_unsaid(node) => {
            Some("names with values belong here, and no text")
        }
        (Shape::Settings | Shape::Digests, _)
        | (_, Value::Scalar { .. })
        | (Shape::Texts, Value::Sequence(_)) => None,
        (Shape::Texts, Value::Mapping(_)) => Some("a text or a list of texts belongs here"),
        (_, _) => Some("one text belongs here"),
    }
}

/// An empty scalar, or the word that stands for what nobody has said.
const fn is_unsaid(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar { text, .. } if matches!(text.as_bytes(), b"" | b"~" | b"null" | b"unknown"))
}

const fn kind_of(node: &Node) -> &'static str {
    match node.value {
        Value::Scalar { .. } => "a text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "names with values",
    }
}

/// A tree as JSON, with nothing left out. Its depth is limited by its reader.
#[must_use]
pub fn json(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match &node.value {
        Value::Sequence(items) => Json::Array(items.iter().map(json).collect()),
        Value::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let key = match &key.value {
                    Value::Scalar { text, .. } => text.clone(),
                    _ => String::new(),
                };
                (key, json(value))
            });
            Json::Object(entries.collect())
        }
        Value::Scalar { text, .. } => {
            if node.is_null() {
                return Json::Null;
            }
            let number = node
                .number()
                .and_then(|text| serde_json::from_str::<serde_json::Number>(text).ok())
                .filter(|number| number.to_string() == *text);
            match (node.boolean(), number) {
                (Some(flag), _) => Json::Bool(flag),
                (None, Some(number)) => Json::Number(number),
                (None, None) => Json::String(text.clone()),
            }
        }
    }
}

//! TensorFlow graphs: SavedModel, MetaGraph, frozen graph, and the Keras metadata beside a SavedModel.
//! <https://www.tensorflow.org/guide/saved_model>
//!
//! A graph is a program: its nodes name operators, and some operators read and write files or call Python. So every
//! node is handed out, of the graph and of the functions in its library, with the texts in its attributes, however
//! deep they stand. [`read`] walks the file once and holds nothing but what stands around the place.

pub mod bundle;
mod schema;

use std::ops::Range;

use crate::{
    Error,
    content::Content,
    limits::{Budget, Limits},
    protobuf::{self, Event, Schema, Walker},
};

/// Which of the messages the file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `saved_model.pb`.
    SavedModel,
    /// A `.meta` file.
    MetaGraph,
    /// A frozen graph.
    Graph,
    /// `keras_metadata.pb`.
    KerasMetadata,
    /// `fingerprint.pb`.
    Fingerprint,
}

impl Kind {
    /// What `content` could be by its fields, since the wire format does not say. The outermost fields are looked at from
    /// the first to the last, and a few steps deeper at the start. A file that is made to be two is both.
    ///
    /// # Errors
    /// What reading raises.
    pub fn all_of(content: &Content, limits: &Limits) -> std::io::Result<Vec<Self>> {
        let candidates = [
            (Self::SavedModel, &[2][..]),
            (Self::MetaGraph, &[2]),
            (Self::KerasMetadata, &[1]),
            (Self::Graph, &[1, 2]),
        ];
        let mut kinds = Vec::new();
        for (kind, required) in candidates {
            if protobuf::fits(content, kind.schema(), required, limits)? && kind.begins(content, limits)? {
                kinds.push(kind);
            }
        }
        if Self::is_fingerprint(content, limits)? {
            kinds.push(Self::Fingerprint);
        }
        Ok(kinds)
    }

    /// Whether `content` is short and has the checksums of a SavedModel, as numbers: few fields fit many messages.
    fn is_fingerprint(content: &Content, limits: &Limits) -> std::io::Result<bool> {
        const MOST_BYTES: u64 = 256;
        if content.size() > MOST_BYTES || !protobuf::fits(content, &schema::FINGERPRINT, &[6], limits)? {
            return Ok(false);
        }
        let bytes = content.read(0, 256)?;
        let numbers = bundle::fields(&bytes).unwrap_or_default();
        let has = |wanted| numbers.iter().any(|&(number, _)| number == wanted);
        Ok((1..=4).all(has) && Self::Fingerprint.begins(content, limits)?)
    }

    fn schema(self) -> &'static Schema {
        match self {
            Self::SavedModel => &schema::SAVED_MODEL,
            Self::MetaGraph => &schema::META_GRAPH,
            Self::Graph => &schema::GRAPH,
            Self::KerasMetadata => &schema::KERAS_METADATA,
            Self::Fingerprint => &schema::FINGERPRINT,
        }
    }

    /// Whether the first steps of the walk agree with the schema.
    fn begins(self, content: &Content, limits: &Limits) -> std::io::Result<bool> {
        const STEPS: usize = 16;
        let mut budget = Budget::new(limits);
        let mut walker = Walker::new(content, self.schema(), limits, &mut budget);
        for _ in 0..STEPS {
            match walker.step() {
                Ok(Some(Event::Unknown { .. })) => return Ok(false),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(Error::Io(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                    return Err(error);
                }
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// A node: one use of an operator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Node {
    /// The name of the node, which says nothing about what it does.
    pub name: String,
    /// The operator.
    pub operator: String,
    /// The function of the library that it stands in; empty for the graph itself.
    pub function: String,
    /// The texts in its attributes, at any depth, by the name of the attribute. Of those of a constant, which can be a
    /// whole vocabulary, the first few.
    pub texts: Vec<(String, String)>,
    /// Whether texts of attributes that decide were too many to be kept.
    pub is_cut: bool,
    bytes: usize,
    /// The first outputs of other nodes that it takes, as written: `name`, `name:0`, `name:output:0`, `^name`.
    pub inputs: Vec<String>,
    /// Where it lies.
    pub range: Range<u64>,
}

/// Something that was read.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A node.
    Node(Node),
    /// A function of the library, by its name: an operator may be called like it.
    Function {
        /// The name.
        name: String,
    },
    /// The tensor that is given the path of a file beside the model.
    AssetTensor {
        /// The tensor, as `node:0`.
        name: String,
    },
    /// A file beside the model, by its name.
    Asset {
        /// The name.
        name: String,
        /// Where it lies.
        range: Range<u64>,
    },
    /// The configuration of a Keras object, as JSON.
    Keras {
        /// The path of the object in the model; empty when the file says none.
        object: String,
        /// Where the JSON lies.
        range: Range<u64>,
    },
    /// Bytes that were passed over.
    Data {
        /// The field that holds them.
        field: &'static str,
        /// Where they lie.
        range: Range<u64>,
    },
    /// A field that the message does not have.
    Unknown {
        /// Its number.
        number: u32,
        /// Where its value lies.
        range: Range<u64>,
    },
}

/// Reads `content` as a `kind` and hands each fact to `tell`.
///
/// # Errors
/// The first broken rule of the wire format, a limit, or what reading raises.
pub fn read(
    content: &Content,
    kind: Kind,
    limits: &Limits,
    budget: &mut Budget,
    tell: &mut dyn FnMut(Fact),
) -> Result<(), Error> {
    let mut walker = Walker::new(content, kind.schema(), limits, budget);
    let mut open = Open::default();
    while let Some(event) = walker.step()? {
        match event {
            Event::Enter { schema, range, .. } => open.enter(schema, range),
            Event::Leave { schema } => open.leave(schema, tell),
            Event::Text { field, bytes, range } => {
                open.text(field, &String::from_utf8_lossy(&bytes), range, tell)
            }
            Event::Number { .. } => {}
            Event::Data { field, range } => {
                if field == "metadata" {
                    let object = open.object.clone();
                    tell(Fact::Keras { object, range });
                } else {
                    tell(Fact::Data { field, range });
                }
            }
            Event::Unknown { number, range } => tell(Fact::Unknown { number, range }),
        }
    }
    Ok(())
}

/// Texts that are kept of a constant.
const MOST_CONSTANTS: usize = 64;
/// Texts of the other attributes that are kept for one node, and their bytes.
const MOST_TEXTS: usize = 16_384;
const MOST_BYTES: usize = 1 << 20;
/// Inputs that are kept for one node.
const MOST_INPUTS: usize = 16;

impl Node {
    /// A node that stands in `function`, about which nothing else is known yet.
    #[must_use]
    pub fn new(function: String, range: Range<u64>) -> Self {
        Self {
            function,
            range,
            ..Self::default()
        }
    }

    /// Keeps a text of the attribute.
    pub fn keep(&mut self, attribute: &str, text: &str) {
        let is_constant = attribute == "value";
        if is_constant && self.texts.len() >= MOST_CONSTANTS {
            return;
        }
        if self.texts.len() >= MOST_TEXTS || self.bytes.saturating_add(text.len()) > MOST_BYTES {
            self.is_cut = true;
            return;
        }
        self.bytes = self.bytes.saturating_add(text.len());
        self.texts.push((attribute.to_owned(), text.to_owned()));
    }

    /// Keeps an input.
    pub fn take(&mut self, input: &str) {
        if self.inputs.len() < MOST_INPUTS {
            self.inputs.push(input.to_owned());
        }
    }
}

/// What stands around the place that is being read.
#[derive(Default)]
struct Open {
    messages: Vec<&'static str>,
    node: Option<Node>,
    function: String,
    /// The names of the attributes around, outermost first.
    attributes: Vec<String>,
    object: String,
}

impl Open {
    fn enter(&mut self, schema: &'static Schema, range: Range<u64>) {
        self.messages.push(schema.name);
        match schema.name {
            "NodeDef" => {
                self.node = Some(Node::new(self.function.clone(), range));
            }
            "AttrEntry" => self.attributes.push(String::new()),
            "FunctionDef" => self.function.clear(),
            "KerasObject" => self.object.clear(),
            _ => {}
        }
    }

    fn leave(&mut self, schema: &'static Schema, tell: &mut dyn FnMut(Fact)) {
        self.messages.pop();
        match schema.name {
            "NodeDef" => {
                if let Some(node) = self.node.take() {
                    tell(Fact::Node(node));
                }
            }
            "AttrEntry" => {
                self.attributes.pop();
            }
            "FunctionDef" => self.function.clear(),
            _ => {}
        }
    }

    fn text(&mut self, field: &'static str, text: &str, range: Range<u64>, tell: &mut dyn FnMut(Fact)) {
        let message = self.messages.last().copied().unwrap_or_default();
        match (message, field, &mut self.node) {
            ("NodeDef", "name", Some(node)) => text.clone_into(&mut node.name),
            ("NodeDef", "op", Some(node)) => text.clone_into(&mut node.operator),
            ("NodeDef", "input", Some(node)) => node.take(text),
            ("OpDef", "name", None) => {
                text.clone_into(&mut self.function);
                tell(Fact::Function {
                    name: text.to_owned(),
                });
            }
            ("TensorInfo", "name", _) => tell(Fact::AssetTensor {
                name: text.to_owned(),
            }),
            ("AttrEntry", "key", _) => {
                if let Some(attribute) = self.attributes.last_mut() {
                    text.clone_into(attribute);
                }
            }
            ("AssetFileDef", "filename", _) => tell(Fact::Asset {
                name: text.to_owned(),
                range,
            }),
            ("KerasObject", "node_path", _) => text.clone_into(&mut self.object),
            (
                "AttrValue" | "AttrValue.ListValue" | "NameAttrList" | "TensorProto",
                "s" | "placeholder" | "function" | "string_val",
                Some(node),
            ) => {
                let attribute = self.attributes.first().map_or("", String::as_str);
                node.keep(attribute, text);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u8, body: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(body.len()).unwrap()], body].concat()
    }

    fn node(name: &[u8], operator: &[u8], rest: &[u8]) -> Vec<u8> {
        [message(1, name), message(2, operator), rest.to_vec()].concat()
    }

    fn kinds(bytes: Vec<u8>) -> Vec<Kind> {
        Kind::all_of(&bytes.into(), &Limits::default()).unwrap()
    }

    fn facts(bytes: Vec<u8>, kind: Kind) -> Vec<Fact> {
        let limits = Limits::default();
        let mut budget = Budget::new(&limits);
        let mut facts = Vec::new();
        read(&bytes.into(), kind, &limits, &mut budget, &mut |fact| {
            facts.push(fact);
        })
        .unwrap();
        facts
    }

    #[test]
    fn a_node_in_a_function_is_found_with_its_texts() {
        let attribute = message(
            5,
            &[message(1, b"file"), message(2, &message(2, b"x.txt"))].concat(),
        );
        let inner = message(3, &node(b"n", b"WriteFile", &attribute));
        let function = message(1, &[message(1, &message(1, b"f")), inner].concat());
        let graph = message(2, &function);
        assert!(kinds(graph.clone()).contains(&Kind::Graph));
        let facts = facts(graph, Kind::Graph);
        let [Fact::Function { .. }, Fact::Node(node)] = facts.as_slice() else {
            panic!("{facts:?}")
        };
        assert_eq!(
            (node.function.as_str(), node.operator.as_str()),
            ("f", "WriteFile")
        );
        assert_eq!(node.texts, [("file".to_owned(), "x.txt".to_owned())]);
    }

    #[test]
    fn the_kind_is_told_by_the_fields() {
        let graph = message(1, &node(b"n", b"Const", b""));
        assert_eq!(kinds(graph.clone()), [Kind::Graph]);
        let keras = message(
            1,
            &[&[0x10, 1][..], &message(3, b"root"), &message(5, b"{}")].concat(),
        );
        assert_eq!(kinds(keras.clone()), [Kind::KerasMetadata]);
        let told = facts(keras, Kind::KerasMetadata);
        assert!(matches!(told.as_slice(), [Fact::Keras { object, .. }] if object == "root"));
        let saved = [&[8, 1][..], &message(2, &message(2, &graph))].concat();
        assert_eq!(kinds(saved), [Kind::SavedModel]);
        assert_eq!(kinds(b"some text".to_vec()), []);
    }
}

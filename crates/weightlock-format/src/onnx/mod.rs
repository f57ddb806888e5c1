//! ONNX: a graph of operators as a protocol buffer. <https://github.com/onnx/onnx/blob/main/docs/IR.md>
//!
//! [`read`] walks the whole file once and hands out [`Fact`]s: every tensor wherever it hides (initializers,
//! attributes, subgraphs, functions, training, sparse values and indices), every node, every function. Nothing is
//! held but what stands around the place that is being read, so a model of many gigabytes needs little memory.
//!
//! Weights beside the file are named by `external_data`: pairs of key and value, of which `location` is a path.
//! Loaders take the first or the last of two equal keys, so every one is handed out.

mod schema;
mod tensor;

use std::ops::Range;

use weightlock_artifact::reason::Code;

use self::schema::{MODEL, SEQUENCE, TENSOR};
pub use self::tensor::Tensor;
use crate::{
    Error, Named,
    content::Content,
    limits::{Budget, Limits},
    protobuf::{Event, Schema, Walker, fits},
    reason,
};

/// A broken rule of ONNX.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A dimension is negative, or the product of the dimensions or its bytes overflows.
    #[error("tensor {0}: a dimension is negative, or their product overflows")]
    Shape(Named),
    /// The data has another size than type and dimensions say.
    #[error("tensor {name}: {found} bytes of data are there and its shape needs {needed}")]
    WrongSize {
        /// The tensor.
        name: Named,
        /// Bytes by type and dimensions.
        needed: u64,
        /// Bytes there.
        found: u64,
    },
    /// An offset or length of external data is not a number.
    #[error("tensor {0}: offset or length of its external data is not a number")]
    External(Named),
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Shape(_) | Self::WrongSize { .. } => reason::RANGE,
            Self::External(_) => reason::MALFORMED,
        }
    }
}

/// A node: one use of an operator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Node {
    /// The name of the node, which nothing depends on.
    pub name: String,
    /// The operator.
    pub operator: String,
    /// The set of operators it belongs to; empty for the standard one.
    pub domain: String,
    /// The names of its first inputs.
    pub inputs: Vec<String>,
    /// Its attributes that are texts, by name.
    pub texts: Vec<(String, String)>,
    /// Where it lies.
    pub range: Range<u64>,
}

/// Something that was read.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A node has been read.
    Node(Node),
    /// A tensor has been read.
    Tensor(Tensor),
    /// The file defines this function itself.
    Function {
        /// Its domain.
        domain: String,
        /// Its name.
        name: String,
    },
    /// A text of the metadata.
    Metadata {
        /// Its key.
        key: String,
        /// Where the value lies.
        range: Range<u64>,
    },
    /// A text of the model itself: `producer_name`, `producer_version`, `domain`.
    Header {
        /// The field.
        field: &'static str,
        /// The text.
        text: String,
    },
    /// A set of operators that the model needs.
    Operators {
        /// Its domain; empty for the standard one.
        domain: String,
        /// Its version.
        version: u64,
    },
    /// What goes into the outermost graph, or comes out of it.
    Port {
        /// `input` or `output`.
        field: &'static str,
        /// Its name.
        name: String,
    },
    /// The bytes of a tensor.
    Data {
        /// The field that holds them.
        field: &'static str,
        /// Where they lie.
        range: Range<u64>,
    },
    /// A field that ONNX does not have.
    Unknown {
        /// The message and the number of the field.
        field: String,
        /// Where its value lies.
        range: Range<u64>,
    },
}

/// What the outermost message of a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A model.
    Model,
    /// One tensor: an input or an output that comes with a model, to try it with.
    Tensor,
    /// A sequence or an optional value, for the same purpose.
    Sequence,
}

impl Kind {
    /// What `content` is; `None` when it is nothing of ONNX. A tensor or a sequence must be whole: there is nothing
    /// else to tell it by.
    ///
    /// # Errors
    /// What reading raises.
    pub fn of(content: &Content, limits: &Limits) -> std::io::Result<Option<Self>> {
        let fits = |kind: Self, required: &[u32]| fits(content, kind.schema(), required, limits);
        Ok(if fits(Self::Model, &[7, 25])? {
            Some(Self::Model)
        } else if fits(Self::Tensor, &[2])? && Self::Tensor.is_whole(content, limits)? {
            Some(Self::Tensor)
        } else if fits(Self::Sequence, &[2])? && Self::Sequence.is_whole(content, limits)? {
            Some(Self::Sequence)
        } else {
            None
        })
    }

    const fn schema(self) -> &'static Schema {
        match self {
            Self::Model => &MODEL,
            Self::Tensor => &TENSOR,
            Self::Sequence => &SEQUENCE,
        }
    }

    /// Whether all fields are known and every tensor has a type, and data of the size that it needs.
    fn is_whole(self, content: &Content, limits: &Limits) -> std::io::Result<bool> {
        let mut whole = true;
        let mut budget = Budget::new(limits);
        let end = read(content, self, limits, &mut budget, &mut |fact| match fact {
            Fact::Tensor(tensor) => whole &= tensor.problem.is_none() && tensor.has_known_type(),
            // Nobody writes segments; a sequence would pass for a tensor that has one.
            Fact::Unknown { .. } | Fact::Data { field: "segment", .. } => whole = false,
            _ => {}
        });
        match end {
            Ok(()) => Ok(whole),
            Err(Error::Io(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// Reads `content` as `kind` and hands each fact to `tell`. Everything up to the end, or to the error, has been read.
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
    let mut open = vec![Part::begin(kind.schema(), 0..content.size())];
    let mut outside = Outside::default();
    while let Some(event) = walker.step()? {
        outside.see(&event, kind, open.len(), tell);
        match event {
            Event::Enter { schema, range, .. } => open.push(Part::begin(schema, range)),
            Event::Leave { .. } => {
                let part = open.pop().unwrap_or(Part::Other);
                part.end(open.last_mut(), content, tell)?;
            }
            Event::Text { field, bytes, range } => {
                if let Some(part) = open.last_mut() {
                    part.text(field, &bytes, range);
                }
            }
            Event::Number { field, bits, .. } => {
                if let Some(Part::Tensor(tensor)) = open.last_mut() {
                    tensor.number(field, bits);
                }
            }
            Event::Data { field, range } => {
                if let Some(Part::Tensor(tensor)) = open.last_mut() {
                    tensor.data(field, &range);
                }
                tell(Fact::Data { field, range });
            }
            Event::Unknown { number, range } => {
                let field = format!("field {number}");
                tell(Fact::Unknown { field, range });
            }
        }
    }
    match open.pop() {
        Some(outermost) => outermost.end(None, content, tell),
        None => Ok(()),
    }
}

/// What a model says about itself, outside of its graph.
#[derive(Default)]
struct Outside {
    /// The field that holds the message of the second level, and of the third.
    fields: [&'static str; 2],
    domain: String,
    version: u64,
}

impl Outside {
    /// Sees an event while `depth` messages are open.
    fn see(&mut self, event: &Event, kind: Kind, depth: usize, tell: &mut dyn FnMut(Fact)) {
        if kind != Kind::Model {
            return;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match (event, depth, self.fields) {
            (Event::Enter { field, .. }, 1, _) => {
                *self = Self {
                    fields: [field, ""],
                    ..Self::default()
                };
            }
            (Event::Enter { field, .. }, 2, [first, _]) => self.fields = [first, field],
            (Event::Text { field, bytes, .. }, 1, _) if *field != "doc_string" => {
                let text = text(bytes);
                tell(Fact::Header { field, text });
            }
            (
                Event::Text {
                    field: "domain",
                    bytes,
                    ..
                },
                2,
                ["opset_import", _],
            ) => self.domain = text(bytes),
            (
                Event::Number {
                    field: "version",
                    bits,
                    ..
                },
                2,
                ["opset_import", _],
            ) => self.version = *bits,
            (Event::Leave { .. }, 2, ["opset_import", _]) => tell(Fact::Operators {
                domain: std::mem::take(&mut self.domain),
                version: self.version,
            }),
            (
                Event::Text {
                    field: "name", bytes, ..
                },
                3,
                ["graph", field @ ("input" | "output")],
            ) => {
                let name = text(bytes);
                tell(Fact::Port { field, name });
            }
            _ => {}
        }
    }
}

/// A message that is being read.
enum Part {
    Node(Node),
    Attribute {
        name: String,
        text: Option<String>,
    },
    Tensor(Tensor),
    Function {
        domain: String,
        name: String,
    },
    Entry {
        key: String,
        value: String,
        range: Range<u64>,
    },
    Other,
}

/// Names of inputs and attributes that are kept for one node.
const MOST_NAMES: usize = 16;

impl Part {
    fn begin(schema: &'static Schema, range: Range<u64>) -> Self {
        match schema.name {
            "NodeProto" => Self::Node(Node {
                range,
                ..Node::default()
            }),
            "AttributeProto" => Self::Attribute {
                name: String::new(),
                text: None,
            },
            "TensorProto" => Self::Tensor(Tensor::new(range)),
            "FunctionProto" => Self::Function {
                domain: String::new(),
                name: String::new(),
            },
            "StringStringEntryProto" => Self::Entry {
                key: String::new(),
                value: String::new(),
                range,
            },
            _ => Self::Other,
        }
    }

    fn text(&mut self, field: &'static str, bytes: &[u8], at: Range<u64>) {
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match (self, field) {
            (Self::Node(node), "name") => node.name = text(),
            (Self::Node(node), "op_type") => node.operator = text(),
            (Self::Node(node), "domain") => node.domain = text(),
            (Self::Node(node), "input") if node.inputs.len() < MOST_NAMES => node.inputs.push(text()),
            (Self::Attribute { name, .. }, "name") => *name = text(),
            (Self::Attribute { text: value, .. }, "s") => *value = Some(text()),
            (Self::Tensor(tensor), "name") => tensor.name = text(),
            (Self::Function { domain, .. }, "domain") => *domain = text(),
            (Self::Function { name, .. }, "name") => *name = text(),
            (Self::Entry { key, .. }, "key") => *key = text(),
            (Self::Entry { value, range, .. }, "value") => {
                *value = text();
                *range = at;
            }
            _ => {}
        }
    }

    /// The message has been read; `around` is the one that holds it.
    fn end(
        self,
        around: Option<&mut Self>,
        content: &Content,
        tell: &mut dyn FnMut(Fact),
    ) -> Result<(), Error> {
        match (self, around) {
            (Self::Node(node), _) => tell(Fact::Node(node)),
            (Self::Function { domain, name }, _) => tell(Fact::Function { domain, name }),
            (Self::Tensor(tensor), _) => tell(Fact::Tensor(tensor.finish(content)?)),
            (Self::Attribute { name, text }, Some(Self::Node(node))) => {
                if let Some(text) = text
                    && node.texts.len() < MOST_NAMES
                {
                    node.texts.push((name, text));
                }
            }
            (Self::Entry { key, value, .. }, Some(Self::Tensor(tensor))) => tensor.external(key, value),
            (Self::Entry { key, range, .. }, _) => tell(Fact::Metadata { key, range }),
            _ => {}
        }
        Ok(())
    }
}

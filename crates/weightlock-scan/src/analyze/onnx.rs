//! ONNX: where weights lie, who computes, and whether sizes agree.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_format::onnx::{self, Fact, Kind, Node, Tensor};

use super::{Claim, Examination, Role, Subject, walked::Walked};
use crate::{
    observation::onnx::Seen,
    reach::{Escape, escape},
};

/// Domains that runtimes have by themselves.
const KNOWN_DOMAINS: [&str; 11] = [
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.microsoft.experimental",
    "com.ms.internal.nhwc",
    "org.pytorch.aten",
];

/// Operators that call Python functions, in whatever domain.
const PYTHON_OPERATORS: [&str; 5] = ["PyOp", "PyCustomOp", "PythonOp", "PythonOpGrad", "PyFunc"];

/// Operators whose result is as large as a constant input says, and the input that says it.
const INFLATING: [(&str, usize); 7] = [
    ("Tile", 1),
    ("Expand", 1),
    ("ConstantOfShape", 0),
    ("Pad", 1),
    ("Resize", 3),
    ("OneHot", 1),
    ("Reshape", 1),
];

/// Elements that no machine holds: at a byte each, 64 GiB.
const TOO_MANY: u128 = 1 << 36;

/// Constants and operators that are remembered.
const MOST_REMEMBERED: usize = 10_000;
/// Tensors with something to be judged, and metadata, that are remembered. The largest models have 20 000.
const MOST_FACTS: usize = 100_000;

/// Examines an ONNX model, or a tensor that comes with one.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut facts = Vec::new();
    let mut walked = Walked::default();
    let mut seen = Model::default();
    let mut lost = false;
    let limits = exam.limits;
    // What only begins like a model is read as one, up to where it breaks.
    let kind = Kind::of(&subject.content, limits)
        .ok()
        .flatten()
        .unwrap_or(Kind::Model);
    let end = onnx::read(
        &subject.content,
        kind,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data { field, range } => walked.data(field, range),
            Fact::Unknown { range, .. } => walked.unknown(range),
            Fact::Node(node) => seen.node(node),
            Fact::Tensor(tensor) if is_plain(&tensor) => {}
            fact if facts.len() < MOST_FACTS => facts.push(fact),
            _ => lost = true,
        },
    );
    if lost {
        exam.lose(0);
    }
    for fact in facts {
        match fact {
            Fact::Tensor(tensor) => seen.tensor(&tensor, exam),
            Fact::Function { domain, name } => {
                seen.defined.insert((domain, name));
            }
            Fact::Metadata { key, range } => {
                let value = subject
                    .content
                    .part(range.start, range.end.saturating_sub(range.start));
                exam.inner(&format!("metadata_props[{key}]"), value, Role::Metadata);
            }
            _ => {}
        }
    }
    seen.conclude(exam);
    walked.close(end, subject, exam);
}

/// Whether nothing is to be judged of a tensor: its data lies with it, and its size agrees.
fn is_plain(tensor: &Tensor) -> bool {
    tensor.problem.is_none() && tensor.integers.is_empty() && tensor.locations().next().is_none()
}

/// What can be judged only when all of the model is known.
#[derive(Default)]
struct Model {
    /// Constant integers by the name of the tensor.
    constants: BTreeMap<String, Vec<i64>>,
    /// Nodes that make a tensor as large as a constant says.
    inflating: Vec<(Node, usize)>,
    /// Operators of unknown domains and where they first stand.
    foreign: BTreeMap<(String, String), u64>,
    /// Nodes that call Python functions; one of them is enough to refuse the model.
    python: Vec<Node>,
    /// Files outside the folder that execution providers load: node, path and where.
    contexts: Vec<(String, String, u64)>,
    /// Functions that the model defines.
    defined: BTreeSet<(String, String)>,
}

impl Model {
    fn node(&mut self, node: Node) {
        // The compiled part of a model, that an execution provider loads from a file of that name.
        let context = node.texts.iter().find(|(name, text)| {
            node.operator == "EPContext"
                && name == "ep_cache_context"
                && is_path(text)
                && escape(text).is_some()
        });
        if let Some((_, path)) = context
            && self.contexts.len() < MOST_REMEMBERED
        {
            self.contexts
                .push((node.name.clone(), path.clone(), node.range.start));
        }
        if PYTHON_OPERATORS.contains(&node.operator.as_str()) {
            if self.python.len() < MOST_REMEMBERED {
                self.python.push(node.clone());
            }
        } else if !KNOWN_DOMAINS.contains(&node.domain.as_str()) && self.foreign.len() < MOST_REMEMBERED {
            self.foreign
                .entry((node.domain.clone(), node.operator.clone()))
                .or_insert(node.range.start);
        }
        let inflating = INFLATING.iter().find(|(operator, _)| *operator == node.operator);
        if let Some(&(_, input)) = inflating
            && self.inflating.len() < MOST_REMEMBERED
        {
            self.inflating.push((node, input));
        }
    }

    fn tensor(&mut self, tensor: &Tensor, exam: &mut Examination<'_>) {
        if let Some(problem) = &tensor.problem {
            exam.problem(problem.clone());
        }
        if !tensor.integers.is_empty() && self.constants.len() < MOST_REMEMBERED {
            self.constants
                .insert(tensor.name.clone(), tensor.integers.clone());
        }
        let construct = |key: &str| Some(format!("external_data[{key}]"));
        let locations: BTreeSet<&str> = tensor.locations().collect();
        if locations.len() > 1 {
            let tensor_name = tensor.name.clone();
            let seen = Seen::Locations { tensor: tensor_name };
            exam.put(Some(tensor.range.start), construct("location"), seen);
        }
        for location in locations {
            match location_escape(location) {
                Some(escape) => {
                    let seen = Seen::ExternalData {
                        tensor: tensor.name.clone(),
                        location: location.to_owned(),
                        escape,
                    };
                    exam.put(Some(tensor.range.start), construct("location"), seen);
                }
                None => {
                    if let Ok(Some(range)) = tensor.external_range() {
                        exam.claim(Claim {
                            location: location.to_owned(),
                            range,
                        });
                    }
                }
            }
        }
    }

    fn conclude(self, exam: &mut Examination<'_>) {
        for node in &self.python {
            python_operator(node, exam);
        }
        for (tensor, location, offset) in self.contexts {
            if let Some(escape) = escape(&location) {
                let seen = Seen::ExternalData {
                    tensor,
                    location,
                    escape,
                };
                exam.put(Some(offset), Some("ep_cache_context".to_owned()), seen);
            }
        }
        for ((domain, operator), offset) in self.foreign {
            let name = (domain, operator);
            if !self.defined.contains(&name) {
                let (domain, operator) = name;
                exam.put(
                    Some(offset),
                    Some("op_type".to_owned()),
                    Seen::UnknownOperator { domain, operator },
                );
            }
        }
        for (node, input) in self.inflating {
            let constant = node.inputs.get(input).and_then(|name| self.constants.get(name));
            let elements = constant.map_or(0, |sizes| product(sizes));
            if elements > TOO_MANY {
                let operator = node.operator;
                exam.put(
                    Some(node.range.start),
                    Some("op_type".to_owned()),
                    Seen::Inflation { operator, elements },
                );
            }
        }
    }
}

/// How a location leaves the folder. The runtime takes one of its own names for an address in memory, whatever stands
/// before it.
fn location_escape(location: &str) -> Option<Escape> {
    let is_memory = location.to_ascii_uppercase().contains("_ORT_MEM_ADDR_");
    escape(location).or_else(|| is_memory.then_some(Escape::Absolute))
}

/// A model that is written as text or JSON, of which operators and files are judged.
#[derive(Default)]
pub(super) struct Text {
    model: Model,
    locations: Vec<(String, u64)>,
}

impl Text {
    /// A node.
    pub(super) fn node(&mut self, domain: &str, operator: &str, offset: u64) {
        self.model.node(Node {
            domain: domain.to_owned(),
            operator: operator.to_owned(),
            range: offset..offset,
            ..Node::default()
        });
    }

    /// A function that the model defines.
    pub(super) fn define(&mut self, domain: &str, name: &str) {
        if self.model.defined.len() < MOST_REMEMBERED {
            self.model.defined.insert((domain.to_owned(), name.to_owned()));
        }
    }

    /// Where the data of a tensor lies.
    pub(super) fn location(&mut self, location: &str, offset: u64) {
        if self.locations.len() < MOST_FACTS {
            self.locations.push((location.to_owned(), offset));
        }
    }

    /// Judges what was collected.
    pub(super) fn conclude(self, exam: &mut Examination<'_>) {
        for (location, offset) in self.locations {
            if let Some(escape) = location_escape(&location) {
                let construct = Some("external_data[location]".to_owned());
                let tensor = String::new();
                let seen = Seen::ExternalData {
                    tensor,
                    location,
                    escape,
                };
                exam.put(Some(offset), construct, seen);
            }
        }
        self.model.conclude(exam);
    }
}

/// Whether a text could be a path, and is no compiled model that stands in the attribute itself.
fn is_path(text: &str) -> bool {
    text.len() < 4096 && !text.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER)
}

/// The product of the sizes; 0 and less, which mean "as it is", count as one.
fn product(sizes: &[i64]) -> u128 {
    sizes
        .iter()
        .filter_map(|&size| u128::try_from(size).ok())
        .fold(1, |product, size| product.saturating_mul(size.max(1)))
}

fn python_operator(node: &Node, exam: &mut Examination<'_>) {
    let text = |wanted: &str| {
        let found = node.texts.iter().find(|(name, _)| name == wanted);
        found.map(|(_, text)| text.as_str())
    };
    let target = [text("module"), text("compute").or(text("func_name"))];
    let target: Vec<&str> = target.into_iter().flatten().collect();
    let seen = Seen::PythonOperator {
        operator: format!("{}::{}", node.domain, node.operator),
        target: (!target.is_empty()).then(|| target.join(".")),
    };
    exam.put(Some(node.range.start), Some("op_type".to_owned()), seen);
}

//! Protocol buffers written as text: `saved_model.pbtxt`, `graph.pbtxt`, ONNX models as `.textproto`, networks of Caffe as
//! `.prototxt`. TensorFlow and ONNX load them as they load the binary form, so the same rules judge them: nodes by their
//! operator, files by their path. A layer of Caffe may be a class of Python, which is imported and called by its name.

use weightlock_format::{
    Problem,
    protobuf::text::{Event, Reader},
    tensorflow::{Fact, Node},
};

use super::{Examination, Subject, callable::reach, onnx, tensorflow::Graph};
use crate::{coverage::Gap, observation::config::Seen};

/// Bytes of a file that are read. Graphs in text have some megabytes.
const BYTES: usize = 40 << 20;

/// Whether a file of that name is read as text protocol buffers.
pub(super) fn is_name(name: &str) -> bool {
    let ends = [
        ".pbtxt",
        ".pbtext",
        ".textproto",
        ".prototxt",
        ".txtpb",
        ".textpb",
    ];
    ends.iter().any(|end| name.ends_with(end))
}

/// Fields that only graphs have.
const MARKERS: [&[u8]; 8] = [
    b"python_param",
    b"op:",
    b"op_type",
    b"graph_def",
    b"node_def",
    b"external_data",
    b"asset_file_def",
    b"op :",
];

/// Examines text that is, or could be, a graph. `true`: it was read here, or put down as unread.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) -> bool {
    let name = subject.trail.base_name().to_ascii_lowercase();
    let size = subject.content.size();
    let text = match subject.content.whole(BYTES) {
        Ok(Some(text)) => text,
        Ok(None) if is_name(&name) => {
            let limit = BYTES as u64;
            let what = "bytes of a protocol buffer in text";
            exam.unread(0..size, Gap::Limit { what, limit });
            return true;
        }
        _ => return false,
    };
    let has = |marker: &[u8]| text.windows(marker.len()).any(|window| window == marker);
    let looks_like_one = begins(&text) && MARKERS.iter().any(|marker| has(marker));
    if !is_name(&name) && !looks_like_one {
        return false;
    }
    let mut walk = Walk::default();
    let end = walk.read(Reader::new(&text, exam.limits.nesting));
    match end {
        // Prose that only begins like one.
        Some(_) if !is_name(&name) => return false,
        Some(problem) => {
            // Where the end is missing, the last byte stands for what is not there.
            let at = problem.offset().min(size.saturating_sub(1));
            exam.explain(0..at);
            exam.unread(at..size, Gap::Malformed(problem.to_string()));
        }
        None => exam.explain(0..size),
    }
    walk.conclude(exam);
    true
}

/// Whether the text begins with a field: a name, then a colon or a bracket.
fn begins(text: &[u8]) -> bool {
    let mut reader = Reader::new(text, 64);
    matches!(reader.next(), Ok(Some(_)))
}

/// A message that is open.
struct Message {
    field: String,
    /// Its direct scalars of which something is made.
    node: Node,
    /// Of a layer of Caffe its class, and the module that has it.
    operator: String,
    domain: String,
    key: String,
    value: String,
}

/// What stands around the place that is being read.
#[derive(Default)]
struct Walk {
    open: Vec<Message>,
    graph: Graph,
    model: onnx::Text,
    /// Classes of Python that are layers, and where.
    layers: Vec<(String, u64)>,
}

impl Walk {
    fn read(&mut self, mut reader: Reader<'_>) -> Option<Problem> {
        loop {
            let offset = reader.offset();
            match reader.next() {
                Ok(Some(Event::Open(field))) => self.enter(field, offset),
                Ok(Some(Event::Close)) => self.leave(),
                Ok(Some(Event::Scalar(field, bytes))) => {
                    self.scalar(&field, &String::from_utf8_lossy(&bytes), offset);
                }
                Ok(None) => return None,
                Err(problem) => return Some(problem),
            }
        }
    }

    fn enter(&mut self, field: String, offset: u64) {
        let function = self.open.iter().rev().find(|message| message.field == "function");
        let function = function.map(|message| message.value.clone()).unwrap_or_default();
        let node = Node::new(function, offset..offset);
        self.open.push(Message {
            field,
            node,
            operator: String::new(),
            domain: String::new(),
            key: String::new(),
            value: String::new(),
        });
    }

    fn scalar(&mut self, field: &str, text: &str, offset: u64) {
        let attribute = self.attribute();
        let depth = self.open.len();
        let mut around = self.open.iter_mut().enumerate();
        let node = around.rfind(|(_, message)| matches!(message.field.as_str(), "node" | "node_def"));
        if let Some((at, node)) = node {
            match field {
                "name" if at.saturating_add(1) == depth => text.clone_into(&mut node.node.name),
                "op" if at.saturating_add(1) == depth => text.clone_into(&mut node.node.operator),
                "input" if at.saturating_add(1) == depth => node.node.take(text),
                "s" | "placeholder" | "string_val" => node.node.keep(&attribute, text),
                // Of a function that is called: the name stands in `func`.
                "name" | "function" => node.node.keep(&attribute, text),
                _ => {}
            }
        }
        let Some(message) = self.open.last_mut() else {
            return;
        };
        match field {
            "op_type" => text.clone_into(&mut message.operator),
            "domain" => text.clone_into(&mut message.domain),
            "layer" if message.field == "python_param" => text.clone_into(&mut message.operator),
            "module" if message.field == "python_param" => text.clone_into(&mut message.domain),
            "key" => text.clone_into(&mut message.key),
            "value" => text.clone_into(&mut message.value),
            "name" if message.field == "tensor_info" => {
                let name = text.to_owned();
                self.graph.see(Fact::AssetTensor { name });
            }
            "filename" if message.field == "asset_file_def" => {
                let name = text.to_owned();
                let range = offset..offset;
                self.graph.see(Fact::Asset { name, range });
            }
            "name" if message.field == "signature" => {
                let name = text.to_owned();
                if let Some(function) = self.function() {
                    function.value.clone_from(&name);
                }
                self.graph.see(Fact::Function { name });
            }
            _ => {}
        }
    }

    fn function(&mut self) -> Option<&mut Message> {
        self.open
            .iter_mut()
            .rev()
            .find(|message| message.field == "function")
    }

    /// The attribute that is being read.
    fn attribute(&self) -> String {
        let attribute = self.open.iter().find(|message| message.field == "attr");
        attribute.map(|message| message.key.clone()).unwrap_or_default()
    }

    fn leave(&mut self) {
        let Some(message) = self.open.pop() else { return };
        let offset = message.node.range.start;
        match message.field.as_str() {
            "node" | "node_def" if !message.operator.is_empty() => {
                self.model.node(&message.domain, &message.operator, offset);
            }
            "node" | "node_def" if !message.node.operator.is_empty() => {
                self.graph.see(Fact::Node(message.node));
            }
            "python_param" => {
                let class = format!("{}.{}", message.domain, message.operator);
                self.layers.push((class, offset));
            }
            "external_data" if message.key == "location" => self.model.location(&message.value, offset),
            _ => {}
        }
    }

    fn conclude(self, exam: &mut Examination<'_>) {
        self.graph.conclude(exam);
        self.model.conclude(exam);
        for (name, offset) in self.layers {
            let key = "python_param".to_owned();
            let reach = reach(&name);
            exam.put(Some(offset), Some(key.clone()), Seen::Target { key, name, reach });
        }
    }
}

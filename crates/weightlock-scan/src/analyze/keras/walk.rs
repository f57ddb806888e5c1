//! The walk over the tree of a configuration: what it names, brings, and reads.

use std::collections::VecDeque;

use weightlock_format::{
    Problem,
    json::tree::{Node, NodeId, Tree},
};

use super::{
    super::{Examination, Role, marshal::Survey},
    code::{self, Marshalled},
    is_object, may_name_classes,
};
use crate::{
    coverage::Gap,
    observation::keras::{Reference, ReferenceKind, Seen},
    reach,
};

/// Observations on one configuration. An honest one gives hardly any.
const MOST_SEEN: usize = 5_000;
/// Functions in one configuration that are looked into; others are as bad as those that cannot be read.
const MOST_CODES: u32 = 200;

/// Names that Keras gives to values of Python that JSON does not have; they hold no code.
const VALUES: &[&str] = &[
    "__bytes__",
    "__complex__",
    "__ellipsis__",
    "__keras_tensor__",
    "__numpy__",
    "__slice__",
    "__symbolic_tensor__",
    "__tensor__",
    "__tuple__",
    "CompositeTensor",
    "TensorShape",
    "TypeSpec",
];

/// Layers that load another model, with all that it may do.
const OTHER_MODELS: &[&str] = &["TFSMLayer", "KerasLayer", "HubLayer"];

/// Words of a key under which a layer keeps the path of a file.
const FILE_WORDS: &[&str] = &[
    "asset",
    "assets",
    "checkpoint",
    "dir",
    "directory",
    "file",
    "filename",
    "filepath",
    "filepaths",
    "files",
    "folder",
    "handle",
    "origin",
    "path",
    "paths",
    "proto",
    "saved",
    "uri",
    "url",
    "urls",
    "vocab",
    "vocabulary",
];

/// One walk over a tree.
pub(super) struct Walk<'a, 'e> {
    tree: &'a Tree,
    at: u64,
    field: &'a str,
    exam: &'a mut Examination<'e>,
    /// Observations with which the walk ends.
    enough: usize,
    /// Texts that may still be read as code.
    codes: u32,
}

impl<'a, 'e> Walk<'a, 'e> {
    /// A walk over `tree`, whose text begins at `at` of the content and is what `field` holds.
    pub(super) fn new(tree: &'a Tree, at: u64, field: &'a str, exam: &'a mut Examination<'e>) -> Self {
        Self {
            enough: exam.sightings.len().saturating_add(MOST_SEEN),
            codes: MOST_CODES,
            tree,
            at,
            field,
            exam,
        }
    }
}

impl Walk<'_, '_> {
    /// Walks all of it, whatever the keys.
    pub(super) fn all(&mut self) {
        let tree = self.tree;
        for id in tree.duplicates() {
            if !self.has_room(id) {
                return;
            }
            let key = tree.key(id).unwrap_or_default().to_owned();
            self.put(id, Seen::DuplicateKey { key });
        }
        for (id, node) in tree.nodes() {
            if !self.has_room(id) {
                return;
            }
            match node {
                Node::Object(_) => self.object(id),
                Node::Text(text) => self.text(id, text),
                Node::Array(_) | Node::Other | Node::Null => {}
            }
        }
    }

    /// An object, which may name a class or function.
    fn object(&mut self, id: NodeId) {
        let tree = self.tree;
        for name in few(tree.texts(id, "class_name")) {
            self.named(id, name);
        }
        for name in few(tree.texts(id, "spec_name")) {
            self.references(id, ReferenceKind::Class, name);
        }
    }

    fn named(&mut self, id: NodeId, class: &str) {
        let tree = self.tree;
        // `layers.Lambda` of the module `keras`, and `keras>Lambda`, are Lambda.
        let plain = class.rsplit(['.', '>']).next().unwrap_or(class);
        match plain {
            "function" => {
                for config in few(tree.all(id, "config")) {
                    match tree.node(config) {
                        Some(Node::Text(name)) => self.references(id, ReferenceKind::Function, name),
                        _ => self.references(id, ReferenceKind::Function, "(computed)"),
                    }
                }
            }
            "Lambda" => self.lambda(id),
            "__lambda__" => self.inline_function(id),
            "TorchModuleWrapper" => self.torch_module(id),
            "TFOpLambda" | "SlicingOpLambda" => {
                for config in few(tree.all(id, "config")) {
                    for name in few(tree.texts(config, "function")) {
                        self.references(id, ReferenceKind::TensorflowSymbol, name);
                    }
                }
            }
            _ if OTHER_MODELS.contains(&plain) => {
                let class = plain.to_owned();
                self.put(id, Seen::OtherModel { class });
            }
            "__typespec__" => {}
            _ if VALUES.contains(&plain) => {}
            _ if is_object(tree, id) => self.references(id, ReferenceKind::Class, class),
            _ => {}
        }
    }

    /// `name` with every module and registered name that the object states.
    fn references(&mut self, id: NodeId, kind: ReferenceKind, name: &str) {
        let tree = self.tree;
        let registered = few(tree.texts(id, "registered_name"));
        let mut modules: Vec<_> = tree
            .texts(id, "module")
            .map(|module| Some(module.to_owned()))
            .collect();
        if modules.is_empty() {
            modules.push(None);
        }
        for module in modules {
            let seen = Seen::Reference(Reference {
                kind,
                module,
                name: name.to_owned(),
                registered: registered.last().map(|&name| name.to_owned()),
            });
            self.put(id, seen);
        }
    }

    /// A Lambda layer: code is found wherever it lies; here what is neither code nor an object of its own.
    fn lambda(&mut self, id: NodeId) {
        let tree = self.tree;
        for config in few(tree.all(id, "config")) {
            for key in ["function", "output_shape", "mask"] {
                for value in few(tree.all(config, key)) {
                    let first = match tree.node(value) {
                        Some(Node::Array(items)) => items.first().copied(),
                        _ => Some(value),
                    };
                    if let Some((value, text)) = first.and_then(|first| Some((first, tree.text(first)?))) {
                        self.function(value, text);
                    }
                }
            }
        }
    }

    /// What a Lambda layer has in place of a function: code, or the name of one.
    fn function(&mut self, id: NodeId, text: &str) {
        match self.code(text) {
            // Told where every text is looked at.
            Marshalled::Code(_) => {}
            Marshalled::No if is_identifier(text) => {
                let name = text.to_owned();
                self.put(id, Seen::NamedFunction { name });
            }
            _ => match self.raw_code(text) {
                Some(survey) => self.put(
                    id,
                    Seen::Code {
                        reached: Some(survey.reached),
                    },
                ),
                None => self.put(id, Seen::Code { reached: None }),
            },
        }
    }

    /// `__lambda__` of Keras 3: code under `config.code`.
    fn inline_function(&mut self, id: NodeId) {
        let tree = self.tree;
        let mut found = false;
        for config in few(tree.all(id, "config")) {
            for value in few(tree.all(config, "code")) {
                if let Some(text) = tree.text(value) {
                    found = true;
                    if !matches!(self.code(text), Marshalled::Code(_)) {
                        let survey = self.raw_code(text);
                        let reached = survey.map(|survey| survey.reached);
                        self.put(value, Seen::Code { reached });
                    }
                }
            }
        }
        if !found {
            self.put(id, Seen::Code { reached: None });
        }
    }

    fn torch_module(&mut self, id: NodeId) {
        let tree = self.tree;
        self.put(id, Seen::TorchModule);
        for config in few(tree.all(id, "config")) {
            for module in few(tree.all(config, "module")) {
                // Bytes come as an object `__bytes__`, whose value is text.
                let inner = few(tree.all(module, "config"))
                    .into_iter()
                    .flat_map(|config| few(tree.all(config, "value")));
                for value in std::iter::once(module).chain(inner) {
                    if let Some(text) = tree.text(value) {
                        let name = self.place(value);
                        for bytes in code::bytes(text) {
                            self.exam.inner(&name, bytes.into(), Role::Plain);
                        }
                    }
                }
            }
        }
    }

    /// A text: marshalled code anywhere, or the path of a file.
    fn text(&mut self, id: NodeId, text: &str) {
        match self.code(text) {
            Marshalled::Code(survey) => self.put(
                id,
                Seen::Code {
                    reached: Some(survey.reached),
                },
            ),
            // A configuration that another one keeps as text.
            _ if text.starts_with('{') && may_name_classes(text.as_bytes()) => {
                let name = self.place(id);
                self.exam
                    .inner(&name, text.as_bytes().to_vec().into(), Role::Plain);
            }
            Marshalled::Broken | Marshalled::No => self.file(id, text),
        }
    }

    fn file(&mut self, id: NodeId, text: &str) {
        let tree = self.tree;
        let Some(key) = tree.key(id).filter(|key| is_file_key(key)) else {
            return;
        };
        let around = tree.around(id);
        let in_config = around.is_some_and(|around| {
            let outer = tree.around(around);
            matches!(tree.key(around), Some("config" | "arguments" | "kwargs"))
                && outer.is_some_and(|outer| tree.key(around) != Some("config") || is_object(tree, outer))
        });
        let is_beside = key == "vocabulary" || key == "filepath";
        let is_text = text.len() > 1024 || text.is_empty();
        if in_config && !is_text && (is_beside || reach::escape(text).is_some()) {
            let (key, path) = (key.to_owned(), text.to_owned());
            self.put(id, Seen::File { key, path });
        }
    }

    /// Whether a text is marshalled code in base64.
    fn code(&mut self, text: &str) -> Marshalled {
        if !code::may_be(text) {
            return Marshalled::No;
        }
        self.codes = self.codes.saturating_sub(1);
        if self.codes == 0 {
            Marshalled::Broken
        } else {
            code::find(text, self.exam.limits)
        }
    }

    /// The code that the characters of a text are.
    fn raw_code(&mut self, text: &str) -> Option<Survey> {
        self.codes = self.codes.saturating_sub(1);
        (self.codes > 0)
            .then(|| code::find_raw(text, self.exam.limits))
            .flatten()
    }

    fn place(&self, id: NodeId) -> String {
        let path = self.tree.path(id);
        match (self.field, path.as_str()) {
            ("", "") => "(root)".to_owned(),
            ("", _) => path,
            (field, "") => field.to_owned(),
            (field, path) => format!("{field}: {path}"),
        }
    }

    fn put(&mut self, id: NodeId, seen: Seen) {
        let offset = self.at.saturating_add(self.tree.offset(id));
        let place = self.place(id);
        self.exam.put(Some(offset), Some(place), seen);
    }

    /// Whether more may be put down.
    fn has_room(&mut self, id: NodeId) -> bool {
        let asked = self.exam.sightings.len() as u64;
        let limit = self.enough as u64;
        if asked >= limit {
            let offset = self.at.saturating_add(self.tree.offset(id));
            let what = "the number of observations on a Keras configuration";
            self.exam.problem(Problem::LimitExceeded {
                offset,
                what,
                asked,
                limit,
            });
            self.exam.gap(offset, 0, Gap::Limit { what, limit });
        }
        asked < limit
    }
}

/// The values of one key. Who repeats a key for ever gets the first and the last: those that readers take.
fn few<T>(values: impl Iterator<Item = T>) -> Vec<T> {
    const ENDS: usize = 8;
    let mut kept = VecDeque::new();
    let mut first = Vec::new();
    for value in values {
        if first.len() < ENDS {
            first.push(value);
        } else {
            kept.push_back(value);
            if kept.len() > ENDS {
                kept.pop_front();
            }
        }
    }
    first.extend(kept);
    first
}

/// Whether one of the words of a key is that of a file.
fn is_file_key(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    lower
        .split(|character: char| !character.is_ascii_alphanumeric())
        .any(|word| FILE_WORDS.contains(&word))
}

fn is_identifier(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.>".contains(&byte);
    !text.is_empty() && text.len() <= 128 && text.bytes().all(plain)
}

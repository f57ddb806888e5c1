//! Documents that are more than data: what a configuration in YAML or JSON has built, loaded or run.
//!
//! YAML is told by its name, as its readers do, or by its first line together with something that only a
//! configuration has; prose that quotes YAML is not taken for it. What JSON asks for is collected while it is walked
//! ([`Asked`]).

mod expression;
mod mlflow;
mod skops;
mod target;

pub(super) use self::mlflow::{named_module, names_module};

use memchr::memmem;
use weightlock_format::{
    Error, Problem,
    content::Content,
    json::{
        self,
        tree::Tree,
        walk::{Step, Token, Walk},
    },
    yaml::{self, Scalar, Stream},
};

use super::{
    Examination, Subject, onnx,
    python::{is_commit, notebook},
};
use crate::{
    coverage::Gap,
    observation::{
        config::{Seen, Source, TargetReach},
        python::{RemoteCode, Seen as Python},
    },
};

/// Whether a file of that name is read as YAML.
pub(super) fn is_yaml_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".yaml") || name.ends_with(".yml") || name == "mlmodel"
}

/// Examines a file that is read as YAML.
pub(super) fn yaml(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let text = match subject.content.whole(exam.limits.text) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let limit = exam.limits.text as u64;
            return exam.unread(
                0..size,
                Gap::Limit {
                    what: "bytes of YAML text",
                    limit,
                },
            );
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    let stream = match yaml::read(&text, exam.limits) {
        Ok(stream) => stream,
        Err(Error::Refused(problem)) => return exam.unread(0..size, Gap::Malformed(problem.to_string())),
        Err(error) => return exam.gave_up(error, subject),
    };
    let end = stream
        .broken
        .as_ref()
        .map_or(size, |problem| problem.offset().min(size));
    exam.explain(0..end);
    if let Some(problem) = &stream.broken {
        let gap = match problem {
            Problem::LimitExceeded { what, limit, .. } => Gap::Limit { what, limit: *limit },
            _ => Gap::Malformed(problem.to_string()),
        };
        exam.unread(end..size, gap);
    }
    judge(&stream, subject, exam);
}

/// Examines text that nothing but its content tells to be YAML: for what it asks, not for how much of it is YAML.
pub(super) fn perhaps_yaml(subject: &Subject, exam: &mut Examination<'_>) {
    let name = subject.trail.base_name().to_ascii_lowercase();
    let is_prose = [".md", ".markdown", ".rst", ".txt", ".html", ".tex"]
        .iter()
        .any(|end| name.ends_with(end));
    if is_prose || is_yaml_name(&name) || super::python::is_source_name(&name) {
        return;
    }
    if !looks_like_yaml(&subject.content).unwrap_or(false) {
        return;
    }
    let size = subject.content.size();
    let text = match subject.content.whole(exam.limits.text) {
        Ok(Some(text)) => text,
        // As text it is accounted for elsewhere, so this is said beside that.
        Ok(None) => {
            let limit = exam.limits.text as u64;
            let what = "bytes of YAML text";
            return exam.gap(0, size, Gap::Limit { what, limit });
        }
        Err(error) => return exam.gap(0, size, Gap::Unreadable(error.to_string())),
    };
    if let Ok(stream) = yaml::read(&text, exam.limits) {
        judge(&stream, subject, exam);
    }
}

/// Bytes in which the first line of YAML is looked for, behind comments and blank lines.
const FIRST_LINE: usize = 64 << 10;
/// Bytes that are searched at once for what only configurations hold.
const WINDOW: usize = 1 << 20;
/// What only configurations hold.
const MARKERS: &[&[u8]] = &[
    b"_target_",
    b"!!",
    b"!<",
    b"!new:",
    b"!apply:",
    b"loader_module",
    b"_component_",
];

/// A first line as YAML has it, and something that only configurations hold.
fn looks_like_yaml(content: &Content) -> std::io::Result<bool> {
    let head = content.read(0, FIRST_LINE)?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    // Whoever writes so many comments has something to hide in front of.
    let is_hidden = first.is_none() && content.size() > FIRST_LINE as u64;
    if !is_hidden && !is_first_line(first.unwrap_or_default()) {
        return Ok(false);
    }
    let finders: Vec<_> = MARKERS
        .iter()
        .map(|marker| memmem::Finder::new(*marker))
        .collect();
    let mut at = 0_u64;
    while at < content.size() {
        let window = content.read(at, WINDOW)?;
        if finders.iter().any(|finder| finder.find(&window).is_some()) {
            return Ok(true);
        }
        if window.len() < WINDOW {
            break;
        }
        // A marker may lie across the edge.
        at = at.saturating_add(window.len().saturating_sub(16) as u64);
    }
    Ok(false)
}

fn is_first_line(first: &[u8]) -> bool {
    let key_end = first.iter().position(|&byte| byte == b':').unwrap_or(0);
    let key = first.get(..key_end).unwrap_or_default();
    let is_key = !key.is_empty()
        && key
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.\"'".contains(byte));
    is_key
        || [&b"---"[..], b"- ", b"%YAML", b"%TAG", b"!!", b"!<", b"{"]
            .iter()
            .any(|start| first.starts_with(start))
}

/// What a YAML stream asks for.
fn judge(stream: &Stream, subject: &Subject, exam: &mut Examination<'_>) {
    let name = subject.trail.base_name();
    for problem in &stream.problems {
        if let Problem::LimitExceeded { .. } = problem {
            exam.problem(problem.clone());
        }
        if let Problem::Malformed {
            fault: weightlock_format::Fault::Yaml(yaml::Fault::DuplicateKey(key)),
            ..
        } = problem
            && target::decides(key.as_str())
        {
            exam.problem(problem.clone());
        }
    }
    for tag in &stream.tags {
        if let Some(seen) = target::of_tag(tag) {
            exam.put(Some(tag.offset), Some(tag.path.clone()), seen);
        }
    }
    // The architecture of a model of Keras 2 in YAML: its functions are marshalled code.
    let is_architecture = stream.scalars.iter().any(|scalar| scalar.key == "class_name");
    for scalar in &stream.scalars {
        scalar_asks(scalar, stream, exam);
        if let Some(code) = super::keras::code_in(&scalar.text, exam.limits).filter(|_| is_architecture) {
            exam.put(Some(scalar.offset), Some(scalar.path.clone()), code);
        }
    }
    if name.eq_ignore_ascii_case("MLmodel")
        || stream.scalars.iter().any(|scalar| scalar.key == "loader_module")
    {
        mlflow::judge(stream, exam);
    }
    if [
        "conda.yaml",
        "conda.yml",
        "environment.yml",
        "environment.yaml",
        "python_env.yaml",
    ]
    .contains(&name)
    {
        packages(stream, exam);
    }
}

fn scalar_asks(scalar: &Scalar, stream: &Stream, exam: &mut Examination<'_>) {
    expression::look(&scalar.key, &scalar.text, &scalar.path, exam);
    let resolve = |path: &str| stream.at(path).map(|scalar| scalar.text.clone());
    if let Some(seen) = target::of_value(&scalar.key, &scalar.text, resolve) {
        exam.put(Some(scalar.offset), Some(scalar.path.clone()), seen);
    }
    if let Some(resolver) = target::resolver(&scalar.text) {
        exam.put(
            Some(scalar.offset),
            Some(scalar.path.clone()),
            Seen::Interpolation { resolver },
        );
    }
    let is_true = scalar.plain
        && matches!(
            scalar.text.as_str(),
            "true" | "True" | "TRUE" | "yes" | "on" | "y"
        );
    let agrees = matches!(scalar.key.as_str(), "trust_remote_code" | "trust-remote-code") && is_true;
    if agrees || super::script::agrees_in_words(&scalar.text) {
        let around = scalar.path.strip_suffix(&scalar.key).unwrap_or_default();
        let revision = stream.at(&format!("{around}revision"));
        exam.put(
            Some(scalar.offset),
            Some(scalar.path.clone()),
            Python::RemoteCode(RemoteCode {
                name: scalar.path.clone(),
                is_pinned: revision.is_some_and(|revision| is_commit(&revision.text)),
                in_model_code: false,
            }),
        );
    }
}

/// Packages of an environment that come from elsewhere.
fn packages(stream: &Stream, exam: &mut Examination<'_>) {
    for scalar in &stream.scalars {
        let text = scalar.text.as_str();
        let option = [
            "--index-url",
            "--extra-index-url",
            "--find-links",
            "-i ",
            "-f ",
            "--trusted-host",
        ];
        let source =
            if text.contains("http://") || text.contains("git://") || text.starts_with("--trusted-host") {
                Source::Insecure
            } else if option.iter().any(|option| text.starts_with(option))
                && !text.contains("https://pypi.org/")
            {
                match text.contains("https://download.pytorch.org/") {
                    true => Source::KnownIndex,
                    false => Source::Index,
                }
            } else if text.contains("git+") || text.contains("://") && scalar.key != "channels" {
                Source::Address
            } else {
                continue;
            };
        let line = text.chars().take(200).collect();
        exam.put(
            Some(scalar.offset),
            Some(scalar.path.clone()),
            Seen::PackageSource { line, source },
        );
    }
}

/// What a JSON text asks for, collected while it is walked.
#[derive(Default)]
pub(super) struct Asked {
    /// Of each open object or array, what its keys tell.
    open: Vec<Keys>,
    /// Keys of an outermost object.
    root: Keys,
    /// An object names a class and brings what it is made from, as Keras writes it.
    names_class: bool,
    /// The text has a key whose value is called.
    calls: bool,
    /// An object has a key that nodes or tensors of ONNX have.
    operators: bool,
    /// What is called only where something else is, too.
    perhaps: Vec<(u64, String, Seen)>,
}

/// Keys of one object that tell what it is.
#[derive(Clone, Copy, Default)]
struct Keys {
    notebook: bool,
    graph: bool,
    class_name: bool,
    config: bool,
    /// `__class__`, `__module__`, `__loader__`.
    schema: [bool; 3],
}

/// Values under keys that are called by some programs only, which are kept until the end.
const MOST_PERHAPS: usize = 1000;

impl Asked {
    /// Looks at one value.
    pub(super) fn see(&mut self, walk: &Walk<'_>, offset: u64, token: &Token, exam: &mut Examination<'_>) {
        let opens = matches!(token, Token::Object | Token::Array);
        if matches!(token, Token::End) {
            self.open.pop();
            return;
        }
        // The way ends within what begins here.
        if let Some(Step::Key(key)) = walk.way().rev().nth(usize::from(opens)) {
            self.key(key, token);
            if let Token::Text(text) = token {
                self.text(key, text, offset, walk, exam);
            }
        }
        if let Token::Text(text) = token
            && text.starts_with('$')
        {
            expression::look("", text, &walk.path(), exam);
        }
        if opens {
            self.open.push(Keys::default());
        }
    }

    fn key(&mut self, key: &str, token: &Token) {
        let is_root = self.open.len() == 1;
        let Some(keys) = self.open.last_mut() else {
            return;
        };
        match key {
            "nbformat" => keys.notebook = true,
            "graph" => keys.graph = true,
            "opType" | "op_type" | "externalData" | "external_data" => {
                self.operators = true;
                return;
            }
            "class_name" => keys.class_name |= matches!(token, Token::Text(_)),
            "config" | "module" | "registered_name" => keys.config = true,
            "__class__" => keys.schema[0] = true,
            "__module__" => keys.schema[1] = true,
            "__loader__" => keys.schema[2] = true,
            _ => return,
        }
        self.names_class |= keys.class_name && keys.config;
        if is_root {
            self.root = *keys;
        }
    }

    fn text(&mut self, key: &str, text: &str, offset: u64, walk: &Walk<'_>, exam: &mut Examination<'_>) {
        let is_called = target::is_called(key);
        self.calls |= is_called;
        let Some(seen) = target::of_value(key, text, |_| None) else {
            return;
        };
        if is_called {
            exam.put(Some(offset), Some(walk.path()), seen);
        } else if self.perhaps.len() < MOST_PERHAPS {
            self.perhaps.push((offset, walk.path(), seen));
        } else if self.calls {
            exam.lose(offset);
        }
    }

    /// Judges what depends on the kind of the document.
    pub(super) fn conclude(self, text: &[u8], exam: &mut Examination<'_>) {
        let is_schema = self.root.schema == [true; 3];
        if self.calls || self.root.notebook || is_schema {
            for (offset, path, seen) in self.perhaps {
                exam.put(Some(offset), Some(path), seen);
            }
        }
        if self.names_class {
            super::keras::examine(text, 0, "", exam);
        }
        let is_onnx = self.root.graph && self.operators;
        if !self.root.notebook && !is_schema && !is_onnx {
            return;
        }
        let limits = json::Limits {
            bytes: text.len() as u64,
            depth: exam.limits.nesting as u64,
            ..json::Limits::default()
        };
        let tree = Tree::read(text, limits);
        if let Some(Problem::LimitExceeded {
            offset, what, limit, ..
        }) = tree.problem()
        {
            let left = (text.len() as u64).saturating_sub(*offset);
            exam.gap(*offset, left, Gap::Limit { what, limit: *limit });
        }
        if self.root.notebook {
            notebook::analyze(&tree, exam);
        }
        if is_onnx {
            onnx_model(&tree, exam);
        }
        if skops::is_schema(&tree) {
            skops::judge(&tree, exam);
        }
    }
}

/// An ONNX model as JSON, with the names of fields in either spelling.
fn onnx_model(tree: &Tree, exam: &mut Examination<'_>) {
    let mut model = onnx::Text::default();
    for (id, _) in tree.nodes() {
        let offset = tree.offset(id);
        for operator in ["opType", "op_type"].iter().flat_map(|key| tree.texts(id, key)) {
            let mut domains = tree.texts(id, "domain").peekable();
            if domains.peek().is_none() {
                model.node("", operator, offset);
            }
            domains.for_each(|domain| model.node(domain, operator, offset));
        }
        if tree.texts(id, "key").any(|key| key == "location") {
            tree.texts(id, "value")
                .for_each(|location| model.location(location, offset));
        }
    }
    model.conclude(exam);
}

impl TargetReach {
    /// Whether it is worth a word.
    const fn is_notable(self) -> bool {
        !matches!(self, Self::Known)
    }
}

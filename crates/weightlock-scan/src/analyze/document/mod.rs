//! Documents that are more than data: what a configuration in YAML or JSON has built, loaded or run.
//!
//! YAML is told by its name, as its readers do, or by its first line together with something that only a
//! configuration has; prose that quotes YAML is not taken for it. JSON is looked at when it holds one of the keys that
//! matter here, besides what every JSON text is looked at for.

mod expression;
mod mlflow;
mod skops;
mod target;

use weightlock_format::{
    Error, Problem,
    json::{self, tree::Tree},
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
    let Ok(Some(text)) = subject.content.whole(exam.limits.text) else {
        return;
    };
    if !looks_like_yaml(&text) {
        return;
    }
    if let Ok(stream) = yaml::read(&text, exam.limits) {
        judge(&stream, subject, exam);
    }
}

/// A first line as YAML has it, and something that only configurations hold.
fn looks_like_yaml(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines
        .find(|line| !line.is_empty() && !line.starts_with(b"#"))
        .unwrap_or_default();
    let key_end = first.iter().position(|&byte| byte == b':').unwrap_or(0);
    let key = first.get(..key_end).unwrap_or_default();
    let is_key = !key.is_empty()
        && key
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.\"'".contains(byte));
    let is_first = is_key
        || [&b"---"[..], b"- ", b"%YAML", b"%TAG", b"!!", b"!<", b"{"]
            .iter()
            .any(|start| first.starts_with(start));
    let holds = |marker: &[u8]| text.windows(marker.len()).any(|window| window == marker);
    is_first
        && [
            &b"_target_"[..],
            b"!!",
            b"!<",
            b"!new:",
            b"!apply:",
            b"loader_module",
            b"_component_",
        ]
        .iter()
        .any(|marker| holds(marker))
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

/// Keys that make a JSON text worth a closer look.
const MARKERS: &[&[u8]] = &[
    b"\"_target_\"",
    b"\"_component_\"",
    b"\"class_path\"",
    b"\"__target__\"",
    b"\"__loader__\"",
    b"\"nbformat\"",
    b"\"opType\"",
    b"\"op_type\"",
    b"\"externalData\"",
    b"\"external_data\"",
    b"\"$",
    b"\\u00",
];

/// Examines a JSON text for what it asks.
pub(super) fn json(subject: &Subject, exam: &mut Examination<'_>) {
    let limits = json::Limits {
        depth: exam.limits.nesting as u64,
        ..json::Limits::default()
    };
    let most = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    let Ok(Some(text)) = subject.content.whole(most) else {
        return;
    };
    let holds = |marker: &[u8]| text.windows(marker.len()).any(|window| window == marker);
    if !MARKERS.iter().any(|marker| holds(marker)) {
        return;
    }
    let tree = Tree::read(&text, limits);
    let is_bundle = holds(b"\"$");
    for (id, _) in tree.nodes() {
        if let Some(text) = tree.text(id).filter(|_| is_bundle) {
            expression::look("", text, &tree.path(id), exam);
        }
        if let (Some(key), Some(text)) = (tree.key(id), tree.text(id))
            && let Some(seen) = target::of_value(key, text, |_| None)
        {
            exam.put(Some(tree.offset(id)), Some(tree.path(id)), seen);
        }
    }
    if tree.all(0, "nbformat").next().is_some() {
        notebook::analyze(&tree, exam);
    }
    if tree.all(0, "graph").next().is_some() {
        onnx_model(&tree, exam);
    }
    if skops::is_schema(&tree) {
        skops::judge(&tree, exam);
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

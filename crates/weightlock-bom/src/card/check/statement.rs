//! What statements about the model name: the inputs of its making, the run, what it was measured on.
//!
//! SLSA provenance v1 ("resolvedDependencies", "runDetails") and v0.2 ("materials", "metadata"), in-toto links ("materials"),
//! in-toto's test result ("configuration") and Weightlock's own evaluation. Roles stand in the annotation `role`.

use serde_json::Value;
use weightlock_artifact::evidence::Kind;

use crate::provenance::{
    Role,
    named::{self, Named},
};

/// A statement that counts: its signer may make such statements, and it is about the model as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// Its name among the evidence.
    pub name: &'a str,
    /// What kind of evidence it is.
    pub kind: Kind,
    /// What it says.
    pub predicate: &'a Value,
    /// Who signed it.
    pub signer: &'a str,
}

/// Something that a model was made from, as a statement names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Input {
    /// Name and address, as far as they are said.
    pub(super) names: Vec<String>,
    /// The annotation `role`, or the name where it is a word for one.
    pub(super) role: Option<String>,
    /// Algorithm and hexadecimal digits.
    pub(super) digests: Vec<(String, String)>,
}

/// Words for training data and for other inputs, beside those of [`Role`].
const DATA: [&str; 5] = ["data", "training-data", "training-dataset", "corpus", "train"];
const ELSE: [&str; 3] = ["source", "configuration", "hyperparameters"];

/// Parts of a name that only data have, and extensions of files that only data are in.
const WORDS: [&str; 5] = ["data", "dataset", "datasets", "corpus", "train"];
const EXTENSIONS: [&str; 8] = [
    "jsonl",
    "parquet",
    "csv",
    "tsv",
    "arrow",
    "tfrecord",
    "ndjson",
    "webdataset",
];

impl Input {
    /// Whether somebody says that it is training data.
    pub(super) fn is_data(&self) -> bool {
        let is_data = |role: &str| DATA.contains(&role) || Role::named(role) == Some(Role::Dataset);
        self.role.as_deref().is_some_and(is_data)
    }

    /// Whether its name says that it is data, where nobody says what it is.
    pub(super) fn looks_like_data(&self) -> bool {
        self.names.iter().any(|name| {
            let name = name.to_lowercase();
            let mut words = name.split(|letter: char| !letter.is_alphanumeric());
            let extension = name.rsplit_once('.').map(|(_, extension)| extension);
            words.any(|word| WORDS.contains(&word)) || extension.is_some_and(|it| EXTENSIONS.contains(&it))
        })
    }

    /// Whether it may be training data: nobody says that it is something else, and it is no commit.
    pub(super) fn may_be_data(&self) -> bool {
        let is_other = |role: &str| match Role::named(role) {
            Some(role) => !matches!(role, Role::Dataset | Role::Material),
            None => ELSE.contains(&role),
        };
        let is_else = self.role.as_deref().is_some_and(is_other);
        let is_code = self
            .names
            .iter()
            .any(|name| name.starts_with("git+") || name.ends_with(".git"));
        let is_commit = self
            .digests
            .iter()
            .all(|(algorithm, _)| matches!(algorithm.as_str(), "gitCommit" | "gitTree" | "sha1"));
        !is_else && !is_code && !is_commit
    }

    /// The commit that it is.
    pub(super) fn commit(&self) -> Option<&str> {
        let is_source = self.is_code()
            || self
                .names
                .iter()
                .any(|name| name.starts_with("git+") || name.contains(".git"));
        let is_commit = |algorithm: &str| algorithm == "gitCommit" || (algorithm == "sha1" && is_source);
        let commit = self.digests.iter().find(|(algorithm, _)| is_commit(algorithm));
        commit.map(|(_, hex)| hex.as_str())
    }

    fn is_code(&self) -> bool {
        matches!(self.role.as_deref(), Some("code" | "source"))
    }

    /// The digests for people.
    pub(super) fn shown(&self) -> String {
        let digests: Vec<String> = self
            .digests
            .iter()
            .map(|(name, hex)| format!("{name}:{hex}"))
            .collect();
        digests.join(", ")
    }
}

/// The inputs that provenance names.
pub(super) fn inputs(predicate: &Value) -> Vec<Input> {
    let dependencies = predicate.pointer("/buildDefinition/resolvedDependencies");
    let named = match dependencies {
        Some(list) => named::listed(Some(list)),
        None => named::materials(predicate.get("materials")),
    };
    named.into_iter().map(|it| input(it, None)).collect()
}

fn input(named: Named<'_>, role: Option<&str>) -> Input {
    let is_word = |name: &&str| Role::named(name).is_some() || ELSE.contains(name) || DATA.contains(name);
    let said = named.role.or(role);
    let digests = named.digests().map(|(name, hex)| (name.to_owned(), hex));
    Input {
        role: said.or(named.name.filter(is_word)).map(str::to_lowercase),
        digests: digests.collect(),
        names: [named.name, named.uri, named.location, named.path]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect(),
    }
}

/// What a model was measured on, as an evaluation names it with a digest.
pub(super) fn evaluated_on(predicate: &Value) -> Vec<Input> {
    let configuration = named::listed(predicate.get("configuration")).into_iter();
    let mut found: Vec<Input> = configuration.map(|it| input(it, None)).collect();
    let results = predicate.get("results").and_then(Value::as_array);
    let sets = results
        .into_iter()
        .flatten()
        .filter_map(|result| result.get("dataset"));
    let sets = sets.chain(predicate.get("dataset"));
    found.extend(sets.map(|item| input(Named::of(item), Some("evaluation-dataset"))));
    // Two results on one set name it twice.
    let mut distinct: Vec<Input> = Vec::new();
    for one in found {
        if !one.digests.is_empty() && !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

/// The digests of the files that the results of an evaluation were read from.
pub(super) fn result_files(predicate: &Value) -> Vec<String> {
    let sources = predicate.get("sources").and_then(Value::as_array);
    let hex = |source: &Value| Some(source.get("sha256")?.as_str()?.to_ascii_lowercase());
    sources.into_iter().flatten().filter_map(hex).collect()
}

/// The builder of a provenance.
pub(super) fn builder(predicate: &Value) -> Option<&str> {
    let of = |place| predicate.pointer(place).and_then(Value::as_str);
    of("/runDetails/builder/id").or_else(|| of("/builder/id"))
}

/// The run of a provenance.
pub(super) fn run(predicate: &Value) -> Option<&str> {
    let of = |place| predicate.pointer(place).and_then(Value::as_str);
    of("/runDetails/metadata/invocationId").or_else(|| of("/metadata/buildInvocationId"))
}

/// When the run began and ended.
pub(super) fn times(predicate: &Value) -> [Option<&str>; 2] {
    let of = |place| predicate.pointer(place).and_then(Value::as_str);
    [
        of("/runDetails/metadata/startedOn").or_else(|| of("/metadata/buildStartedOn")),
        of("/runDetails/metadata/finishedOn").or_else(|| of("/metadata/buildFinishedOn")),
    ]
}

/// What a provenance recorded under one of these names: anywhere in its internal parameters, or as the version of its builder.
pub(super) fn recorded(predicate: &Value, names: &[&str]) -> Vec<String> {
    let mut due: Vec<&Value> = [
        "/buildDefinition/internalParameters",
        "/runDetails/builder/version",
        "/invocation/environment",
    ]
    .iter()
    .filter_map(|place| predicate.pointer(place))
    .collect();
    let mut found = Vec::new();
    while let Some(value) = due.pop() {
        for (name, value) in value.as_object().into_iter().flatten() {
            match value.as_str() {
                Some(text) if names.contains(&name.to_lowercase().as_str()) => found.push(text.to_owned()),
                _ => due.push(value),
            }
        }
    }
    found
}

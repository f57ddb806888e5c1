//! What an in-toto statement says about lineage.
//!
//! | predicate | inputs | outputs |
//! |---|---|---|
//! | SLSA provenance v1 | `buildDefinition.resolvedDependencies` | subjects |
//! | SLSA provenance v0.2, links | `materials`, a list or a map | subjects |
//! | test result v0.1, an evaluation | `configuration`, `inputs` | the subject was measured with them |
//!
//! Subjects of a statement about a model are the model and then its files (`design` of the evidence folder), so that the model
//! is what a step made and the rest are its parts. Other statements name things that stand side by side.
//!
//! Parameters name nothing here: only what has a digest or a URI in the lists above counts, as verifiers of provenance have it.

use std::collections::BTreeMap;

use serde_json::Value;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    manifest::Subject,
    standing::Standing,
};
use weightlock_signing::{predicate::types, statement::Statement};

use super::{Builder, How, Identity, NodeId, SourceId, TooLarge};
use crate::provenance::{
    Role,
    named::{self, Named},
    urn,
};

/// What the subjects of a statement are to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subjects {
    /// The first is a model, the others are its files: everything that lies in an evidence folder.
    Model,
    /// Each stands for itself.
    Apart,
}

impl Subjects {
    /// What the subjects of a statement are that lies anywhere: those of Weightlock's own kinds are about a model.
    #[must_use]
    pub fn of(statement: &Statement) -> Self {
        let build_type = statement.predicate.pointer("/buildDefinition/buildType");
        let build_type = build_type.and_then(Value::as_str).unwrap_or_default();
        let is_ours = |uri: &str| urn::canonical(uri).starts_with("urn:weightlock:");
        if is_ours(&statement.predicate_type) || is_ours(build_type) {
            Self::Model
        } else {
            Self::Apart
        }
    }
}

/// What somebody says, and how far it is known.
#[derive(Clone, Copy, Debug)]
pub struct Told<'s> {
    /// What is said.
    pub statement: &'s Statement,
    /// SHA-256 of what it was read from.
    pub document: Digest,
    /// What its subjects are.
    pub subjects: Subjects,
    /// Verified where its signature was checked and its signer counts for it; declared otherwise.
    pub standing: Standing,
    /// Who says it.
    pub source: SourceId,
}

/// Adds what a statement says. A predicate that says nothing about lineage still tells which files a model has.
///
/// # Errors
/// [`TooLarge`].
pub fn read(builder: &mut Builder, told: &Told<'_>) -> Result<Option<NodeId>, TooLarge> {
    let outputs = outputs(builder, told)?;
    let predicate_type = told.statement.predicate_type.as_str();
    let predicate = &told.statement.predicate;
    let (named, how) = if types::is_version_of(predicate_type, types::SLSA_1) {
        let list = predicate.pointer("/buildDefinition/resolvedDependencies");
        (named::listed(list), How::Input)
    } else if predicate_type == types::SLSA_0_2 || types::is_version_of(predicate_type, types::LINK) {
        (named::materials(predicate.get("materials")), How::Input)
    } else if matches!(predicate_type, types::TEST_RESULT | types::EVALUATION) {
        let lists = ["configuration", "inputs"].map(|list| named::listed(predicate.get(list)));
        (lists.concat(), How::Evaluated)
    } else {
        return Ok(outputs.first().copied());
    };
    let inputs = inputs(builder, named, told)?;
    if how == How::Evaluated {
        for (input, output) in inputs
            .iter()
            .flat_map(|input| outputs.iter().map(move |it| (input, it)))
        {
            builder.join(*input, how, *output, told.standing, told.source)?;
        }
        return Ok(outputs.first().copied());
    }
    let step = builder.node(Identity::Step(told.document));
    if let Some(kind) = predicate
        .pointer("/buildDefinition/buildType")
        .and_then(Value::as_str)
    {
        builder.call(step, kind, told.standing);
    }
    for input in inputs {
        builder.join(input, How::Input, step, told.standing, told.source)?;
    }
    for output in &outputs {
        builder.join(step, How::Output, *output, told.standing, told.source)?;
    }
    Ok(outputs.first().copied())
}

/// What the statement is about; the files of a model are joined to it and not among them.
fn outputs(builder: &mut Builder, told: &Told<'_>) -> Result<Vec<NodeId>, TooLarge> {
    let subjects = &told.statement.subjects;
    if told.subjects == Subjects::Apart {
        return Ok(subjects
            .iter()
            .map(|it| node(builder, it, told.standing))
            .collect());
    }
    let Some((model, files)) = subjects.split_first() else {
        return Ok(Vec::new());
    };
    let model = node(builder, model, told.standing);
    for file in files {
        let node = builder.node(Identity::Content(file.sha256));
        builder.call_inside(node, &file.name);
        builder.join(node, How::PartOf, model, told.standing, told.source)?;
    }
    Ok(vec![model])
}

fn node(builder: &mut Builder, subject: &Subject, standing: Standing) -> NodeId {
    let node = builder.node(Identity::Content(subject.sha256));
    builder.call(node, &subject.name, standing);
    node
}

/// What the statement names. Files of a folder that is itself named are its parts, and no inputs beside it.
fn inputs<'v>(
    builder: &mut Builder,
    named: Vec<Named<'v>>,
    told: &Told<'_>,
) -> Result<Vec<NodeId>, TooLarge> {
    let mut wholes: BTreeMap<(Option<&str>, Option<&str>), NodeId> = BTreeMap::new();
    let mut inputs = Vec::new();
    // What a folder and its files have in common is the name and the address.
    let (files, others): (Vec<Named<'v>>, Vec<Named<'v>>) =
        named.into_iter().partition(|it| it.path.is_some());
    for named in others {
        if let Some(node) = input(builder, &named, told)? {
            wholes.entry((named.name, named.uri)).or_insert(node);
            inputs.push(node);
        }
    }
    for named in files {
        let Some(file) = input(builder, &named, told)? else {
            continue;
        };
        match wholes.get(&(named.name, named.uri)) {
            Some(whole) => builder.join(file, How::PartOf, *whole, told.standing, told.source)?,
            None => inputs.push(file),
        }
    }
    Ok(inputs)
}

/// What is named: bytes where it has their SHA-256, else a commit, else the name that it gives. Nothing where it gives none.
///
/// A name that is the word of a role, as some builders write it, is no name; and one that a file of a folder shares with the
/// folder is the folder's.
fn input(builder: &mut Builder, named: &Named<'_>, told: &Told<'_>) -> Result<Option<NodeId>, TooLarge> {
    let sha256 = named
        .digest("sha256")
        .and_then(|hex| Digest::from_hex(Algorithm::Sha256, &hex).ok());
    let commit = named.digest("gitCommit").or_else(|| named.digest("sha1"));
    let uri = named.uri;
    let names: Vec<&str> = uri
        .into_iter()
        .chain(named.name.filter(|name| Role::named(name).is_none()))
        .collect();
    let identity = match (sha256, commit) {
        (Some(sha256), _) => Identity::Content(sha256),
        (None, Some(commit)) => Identity::Named(format!("git:{commit}")),
        (None, None) => match names.first() {
            Some(name) => Identity::Named((*name).to_owned()),
            None => return Ok(None),
        },
    };
    let node = builder.node(identity);
    if let Some(path) = named.path.filter(|_| sha256.is_some()) {
        builder.call_inside(node, path);
        return Ok(Some(node));
    }
    for name in names {
        builder.call(node, name, told.standing);
    }
    // Whoever names the same thing without a digest may mean these bytes.
    if let Some(uri) = uri.filter(|_| sha256.is_some()) {
        let by_name = builder.node(Identity::Named(uri.to_owned()));
        builder.join(node, How::Called, by_name, told.standing, told.source)?;
    }
    Ok(Some(node))
}

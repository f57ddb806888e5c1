//! `weightlock diff A B`: what differs between two models, manifests or signatures: files first, then in files that
//! differ their tensors and values, their metadata, the keys of their JSON.
//!
//! 1. Each side is told by content: a model, a canonical manifest, or a signature, which is never checked here.
//! 2. Both are brought to one kind of digest; equal digests end the comparison of a file.
//! 3. Where both sides are models, files that differ are compared by content, streaming.

mod content;
mod settings;
mod side;
mod tensors;
mod text;

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    drift::{Change, Drift},
    inventory::Links,
    standing::Standing,
};

use self::{
    content::Content,
    side::{Named, Side, basis},
};
use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    explanations::{DIFFERENT, INCOMPARABLE},
    reply::Reply,
    sources,
    text::counted,
};

const VERB: &str = "diff";

/// Entries of one list in JSON; further ones are counted.
pub const MOST_LISTED: usize = 10_000;

/// Compare two models, manifests or signatures: files, tensors, values, settings.
#[derive(Args, Debug)]
#[command(after_help = "\
A and B may each be a folder, a file, a canonical manifest, or a signature (model.sig). A signature is read and not
checked: what it lists is what somebody claims. Exit codes: 0 the same, 1 different, 3 nothing comparable.")]
pub struct Arguments {
    /// What is compared
    #[arg(value_name = "A", value_parser = crate::layout::typed::target())]
    a: PathBuf,
    /// What it is compared with
    #[arg(value_name = "B", value_parser = crate::layout::typed::target())]
    b: PathBuf,
    /// Follow symbolic links to files inside a folder; links to folders are always refused
    #[arg(long)]
    allow_symlinks: bool,
    /// How files are hashed.
    #[command(flatten)]
    hashing: Hashing,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The first side.
    pub a: SideInfo,
    /// The second side.
    pub b: SideInfo,
    /// Nothing differs.
    pub same: bool,
    /// Files that differ, in component order.
    pub files: Vec<FileChange>,
    /// Tensors that differ, in files that differ; by name.
    pub tensors: Vec<TensorChange>,
    /// Tensors that were compared.
    pub tensors_compared: u64,
    /// Settings that differ: keys of JSON files and of metadata in weights.
    pub settings: Vec<SettingChange>,
    /// Entries of the lists above that are left out, because a list holds at most 10000.
    pub left_out: u64,
    /// What was not compared, and why.
    pub notes: Vec<String>,
}

/// One side.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideInfo {
    /// The path as typed.
    pub path: String,
    /// `model`, `manifest` or `signature`.
    pub kind: String,
    /// Files it has or lists.
    pub files: u64,
    /// `declared` for a manifest or signature, which was not checked; none for a model, whose bytes were read.
    #[schemars(with = "Option<String>", extend("enum" = ["declared", null]))]
    pub standing: Option<Standing>,
}

/// A file that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// What happened from A to B.
    pub change: Verdict,
    /// The name in A; in B for an added file.
    pub path: String,
    /// The name in B, for a renamed file.
    pub to: Option<String>,
    /// Bytes in A, where A is a model.
    pub size_a: Option<u64>,
    /// Bytes in B, where B is a model.
    pub size_b: Option<u64>,
}

/// What happened from A to B.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Only in B.
    Added,
    /// Only in A.
    Removed,
    /// In both, with other content.
    Changed,
    /// In both, with the same content under another name.
    Renamed,
    /// In both, with another element type or shape.
    Retyped,
}

/// A tensor that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TensorChange {
    /// Its name.
    pub name: String,
    /// What happened.
    pub change: Verdict,
    /// What it is in A.
    pub a: Option<TensorForm>,
    /// What it is in B.
    pub b: Option<TensorForm>,
    /// Values of the tensor, or blocks of values where several share bytes; zero where values were not compared.
    pub units: u64,
    /// How many of them differ.
    pub units_changed: u64,
    /// Values in each: 1, or the size of a block.
    pub values_per_unit: u64,
    /// The first few that differ.
    pub examples: Vec<ValueChange>,
}

/// What a tensor is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TensorForm {
    /// The file it lies in.
    pub file: String,
    /// Type of its elements.
    pub dtype: String,
    /// Dimensions, outermost first.
    pub shape: Vec<u64>,
}

/// A value that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueChange {
    /// Its place in each dimension; of the first value of a block.
    pub index: Vec<u64>,
    /// The value in A; none for a block.
    pub a: Option<String>,
    /// The value in B; none for a block.
    pub b: Option<String>,
    /// Bits that differ.
    pub bits: u32,
}

/// A setting that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// The file.
    pub file: String,
    /// The key, with the keys around it.
    pub key: String,
    /// The value in A, at most a line of it.
    pub a: Option<String>,
    /// The value in B, at most a line of it.
    pub b: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    answer(arguments, context).unwrap_or_else(|reasons| Reply::refusal(VERB, reasons))
}

fn answer(arguments: &Arguments, context: &Context) -> Result<Reply, Vec<Diagnostic>> {
    let (named_a, named_b) = (Named::open(&arguments.a)?, Named::open(&arguments.b)?);
    let (a, b) = sides(&named_a, &named_b, arguments, context)?;
    let drift = Drift::between(&a.digests, &b.digests, &std::collections::BTreeMap::new());
    let files: Vec<FileChange> = drift
        .changes()
        .iter()
        .filter_map(|change| FileChange::of(change, &a, &b))
        .collect();
    let content = Content::compare(&files, &a, &b, context)?;
    let difference = difference(arguments, (&named_a, &a), (&named_b, &b), files, content);
    let cached = a.from_cache + b.from_cache;
    let notes = (cached > 0).then(|| {
        format!(
            "from cache: {}; these files were not read now",
            counted(cached, "digest")
        )
    });
    Ok(reply(difference, context).with_notes(notes))
}

fn sides(
    named_a: &Named,
    named_b: &Named,
    arguments: &Arguments,
    context: &Context,
) -> Result<(Side, Side), Vec<Diagnostic>> {
    let basis = basis(named_a, named_b)?;
    let links = Links::following(arguments.allow_symlinks);
    let a = named_a.digests(basis, named_b, links, &arguments.hashing, context)?;
    let mut b = named_b.digests(basis, named_a, links, &arguments.hashing, context)?;
    if a.digests.is_empty() && b.digests.is_empty() {
        return Err(Diagnostic::new(INCOMPARABLE, "neither side has a file").into());
    }
    if a.is_single && b.is_single {
        // Two files that the user put side by side are compared whatever they are called.
        if let Some(name) = a.digests.keys().next() {
            b.rename_single(name);
        }
    }
    Ok((a, b))
}

fn difference(
    arguments: &Arguments,
    (named_a, a): (&Named, &Side),
    (named_b, b): (&Named, &Side),
    mut files: Vec<FileChange>,
    mut content: Content,
) -> Difference {
    let info = |path: &PathBuf, named: &Named, side: &Side| SideInfo {
        path: path.to_string_lossy().into_owned(),
        kind: named.kind().to_owned(),
        files: side.digests.len() as u64,
        standing: match named {
            Named::Model(_) => None,
            Named::Manifest(_) | Named::Signature(_) => Some(Standing::Declared),
        },
    };
    let same = files.is_empty();
    let left_out = cut(&mut files) + cut(&mut content.tensors) + cut(&mut content.settings);
    Difference {
        a: info(&arguments.a, named_a, a),
        b: info(&arguments.b, named_b, b),
        same,
        files,
        tensors: content.tensors,
        tensors_compared: content.tensors_compared,
        settings: content.settings,
        left_out,
        notes: content.notes,
    }
}

fn cut<T>(list: &mut Vec<T>) -> u64 {
    let more = list.len().saturating_sub(MOST_LISTED);
    list.truncate(MOST_LISTED);
    more as u64
}

fn reply(difference: Difference, context: &Context) -> Reply {
    let text = text::render(&difference, context.out);
    if difference.same {
        return Reply::yes(VERB, text, difference);
    }
    let shown = |path: &str| sources::shown(path.as_ref());
    let reason = Diagnostic::new(
        DIFFERENT,
        format!(
            "{} and {} differ",
            shown(&difference.a.path),
            shown(&difference.b.path)
        ),
    );
    Reply::refusal(VERB, vec![reason])
        .with_text(text)
        .with_result(difference)
}

impl FileChange {
    fn of(change: &Change, a: &Side, b: &Side) -> Option<Self> {
        let (verdict, path, to) = match change {
            Change::Added { path } => (Verdict::Added, path, None),
            Change::Removed { path } => (Verdict::Removed, path, None),
            Change::Changed { path, .. } => (Verdict::Changed, path, None),
            Change::Renamed { from, to } => (Verdict::Renamed, from, Some(to)),
            // Nobody names other things than files here.
            _ => return None,
        };
        Some(Self {
            change: verdict,
            path: path.as_str().to_owned(),
            to: to.map(|to| to.as_str().to_owned()),
            size_a: a.sources.get(path).map(|source| source.stamp.size),
            size_b: b.sources.get(to.unwrap_or(path)).map(|source| source.stamp.size),
        })
    }
}

//! `weightlock inventory [FOLDER…]`: which models are on this machine, and what can be told of each at a glance.
//!
//! 1. [`crate::places`] knows where tools keep models: the environment decides.
//! 2. [`find`] lists the models of each place, and follows no link but those of a hub snapshot into its own blobs.
//! 3. [`model`] looks at one: headers, configuration, whether a signature lies with it. `--scan` examines every byte.
//!
//! A list, not a verdict: the exit code says whether there are models, not whether they are good.

mod find;
mod model;
mod ollama;
mod text;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::Error;

use self::find::Listed;
use super::inspect::Counted;
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    explanations::NO_MODELS,
    interrupt,
    places::{self, Kind},
    reply::Reply,
    sources,
};

const VERB: &str = "inventory";

/// List the models on this machine.
#[derive(Args, Debug)]
#[command(after_help = "\
Looks in the caches of Hugging Face, Ollama, PyTorch and LM Studio, or in the folders that are named instead.
Headers and configuration are read; no signature is checked here. Answers: 0 listed, 3 no model found.

  weightlock inventory
  weightlock inventory --scan /srv/models")]
pub struct Arguments {
    /// Folders to look in, with all below, instead of the usual places
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Scan every model as well, and show its worst finding
    #[arg(long)]
    scan: bool,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inventoried {
    /// The models, those that can do most first.
    pub models: Vec<Model>,
    /// Counts over all models.
    pub totals: Totals,
    /// Where models were looked for.
    pub looked_in: Vec<LookedIn>,
    /// What could not be looked at, and why.
    pub not_read: Vec<String>,
}

/// A place where models were looked for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookedIn {
    /// `hugging-face`, `ollama`, `torch-hub`, `lm-studio` or `folder`.
    pub store: String,
    /// The folder.
    pub path: String,
    /// Whether it exists.
    pub exists: bool,
}

/// Counts over all models.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Models.
    pub models: u64,
    /// Bytes on disk; a file that several models share counts once.
    pub bytes: u64,
    /// Models in a format that can run code when it is loaded.
    pub can_run_code: u64,
    /// Models that come with custom code, or ask for some.
    pub custom_code: u64,
    /// Models of which not every file was understood.
    pub not_understood: u64,
    /// Models without a signature.
    pub unsigned: u64,
    /// Models that were fetched under a name that can move.
    pub not_pinned: u64,
}

/// One model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Where it was found: `hugging-face`, `ollama`, `torch-hub`, `lm-studio` or `folder`.
    pub store: String,
    /// Its name there.
    pub name: String,
    /// The folder or file; of Ollama its manifest.
    pub path: String,
    /// Its files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Files by format, in order of names. Inferred.
    pub formats: Vec<Counted>,
    /// What loading can do, judged by formats and configuration: `runs-code`, `custom-code`, `unknown`, `template` or
    /// `data`. Inferred; nothing was scanned.
    pub risk: Risk,
    /// Files that the risk rests on; the first twelve.
    pub because: Vec<String>,
    /// It comes with custom Python, or asks for some.
    pub custom_code: bool,
    /// Whether a signature lies with it: `none`, `declared` or `broken`. It was not checked.
    pub signature: Signed,
    /// The commit, or the digest of the manifest, where the place knows one.
    pub revision: Option<String>,
    /// Names that lead to this revision now, such as `main`.
    pub references: Vec<String>,
    /// Whether it was fetched by its revision rather than by a name that can move; none where nothing says how.
    pub pinned: Option<bool>,
    /// What is wrong with it as it lies there.
    pub problems: Vec<String>,
    /// What the scanner found, when it was asked.
    pub scan: Option<Scan>,
}

/// What loading a model can do, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// A format that can run code when it is loaded, or a program.
    RunsCode,
    /// Python that comes with the model, which loaders run when they are told to trust it.
    CustomCode,
    /// Not every file was understood.
    Unknown,
    /// A chat template, and data.
    Template,
    /// Data.
    Data,
}

/// Whether a signature lies with a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Signed {
    /// There is none.
    None,
    /// There is one; it was not checked.
    Declared,
    /// What is there is no signature of a model.
    Broken,
    /// What is there could not be read: a link, or a file that nobody may open.
    Unread,
}

/// What the scanner found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Whether every byte was read.
    pub complete: bool,
    /// Findings of medium severity and above.
    pub failing: u64,
    /// The worst finding of any severity.
    pub worst: Option<Worst>,
}

/// A finding.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worst {
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// The rule.
    pub rule: String,
    /// The file, and the members in it.
    pub place: String,
    /// What was seen.
    pub reason: String,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match take(arguments, context) {
        Ok(found) => answer(&found, context),
        Err(reason) => Reply::refusal(VERB, vec![reason]),
    }
}

fn take(arguments: &Arguments, context: &Context) -> Result<Inventoried, Diagnostic> {
    let places = if arguments.folders.is_empty() {
        places::usual()
    } else {
        named(&arguments.folders)?
    };
    let mut listed = Listed::default();
    for (kind, path) in &places {
        listed.look(*kind, path);
    }
    let mut models = Vec::new();
    let mut totals = Totals::default();
    let mut seen = BTreeSet::new();
    for found in listed.found {
        if interrupt::signal().is_some() {
            return Err(Error::Interrupted.into());
        }
        let looked = model::look(found, arguments.scan, context)?;
        totals.add(&looked.model);
        let new = looked
            .stamps
            .iter()
            .filter(|stamp| seen.insert((stamp.device, stamp.inode)));
        totals.bytes = new.fold(totals.bytes, |sum, stamp| sum.saturating_add(stamp.size));
        models.push(looked.model);
    }
    models.sort_by(|a, b| (a.risk, &a.store, &a.name, &a.path).cmp(&(b.risk, &b.store, &b.name, &b.path)));
    let looked_in = places.iter().map(|(kind, path)| LookedIn {
        store: kind.name().to_owned(),
        path: path.to_string_lossy().into_owned(),
        exists: path.exists(),
    });
    Ok(Inventoried {
        models,
        totals,
        looked_in: looked_in.collect(),
        not_read: listed.not_read,
    })
}

/// What the user names has to be there.
fn named(folders: &[PathBuf]) -> Result<Vec<(Kind, PathBuf)>, Diagnostic> {
    let mut places = Vec::new();
    for folder in folders {
        folder
            .metadata()
            .map_err(|source| Error::io("look in", folder, source))?;
        places.push((Kind::Folder, without_end(folder)));
    }
    Ok(places)
}

/// `models/` is `models`, so that names below it are joined with one slash.
fn without_end(folder: &Path) -> PathBuf {
    folder.components().collect()
}

fn answer(found: &Inventoried, context: &Context) -> Reply {
    let text = text::render(found, context.out);
    if !found.models.is_empty() {
        return Reply::yes(VERB, text, found).with_notes(found.not_read.iter().cloned());
    }
    let mut told = Diagnostic::new(NO_MODELS, "no model was found");
    for place in &found.looked_in {
        let there = if place.exists {
            ""
        } else {
            ", which does not exist"
        };
        let path = sources::shown(Path::new(&place.path));
        told = told.note(format!("looked in {path}{there}"));
    }
    told = told.help("weightlock inventory FOLDER");
    Reply::refusal(VERB, vec![told])
        .with_result(found)
        .with_notes(found.not_read.iter().cloned())
}

impl Totals {
    fn add(&mut self, model: &Model) {
        for (count, applies) in [
            (&mut self.models, true),
            (&mut self.can_run_code, model.risk == Risk::RunsCode),
            (&mut self.custom_code, model.custom_code),
            (&mut self.not_understood, model.risk == Risk::Unknown),
            (&mut self.unsigned, model.signature == Signed::None),
            (&mut self.not_pinned, model.pinned == Some(false)),
        ] {
            *count += u64::from(applies);
        }
    }
}

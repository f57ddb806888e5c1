//! `weightlock card init`: a card with everything the files tell, and `unknown` for the rest.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    digest::Digest,
    inventory::{Inventory, Links, Root, RootKind, Scope},
    path::ArtifactPath,
    write::{Existing, write_whole},
};
use weightlock_bom::card::{
    Field, ModelCard, Need,
    draft::{self, Known},
    edit::Document,
    reason::EDIT,
};
use weightlock_format::{
    loadable::Loadable,
    model::{Facts, examine},
};

use super::{
    files::{self, Cards},
    report::{digests, listed},
};
use crate::{
    cli::Hashing,
    commands::{bom::model::Described, publish::exists, subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    terminal::Style,
    text::{Shown, quoted},
};

/// Write a card with everything the files tell, and `unknown` for the rest.
///
/// Where it goes: into the folder of the model as model-card.yaml, where it becomes a file of the model. A model that has a
/// signature or evidence already gets its card beside it, as MODEL.card.yaml, because one more file in the folder makes both
/// void; so does a single file, a hub cache snapshot, and a folder that cannot be written. --inside and --beside decide otherwise.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    /// Write the card to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["inside", "beside"])]
    card: Option<PathBuf>,
    /// Write it into the folder of the model, also where that makes a signature void
    #[arg(long, conflicts_with = "beside")]
    inside: bool,
    /// Write it beside the model: MODEL.card.yaml
    #[arg(long)]
    beside: bool,
    /// Replace a card that is there
    #[arg(long, conflicts_with = "fill")]
    replace: bool,
    /// Complete a card that is there: fields that say nothing get what the files tell, every other byte stays
    #[arg(long)]
    fill: bool,
    /// Take facts from README.md only, and leave the digests of the weights out, so that nothing large is read
    #[arg(long)]
    no_digests: bool,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Initiated {
    /// The model as it was named.
    pub model: String,
    /// Where the card was written.
    pub written: String,
    /// Whether it is now a file of the model.
    pub is_inside: bool,
    /// Whether a signature or evidence of the model is void because of that.
    pub breaks_signature: bool,
    /// Fields that the files told.
    pub filled: Vec<Filled>,
    /// Fields that a card should have and that nobody has said yet.
    pub unknown: Vec<String>,
}

/// A field that the files told.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filled {
    /// The field.
    pub field: String,
    /// Where it was found.
    pub source: String,
}

const VERB: &str = "card init";

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match init(arguments, context) {
        Ok(initiated) => {
            let notes = notes(&initiated);
            Reply::yes(VERB, text(&initiated, context), initiated).with_notes(notes)
        }
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("nothing was written"),
    }
}

fn init(arguments: &Arguments, context: &Context) -> Result<Initiated, Vec<Diagnostic>> {
    let links = Links::following(arguments.allow_symlinks);
    crate::layout::refuse(&arguments.model)?;
    let root = Root::open(&arguments.model, links).map_err(Diagnostic::from)?;
    let place = place(arguments, &root);
    let there = place.path.symlink_metadata().is_ok();
    if there && !arguments.replace && !arguments.fill {
        let told = Diagnostic::new(
            weightlock_signing::reason::EXISTS,
            format!("{} exists and is not replaced", place.path.display()),
        )
        .at(place.path.display().to_string())
        .help("complete it:  weightlock card init --fill MODEL")
        .help("or make a new one:  weightlock card init --replace MODEL");
        return Err(told.into());
    }
    // A card that is there is no source of the new one; what it says stays where it is completed.
    let readme = Cards::readme(&root)?;
    let described = (!arguments.no_digests)
        .then(|| {
            Described::of(
                &arguments.model,
                arguments.allow_symlinks,
                &arguments.hashing,
                context,
            )
        })
        .transpose()?;
    let weights = match &described {
        Some(described) => weights(&described.hashed, &root)?,
        None => Vec::new(),
    };
    let graph = described.as_ref().map(|described| &described.graph);
    let readme = readme.as_ref().map(|read| (read.name.as_str(), &read.card));
    let known = draft::known(readme, &weights, graph);
    let (text, filled) = if there && arguments.fill {
        completed(&place.path, &known)?
    } else {
        (draft::write(&known), known.iter().map(|one| one.field).collect())
    };
    write_whole(
        &place.path,
        text.as_bytes(),
        0o644,
        if there {
            Existing::Replaced
        } else {
            Existing::Refused
        },
    )
    .map_err(|error| exists(&place.path, error))?;
    Ok(result(arguments, &place, &text, &known, &filled))
}

/// Where a card goes.
struct Destination {
    path: PathBuf,
    is_inside: bool,
    breaks_signature: bool,
}

fn place(arguments: &Arguments, root: &Root) -> Destination {
    if let Some(path) = &arguments.card {
        let is_inside = target::inside(root, path).is_some();
        return Destination {
            path: path.clone(),
            is_inside,
            breaks_signature: is_inside && is_signed(root),
        };
    }
    let is_folder = matches!(root.kind(), RootKind::Folder);
    let inside = files::inside(root);
    // One that is in the model already is replaced or completed there.
    let is_there = is_folder && inside.symlink_metadata().is_ok();
    let must_be_beside = !is_folder || root.is_hub_snapshot() || !is_writable(root.path());
    let is_inside = is_folder
        && !arguments.beside
        && (arguments.inside || is_there || !(must_be_beside || is_signed(root)));
    Destination {
        path: if is_inside { inside } else { files::beside(root) },
        is_inside,
        breaks_signature: is_inside && is_signed(root),
    }
}

fn is_writable(folder: &Path) -> bool {
    folder
        .metadata()
        .is_ok_and(|about| !about.permissions().readonly())
}

/// Whether anything is stated about the model, which one more file in it makes void.
fn is_signed(root: &Root) -> bool {
    target::stores(root).iter().any(|store| {
        let has_evidence = store.list().map_or(true, |listing| !listing.evidence.is_empty());
        store.signature().symlink_metadata().is_ok() || has_evidence
    })
}

/// The files that hold weights, by content, with their digests.
fn weights(hashed: &Hashed, root: &Root) -> Result<Vec<(String, Digest)>, Vec<Diagnostic>> {
    let digests = digests(hashed);
    if matches!(root.kind(), RootKind::File(_)) {
        return Ok(digests);
    }
    let inventory = Inventory::walk(root.reopen().map_err(Diagnostic::from)?, &Scope::model())
        .map_err(Diagnostic::from)?;
    let mut weights = Vec::new();
    for (name, digest) in digests {
        let Ok(path) = ArtifactPath::parse(name.as_str()) else {
            continue;
        };
        let mut file = inventory.root().open_file(&path).map_err(Diagnostic::from)?;
        let facts = examine(&path, &mut file)
            .map_err(|source| weightlock_artifact::Error::io("read", &root.path().join(&name), source))
            .map_err(Diagnostic::from)?;
        if holds_weights(&facts) {
            weights.push((name, digest));
        }
    }
    Ok(weights)
}

const fn holds_weights(facts: &Facts) -> bool {
    matches!(
        facts,
        Facts::Safetensors(_)
            | Facts::Gguf(_)
            | Facts::Other {
                loadable: Some(Loadable::Weights),
                ..
            }
    )
}

/// The card that is there, completed.
fn completed(path: &Path, known: &[Known]) -> Result<(String, Vec<Field>), Diagnostic> {
    let bytes = target::read_bounded(path, weightlock_bom::card::MAX_BYTES)?;
    ModelCard::read(&bytes).map_err(|problem| files::malformed(&problem, &bytes, path))?;
    let mut document = Document::read(&bytes).map_err(|problem| files::malformed(&problem, &bytes, path))?;
    let filled = draft::fill(&mut document, known)
        .map_err(|error| Diagnostic::of(EDIT, &error).at(path.display().to_string()))?;
    Ok((document.text().to_owned(), filled))
}

fn result(
    arguments: &Arguments,
    place: &Destination,
    text: &str,
    known: &[Known],
    filled: &[Field],
) -> Initiated {
    let source = |field: &Field| {
        let one = known.iter().find(|one| one.field == *field)?;
        Some(Filled {
            field: field.path().to_owned(),
            source: one.place.to_string(),
        })
    };
    let card = ModelCard::read(text.as_bytes()).ok();
    let unknown = Field::ALL.iter().filter(|field| {
        let says_nothing = card.as_ref().is_none_or(|card| card.says(**field).is_empty());
        field.need() != Need::Optional && says_nothing
    });
    Initiated {
        model: arguments.model.display().to_string(),
        written: place.path.display().to_string(),
        is_inside: place.is_inside,
        breaks_signature: place.breaks_signature,
        filled: filled.iter().filter_map(source).collect(),
        unknown: unknown.map(|field| field.path().to_owned()).collect(),
    }
}

fn notes(initiated: &Initiated) -> Vec<String> {
    let mut notes = Vec::new();
    if initiated.breaks_signature {
        notes.push("the card is a file of the model now: its signature and its evidence are about the model without it, and no longer count; sign again".to_owned());
    }
    notes
}

fn text(initiated: &Initiated, context: &Context) -> String {
    let mut text = format!(
        "{} {}\n",
        context.out.apply(Style::Good, "written"),
        Shown(&initiated.written)
    );
    for one in &initiated.filled {
        text += &format!("  {:45} {}\n", one.field, Shown(&one.source));
    }
    let unknown: Vec<Field> = initiated
        .unknown
        .iter()
        .filter_map(|path| Field::parse(path))
        .collect();
    if !unknown.is_empty() {
        text += &format!("  unknown: {}\n", listed(&unknown));
    }
    text + &format!(
        "next: fill in what is unknown, then  weightlock card check {}\n",
        quoted(&initiated.model)
    )
}

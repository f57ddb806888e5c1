//! `weightlock digest TARGET…`: digests of files, as `sha256sum` writes them; `--manifest`: the digest that names a
//! model; `--check`: files against a list.
//!
//! Names are printed as they were typed, joined with the name below a folder, so that `--check` and `sha256sum -c`
//! find the files from the directory in which the list was made.

mod check;
mod list;

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    digest::{Algorithm, UnknownAlgorithm, engine::Want},
    error::NAME,
    inventory::{Inventory, Links, Scope},
    manifest::{Manifest, ManifestFile},
};

pub use self::check::{CheckedFile, CheckedList, Match};
use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    explanations::{LAYOUT, USAGE},
    reply::Reply,
    sources::{self, Source, Target},
    terminal,
    text::{Shown, counted},
};

const VERB: &str = "digest";

/// Print digests of files, or check a list of them.
#[derive(Args, Debug)]
#[command(after_help = "\
A list proves that files are the listed ones, not who made the list: for that, `weightlock sign` and `weightlock verify`.

  weightlock digest ./model > model.sha256         sha256sum -c model.sha256 reads it
  weightlock digest --check model.sha256           from the same directory
  weightlock digest --manifest ./model             the one digest that names the model")]
pub struct Arguments {
    /// Files, or folders of which every file of the model is listed
    #[arg(value_name = "TARGET", required_unless_present = "check", value_parser = crate::layout::typed::target())]
    targets: Vec<PathBuf>,
    /// Digest algorithm: sha256, blake3, blake2b, sha384 or sha512
    #[arg(short, long, value_name = "NAME", default_value = "sha256", value_parser = algorithm)]
    algorithm: Algorithm,
    /// Print the digest that names each target: of its canonical manifest, or of the one file
    #[arg(long, conflicts_with_all = ["check", "algorithm"])]
    manifest: bool,
    /// Print the canonical manifest itself, the text whose SHA-256 names the folder
    #[arg(long, conflicts_with_all = ["check", "algorithm", "manifest"])]
    manifest_text: bool,
    /// Check the files of a list; `-` is standard input
    #[arg(short, long, value_name = "LIST", conflicts_with_all = ["targets", "allow_symlinks"])]
    check: Option<PathBuf>,
    /// Follow symbolic links to files inside a folder; links to folders are always refused
    #[arg(long)]
    allow_symlinks: bool,
    /// How files are hashed.
    #[command(flatten)]
    hashing: Hashing,
}

/// The result in JSON.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digests {
    /// `sha256`, `sha384`, `sha512`, `blake2b` or `blake3`.
    pub algorithm: String,
    /// The files, in order of targets and names. Empty with `--manifest` and `--check`.
    pub files: Vec<FileDigest>,
    /// With `--manifest`: what names each target.
    pub models: Vec<ModelDigest>,
    /// With `--check`: what became of the list.
    pub check: Option<CheckedList>,
}

/// The digest of one file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// The name as it is listed.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Hexadecimal digits.
    pub digest: String,
    /// The file was not read: an earlier run remembered the digest and the file was not touched since.
    pub from_cache: bool,
}

/// The digest that names a model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelDigest {
    /// The target as typed.
    pub target: String,
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// Files in the canonical manifest; none for a target of one file, which has no manifest.
    pub manifest_files: Option<u64>,
    /// Files that were not read: their digests were remembered.
    pub from_cache: u64,
}

fn algorithm(name: &str) -> Result<Algorithm, UnknownAlgorithm> {
    name.to_ascii_lowercase().parse()
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.check {
        Some(list) => check::run(list, arguments.algorithm, &arguments.hashing, context),
        None if arguments.manifest || arguments.manifest_text => models(arguments, context),
        None => files(arguments, context),
    }
    .unwrap_or_else(|reasons| Reply::refusal(VERB, reasons))
}

type Answer = Result<Reply, Vec<Diagnostic>>;

fn open(target: &Path, arguments: &Arguments) -> Result<Target, Vec<Diagnostic>> {
    let links = Links::following(arguments.allow_symlinks);
    Target::open(target, links, &Scope::model())
}

/// A list of files that no tool for such lists would find.
fn no_list(target: &Path) -> Diagnostic {
    let what = format!(
        "the files of {} lie as blobs under other names",
        sources::shown(target)
    );
    let shown = crate::text::quoted(&target.display().to_string());
    Diagnostic::new(LAYOUT, what).help(format!(
        "what names the model:  weightlock digest --manifest {shown}"
    ))
}

fn files(arguments: &Arguments, context: &Context) -> Answer {
    let mut sources = Vec::new();
    for target in &arguments.targets {
        let found = open(target, arguments)?;
        if matches!(&found, Target::Folder(inventory) if inventory.root().view().is_some()) {
            return Err(vec![no_list(target)]);
        }
        let found = found.sources();
        if found.is_empty() {
            return Err(vec![
                Diagnostic::new(USAGE, format!("{} holds no file", sources::shown(target)))
                    .help("name a file, or a folder with the files of a model"),
            ]);
        }
        sources.extend(found);
    }
    let hashed = hash(&sources, arguments, context)?;
    let mut text = String::new();
    let mut files = Vec::with_capacity(sources.len());
    for (source, hashed) in sources.iter().zip(&hashed) {
        let name = listed(&source.name)?;
        let line = list::write(&hashed.digest, name);
        // A file wants the bytes of the name; a terminal would obey them.
        text += &if terminal::stdout_is_terminal() {
            format!("{}\n", Shown(line.trim_end_matches('\n')))
        } else {
            line
        };
        files.push(FileDigest {
            name: name.to_owned(),
            size: source.stamp.size,
            digest: hashed.digest.hex(),
            from_cache: hashed.from_cache,
        });
    }
    let cached = files.iter().filter(|file| file.from_cache).count();
    let result = Digests {
        algorithm: arguments.algorithm.to_string(),
        files,
        ..Digests::default()
    };
    Ok(Reply::yes(VERB, text, result).with_notes(from_cache(cached, hashed.len())))
}

fn models(arguments: &Arguments, context: &Context) -> Answer {
    let mut text = String::new();
    let mut models = Vec::new();
    let mut files = 0;
    for target in &arguments.targets {
        let opened = open(target, arguments)?;
        let sources = opened.sources();
        let hashed = hash(&sources, arguments, context)?;
        files += hashed.len();
        let (digest, manifest) = match (&opened, hashed.as_slice()) {
            (Target::File(_), [one]) => (one.digest, None),
            (Target::Folder(inventory), _) => {
                let manifest = manifest(inventory, &hashed)?;
                (manifest.digest(), Some(manifest))
            }
            (Target::File(_), _) => continue,
        };
        text += &match (arguments.targets.len(), &manifest) {
            (1, Some(manifest)) if arguments.manifest_text => manifest.to_text(),
            _ if arguments.manifest_text => return Err(vec![no_manifest(target)]),
            (1, _) => format!("{digest}\n"),
            _ => format!("{digest}  {}\n", sources::shown(target)),
        };
        let manifest_files = manifest.map(|manifest| manifest.files().len() as u64);
        models.push(ModelDigest {
            target: target.to_string_lossy().into_owned(),
            digest: digest.to_string(),
            manifest_files,
            from_cache: hashed.iter().filter(|hashed| hashed.from_cache).count() as u64,
        });
    }
    let cached = models.iter().map(|model| model.from_cache).sum::<u64>();
    let notes = from_cache(usize::try_from(cached).unwrap_or(usize::MAX), files);
    let result = Digests {
        algorithm: Algorithm::Sha256.to_string(),
        models,
        ..Digests::default()
    };
    Ok(Reply::yes(VERB, text, result).with_notes(notes))
}

fn no_manifest(target: &Path) -> Diagnostic {
    Diagnostic::new(
        USAGE,
        "--manifest-text takes one folder; a model of one file has no manifest",
    )
    .at(sources::shown(target).to_string())
    .help("--manifest prints the digest of a file or of several targets")
}

/// The canonical manifest of a folder whose files have these digests.
pub(crate) fn manifest(inventory: &Inventory, hashed: &[sources::Hashed]) -> Result<Manifest, Diagnostic> {
    let files = inventory
        .entries()
        .iter()
        .zip(hashed)
        .filter_map(|(entry, hashed)| ManifestFile::new(entry.path.clone(), entry.stamp.size, hashed.digest));
    Manifest::new(files).map_err(|error| Diagnostic::of(NAME, &error))
}

fn hash(
    sources: &[Source],
    arguments: &Arguments,
    context: &Context,
) -> Result<Vec<sources::Hashed>, Diagnostic> {
    sources::hash(
        sources,
        arguments.algorithm,
        Want::Whole,
        &arguments.hashing,
        context,
    )
}

fn from_cache(cached: usize, all: usize) -> Vec<String> {
    if cached == 0 {
        return Vec::new();
    }
    vec![format!(
        "from cache: {cached} of {}; these files were not read now",
        counted(all, "digest")
    )]
}

/// The name as text: a list of names is text.
fn listed(name: &Path) -> Result<&str, Diagnostic> {
    name.to_str().ok_or_else(|| {
        Diagnostic::new(
            NAME,
            format!("{} cannot be listed: the path is not UTF-8", sources::shown(name)),
        )
        .help("rename the folder, or change into it and name the file from there")
    })
}

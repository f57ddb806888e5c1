//! Which models lie in a place. Names and the first bytes of files decide; links are not followed.

use std::{
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use weightlock_artifact::{input, inventory::Inventory, path::ArtifactPath};
use weightlock_format::{
    detect::{Format, HEAD_BYTES},
    loadable::{EXTENSIONS, Loadable},
};

use super::ollama;
use crate::{layout::is_evidence, places::Kind, sources};

/// Folders within each other that are entered.
const DEEPEST: usize = 16;
/// Entries of folders that are looked at, of all places together.
const MOST_ENTRIES: usize = 1_000_000;
/// How names of repositories in a hub cache begin.
const REPOSITORIES: [&str; 3] = ["models--", "datasets--", "spaces--"];
/// A reference is 40 digits and a line feed.
const REFERENCE_BYTES: usize = 256;

/// A model that was found and not yet looked at.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) files: Files,
    pub(super) revision: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) pinned: Option<bool>,
    pub(super) problems: Vec<String>,
}

/// Which files are the model.
#[derive(Debug)]
pub(super) enum Files {
    /// The file at the path, or everything below it.
    All,
    /// These of a folder that holds those of many.
    Some(Arc<Inventory>, Vec<ArtifactPath>),
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) found: Vec<Found>,
    pub(super) not_read: Vec<String>,
    entries: usize,
}

impl Found {
    pub(super) fn new(kind: Kind, name: impl Into<String>, path: &Path) -> Self {
        Self {
            kind,
            name: name.into(),
            path: path.to_owned(),
            files: Files::All,
            revision: None,
            references: Vec::new(),
            pinned: None,
            problems: Vec::new(),
        }
    }
}

impl Listed {
    /// Looks in a place. One that does not exist has no models.
    pub(super) fn look(&mut self, kind: Kind, path: &Path) {
        match kind {
            _ if !path.exists() => {}
            Kind::HuggingFace => self.hub(path),
            Kind::Ollama => self.ollama(path),
            Kind::TorchHub => self.torch_hub(path),
            Kind::LmStudio | Kind::Folder => self.folders(kind, path),
        }
    }

    pub(super) fn not_read(&mut self, path: &Path, why: &impl std::fmt::Display) {
        self.not_read.push(format!("{}: {why}", sources::shown(path)));
    }

    /// The entries of a folder in order of names. What cannot be read is told.
    pub(super) fn entries(&mut self, folder: &Path) -> Vec<DirEntry> {
        let mut entries = Vec::new();
        let read = folder.read_dir().and_then(|read| {
            for entry in read {
                if self.entries >= MOST_ENTRIES {
                    return Err(io::Error::other("more entries than are looked at"));
                }
                self.entries += 1;
                entries.push(entry?);
            }
            Ok(())
        });
        if let Err(error) = read {
            self.not_read(folder, &error);
        }
        entries.sort_by_key(DirEntry::file_name);
        entries
    }

    /// The folders in a folder that are no links.
    fn below(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = self.entries(folder).into_iter();
        entries.filter(is_folder).map(|entry| entry.path()).collect()
    }

    fn hub(&mut self, cache: &Path) {
        for repository in self.below(cache) {
            self.repository(&repository);
        }
    }

    /// The snapshots of one repository; data sets and programs are not models.
    fn repository(&mut self, repository: &Path) {
        let Some(name) = base_name(repository)
            .strip_prefix("models--")
            .map(|name| name.replace("--", "/"))
        else {
            return;
        };
        if !repository.join("snapshots").is_dir() {
            return;
        }
        let references = self.references(&repository.join("refs"));
        let snapshots = self.below(&repository.join("snapshots")).into_iter();
        for snapshot in snapshots.filter(|folder| !is_evidence(folder)) {
            let revision = base_name(&snapshot);
            let names = references.iter().filter(|(_, commit)| *commit == revision);
            let references: Vec<String> = names.map(|(name, _)| name.clone()).collect();
            let mut found = Found::new(Kind::HuggingFace, &name, &snapshot);
            // Its client writes a reference exactly when it was asked for a name instead of a commit.
            found.pinned = Some(references.is_empty());
            found.references = references;
            found.revision = Some(revision);
            self.found.push(found);
        }
    }

    /// `refs/main`, `refs/pr/1`: a name for a commit.
    fn references(&mut self, refs: &Path) -> Vec<(String, String)> {
        let mut references = Vec::new();
        let mut waiting = vec![(refs.to_owned(), 0)];
        while let Some((folder, depth)) = waiting.pop().filter(|_| refs.is_dir()) {
            for entry in self.entries(&folder) {
                let path = entry.path();
                if is_folder(&entry) && depth < DEEPEST {
                    waiting.push((path, depth + 1));
                } else if is_file(&entry)
                    && let Ok(commit) = input::read_at_most(&path, REFERENCE_BYTES)
                {
                    let name = path
                        .strip_prefix(refs)
                        .unwrap_or(&path)
                        .to_string_lossy()
                        .into_owned();
                    references.push((name, String::from_utf8_lossy(&commit).trim().to_owned()));
                }
            }
        }
        references.sort();
        references
    }

    fn ollama(&mut self, store: &Path) {
        match ollama::models(store, self) {
            Ok(found) => self.found.extend(found),
            Err(error) => self.not_read(store, &error),
        }
    }

    /// Checkpoints one by one, and repositories, whose Python is run to make a model.
    fn torch_hub(&mut self, hub: &Path) {
        for entry in self.entries(&hub.join("checkpoints")) {
            if is_file(&entry) {
                let path = entry.path();
                self.found
                    .push(Found::new(Kind::TorchHub, base_name(&path), &path));
            }
        }
        for folder in self.below(hub) {
            if folder.join("hubconf.py").is_file() {
                let mut found = Found::new(Kind::TorchHub, base_name(&folder), &folder);
                // `owner_name_branch` is all that is kept of where it came from.
                found.pinned = Some(false);
                self.found.push(found);
            }
        }
    }

    /// Every folder that directly holds a file of a model, with all below it; and stores of tools on the way.
    fn folders(&mut self, kind: Kind, top: &Path) {
        let name = |path: &Path| {
            let below = path
                .strip_prefix(top)
                .ok()
                .filter(|below| *below != Path::new(""));
            below.map_or_else(|| base_name(path), |below| below.to_string_lossy().into_owned())
        };
        if top.is_file() {
            self.found.push(Found::new(kind, name(top), top));
            return;
        }
        let mut waiting = vec![(top.to_owned(), 0)];
        while let Some((folder, depth)) = waiting.pop() {
            let of_the_hub = |kind: &&str| base_name(&folder).starts_with(*kind);
            if REPOSITORIES.iter().any(of_the_hub) && folder.join("snapshots").is_dir() {
                self.repository(&folder);
                continue;
            }
            if folder.join("manifests").is_dir() && folder.join("blobs").is_dir() {
                self.ollama(&folder);
                continue;
            }
            let entries = self.entries(&folder);
            let is_model = entries.iter().any(|entry| match is_of_a_model(entry) {
                Ok(is) => is,
                Err(error) => {
                    self.not_read(&entry.path(), &error);
                    false
                }
            });
            if is_model {
                self.found.push(Found::new(kind, name(&folder), &folder));
            } else if depth < DEEPEST {
                let below = entries.iter().rev().filter(|entry| is_folder(entry));
                waiting.extend(below.map(|entry| (entry.path(), depth + 1)));
            } else if entries.iter().any(is_folder) {
                self.not_read(&folder, &"folders lie too deep within each other");
            }
        }
    }
}

/// A configuration that only models have, or weights by name and by content.
fn is_of_a_model(entry: &DirEntry) -> io::Result<bool> {
    const CONFIGURATIONS: [&str; 3] = ["model_index.json", "adapter_config.json", "modules.json"];
    let name = entry.file_name().to_string_lossy().to_lowercase();
    if CONFIGURATIONS.contains(&name.as_str()) && is_file(entry) {
        return Ok(true);
    }
    // PyTorch's checkpoints share an extension with lists of folders for Python.
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let weights = EXTENSIONS.iter().filter(|(what, _)| *what == Loadable::Weights);
    let named = extension == "pth" || weights.into_iter().any(|(_, names)| names.contains(&extension));
    if !named || !is_file(entry) {
        return Ok(false);
    }
    let mut head = input::read_at_most(&entry.path(), HEAD_BYTES).map_err(io::Error::other)?;
    head.truncate(HEAD_BYTES);
    Ok(!matches!(
        Format::of(&head),
        Format::Unknown
            | Format::Empty
            | Format::Text
            | Format::Json
            | Format::Xml
            | Format::Script
            | Format::Image
            | Format::Pdf
    ))
}

pub(super) fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

pub(super) fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().as_ref().is_ok_and(fs::FileType::is_file)
}

pub(super) fn base_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy())
        .into_owned()
}

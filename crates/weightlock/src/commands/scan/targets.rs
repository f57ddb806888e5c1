//! [`Targets`]: the files that a command line and its lists name.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use weightlock_artifact::{
    Error, input,
    inventory::{Inventory, Links, Root, RootKind, Scope},
};
use weightlock_scan::report::NotExamined;

use super::{Arguments, usage};
use crate::{
    diagnostic::Diagnostic,
    explanations, nearest,
    sources::{Source, Target},
};

/// Lists larger than this are refused: a million long paths.
const MAX_LIST: usize = 256 << 20;

/// What there is to examine.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// The files, in order of names, each once.
    pub(super) sources: Vec<Source>,
    /// What is no plain file, and what could not be opened.
    pub(super) not_examined: Vec<NotExamined>,
    /// Files that `--only` leaves out.
    pub(super) left_out: Vec<String>,
    /// Names that never belong to a model.
    pub(super) passed_over: Vec<String>,
    /// The folders that were walked.
    folders: Vec<Arc<Inventory>>,
}

impl Targets {
    /// Finds everything that the command line and its lists name.
    pub(super) fn find(arguments: &Arguments) -> Result<Self, Diagnostic> {
        let mut found = Self::default();
        for path in paths(arguments)? {
            found.add(&path, arguments.links());
        }
        if !arguments.only.is_empty() {
            found.choose(|source| {
                let name = source.below().unwrap_or(&source.name);
                arguments.only.iter().any(|glob| glob.is_match(name))
            });
        }
        Ok(found.settled())
    }

    /// Finds what is `wanted` of everything at one path.
    pub(super) fn at(path: &Path, links: Links, wanted: &dyn Fn(&Path) -> bool) -> Self {
        let mut found = Self::default();
        found.add(path, links);
        found.choose(|source| source.below().is_none() || wanted(&source.name));
        found
            .not_examined
            .retain(|one| one.failed || wanted(Path::new(&one.name)));
        found.settled()
    }

    /// These files, and nothing beside them.
    pub(super) fn of(sources: Vec<Source>) -> Self {
        Self {
            sources,
            ..Self::default()
        }
    }

    /// In order, each once.
    fn settled(mut self) -> Self {
        self.sources.sort_by(|a, b| a.name.cmp(&b.name));
        self.sources.dedup_by(|a, b| a.name == b.name);
        for names in [&mut self.left_out, &mut self.passed_over] {
            names.sort();
            names.dedup();
        }
        self.not_examined.sort();
        self.not_examined.dedup();
        self
    }

    /// The folder that was walked, when it was one.
    pub(super) fn inventory(&self) -> Option<&Inventory> {
        match self.folders.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn add(&mut self, path: &Path, links: Links) {
        let target = match snapshots(path) {
            Some(snapshots) => return snapshots.iter().for_each(|one| self.add(one, links)),
            None => Target::look(path, links, &Scope::model()),
        };
        match target {
            Ok(target) => {
                if let Target::Folder(inventory) = &target {
                    self.beside(inventory);
                    self.folders.push(Arc::clone(inventory));
                }
                self.sources.extend(target.sources());
            }
            Err(error) => self.not_examined.push(not_opened(path, &error)),
        }
    }

    /// What a folder holds besides files.
    fn beside(&mut self, inventory: &Inventory) {
        let shown = |name: &str| inventory.root().join(name).to_string_lossy().into_owned();
        self.not_examined
            .extend(inventory.irregular().iter().map(|irregular| NotExamined {
                name: shown(&irregular.name),
                code: irregular.kind.code(),
                why: format!("{} {}", irregular.name, irregular.kind),
                failed: false,
            }));
        let skipped = inventory.skipped().iter();
        self.passed_over.extend(skipped.map(|path| shown(path.as_str())));
    }

    /// Leaves out what is not wanted.
    fn choose(&mut self, wanted: impl Fn(&Source) -> bool) {
        let (sources, left_out): (Vec<_>, Vec<_>) = self.sources.drain(..).partition(wanted);
        self.sources = sources;
        let names = left_out.iter();
        self.left_out
            .extend(names.map(|source| source.name.to_string_lossy().into_owned()));
    }
}

/// What could not be opened. A file that the user may not read is told apart from one that is no file.
fn not_opened(path: &Path, error: &Error) -> NotExamined {
    let why = match (error, nearest::sibling(path)) {
        (Error::Io { source, .. }, Some(near)) if source.kind() == io::ErrorKind::NotFound => {
            format!("{error}: {source}; did you mean {near} ?")
        }
        (Error::Io { source, .. }, _) => format!("{error}: {source}"),
        _ => error.to_string(),
    };
    let code = error.code();
    NotExamined {
        name: path.to_string_lossy().into_owned(),
        code,
        why,
        failed: explanations::outcome(code) == weightlock_artifact::reason::Outcome::CouldNotWork,
    }
}

/// The snapshots of a repository in a hub cache, when that is what was named: links in them lead to its `blobs/`, which
/// only a snapshot as root may follow.
fn snapshots(path: &Path) -> Option<Vec<PathBuf>> {
    let name = path.canonicalize().ok()?.file_name()?.to_str()?.to_owned();
    let known = ["models--", "datasets--", "spaces--"]
        .iter()
        .any(|kind| name.starts_with(kind));
    if !known || !path.join("blobs").is_dir() {
        return None;
    }
    let entries = path.join("snapshots").read_dir().ok()?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| Root::open(path, Links::Refused).is_ok_and(|root| *root.kind() == RootKind::Folder))
        .collect();
    found.sort();
    (!found.is_empty()).then_some(found)
}

/// The paths of the command line, with those of lists in the place of `-` and `--files-from`.
fn paths(arguments: &Arguments) -> Result<Vec<PathBuf>, Diagnostic> {
    let dash = |path: &Path| path == Path::new("-");
    let standard_input = arguments
        .paths
        .iter()
        .chain(&arguments.files_from)
        .filter(|path| dash(path))
        .count();
    if standard_input > 1 {
        return Err(usage("standard input is named twice, and can be read once"));
    }
    let mut paths = Vec::new();
    for path in &arguments.paths {
        if dash(path) {
            paths.extend(list(path)?);
        } else {
            paths.push(path.clone());
        }
    }
    if let Some(file) = &arguments.files_from {
        paths.extend(list(file)?);
    }
    Ok(paths)
}

/// A list of paths, ended by NUL where there is one, else by line feeds.
fn list(file: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        let limit = (MAX_LIST as u64).saturating_add(1);
        io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::io("read", file, source))?;
        bytes
    } else {
        input::read_at_most(file, MAX_LIST)?
    };
    if bytes.len() > MAX_LIST {
        return Err(usage("the list of paths is larger than 256 MiB").at(file.display().to_string()));
    }
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    let paths = bytes.split(|byte| *byte == end).filter(|path| !path.is_empty());
    Ok(paths.map(|path| PathBuf::from(OsStr::from_bytes(path))).collect())
}

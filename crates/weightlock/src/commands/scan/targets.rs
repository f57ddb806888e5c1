//! [`Targets`]: the files that a command line and its lists name.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::DirEntry,
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use weightlock_artifact::{
    Error, input,
    inventory::{Inventory, IrregularKind, Links, Root, RootKind, Scope, View},
};
use weightlock_scan::report::NotExamined;

use super::{Arguments, usage};
use crate::{
    diagnostic::Diagnostic,
    explanations,
    layout::{self, Layout, Opened},
    nearest,
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
        // A file of an image and one that lies beside its lists can have one name, and are two.
        self.sources
            .sort_by(|a, b| (&a.name, a.stamp).cmp(&(&b.name, b.stamp)));
        self.sources
            .dedup_by(|a, b| a.name == b.name && a.stamp == b.stamp);
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
        if let Some(snapshots) = snapshots(path) {
            self.beside_snapshots(path, links);
            snapshots.iter().for_each(|one| self.as_it_is(one, links));
        } else if !self.images(path) {
            self.as_it_is(path, links);
        }
    }

    fn as_it_is(&mut self, path: &Path, links: Links) {
        match Target::as_it_is(path, links, &Scope::model()) {
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

    /// The files of every image in a layout under the names that they have there, and whatever else lies in it under its own; whether
    /// there are any. A layout that cannot be understood is told, and read as a folder.
    fn images(&mut self, path: &Path) -> bool {
        let images = match layout::all_images(path) {
            Ok(images) => images,
            Err(told) => {
                self.not_examined.push(refused(path, &told));
                return false;
            }
        };
        if let Some(Err(told)) = images.first().map(layout::alone) {
            self.not_examined.push(refused(path, &told));
        }
        let mut taken = BTreeSet::new();
        for image in &images {
            let walked = image
                .root
                .reopen()
                .and_then(|root| Inventory::walk(root, &Scope::everything()));
            match walked {
                Ok(inventory) => self.sources.extend(Target::Folder(Arc::new(inventory)).sources()),
                Err(error) => self.not_examined.push(not_opened(path, &error)),
            }
            let blobs = image.root.view().into_iter().flat_map(View::files);
            taken.extend(blobs.map(|(_, blob)| blob.place.clone()));
        }
        if images.is_empty() {
            return false;
        }
        match Target::as_it_is(path, Links::Refused, &Scope::everything()) {
            Ok(Target::Folder(inventory)) => {
                self.beside(&inventory);
                let rest = Target::Folder(inventory).sources().into_iter();
                let is_taken = |it: &Source| it.artifact_path().is_some_and(|it| taken.contains(it));
                self.sources.extend(rest.filter(|it| !is_taken(it)));
            }
            Ok(Target::File(manifest)) => self.sources.push(manifest),
            // It was named as LAYOUT:TAG.
            Err(_) => {}
        }
        if !path.is_dir() {
            self.lists(&images);
        }
        true
    }

    /// What lies in a repository of a hub cache where no client reads it, and loaders of folders do.
    fn beside_snapshots(&mut self, repository: &Path, links: Links) {
        if let Err(told) = layout::beside_snapshots(repository) {
            self.not_examined.push(refused(repository, &told));
        }
        let is_own = |it: &DirEntry| it.file_name().to_str().is_some_and(layout::is_of_a_repository);
        let entries = repository
            .read_dir()
            .and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        match entries {
            Ok(entries) => {
                let others = entries.iter().filter(|entry| !is_own(entry));
                others.for_each(|entry| self.stray(&entry.path(), links));
            }
            Err(error) => {
                let error = Error::io("read", repository, error);
                self.not_examined.push(not_opened(repository, &error));
            }
        }
    }

    /// What nobody named. Links in the place of it lead anywhere, and are told.
    fn stray(&mut self, path: &Path, links: Links) {
        match path.read_link() {
            Err(_) => self.as_it_is(path, links),
            Ok(target) => {
                let target = target.to_string_lossy().into_owned();
                let kind = IrregularKind::Link { target };
                self.not_examined.push(NotExamined {
                    name: path.to_string_lossy().into_owned(),
                    code: kind.code(),
                    why: format!("{} {kind}", path.display()),
                    failed: false,
                });
            }
        }
    }

    /// Manifests and configurations of images whose folder is not read.
    fn lists(&mut self, images: &[Opened]) {
        for image in images {
            let Layout::Image(image) = &image.layout else {
                continue;
            };
            for place in &image.besides {
                match Source::named(place) {
                    Ok(source) => self.sources.push(source),
                    Err(error) => self.not_examined.push(not_opened(place, &error)),
                }
            }
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

/// What was refused, and where.
fn refused(path: &Path, told: &Diagnostic) -> NotExamined {
    let code = told.code();
    NotExamined {
        name: told
            .place()
            .map_or_else(|| path.to_string_lossy().into_owned(), str::to_owned),
        code,
        why: told.sentence(),
        failed: explanations::outcome(code) == weightlock_artifact::reason::Outcome::CouldNotWork,
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

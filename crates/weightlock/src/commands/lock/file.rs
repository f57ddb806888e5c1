//! The lock file on disk: read whole, written in one step, and never over what somebody else wrote meanwhile.

use std::{
    fs::File,
    path::{Component, Path, PathBuf},
};

use weightlock_artifact::{
    Error,
    error::NOT_FOUND,
    input,
    path::ArtifactPath,
    write::{Existing, write_whole},
};
use weightlock_policy::{
    Lock,
    lock::{self, Place},
};

use crate::{diagnostic::Diagnostic, explanations::USAGE, held, text::quoted};

/// A lock file as it was read.
#[derive(Debug)]
pub(crate) struct LockFile {
    path: PathBuf,
    /// What was read; nothing where there is no file yet.
    text: Option<Vec<u8>>,
    /// What it says.
    pub(crate) lock: Lock,
}

impl LockFile {
    /// Reads a lock that must be there.
    pub(crate) fn open(path: &Path) -> Result<Self, Diagnostic> {
        let text = input::read_at_most(path, Lock::MAX_BYTES).map_err(|error| {
            let is_missing = error.code() == NOT_FOUND;
            let told = Diagnostic::from(error);
            if is_missing {
                told.help(format!(
                    "make one:  weightlock lock add --lock {} MODEL",
                    quoted(&path.display().to_string())
                ))
            } else {
                told
            }
        })?;
        let lock = Lock::parse(&text)
            .map_err(|error| Diagnostic::of(error.code(), &error).at(path.display().to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            text: Some(text),
            lock,
        })
    }

    /// Reads a lock; an empty one where there is no file.
    pub(crate) fn open_or_begin(path: &Path) -> Result<Self, Diagnostic> {
        if path.symlink_metadata().is_ok() {
            return Self::open(path);
        }
        Ok(Self {
            path: path.to_owned(),
            text: None,
            lock: Lock::default(),
        })
    }

    /// As it is shown.
    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// SHA-256 of its text, as it was read.
    pub(crate) fn digest(&self) -> String {
        lock::digest_of(self.text.as_deref().unwrap_or_default()).to_string()
    }

    /// Writes another lock in its place, if the file is still what was read. Gives the digest of its text.
    pub(crate) fn save(&self, lock: &Lock) -> Result<String, Diagnostic> {
        let text = lock
            .to_text()
            .map_err(|error| Diagnostic::of(error.code(), &error).at(self.shown()))?;
        let is_link = self.path.symlink_metadata().is_ok_and(|it| it.is_symlink());
        if is_link {
            // Writing would put a file in the place of the link, and leave the one that it leads to as it was.
            let told = Diagnostic::new(
                USAGE,
                "the lock is a symbolic link, and is not written through it",
            );
            return Err(told
                .at(self.shown())
                .help("name the file that it leads to:  --lock FILE"));
        }
        let folder = self.folder();
        let failed = |source: std::io::Error| Diagnostic::from(Error::io("lock", folder, source));
        let folder_held = File::open(folder).map_err(failed)?;
        // Held until the file has its name, so that of two writers the second sees what the first wrote.
        held::hold(&folder_held, folder)?;
        self.still_holds()?;
        let existing = match self.text {
            Some(_) => Existing::Replaced,
            None => Existing::Refused,
        };
        write_whole(&self.path, text.as_bytes(), 0o644, existing)?;
        Ok(lock::digest_of(text.as_bytes()).to_string())
    }

    /// Refuses when the file is no longer what was read.
    fn still_holds(&self) -> Result<(), Diagnostic> {
        let now = match self.path.symlink_metadata() {
            Ok(_) => Some(input::read_at_most(&self.path, Lock::MAX_BYTES)?),
            Err(_) => None,
        };
        if now == self.text {
            return Ok(());
        }
        let changed = Error::Changed {
            path: self.path.clone(),
            offset: None,
        };
        Err(Diagnostic::from(changed).note("nothing was written; run it again"))
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// Where a model lies, by its entry.
    pub(crate) fn resolve(&self, place: &Place) -> PathBuf {
        match (place, self.path.parent()) {
            (Place::Absolute(path), _) => PathBuf::from(path.as_str()),
            (Place::Below(path), Some(folder)) => folder.join(path.as_str()),
            (Place::Below(path), None) => PathBuf::from(path.as_str()),
        }
    }

    /// How the place of a model is written down: below the lock file where it lies there.
    pub(crate) fn place(&self, model: &Path) -> Result<Place, Diagnostic> {
        let unusable = |why: &str| {
            Diagnostic::new(USAGE, format!("the path cannot be written down: {why}"))
                .at(model.display().to_string())
        };
        let (model, folder) = (whole(model)?, whole(self.folder())?);
        // The file may not be there yet.
        let name = self.path.file_name().unwrap_or_default();
        if folder.join(name).starts_with(&model) {
            let told = Diagnostic::new(USAGE, "the lock would be a file of the model that it locks");
            return Err(told.at(self.shown()).help("put it somewhere else:  --lock FILE"));
        }
        let below = model.strip_prefix(&folder).ok();
        let below = below.and_then(|below| ArtifactPath::parse(below.to_str()?).ok());
        if let Some(below) = below {
            return Place::parse(below.as_str()).map_err(unusable);
        }
        let text = model.to_str().ok_or_else(|| unusable("it is not UTF-8"))?;
        Place::absolute(text).map_err(unusable)
    }
}

/// The absolute path, as it was typed where it has no `..`, so that a link that is moved on purpose stays one.
pub(super) fn whole(path: &Path) -> Result<PathBuf, Diagnostic> {
    let failed = |source| Diagnostic::from(Error::io("look at", path, source));
    let absolute = std::path::absolute(path).map_err(failed)?;
    if absolute.components().any(|part| part == Component::ParentDir) {
        return path.canonicalize().map_err(failed);
    }
    Ok(absolute)
}

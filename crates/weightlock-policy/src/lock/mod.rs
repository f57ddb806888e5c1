//! [`Lock`]: `weightlock.lock`, which models are used and what each was when it was locked.
//!
//! ```toml
//! # Made by `weightlock lock`. It pins models and authenticates none of them.
//! version = 1
//!
//! [[model]]
//! name = "acme/pebble"
//! path = "models/pebble"
//! source = "hub:acme/pebble"
//! revision = "8f2c…"
//! digest = "sha256:…"
//! files = [
//!   "<64 hex digits> 123 config.json",
//! ]
//! signed-by = [
//!   { kind = "key", fingerprint = "…" },
//! ]
//! verdict = { digest = "sha256:…", policies = "sha256:…", mode = "production", tier = "high" }
//! ```
//!
//! Models are sorted by name, files as in the canonical manifest, whose lines they are ([`Manifest`]); a model of one file has `size` in
//! the place of `files`. `source` and `revision` are what somebody said of the model, `signed-by` and `verdict` what was checked when
//! it was locked.
//!
//! The reader accepts exactly the texts that the writer makes: then one lock has one text, what a person changed by hand is found, and a
//! digest that is not that of its files is a contradiction. Whoever can write to the file can write another lock, though: it tells what
//! to expect and never who vouches for it. Signatures and policy are asked again wherever that matters.
//!
//! TOML and not JSON, because a change of a file is then one changed line. The types live with policies and not with manifests, since an
//! entry holds a verdict and signers.

mod difference;
mod error;
mod form;
mod signer;
mod text;
mod verdict;

use std::collections::{BTreeMap, btree_map};

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    manifest::Manifest,
    path::ArtifactPath,
};

pub use self::{
    difference::Difference,
    error::LockError,
    signer::{LockedSigner, Unwritable, without_ref},
    verdict::LockedVerdict,
};
use crate::{
    name::ModelName,
    pins::{Pin, Shape},
};

/// Locked models by name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Lock {
    by_name: BTreeMap<ModelName, Entry>,
}

/// What a model was when it was locked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Where it lies.
    pub place: Place,
    /// Where it comes from, as somebody said or the place it lay in.
    pub source: Option<Line>,
    /// In which revision, likewise.
    pub revision: Option<Line>,
    /// Its files.
    pub files: Files,
    /// Everybody whose signature of it was checked, in order; nobody where no key and no policy was asked.
    pub signers: Vec<LockedSigner>,
    /// The verdict that allowed it.
    pub verdict: Option<LockedVerdict>,
}

/// Where a model lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Below the folder of the lock file, so that both move together.
    Below(ArtifactPath),
    /// Anywhere else: an absolute path without `..`.
    Absolute(Line),
}

/// The files of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Files {
    /// A folder.
    Folder(Manifest),
    /// One file.
    File {
        /// SHA-256 of its bytes.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
    },
}

/// One line of text: not empty, without control characters, at most [`Line::MAX_BYTES`] long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Line(String);

impl Lock {
    /// Texts larger than this are refused: 100 000 files with long names.
    pub const MAX_BYTES: usize = 16 << 20;
    /// Locks with more models are refused.
    pub const MAX_MODELS: usize = 4096;

    /// Reads a lock.
    ///
    /// # Errors
    /// [`LockError`] names the first rule that the text breaks. Any text that [`Lock::to_text`] would not write is refused.
    pub fn parse(text: &[u8]) -> Result<Self, LockError> {
        text::parse(text)
    }

    /// The text.
    ///
    /// # Errors
    /// [`LockError::Size`] and [`LockError::TooMany`]: what could not be read again is not written.
    pub fn to_text(&self) -> Result<String, LockError> {
        if self.by_name.len() > Self::MAX_MODELS {
            return Err(LockError::TooMany);
        }
        let text = text::write(self);
        if text.len() > Self::MAX_BYTES {
            return Err(LockError::Size);
        }
        form::check(&text)?;
        Ok(text)
    }

    /// The models, by name.
    pub fn models(&self) -> impl Iterator<Item = (&ModelName, &Entry)> {
        self.by_name.iter()
    }

    /// How many models are locked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether no model is locked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The model of a name.
    #[must_use]
    pub fn model(&self, name: &ModelName) -> Option<&Entry> {
        self.by_name.get(name)
    }

    /// Adds a model.
    ///
    /// # Errors
    /// [`LockError::Duplicate`] when the name is there; nothing is replaced.
    pub fn add(&mut self, name: ModelName, entry: Entry) -> Result<(), LockError> {
        match self.by_name.entry(name) {
            btree_map::Entry::Vacant(place) => {
                place.insert(entry);
                Ok(())
            }
            btree_map::Entry::Occupied(place) => Err(LockError::Duplicate(place.key().clone())),
        }
    }

    /// Replaces what is locked under a name, and gives what was; `None` when nothing was, and nothing is changed then.
    pub fn replace(&mut self, name: &ModelName, entry: Entry) -> Option<Entry> {
        let place = self.by_name.get_mut(name)?;
        Some(std::mem::replace(place, entry))
    }
}

impl Files {
    /// What names the model: SHA-256 of the canonical manifest, or of the one file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Folder(manifest) => manifest.digest(),
            Self::File { digest, .. } => *digest,
        }
    }

    /// What pins name.
    #[must_use]
    pub fn pin(&self) -> Pin {
        let shape = match self {
            Self::Folder(_) => Shape::Folder,
            Self::File { .. } => Shape::File,
        };
        Pin {
            shape,
            digest: self.digest(),
        }
    }

    /// How many files there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Folder(manifest) => manifest.files().len(),
            Self::File { .. } => 1,
        }
    }
}

impl Place {
    /// Where something lies, by an absolute path.
    ///
    /// # Errors
    /// Why the path cannot be written down.
    pub fn absolute(path: &str) -> Result<Self, &'static str> {
        if !path.starts_with('/') {
            return Err("it is not absolute");
        }
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err("it has a `.` or `..` component");
        }
        Line::parse(path).map(Self::Absolute)
    }

    /// Where something lies: absolute, or below the folder of the lock.
    ///
    /// # Errors
    /// Why the path cannot be written down.
    pub fn parse(path: &str) -> Result<Self, &'static str> {
        if path.starts_with('/') {
            return Self::absolute(path);
        }
        Line::parse(path)?;
        ArtifactPath::parse(path)
            .map(Self::Below)
            .map_err(|_| "it does not lead to a place below the lock file")
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Below(path) => path.as_str(),
            Self::Absolute(path) => path.as_str(),
        }
    }
}

impl Line {
    /// The longest line, in bytes: Linux' `PATH_MAX`, since paths are lines.
    pub const MAX_BYTES: usize = 4096;

    /// Checks a text.
    ///
    /// # Errors
    /// Why it is no such line.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() > Self::MAX_BYTES {
            return Err("it is longer than 4096 bytes");
        }
        if text.chars().any(char::is_control) {
            return Err("it has a control character");
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a lock's text, which names it.
#[must_use]
pub fn digest_of(text: &[u8]) -> Digest {
    Algorithm::Sha256.digest(text)
}

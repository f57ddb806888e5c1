//! The walk of a model: every regular file below its root, and everything there that is not one.
//!
//! A folder from a stranger is hostile: names that are no text, links that leave it, pipes that never end,
//! files that change while they are read. The walk looks at metadata only, follows no link to a folder, needs no
//! recursion, and **reports** what it cannot vouch for ([`Irregular`]) instead of passing over it. Whoever
//! signs or verifies refuses an inventory that has irregular entries.
//!
//! Rejected alternative: a walking crate. They open by path from the top each time (a component swapped for a
//! link is followed) and hide entries they cannot read.

pub mod blob;
mod root;
mod view;

use std::{collections::BTreeSet, ffi::OsStr, os::unix::ffi::OsStrExt as _};

use rustix::fs::{AtFlags, Dir, FileType};

pub use self::{
    root::{HeldFiles, HubName, Links, Root, RootKind, Stamp, has_openat2},
    view::{Blob, Clash, View},
};
use crate::{
    Error,
    manifest::BUILT_IN,
    path::{ArtifactPath, PathError},
    reason::Code,
};

/// More files than this in one model is refused: memory for the list is bounded by it (about 300 MB), and the
/// largest public model repositories have some thousands.
pub const MAX_ENTRIES: usize = 1_000_000;

/// One regular file of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Where it lies below the root; for a model of one file, its file name.
    pub path: ArtifactPath,
    /// What the file system said about it during the walk.
    pub stamp: Stamp,
    /// It was reached through a symbolic link that the walk was told to follow.
    pub through_link: bool,
}

/// Something in the folder that is not a plain file and can therefore not be vouched for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Irregular {
    /// The name as found; not UTF-8 is shown with replacement characters.
    pub name: String,
    /// What it is.
    pub kind: IrregularKind,
}

/// What kind of thing an [`Irregular`] is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IrregularKind {
    /// A symbolic link, and links are not allowed.
    #[error("is a symbolic link to {target:?}")]
    Link {
        /// Where it says it points.
        target: String,
    },
    /// A link to a folder: nothing below it could be recorded, so it is never followed.
    #[error("is a symbolic link to a folder, {target:?}")]
    LinkToFolder {
        /// Where it says it points.
        target: String,
    },
    /// A link to something outside the root.
    #[error("is a symbolic link that leaves the model, to {target:?}")]
    LinkOutside {
        /// Where it says it points.
        target: String,
    },
    /// A link to nothing, or in a circle.
    #[error("is a symbolic link that leads nowhere, to {target:?}")]
    LinkBroken {
        /// Where it says it points.
        target: String,
    },
    /// A device, pipe or socket.
    #[error("is a {0}, not a file")]
    Special(&'static str),
    /// The name cannot be recorded.
    #[error("cannot be recorded: {0}")]
    Name(PathError),
}

impl IrregularKind {
    /// The reason code of a refusal for this.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Link { .. } => crate::error::SYMLINK,
            Self::LinkToFolder { .. } => crate::error::LINK_TO_FOLDER,
            Self::LinkOutside { .. } => crate::error::LINK_OUTSIDE,
            Self::LinkBroken { .. } => crate::error::LINK_BROKEN,
            Self::Special(_) => crate::error::SPECIAL_FILE,
            Self::Name(_) => crate::error::NAME,
        }
    }
}

/// Which names belong to the model, and which are set aside.
#[derive(Clone, Default, Debug)]
pub struct Scope {
    skipped: Vec<ArtifactPath>,
    set_aside: Vec<ArtifactPath>,
}

impl Scope {
    /// Everything below the root belongs to the model.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// All but [`BUILT_IN`].
    #[must_use]
    pub fn model() -> Self {
        Self::everything().skipping(BUILT_IN.iter().filter_map(|name| ArtifactPath::parse(*name).ok()))
    }

    /// These names and all below them are not looked at.
    #[must_use]
    pub fn skipping(mut self, names: impl IntoIterator<Item = ArtifactPath>) -> Self {
        self.skipped.extend(names);
        self
    }

    /// These names and all below them are listed apart from the model's files.
    #[must_use]
    pub fn setting_aside(mut self, names: impl IntoIterator<Item = ArtifactPath>) -> Self {
        self.set_aside.extend(names);
        self
    }

    /// Names that a signature lists are looked at even where [`Scope::skipping`] would pass over them.
    #[must_use]
    pub fn but_keeping<'a>(mut self, names: impl Iterator<Item = &'a ArtifactPath> + Clone) -> Self {
        self.skipped
            .retain(|skipped| !names.clone().any(|name| name.is_at_or_below(skipped)));
        self
    }

    fn skips(&self, path: &ArtifactPath) -> bool {
        self.skipping_name(path).is_some()
    }

    fn skipping_name(&self, path: &ArtifactPath) -> Option<&ArtifactPath> {
        self.skipped.iter().find(|name| path.is_at_or_below(name))
    }

    fn sets_aside(&self, path: &ArtifactPath) -> bool {
        self.set_aside.iter().any(|name| path.is_at_or_below(name))
    }
}

/// What is below a root now.
#[derive(Debug)]
pub struct Inventory {
    root: Root,
    entries: Vec<Entry>,
    set_aside: Vec<Entry>,
    skipped: Vec<ArtifactPath>,
    folders: Vec<ArtifactPath>,
    irregular: Vec<Irregular>,
}

impl Inventory {
    /// Walks everything below the root that the scope does not skip.
    ///
    /// # Errors
    /// [`Error`] when the folder cannot be read or has more than [`MAX_ENTRIES`] files. What is merely strange
    /// is in [`Inventory::irregular`].
    pub fn walk(root: Root, scope: &Scope) -> Result<Self, Error> {
        let mut found = Self {
            root,
            entries: Vec::new(),
            set_aside: Vec::new(),
            skipped: Vec::new(),
            folders: Vec::new(),
            irregular: Vec::new(),
        };
        match found.root.kind() {
            RootKind::File(name) => {
                let stamp = found.root.stamp(name)?;
                found.entries.push(Entry {
                    path: name.clone(),
                    stamp,
                    through_link: false,
                });
            }
            RootKind::Folder => match found.root.held().cloned() {
                Some(held) => found.walk_held(&held, scope)?,
                None if found.root.view().is_some() => found.walk_view(scope)?,
                None => found.walk_folders(scope)?,
            },
        }
        found.entries.sort_by(|a, b| a.path.cmp(&b.path));
        found.set_aside.sort_by(|a, b| a.path.cmp(&b.path));
        found.irregular.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Where the walk began, for opening entries.
    #[must_use]
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// The model's files in component order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Files at or below names that the scope set aside, in component order.
    #[must_use]
    pub fn set_aside(&self) -> &[Entry] {
        &self.set_aside
    }

    /// Names that exist and were passed over, in component order.
    #[must_use]
    pub fn skipped(&self) -> &[ArtifactPath] {
        &self.skipped
    }

    /// The folders that were walked, in component order. They are not part of a model, but may stand where a file
    /// was.
    #[must_use]
    pub fn folders(&self) -> &[ArtifactPath] {
        &self.folders
    }

    /// What is there and is no plain file.
    #[must_use]
    pub fn irregular(&self) -> &[Irregular] {
        &self.irregular
    }

    /// The entry at a path.
    #[must_use]
    pub fn entry(&self, path: &ArtifactPath) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.cmp(path)).ok()?;
        self.entries.get(at)
    }

    /// Size of all files of the model, in bytes. Sparse files can claim more than a number holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sizes = self.entries.iter().map(|entry| entry.stamp.size);
        sizes.fold(0, u64::saturating_add)
    }

    /// Walks again and compares: `Err` names a file that came, went or changed since this walk.
    ///
    /// # Errors
    /// [`Error::Changed`], or as [`Inventory::walk`].
    pub fn still_holds(&self, scope: &Scope) -> Result<(), Error> {
        let now = Self::walk(self.root.reopen()?, scope)?;
        let before: BTreeSet<_> = self.all().collect();
        let after: BTreeSet<_> = now.all().collect();
        match before.symmetric_difference(&after).next() {
            Some((path, _)) => Err(Error::Changed {
                path: self.root.join(path.as_str()),
                offset: None,
            }),
            None if self.irregular != now.irregular => Err(Error::Changed {
                path: self.root.path().to_owned(),
                offset: None,
            }),
            None => Ok(()),
        }
    }

    fn all(&self) -> impl Iterator<Item = (&ArtifactPath, Stamp)> {
        self.entries
            .iter()
            .chain(&self.set_aside)
            .map(|entry| (&entry.path, entry.stamp))
    }

    /// The files that a view names, each of which must be there, a plain file, and of the size that is said.
    fn walk_view(&mut self, scope: &Scope) -> Result<(), Error> {
        let Some(view) = self.root.view().cloned() else {
            return Ok(());
        };
        for (path, blob) in view.files() {
            let shown = self.root.join(path.as_str());
            let stamp = match self.root.stamp(path) {
                Ok(stamp) => stamp,
                Err(error) if matches!(error.code(), crate::error::NOT_FOUND | crate::error::CHANGED) => {
                    return Err(Error::BlobMissing {
                        name: path.to_string(),
                        path: shown.join(blob.place.as_str()),
                    });
                }
                Err(error) => return Err(error),
            };
            blob.has_size(stamp.size, &shown)?;
            if scope.skips(path) {
                self.skipped.push(path.clone());
            } else {
                self.add(scope, path.clone(), stamp, false)?;
            }
        }
        Ok(())
    }

    fn walk_folders(&mut self, scope: &Scope) -> Result<(), Error> {
        let mut pending: Vec<Option<ArtifactPath>> = vec![None];
        while let Some(folder) = pending.pop() {
            let handle = self.root.open_folder(folder.as_ref())?;
            let shown = folder.as_ref().map_or_else(
                || self.root.path().to_owned(),
                |path| self.root.join(path.as_str()),
            );
            let failed = |source: rustix::io::Errno| Error::io("read folder", &shown, source.into());
            for item in Dir::read_from(&handle).map_err(failed)? {
                let item = item.map_err(failed)?;
                let name = item.file_name().to_bytes();
                if name == b"." || name == b".." {
                    continue;
                }
                match child(folder.as_ref(), name) {
                    Ok(path) if scope.skips(&path) => self.skipped.push(path),
                    Ok(path) => {
                        let stat = rustix::fs::statat(&handle, item.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                            .map_err(|source| {
                            Error::io("look at", &self.root.join(path.as_str()), source.into())
                        })?;
                        match FileType::from_raw_mode(stat.st_mode) {
                            FileType::Directory => {
                                self.folders.push(path.clone());
                                pending.push(Some(path));
                            }
                            FileType::RegularFile => self.add(scope, path, Stamp::new(&stat), false)?,
                            FileType::Symlink => self.add_link(scope, path)?,
                            other => self.add_irregular(&path, IrregularKind::Special(special(other))),
                        }
                    }
                    Err(error) => {
                        let prefix = folder
                            .as_ref()
                            .map_or_else(String::new, |path| format!("{}/", path.as_str()));
                        let name = format!("{prefix}{}", OsStr::from_bytes(name).to_string_lossy());
                        self.irregular.push(Irregular {
                            name,
                            kind: IrregularKind::Name(error),
                        });
                    }
                }
            }
        }
        self.skipped.sort();
        self.folders.sort();
        Ok(())
    }

    /// What a folder of these files would hold.
    fn walk_held(&mut self, held: &HeldFiles, scope: &Scope) -> Result<(), Error> {
        for path in held.keys() {
            if let Some(name) = scope.skipping_name(path) {
                self.skipped.push(name.clone());
                continue;
            }
            let stamp = self.root.stamp(path)?;
            self.add(scope, path.clone(), stamp, false)?;
            self.folders.extend(path.folders());
        }
        for names in [&mut self.skipped, &mut self.folders] {
            names.sort();
            names.dedup();
        }
        Ok(())
    }

    fn add(
        &mut self,
        scope: &Scope,
        path: ArtifactPath,
        stamp: Stamp,
        through_link: bool,
    ) -> Result<(), Error> {
        if self.entries.len() + self.set_aside.len() >= MAX_ENTRIES {
            return Err(Error::TooManyFiles {
                path: self.root.path().to_owned(),
                limit: MAX_ENTRIES,
            });
        }
        let apart = scope.sets_aside(&path);
        let list = if apart {
            &mut self.set_aside
        } else {
            &mut self.entries
        };
        list.push(Entry {
            path,
            stamp,
            through_link,
        });
        Ok(())
    }

    fn add_link(&mut self, scope: &Scope, path: ArtifactPath) -> Result<(), Error> {
        match self.root.follow(&path)? {
            Ok(stamp) => self.add(scope, path, stamp, true),
            Err(kind) => {
                self.add_irregular(&path, kind);
                Ok(())
            }
        }
    }

    fn add_irregular(&mut self, path: &ArtifactPath, kind: IrregularKind) {
        self.irregular.push(Irregular {
            name: path.as_str().to_owned(),
            kind,
        });
    }
}

fn child(folder: Option<&ArtifactPath>, name: &[u8]) -> Result<ArtifactPath, PathError> {
    let name = std::str::from_utf8(name).map_err(|_| PathError::NotUtf8)?;
    match folder {
        Some(folder) => folder.join(name),
        None => ArtifactPath::parse(name),
    }
}

pub(crate) const fn special(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "named pipe",
        FileType::Socket => "socket",
        FileType::CharacterDevice => "character device",
        FileType::BlockDevice => "block device",
        FileType::Directory => "folder",
        _ => "special file",
    }
}

#[cfg(test)]
mod tests;

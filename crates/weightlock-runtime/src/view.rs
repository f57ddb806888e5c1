//! [`SealedView`]: a folder through which programs that know only paths read verified bytes.
//!
//! It holds a link for each file, `NAME -> /proc/PID/fd/NUMBER`, to the memory of this process, or to a file on disk that
//! the kernel lets nobody change ([`Seal`](crate::sealed::Seal)). Opening it gives the sealed file itself, whoever changes the
//! model meanwhile. It holds only what the signature covers: no signature, no
//! evidence, no file that somebody added.
//!
//! The folder is private (0700) and cannot be written to; it is as trustworthy as the user, who could also attach a
//! debugger. It lasts as long as this value. Rejected: copies in `/dev/shm`, which every process of the user can write
//! to; a mount of its own, which needs rights that a container often withholds, and comes with the sandbox.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use weightlock_artifact::path::ArtifactPath;

use crate::{Error, guard::Guarded, sealed::Sealed};

/// A model whose bytes nobody can change any more.
pub trait Frozen {
    /// Its files by name.
    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed>;
}

impl Frozen for Guarded {
    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        self.files()
    }
}

/// A folder of links to the sealed files of a model.
#[derive(Debug)]
pub struct SealedView<M: Frozen = Guarded> {
    guarded: M,
    /// What has the folder, which has the name of the model.
    around: TempDir,
    folder: PathBuf,
    /// The one file, when the model is one.
    single: Option<ArtifactPath>,
    /// The process that made the folder. One that was forked from it has a copy of this value, and not of the folder.
    owner: u32,
}

impl<M: Frozen> SealedView<M> {
    /// Makes the folder below `place`, in which nobody else may rename it. `name` is what the model is
    /// called; `is_file` says that the model is one file and not a folder.
    ///
    /// # Errors
    /// [`Error::View`] when it could not be made, when its links lead nowhere, or when another user could put a folder of
    /// theirs in its place.
    pub fn new(guarded: M, place: &Path, name: &ArtifactPath, is_file: bool) -> Result<Self, Error> {
        let failed = |source| Error::View {
            path: place.to_owned(),
            source,
        };
        nobody_renames_in(place).map_err(failed)?;
        let around = tempfile::Builder::new()
            .prefix("weightlock-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(place)
            .map_err(failed)?;
        let folder = if is_file {
            around.path().to_owned()
        } else {
            around.path().join(name.as_str())
        };
        let single = is_file.then(|| guarded.files().keys().next().cloned()).flatten();
        let view = Self {
            guarded,
            around,
            folder,
            single,
            owner: std::process::id(),
        };
        view.link().map_err(failed)?;
        Ok(view)
    }

    /// What to load: the folder, or the file of a model that is one.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match &self.single {
            Some(file) => self.folder.join(file.as_str()),
            None => self.folder.clone(),
        }
    }

    /// What was verified, and the bytes.
    #[must_use]
    pub const fn guarded(&self) -> &M {
        &self.guarded
    }

    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        self.guarded.files()
    }

    fn link(&self) -> io::Result<()> {
        let process = std::process::id();
        fs::create_dir_all(&self.folder)?;
        for (path, sealed) in self.files() {
            let link = self.folder.join(path.as_str());
            if let Some(parent) = link.parent() {
                fs::create_dir_all(parent)?;
            }
            symlink(format!("/proc/{process}/fd/{}", sealed.number()), &link)?;
            let seen = fs::metadata(&link)?.len();
            if seen != sealed.size() {
                return Err(io::Error::other(format!("{} leads elsewhere", path.as_str())));
            }
        }
        self.set_mode(0o500)
    }

    /// Of every folder of the view, the outermost last.
    fn set_mode(&self, mode: u32) -> io::Result<()> {
        let mut folders: Vec<PathBuf> = self
            .files()
            .keys()
            .flat_map(|path| {
                let link = self.folder.join(path.as_str());
                let above: Vec<PathBuf> = link.ancestors().skip(1).map(Path::to_owned).collect();
                above
            })
            .filter(|folder| folder.starts_with(self.around.path()))
            .collect();
        folders.push(self.folder.clone());
        folders.push(self.around.path().to_owned());
        folders.sort_unstable();
        folders.dedup();
        // Outermost first when they are opened again, last when they are closed.
        if mode & 0o200 == 0 {
            folders.reverse();
        }
        for folder in folders {
            fs::set_permissions(&folder, Permissions::from_mode(mode))?;
        }
        Ok(())
    }
}

/// Refuses a folder that every user may write to, unless it is sticky, as `/tmp` is: then they can rename what is theirs
/// only. The folders above it count as well.
fn nobody_renames_in(place: &Path) -> io::Result<()> {
    for folder in fs::canonicalize(place)?.ancestors() {
        let mode = fs::metadata(folder)?.permissions().mode();
        if mode & 0o1002 == 0o0002 {
            let why = format!("every user may rename what lies in {}", folder.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
    }
    Ok(())
}

impl<M: Frozen> Drop for SealedView<M> {
    fn drop(&mut self) {
        if self.owner != std::process::id() {
            self.around.disable_cleanup(true);
            return;
        }
        // Then the folder can be removed. Where that fails, links that lead nowhere are left, and no bytes.
        let _: io::Result<()> = self.set_mode(0o700);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_where_others_can_rename_the_folder_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let below = home.path().join("below");
        fs::create_dir(&below).unwrap();
        for (mode, is_safe) in [(0o700, true), (0o755, true), (0o777, false), (0o1777, true)] {
            fs::set_permissions(home.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(nobody_renames_in(&below).is_ok(), is_safe, "{mode:o}");
        }
    }
}

//! [`PrivateFolder`]: a folder that only this user can look into, for what processes of the user tell each other.
//!
//! It is refused when it is a link, belongs to somebody else, or lets others in: in `/tmp` anybody may have made it first.
//! Everything in it is reached through the one descriptor that was checked. It is as trustworthy as the user.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, fstat, mkdir, openat, renameat, unlinkat},
    io::Errno,
    process::geteuid,
};

use crate::Error;

/// A folder of this user alone.
#[derive(Debug)]
pub struct PrivateFolder {
    path: PathBuf,
    handle: OwnedFd,
}

impl PrivateFolder {
    /// Opens a folder, and makes it if it is not there; the folder around it must be.
    ///
    /// # Errors
    /// [`Error::Folder`] when it cannot be made, is no folder, is a link, or is not private.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source: io::Error| Error::Folder {
            path: path.to_owned(),
            source,
        };
        match mkdir(path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(error.into())),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle =
            openat(rustix::fs::CWD, path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
        let stat = fstat(&handle).map_err(|error| failed(error.into()))?;
        if stat.st_uid != geteuid().as_raw() || stat.st_mode & 0o077 != 0 {
            let open = "it must belong to this user and let nobody else in";
            return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, open)));
        }
        Ok(Self {
            path: path.to_owned(),
            handle,
        })
    }

    /// Where ranks of a node meet when nobody says where: below the user's own folder for such things
    /// (`XDG_RUNTIME_DIR`), or else below that for temporary files under a name of the user's own.
    #[must_use]
    pub fn usual(runtime: Option<&Path>, temporary: &Path) -> PathBuf {
        match runtime {
            Some(runtime) => runtime.join("weightlock"),
            None => temporary.join(format!("weightlock-{}", geteuid().as_raw())),
        }
    }

    /// Writes a file whole, in the place of another of that name.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let new = format!("{name}.{}.new", std::process::id());
        let written = self.create(&new, bytes).and_then(|()| {
            renameat(&self.handle, new.as_str(), &self.handle, name)?;
            Ok(())
        });
        written.map_err(|source| {
            self.remove(&new);
            self.failed(source)
        })
    }

    fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // One of the same name was left by a process that ended in between.
        self.remove(name);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR)?;
        File::from(handle).write_all(bytes)
    }

    /// What a file holds; `None` when there is none, or it is longer than `most` bytes, a link or not this user's.
    pub(crate) fn read(&self, name: &str, most: u64) -> Option<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let handle = openat(&self.handle, name, flags, Mode::empty()).ok()?;
        let stat = fstat(&handle).ok()?;
        let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if !plain || stat.st_uid != geteuid().as_raw() {
            return None;
        }
        let mut bytes = Vec::new();
        File::from(handle).take(most + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= most).then_some(bytes)
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove(&self, name: &str) {
        let _: rustix::io::Result<()> = unlinkat(&self.handle, name, AtFlags::empty());
    }

    /// Opens a file that processes lock, and makes it if it is not there.
    pub(crate) fn lockable(&self, name: &str) -> Result<OwnedFd, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR).map_err(|error| self.failed(error.into()))
    }

    pub(crate) fn failed(&self, source: io::Error) -> Error {
        Error::Folder {
            path: self.path.clone(),
            source,
        }
    }

    /// Another handle on the same folder.
    pub(crate) fn again(&self) -> Result<Self, Error> {
        let handle = self.handle.try_clone().map_err(|source| self.failed(source))?;
        Ok(Self {
            path: self.path.clone(),
            handle,
        })
    }
}

impl AsFd for PrivateFolder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn it_is_made_for_this_user_and_found_again() {
        let around = tempfile::tempdir().unwrap();
        let path = PrivateFolder::usual(None, around.path());
        let folder = PrivateFolder::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        folder.write("note", b"one").unwrap();
        folder.write("note", b"two").unwrap();
        let again = PrivateFolder::open(&path).unwrap();
        assert_eq!(again.read("note", 3).unwrap(), b"two");
        assert!(again.read("note", 2).is_none() && again.read("other", 9).is_none());
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }

    #[test]
    fn what_others_could_have_made_is_refused() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("f");
        let refused = || PrivateFolder::open(&path).unwrap_err().code();
        symlink(around.path(), &path).unwrap();
        assert_eq!(refused(), crate::error::FOLDER);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert_eq!(refused(), crate::error::FOLDER);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        for mode in [0o701, 0o710, 0o770, 0o777] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(refused(), crate::error::FOLDER, "{mode:o}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        let folder = PrivateFolder::open(&path).unwrap();
        fs::write(around.path().join("secret"), "x").unwrap();
        symlink("../secret", path.join("note")).unwrap();
        assert!(folder.read("note", 9).is_none());
        assert!(folder.lockable("note").is_err());
        // A link is replaced, and what it leads to is left alone.
        folder.write("note", b"mine").unwrap();
        assert_eq!(fs::read(around.path().join("secret")).unwrap(), b"x");
    }
}

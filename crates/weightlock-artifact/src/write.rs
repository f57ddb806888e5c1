//! Writing files so that they are either whole or absent.

use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::AsFd as _,
    path::Path,
};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, RenameFlags},
    io::Errno,
};

use crate::Error;

/// What may already lie where a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// Nothing: an existing file is an error and stays untouched.
    Refused,
    /// A file there is replaced as a whole.
    Replaced,
}

/// Writes a file in one step: a reader sees the old file or the new one, never a part, and an interruption
/// leaves nothing behind.
///
/// The bytes go into a nameless file (`O_TMPFILE`), are flushed to disk, and only then get their name. File
/// systems without nameless files get a hidden name next to the target, which is removed on every error.
///
/// `mode` is the permission set, for example `0o600` for a private key.
///
/// # Errors
/// [`Error::Io`]; with [`Existing::Refused`] its source is [`io::ErrorKind::AlreadyExists`] when something is
/// there.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32, existing: Existing) -> Result<(), Error> {
    let failed = |source: io::Error| Error::io("write", path, source);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mode = Mode::from_raw_mode(mode);
    match rustix::fs::open(folder, OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC, mode) {
        Ok(handle) => {
            let mut file = File::from(handle);
            fill(&mut file, bytes).map_err(failed)?;
            name(&file, path, existing).map_err(failed)
        }
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOSYS) => {
            write_hidden(path, folder, bytes, mode, existing).map_err(failed)
        }
        Err(source) => Err(failed(source.into())),
    }
}

fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn name(file: &File, path: &Path, existing: Existing) -> io::Result<()> {
    let nameless = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file.as_fd()));
    let link = |to: &Path| rustix::fs::linkat(CWD, nameless.as_str(), CWD, to, AtFlags::SYMLINK_FOLLOW);
    match (link(path), existing) {
        (Err(Errno::EXIST), Existing::Replaced) => {
            let hidden = hidden_name(path);
            link(&hidden)?;
            rename_or_remove(&hidden, path, RenameFlags::empty())
        }
        (done, _) => Ok(done?),
    }
}

fn write_hidden(path: &Path, folder: &Path, bytes: &[u8], mode: Mode, existing: Existing) -> io::Result<()> {
    let hidden = folder.join(hidden_name(path).file_name().unwrap_or_default());
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(&hidden, flags, mode)?);
    if let Err(error) = fill(&mut file, bytes) {
        let _ = std::fs::remove_file(&hidden);
        return Err(error);
    }
    let flags = match existing {
        Existing::Refused => RenameFlags::NOREPLACE,
        Existing::Replaced => RenameFlags::empty(),
    };
    rename_or_remove(&hidden, path, flags)
}

fn rename_or_remove(hidden: &Path, path: &Path, flags: RenameFlags) -> io::Result<()> {
    let done = if flags.is_empty() {
        rustix::fs::rename(hidden, path)
    } else {
        rustix::fs::renameat_with(CWD, hidden, CWD, path, flags)
    };
    done.map_err(|error| {
        let _ = std::fs::remove_file(hidden);
        error.into()
    })
}

/// A name next to the target that no two processes or threads share.
fn hidden_name(path: &Path) -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let unique = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".weightlock-{}-{unique}.tmp", std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn writes_once_and_replaces_only_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.sig");
        write_whole(&path, b"one", 0o600, Existing::Refused).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let Err(Error::Io { source, .. }) = write_whole(&path, b"two", 0o600, Existing::Refused) else {
            panic!("an existing file was replaced");
        };
        assert_eq!(source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_whole(&path, b"three", 0o644, Existing::Replaced).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn the_way_without_nameless_files_keeps_the_same_promises() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.sig");
        let write =
            |bytes, existing| write_hidden(&path, folder.path(), bytes, Mode::from_raw_mode(0o600), existing);
        write(b"one", Existing::Refused).unwrap();
        assert_eq!(
            write(b"two", Existing::Refused).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(b"three", Existing::Replaced).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn a_missing_folder_is_an_error_with_its_path() {
        let error = write_whole(Path::new("/nonexistent/x"), b"", 0o600, Existing::Refused).unwrap_err();
        assert_eq!(error.code(), crate::error::NOT_FOUND);
        assert!(error.to_string().contains("/nonexistent/x"));
    }
}

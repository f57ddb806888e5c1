//! Small files that a user names: keys, certificates, signatures, passwords.
//!
//! Such a path may lie in a folder that a stranger made. A pipe with a name there would wait for a writer for ever,
//! a device would answer without end; both are refused before a byte is read. The pipe that a shell makes for
//! `<(command)` has no name in any folder, and is read.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use rustix::fs::{FileType, Mode, OFlags};

use crate::{Error, inventory::special};

/// The file system of pipes without a name (`PIPEFS_MAGIC`, statfs(2)).
const PIPEFS: u64 = 0x5049_5045;

/// Opens a regular file, or the pipe that a shell made, for reading.
///
/// # Errors
/// The operating system's, and one that says what else is there.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file),
        FileType::Directory => Err(io::ErrorKind::IsADirectory.into()),
        FileType::Fifo if is_nameless(&file) => {
            let flags = rustix::fs::fcntl_getfl(&file)?;
            rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
            Ok(file)
        }
        other => Err(io::Error::other(format!(
            "it is a {}, not a file",
            special(other)
        ))),
    }
}

/// The first `limit` bytes and one more, so that a reader with that limit sees a longer file to be one.
///
/// # Errors
/// [`Error::Io`], as for [`open`].
pub fn read_at_most(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let file = open(path).map_err(|source| Error::io("read", path, source))?;
    read_open(file, path, limit)
}

/// As [`read_at_most`], of a file that is open; `path` is for messages.
///
/// # Errors
/// [`Error::Io`].
pub fn read_open(file: File, path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    file.take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::io("read", path, source))?;
    Ok(bytes)
}

fn is_nameless(pipe: &File) -> bool {
    rustix::fs::fstatfs(pipe).is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| kind == PIPEFS))
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::{Read as _, Write as _},
        os::{fd::AsRawFd as _, unix::net::UnixListener},
    };

    use super::*;

    #[test]
    fn reads_files_and_pipes_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "k").unwrap();
        let mut text = String::new();
        open(&path).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "k");

        let (reader, mut writer) = io::pipe().unwrap();
        let named = format!("/proc/self/fd/{}", reader.as_raw_fd());
        let mut again = open(Path::new(&named)).unwrap();
        let late = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            writer.write_all(b"late").unwrap();
        });
        let mut text = String::new();
        again.read_to_string(&mut text).unwrap();
        late.join().unwrap();
        assert_eq!(text, "late", "it waits for the writer");
    }

    #[test]
    fn one_byte_more_than_the_limit_is_read_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "abcdef").unwrap();
        assert_eq!(read_at_most(&path, 6).unwrap(), b"abcdef");
        assert_eq!(read_at_most(&path, 3).unwrap(), b"abcd");
        assert!(read_at_most(folder.path(), 3).is_err());
    }

    #[test]
    fn refuses_at_once_what_could_block_or_never_end() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink("pipe", at("link")).unwrap();
        for path in [
            at("pipe"),
            at("link"),
            at("socket"),
            "/dev/zero".into(),
            folder.path().into(),
        ] {
            assert!(open(&path).is_err(), "{}", path.display());
        }
    }
}

//! Reading small files that may be hostile: as a whole, up to a limit.

use std::{fs::File, io::Read as _, path::Path};

use weightlock_artifact::{
    Error,
    inventory::{Links, Root, RootKind},
};

/// The first `limit` bytes of a regular file and one more, so that a reader with that limit sees a longer file to
/// be one. A pipe or device is refused and cannot block.
pub(crate) fn read_at_most(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let root = Root::open(path, Links::Refused)?;
    match root.kind() {
        RootKind::File(name) => read_open(root.open_file(name)?, path, limit),
        RootKind::Folder => Err(Error::io(
            "read",
            path,
            std::io::Error::from(std::io::ErrorKind::IsADirectory),
        )),
    }
}

/// As [`read_at_most`], of a file that is open; `path` is for messages.
pub(crate) fn read_open(file: File, path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    file.take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::io("read", path, source))?;
    Ok(bytes)
}

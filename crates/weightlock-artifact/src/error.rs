//! The crate's [`Error`]: what stopped Weightlock from reading or writing a model, and the codes of it.
//!
//! Strange *content* is not an error of this kind; it is reported by the type that found it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    path::PathError,
    reason::{Code, Explanation, Outcome},
};

pub use crate::reason::IO;

/// A file or folder the user named is not there.
pub const NOT_FOUND: Code = Code::new("WL-IO-NOT-FOUND");
/// The operating system forbids access.
pub const PERMISSION: Code = Code::new("WL-IO-PERMISSION");
/// A file changed while it was read.
pub const CHANGED: Code = Code::new("WL-ART-CHANGED");
/// The target is neither a file nor a folder.
pub const NOT_A_MODEL: Code = Code::new("WL-ART-NOT-A-MODEL");
/// A name cannot be recorded.
pub const NAME: Code = Code::new("WL-ART-NAME");
/// Too many files.
pub const TOO_MANY: Code = Code::new("WL-ART-TOO-MANY");
/// A symbolic link where links are not allowed.
pub const SYMLINK: Code = Code::new("WL-ART-SYMLINK");
/// A symbolic link to a folder.
pub const LINK_TO_FOLDER: Code = Code::new("WL-ART-LINK-TO-FOLDER");
/// A symbolic link that leaves the model.
pub const LINK_OUTSIDE: Code = Code::new("WL-ART-LINK-OUTSIDE");
/// A symbolic link that leads nowhere.
pub const LINK_BROKEN: Code = Code::new("WL-ART-LINK-BROKEN");
/// A device, pipe or socket.
pub const SPECIAL_FILE: Code = Code::new("WL-ART-SPECIAL-FILE");
/// A blob that a list names is not there.
pub const BLOB_MISSING: Code = Code::new("WL-ART-BLOB-MISSING");
/// A blob is not what its name says.
pub const BLOB_DIFFERS: Code = Code::new("WL-ART-BLOB-DIFFERS");
/// Stopped by the user.
pub const INTERRUPTED: Code = Code::new("WL-IO-INTERRUPTED");

/// Why Weightlock could not do its work on files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system said no.
    #[error("cannot {operation} {}", .path.display())]
    Io {
        /// What was tried: `open`, `read`, `write`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A file is not what it was when the walk saw it.
    #[error("{} changed while it was being read", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Where reading had come to, in bytes, when known.
        offset: Option<u64>,
    },
    /// The target is a device, pipe or socket.
    #[error("{} is a {kind}; a model is a file or a folder", .path.display())]
    NotAModel {
        /// The target.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The target's name cannot be recorded.
    #[error("the name of {} cannot be recorded", .path.display())]
    Name {
        /// The target.
        path: PathBuf,
        /// Why.
        source: PathError,
    },
    /// The folder has more files than [`crate::inventory::MAX_ENTRIES`].
    #[error("{} holds more than {limit} files", .path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A blob that a list names is not there, or no plain file.
    #[error("{} is not there as a plain file, and is named as {name}", .path.display())]
    BlobMissing {
        /// What the list calls it.
        name: String,
        /// The blob.
        path: PathBuf,
    },
    /// A blob is not what its name, or the list that names it, says.
    #[error("{} is not what its name says: {what} is {found}, not {said}", .path.display())]
    BlobDiffers {
        /// The blob.
        path: PathBuf,
        /// `its size` or `its digest`.
        what: &'static str,
        /// What is said.
        said: String,
        /// What is there.
        found: String,
    },
    /// The user stopped the work.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// An operating-system error while working on a path.
    #[must_use]
    pub fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            operation,
            path: path.to_owned(),
            source,
        }
    }

    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => NOT_FOUND,
                io::ErrorKind::PermissionDenied => PERMISSION,
                io::ErrorKind::Interrupted => INTERRUPTED,
                _ => IO,
            },
            Self::Changed { .. } => CHANGED,
            Self::NotAModel { .. } => NOT_A_MODEL,
            Self::Name { .. } => NAME,
            Self::TooManyFiles { .. } => TOO_MANY,
            Self::BlobMissing { .. } => BLOB_MISSING,
            Self::BlobDiffers { .. } => BLOB_DIFFERS,
            Self::Interrupted => INTERRUPTED,
        }
    }
}

/// What `explain` says of this crate's codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: NOT_FOUND,
        outcome: Outcome::CouldNotWork,
        what: "a file or folder that was named does not exist",
        why: "nothing was checked; an absent file is never taken for a good one",
        example: "weightlock verify --key release.pub ./no-such-model",
        fix: "check the spelling and the working directory; the message names the path as it was looked up",
    },
    Explanation {
        code: PERMISSION,
        outcome: Outcome::CouldNotWork,
        what: "the operating system does not let this user read or write the path",
        why: "a file that cannot be read cannot be vouched for; this is a problem of access, not of the file",
        example: "verifying a model whose weights belong to another user with mode 0600",
        fix: "run as a user who may, or have the owner grant access",
    },
    Explanation {
        code: IO,
        outcome: Outcome::CouldNotWork,
        what: "the operating system could not read or write a path",
        why: "no answer can be given about bytes that could not be read",
        example: "a disk error, a full disk, a network file system that went away",
        fix: "the note has the system's own words; mend that, and run the command again",
    },
    Explanation {
        code: CHANGED,
        outcome: Outcome::No,
        what: "a file changed between the walk of the model and the end of reading it",
        why: "a digest of a file in motion describes no version of it; signing or accepting it would be wrong",
        example: "a training job still writes checkpoints into the folder that is being signed",
        fix: "stop what writes into the model, or work on a copy, then run the command again",
    },
    Explanation {
        code: NOT_A_MODEL,
        outcome: Outcome::Usage,
        what: "the target is a device, pipe or socket",
        why: "such a thing gives other bytes at every reading, so a digest of it means nothing",
        example: "weightlock digest /dev/zero",
        fix: "name a file or a folder",
    },
    Explanation {
        code: NAME,
        outcome: Outcome::No,
        what: "a file's name cannot be recorded in a signature: it is not UTF-8, or too long",
        why: "two different names could become one in the signature, and a file could hide behind the other",
        example: "a folder that holds a file named with the single byte 0xFF",
        fix: "rename the file; `ls -b` shows such names",
    },
    Explanation {
        code: TOO_MANY,
        outcome: Outcome::NoAnswer,
        what: "the folder holds more files than Weightlock lists",
        why: "memory is bounded; a folder of millions of files is usually not a model but what it was made from",
        example: "signing a data set of two million pictures as if it were a model",
        fix: "name the model's own folder, or pack the data set into archives first",
    },
    Explanation {
        code: SYMLINK,
        outcome: Outcome::No,
        what: "the model holds a symbolic link",
        why: "what a link points to can be exchanged without touching the model, also after verification",
        example: "weights linked from a shared folder into the model folder",
        fix: "replace the link by the file; if the link stays inside the model, --allow-symlinks records the file under the link's name",
    },
    Explanation {
        code: LINK_TO_FOLDER,
        outcome: Outcome::No,
        what: "the model holds a symbolic link to a folder",
        why: "files below it would be loaded without being recorded or checked; other tools accept this silently",
        example: "a folder `tokenizer` that is a link to ../shared/tokenizer",
        fix: "replace the link by a real folder with the files in it",
    },
    Explanation {
        code: LINK_OUTSIDE,
        outcome: Outcome::No,
        what: "a symbolic link leaves the model folder",
        why: "the file it leads to is not part of what is signed and can be exchanged by whoever owns that place",
        example: "config.json linked to /etc/shared/config.json",
        fix: "copy the file into the model",
    },
    Explanation {
        code: LINK_BROKEN,
        outcome: Outcome::No,
        what: "a symbolic link leads to nothing, or in a circle",
        why: "a file can be put at its target later, and it would then be loaded without ever having been checked",
        example: "a hub cache snapshot whose blob was deleted",
        fix: "remove the link or restore its target; for a hub cache, download the file again",
    },
    Explanation {
        code: SPECIAL_FILE,
        outcome: Outcome::No,
        what: "the model holds a device, pipe or socket",
        why: "it has no content of its own, so nothing can vouch for what a program reads from it",
        example: "a named pipe called model.safetensors",
        fix: "remove it from the model folder",
    },
    Explanation {
        code: BLOB_MISSING,
        outcome: Outcome::No,
        what: "a list names a blob that is not there, or is no plain file",
        why: "a model without one of its files is another model; what is put there later would be loaded unchecked",
        example: "an OCI layout from which blobs/sha256/41aa… was removed to save space",
        fix: "copy or pull the image again; the message names the blob",
    },
    Explanation {
        code: BLOB_DIFFERS,
        outcome: Outcome::No,
        what: "a blob does not have the size or the digest that its name, or the list that names it, says",
        why: "it was damaged or exchanged after it was stored; whoever reads the cache by names takes it for what it was",
        example: "a hub cache whose blob 9f2c… was overwritten by other weights of the same size",
        fix: "remove the blob and download it again; until then trust nothing that was loaded from this cache",
    },
    Explanation {
        code: INTERRUPTED,
        outcome: Outcome::CouldNotWork,
        what: "the work was stopped by the user or by the system",
        why: "nothing half-done was left behind, and nothing is vouched for",
        example: "Ctrl-C while a large model is hashed",
        fix: "run the command again",
    },
];

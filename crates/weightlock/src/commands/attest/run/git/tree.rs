//! [`compare`]: whether the files of a working tree are those of a commit.
//!
//! 1. The tree that the index makes is that of the commit: nothing is staged.
//! 2. Every file of the index is read, and hashes to what the index names. What the index says of times and sizes is only used
//!    to tell a file that git has changed on its way out (line ends, filters) from one that somebody edited; neither is as in the
//!    commit, and the first is called unknown.
//!
//! One difference is the answer. What could not be compared is unknown, also when everything else is the same.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Seek as _},
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::Path,
};

use weightlock_artifact::{
    digest::{Algorithm, Hasher},
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_bom::provenance::git::{Entry, EntryKind, Index, ObjectHasher, ObjectId, Tree, lfs_pointer};

/// Bytes of files that are read.
const MOST_READ: u64 = 1 << 30;
/// Files that are opened.
const MOST_FILES: usize = 200_000;

/// Compares a working tree with the tree of its commit; none where that could not be read.
pub(super) fn compare(root: &Path, index: &Index, committed: Option<ObjectId>) -> Tree {
    let Some(committed) = committed else {
        return Tree::Unknown("the commit could not be read");
    };
    if let Some(merge) = index.entries.iter().find(|entry| entry.is_conflicted) {
        return Tree::Changed(shown(merge));
    }
    match index.tree() {
        None => return Tree::Unknown("the index lists files as git does not"),
        Some(tree) if tree != committed => return Tree::Changed("(staged)".to_owned()),
        Some(_) => {}
    }
    if index.entries.len() > MOST_FILES {
        return Tree::Unknown("there are too many files to compare");
    }
    let Ok(opened) = Root::open(root, Links::Refused) else {
        return Tree::Unknown("the working tree could not be opened");
    };
    let mut comparing = Comparing {
        root,
        opened,
        rest: MOST_READ,
    };
    let mut unknown = None;
    for entry in &index.entries {
        match comparing.compare(entry) {
            Compared::Same => {}
            Compared::Other => return Tree::Changed(shown(entry)),
            Compared::Unknown(why) => unknown = unknown.or(Some(why)),
        }
    }
    unknown.map_or(Tree::Clean, Tree::Unknown)
}

fn shown(entry: &Entry) -> String {
    String::from_utf8_lossy(&entry.path).into_owned()
}

enum Compared {
    Same,
    Other,
    Unknown(&'static str),
}

impl From<bool> for Compared {
    fn from(is_same: bool) -> Self {
        if is_same { Self::Same } else { Self::Other }
    }
}

struct Comparing<'a> {
    root: &'a Path,
    opened: Root,
    /// Bytes that may still be read.
    rest: u64,
}

impl Comparing<'_> {
    fn compare(&mut self, entry: &Entry) -> Compared {
        let path = self.root.join(std::ffi::OsStr::from_bytes(&entry.path));
        let found = fs::symlink_metadata(&path);
        match entry.kind {
            EntryKind::Submodule => Compared::Unknown("a submodule was not looked at"),
            _ if found.is_err() && entry.is_left_out => {
                Compared::Unknown("files are left out of the working tree on purpose")
            }
            EntryKind::Link => self.link(&path, entry),
            EntryKind::File { executable } => match found {
                Ok(found) if found.is_file() => self.file(entry, executable),
                _ => Compared::Other,
            },
        }
    }

    fn link(&self, path: &Path, entry: &Entry) -> Compared {
        // A link in a folder that is itself a link lies elsewhere.
        let mut around = path.ancestors().skip(1).take_while(|folder| *folder != self.root);
        if around.any(Path::is_symlink) {
            return Compared::Other;
        }
        let Ok(target) = fs::read_link(path) else {
            return Compared::Other;
        };
        let bytes = target.as_os_str().as_bytes();
        let mut hasher = ObjectHasher::blob(bytes.len() as u64, entry.id.is_sha256());
        hasher.update(bytes);
        (hasher.finish() == entry.id).into()
    }

    fn file(&mut self, entry: &Entry, executable: bool) -> Compared {
        let unread = Compared::Unknown("a file could not be read");
        let file = ArtifactPath::from_bytes(&entry.path)
            .ok()
            .and_then(|path| self.opened.open_file(&path).ok());
        let Some(mut file) = file else { return unread };
        let Ok(found) = file.metadata() else {
            return unread;
        };
        if (found.mode() & 0o100 != 0) != executable {
            return Compared::Other;
        }
        let Some(rest) = self.rest.checked_sub(found.size()) else {
            return Compared::Unknown("there is too much to compare");
        };
        self.rest = rest;
        let mut hasher = ObjectHasher::blob(found.size(), entry.id.is_sha256());
        if read(&mut file, |bytes| hasher.update(bytes)).is_none() {
            return unread;
        }
        if hasher.finish() == entry.id {
            return Compared::Same;
        }
        // The index keeps 32 bits of each number.
        let bits = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
        let modified = (
            bits(found.mtime().cast_unsigned()),
            bits(found.mtime_nsec().cast_unsigned()),
        );
        if entry.size != bits(found.size()) || entry.modified != modified {
            return Compared::Other;
        }
        self.stored_elsewhere(&mut file, found.size(), entry)
    }

    /// A file that git takes for unchanged though it is not what the commit has: the content that a pointer of git-lfs names, or
    /// something that cannot be told.
    fn stored_elsewhere(&mut self, file: &mut File, size: u64, entry: &Entry) -> Compared {
        let differs =
            Compared::Unknown("a file is not as in the commit, though the index takes it for unchanged");
        let Some(rest) = self.rest.checked_sub(size) else {
            return differs;
        };
        self.rest = rest;
        let mut content = Hasher::new(Algorithm::Sha256);
        if file.rewind().is_err() || read(file, |bytes| content.update(bytes)).is_none() {
            return differs;
        }
        let pointer = lfs_pointer(&content.finish().hex(), size);
        let mut hasher = ObjectHasher::blob(pointer.len() as u64, entry.id.is_sha256());
        hasher.update(pointer.as_bytes());
        if hasher.finish() == entry.id {
            Compared::Same
        } else {
            differs
        }
    }
}

/// Reads a file to its end.
fn read(file: &mut File, mut take: impl FnMut(&[u8])) -> Option<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Some(()),
            Ok(count) => take(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

//! The index: which files are tracked, what each looked like when git saw it last, and the tree that all of them make
//! ([`Index::tree`]). That tree is worked out from the files' names here, as git writes it; what the index itself says of it (the
//! extension `TREE`) is not believed, since anybody can write it there.
//!
//! ```text
//! index     = "DIRC" version:u32 count:u32 *entry *extension checksum          versions 2, 3, 4
//! entry     = ctime:2*u32 mtime:2*u32 dev ino mode uid gid size:u32 id flags:u16 [more:u16] path
//! path      = *octet NUL, padded to 8 octets (2, 3) | strip:varint *octet NUL (4)
//! extension = signature:4 size:u32 *octet
//! tree      = *( mode SP name NUL id )                                         sorted, folders as if their name ended in "/"
//! ```
//!
//! An extension whose signature begins with a small letter changes what the index means (split and sparse indexes) and is
//! refused.

use super::{ObjectHasher, ObjectId};

/// More files than this are not compared.
const MOST_ENTRIES: usize = 1_000_000;
/// Longer paths than this no file system has.
const LONGEST_PATH: usize = 4096;
/// All paths together; version 4 leaves out what a path shares with the one before it.
const MOST_PATHS: usize = 64 << 20;
/// Folders that are worked out, each time one is entered; a path of many names needs one for each.
const MOST_FOLDERS: usize = 1_000_000;
/// Times, numbers and sizes of an entry.
const FIXED: usize = 40;

const SKIP_WORKTREE: u16 = 0x4000;
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;

/// The index of a working tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Index {
    /// Tracked files, in the order they stand in.
    pub entries: Vec<Entry>,
    is_sha256: bool,
}

/// A tracked file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its path below the working tree, as bytes.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// The name of its content.
    pub id: ObjectId,
    /// Its size when git saw it last, modulo 2³²; 0 also where git could not be sure of the rest.
    pub size: u32,
    /// When it was changed last, seconds and nanoseconds since 1970, modulo 2³².
    pub modified: (u32, u32),
    /// It is said to be absent on purpose.
    pub is_left_out: bool,
    /// A merge did not finish here.
    pub is_conflicted: bool,
}

/// What a tracked file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// A file.
    File {
        /// It may be run.
        executable: bool,
    },
    /// A symbolic link.
    Link,
    /// Another repository.
    Submodule,
}

/// The bytes are no index, or one of another kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the index cannot be read: {0}")]
pub struct NotAnIndex(pub &'static str);

impl Index {
    /// Reads an index. `sha256` says which names objects have.
    ///
    /// # Errors
    /// [`NotAnIndex`] for everything that is not exactly as the grammar above says.
    pub fn parse(bytes: &[u8], sha256: bool) -> Result<Self, NotAnIndex> {
        let id_length = if sha256 { 32 } else { 20 };
        let end = bytes
            .len()
            .checked_sub(id_length)
            .ok_or(NotAnIndex("it is too short"))?;
        let mut rest = Rest {
            bytes: bytes.get(..end).unwrap_or_default(),
            at: 0,
        };
        if rest.take(4)? != b"DIRC" {
            return Err(NotAnIndex("it does not begin with DIRC"));
        }
        let version = rest.number()?;
        let count = usize::try_from(rest.number()?).unwrap_or(usize::MAX);
        if !(2..=4).contains(&version) {
            return Err(NotAnIndex("its version is none of 2, 3 and 4"));
        }
        if count > MOST_ENTRIES {
            return Err(NotAnIndex("it has too many files"));
        }
        let mut index = Self {
            entries: Vec::new(),
            is_sha256: sha256,
        };
        let mut path = Vec::new();
        let mut paths: usize = 0;
        for _ in 0..count {
            let entry = rest.entry(version, id_length, &mut path)?;
            paths = paths.saturating_add(entry.path.len());
            if paths > MOST_PATHS {
                return Err(NotAnIndex("its paths are too long"));
            }
            index.entries.push(entry);
        }
        while rest.at < rest.bytes.len() {
            let signature = rest.take(4)?;
            let is_required = signature.first().is_some_and(u8::is_ascii_lowercase);
            let size = usize::try_from(rest.number()?).unwrap_or(usize::MAX);
            rest.take(size)?;
            if is_required {
                return Err(NotAnIndex("it is split or sparse"));
            }
        }
        Ok(index)
    }

    /// The tree that the tracked files make, as a commit of them would name it. `None` where they make none: files of an unfinished
    /// merge, names that no tree has, or an order that git does not write; and where there are too many folders.
    #[must_use]
    pub fn tree(&self) -> Option<ObjectId> {
        let mut trees = Trees {
            open: vec![(Vec::new(), Vec::new())],
            entered: 0,
            is_sha256: self.is_sha256,
        };
        let mut before: Option<&[u8]> = None;
        for entry in &self.entries {
            let is_in_order = before.is_none_or(|before| before < entry.path.as_slice());
            let is_name =
                |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.eq_ignore_ascii_case(b".git");
            let mut names = entry.path.split(|byte| *byte == b'/');
            if entry.is_conflicted || !is_in_order || !names.all(is_name) {
                return None;
            }
            trees.add(entry)?;
            before = Some(&entry.path);
        }
        trees.finish()
    }
}

/// Trees that are being written, the root first, each with the path of its folder (empty, or ended by `/`).
struct Trees {
    open: Vec<(Vec<u8>, Vec<u8>)>,
    entered: usize,
    is_sha256: bool,
}

impl Trees {
    fn add(&mut self, entry: &Entry) -> Option<()> {
        let path = entry.path.as_slice();
        while !path.starts_with(&self.open.last()?.0) {
            self.close()?;
        }
        loop {
            let folder = &self.open.last()?.0;
            let below = path.get(folder.len()..)?;
            let Some(end) = below.iter().position(|byte| *byte == b'/') else {
                let line = [
                    entry.kind.mode().as_bytes(),
                    b" ",
                    below,
                    b"\0",
                    &entry.id.bytes()?,
                ]
                .concat();
                self.open.last_mut()?.1.extend(line);
                return Some(());
            };
            let inner = path
                .get(..folder.len().checked_add(end)?.checked_add(1)?)?
                .to_vec();
            self.entered = self
                .entered
                .checked_add(1)
                .filter(|entered| *entered <= MOST_FOLDERS)?;
            self.open.push((inner, Vec::new()));
        }
    }

    /// Writes the innermost tree into the one around it.
    fn close(&mut self) -> Option<()> {
        let (folder, tree) = self.open.pop()?;
        let id = self.named(&tree);
        let around = self.open.last_mut()?;
        let name = folder.get(around.0.len()..)?.strip_suffix(b"/")?;
        let id = id.bytes()?;
        around.1.extend([b"40000 ".as_slice(), name, b"\0", &id].concat());
        Some(())
    }

    fn finish(mut self) -> Option<ObjectId> {
        while self.open.len() > 1 {
            self.close()?;
        }
        let (_, root) = self.open.pop()?;
        Some(self.named(&root))
    }

    fn named(&self, tree: &[u8]) -> ObjectId {
        let mut hasher = ObjectHasher::new("tree", tree.len() as u64, self.is_sha256);
        hasher.update(tree);
        hasher.finish()
    }
}

impl EntryKind {
    /// As trees write it.
    const fn mode(self) -> &'static str {
        match self {
            Self::File { executable: false } => "100644",
            Self::File { executable: true } => "100755",
            Self::Link => "120000",
            Self::Submodule => "160000",
        }
    }
}

struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], NotAnIndex> {
        let cut = NotAnIndex("it ends too early");
        let end = self.at.checked_add(count).ok_or(cut)?;
        let taken = self.bytes.get(self.at..end).ok_or(cut)?;
        self.at = end;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, NotAnIndex> {
        let bytes = self.take(4)?;
        Ok(u32_at(bytes, 0))
    }

    fn entry(&mut self, version: u32, id_length: usize, path: &mut Vec<u8>) -> Result<Entry, NotAnIndex> {
        let begin = self.at;
        let fixed = self.take(FIXED)?;
        let id =
            ObjectId::from_bytes(self.take(id_length)?).ok_or(NotAnIndex("a name of an object is none"))?;
        let flags = self.flags()?;
        let more = if flags & EXTENDED != 0 && version > 2 {
            self.flags()?
        } else {
            0
        };
        if version == 4 {
            let strip = self.varint()?;
            let kept = path.len().checked_sub(strip);
            path.truncate(kept.ok_or(NotAnIndex("a path is shorter than nothing"))?);
        } else {
            path.clear();
        }
        let behind = self.bytes.get(self.at..).unwrap_or_default();
        let length = behind.iter().take(LONGEST_PATH).position(|byte| *byte == 0);
        let length = length.ok_or(NotAnIndex("a path has no end"))?;
        path.extend_from_slice(self.take(length)?);
        if path.is_empty() || path.len() > LONGEST_PATH {
            return Err(NotAnIndex("a path is empty or too long"));
        }
        let padding = match version {
            4 => 1,
            // One to eight, so that an entry is a multiple of eight long.
            _ => 8_usize.saturating_sub(self.at.saturating_sub(begin) % 8),
        };
        self.take(padding)?;
        Ok(Entry {
            path: path.clone(),
            kind: kind(u32_at(fixed, 24))?,
            id,
            size: u32_at(fixed, 36),
            modified: (u32_at(fixed, 8), u32_at(fixed, 12)),
            is_left_out: more & SKIP_WORKTREE != 0,
            is_conflicted: flags & STAGE != 0,
        })
    }

    fn flags(&mut self) -> Result<u16, NotAnIndex> {
        let bytes = self.take(2)?;
        let mut number = [0; 2];
        number.copy_from_slice(bytes);
        Ok(u16::from_be_bytes(number))
    }

    /// As offsets in packs: seven bits an octet, and one more for each that follows.
    fn varint(&mut self) -> Result<usize, NotAnIndex> {
        let mut value: usize = 0;
        for place in 0..5 {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            if place > 0 {
                value = value.saturating_add(1);
            }
            value = (value << 7) | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(NotAnIndex("a number is too long"))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    if let Some(found) = bytes.get(at..).and_then(|rest| rest.get(..4)) {
        number.copy_from_slice(found);
    }
    u32::from_be_bytes(number)
}

const fn kind(mode: u32) -> Result<EntryKind, NotAnIndex> {
    match mode & 0o170_000 {
        0o100_000 => Ok(EntryKind::File {
            executable: mode & 0o100 != 0,
        }),
        0o120_000 => Ok(EntryKind::Link),
        0o160_000 => Ok(EntryKind::Submodule),
        _ => Err(NotAnIndex("a file is of no known kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, version: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [1, 2, 3, 4, 5, 6, 0o100_755_u32, 8, 9, 10] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend([0xab; 20]);
        bytes.extend(u16::try_from(path.len()).unwrap().to_be_bytes());
        if version == 4 {
            bytes.push(0);
        }
        bytes.extend(path.as_bytes());
        let padding = if version == 4 { 1 } else { 8 - bytes.len() % 8 };
        bytes.extend(vec![0; padding]);
        bytes
    }

    fn index(version: u32, entries: &[Vec<u8>], extensions: &[u8]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
        bytes.extend(entries.concat());
        bytes.extend(extensions);
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn every_version_tells_the_same_of_a_file() {
        for version in [2, 3, 4] {
            let read = Index::parse(&index(version, &[entry("src/a.py", version)], &[]), false).unwrap();
            let one = &read.entries[0];
            assert_eq!(one.path, b"src/a.py", "{version}");
            assert_eq!(one.kind, EntryKind::File { executable: true });
            assert_eq!((one.size, one.modified), (10, (3, 4)));
            assert_eq!(one.id.as_str(), "ab".repeat(20));
            assert!(!one.is_left_out && !one.is_conflicted);
        }
    }

    /// `git write-tree` of these names, each with the file that begins with `a` and a line feed.
    #[test]
    fn the_tree_is_worked_out_from_the_files() {
        let entry = |path: &str| Entry {
            path: path.as_bytes().to_vec(),
            kind: EntryKind::File { executable: false },
            id: ObjectId::parse("78981922613b2afb6025042ff6bd878ac1994e85").unwrap(),
            size: 2,
            modified: (0, 0),
            is_left_out: false,
            is_conflicted: false,
        };
        let tree = |paths: &[&str]| {
            let index = Index {
                entries: paths.iter().map(|path| entry(path)).collect(),
                is_sha256: false,
            };
            index.tree().map(|id| id.to_string())
        };
        assert_eq!(
            tree(&[]).as_deref(),
            Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
            "the empty tree"
        );
        assert_eq!(
            tree(&["a", "b.c", "b/c/d", "b/e", "c"]).as_deref(),
            Some("9499bc52e0ff87a7a4d6d80729dbde05551d6f21")
        );
        for paths in [
            &["b", "a"][..],
            &["a", "a"],
            &["a//b"],
            &["../a"],
            &["x/.GIT/config"],
            &["/a"],
            &["a/"],
        ] {
            assert_eq!(tree(paths), None, "{paths:?}");
        }
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_refused() {
        let whole = index(2, &[entry("a", 2)], &[]);
        for length in 0..whole.len() - 20 {
            assert!(Index::parse(&whole[..length], false).is_err(), "{length}");
        }
        let split = [b"link".as_slice(), &0_u32.to_be_bytes()].concat();
        assert_eq!(
            Index::parse(&index(2, &[], &split), false),
            Err(NotAnIndex("it is split or sparse"))
        );
        assert!(Index::parse(&index(5, &[], &[]), false).is_err());
        let mut many = index(2, &[], &[]);
        many[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(Index::parse(&many, false).is_err());
    }
}

//! [`Untracked`]: files of a working tree that no commit knows, and that the repository does not ignore. A program can read them as
//! well as any other, and a working tree in which every tracked file is as in the commit says nothing of them.
//!
//! Looked through are the folders that hold tracked files. A folder without one is told as a whole, as git does it.

use std::{
    collections::BTreeSet,
    fmt, fs,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::Path,
};

use weightlock_bom::provenance::git::{Index, MAX_CONFIG, ignore::Rules};

use super::read;

/// Names that are looked at.
const MOST_LOOKED_AT: usize = 50_000;
/// Folders of tracked files that are worked out, each time one is named.
const MOST_FOLDERS: usize = 1_000_000;
/// Names that are told.
const MOST_TOLD: usize = 5;

/// What no commit knows.
#[derive(Debug, Default)]
pub(super) struct Untracked {
    /// The first of them by name, folders ended by `/`.
    told: BTreeSet<String>,
    count: usize,
    /// There may be more: something could not be looked at.
    is_unsure: bool,
}

impl Untracked {
    /// Where nobody could look.
    pub(super) fn unknown() -> Self {
        Self {
            is_unsure: true,
            ..Self::default()
        }
    }

    /// Looks through a working tree.
    pub(super) fn look(root: &Path, index: &Index, exclude: &Path) -> Self {
        let tracked: BTreeSet<&[u8]> = index.entries.iter().map(|entry| entry.path.as_slice()).collect();
        let mut found = Self::default();
        let mut rules = Rules::default();
        found.rules(&mut rules, b"", exclude);
        // The root, and every folder above a tracked file; in this order a folder comes before those in it.
        let mut folders: BTreeSet<&[u8]> = BTreeSet::from([&b""[..]]);
        let mut named = 0_usize;
        for path in &tracked {
            let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            for folder in ends.filter_map(|(at, _)| path.get(..=at)) {
                named += 1;
                folders.insert(folder);
            }
            if named > MOST_FOLDERS {
                return Self::unknown();
            }
        }
        let mut ignored: Option<&[u8]> = None;
        let mut looked_at = 0_usize;
        for folder in &folders {
            if ignored.is_some_and(|above| folder.starts_with(above)) {
                continue;
            }
            if folder
                .strip_suffix(b"/")
                .is_some_and(|path| rules.ignore(path, true))
            {
                ignored = Some(folder);
                continue;
            }
            let place = root.join(std::ffi::OsStr::from_bytes(folder));
            found.rules(&mut rules, folder, &place.join(".gitignore"));
            // A link in the place of a folder leads elsewhere; that its files are gone is told by who compares them.
            if !folder.is_empty() && place.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
                continue;
            }
            let Ok(entries) = fs::read_dir(&place) else {
                found.is_unsure |= place.symlink_metadata().is_ok();
                continue;
            };
            for entry in entries {
                looked_at += 1;
                let Some(entry) = entry.ok().filter(|_| looked_at <= MOST_LOOKED_AT) else {
                    found.is_unsure = true;
                    break;
                };
                let path = [*folder, entry.file_name().into_vec().as_slice()].concat();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let whole = if is_folder {
                    [&path, &b"/"[..]].concat()
                } else {
                    path.clone()
                };
                let is_known = tracked.contains(path.as_slice()) || folders.contains(whole.as_slice());
                let is_repository = folder.is_empty() && path == b".git";
                if !is_known && !is_repository && !rules.ignore(&path, is_folder) {
                    found.add(String::from_utf8_lossy(&whole).into_owned());
                }
            }
        }
        found
    }

    fn rules(&mut self, rules: &mut Rules, base: &[u8], file: &Path) {
        if !file.is_file() {
            return;
        }
        let added = read(file, MAX_CONFIG).and_then(|text| rules.add(base, &text));
        self.is_unsure |= added.is_none();
    }

    fn add(&mut self, name: String) {
        self.count += 1;
        self.told.insert(name);
        if self.told.len() > MOST_TOLD {
            self.told.pop_last();
        }
    }
}

impl fmt::Display for Untracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.told.iter().map(String::as_str).collect();
        match (self.count, self.is_unsure) {
            (0, false) => return f.write_str("none"),
            (0, true) => return f.write_str("unknown"),
            (count, false) => write!(f, "{count}: ")?,
            (count, true) => write!(f, "at least {count}: ")?,
        }
        f.write_str(&names.join(", "))?;
        if self.count > names.len() {
            f.write_str(", and others")?;
        }
        Ok(())
    }
}

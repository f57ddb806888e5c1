//! The version of the tables, and the digest that says whether they are still those of the version.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

/// The file in the folder of the tables.
const FILE: &str = "version.rs";

/// A version and the digest of its tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    pub(super) version: u64,
    pub(super) digest: String,
}

/// What the repository says.
pub(super) fn read(tables: &Path) -> Result<Stamp> {
    let path = tables.join(FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("{}: no version and digest", path.display()))
}

fn parse(text: &str) -> Option<Stamp> {
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("{name}: &str = \""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    Some(Stamp {
        version: value("VERSION")?.parse().ok()?,
        digest: value("DIGEST")?,
    })
}

/// Over the path, the length and the text of each file, in order of the path.
pub(super) fn digest(files: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    for (path, text) in files {
        hash.update(format!("{path}\0{}\0{text}", text.len()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong when the tables are not those of the version.
pub(super) fn check(stamp: &Stamp, files: &[(String, String)]) -> Option<String> {
    (stamp.digest != digest(files)).then(|| {
        format!(
            "{FILE}: the tables are not those of version {}; `cargo xtask imports --stamp` makes them the next one",
            stamp.version
        )
    })
}

/// Makes the tables the next version when they have changed.
pub(super) fn stamp(tables: &Path, files: &[(String, String)]) -> Result<()> {
    let old = read(tables)?;
    if check(&old, files).is_none() {
        return Ok(());
    }
    let Some(version) = old.version.checked_add(1) else {
        bail!("no next version");
    };
    let new = Stamp {
        version,
        digest: digest(files),
    };
    std::fs::write(tables.join(FILE), write(&new)).context("cannot write the version")
}

fn write(stamp: &Stamp) -> String {
    format!(
        "//! The version of the tables; written by `cargo xtask imports --stamp` when they change.\n\n\
         /// The version of the tables. It goes into reports, so that two verdicts can be compared.\n\
         pub const VERSION: &str = \"{}\";\n\n\
         /// The SHA-256 of the tables of this version, so that none changes without a new one.\n\
         pub const DIGEST: &str = \"{}\";\n",
        stamp.version, stamp.digest
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Vec<(String, String)> {
        vec![("table/a.txt".to_owned(), text.to_owned())]
    }

    #[test]
    fn a_change_makes_the_next_version() {
        let folder = tempfile::tempdir().unwrap();
        let first = Stamp {
            version: 1,
            digest: digest(&files("a @cC X\n")),
        };
        std::fs::write(folder.path().join(FILE), write(&first)).unwrap();
        assert_eq!(read(folder.path()).unwrap(), first);

        stamp(folder.path(), &files("a @cC X\n")).unwrap();
        assert_eq!(read(folder.path()).unwrap(), first);

        let changed = files("a @cC Y\n");
        assert!(check(&first, &changed).is_some());
        stamp(folder.path(), &changed).unwrap();
        let second = read(folder.path()).unwrap();
        assert_eq!(second.version, 2);
        assert!(check(&second, &changed).is_none() && check(&second, &files("a @cC X\n")).is_some());
    }

    #[test]
    fn a_name_that_moves_between_files_is_a_change() {
        let moved = vec![("table/b.txt".to_owned(), "a @cC X\n".to_owned())];
        assert_ne!(digest(&moved), digest(&files("a @cC X\n")));
    }

    #[test]
    fn the_tables_of_the_repository_are_those_of_their_version() {
        let tables = super::super::tables();
        let stamp = read(&tables).unwrap();
        assert_eq!(check(&stamp, &super::super::files(&tables).unwrap()), None);
        assert_eq!(stamp.version.to_string(), weightlock_scan::imports::VERSION);
    }
}

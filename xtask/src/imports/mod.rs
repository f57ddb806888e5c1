//! `cargo xtask imports`: the tables of imports of the scanner.
//!
//! Without an argument it verifies what lies in the repository, offline: that every table has the form its reader
//! expects, that no entry is a pattern, that each name is decided in one place, that the generated ones say what they
//! were made from, and that the tables are those of their version. `--write` makes them again, from nothing but what
//! is decided by hand, the record of CPython and the pinned wheels of `xtask/imports/sources.txt`; `--check` does the
//! same beside the repository and compares byte by byte. `--record` reads the sources of CPython.

mod check;
mod collector;
mod version;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::say;

const USAGE: &str = "usage: cargo xtask imports [--check | --write | --stamp | --record VERSION=FOLDER...]";

/// Runs the command.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let (root, tables) = (root(), tables());
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {}
        ["--check"] => return Ok(is_reproduced(&root, &tables)? & is_sound(&tables)?),
        ["--write"] => {
            write(&root, &tables)?;
            version::stamp(&tables, &files(&tables)?)?;
        }
        ["--stamp"] => version::stamp(&tables, &files(&tables)?)?,
        ["--record", versions @ ..] if versions.iter().all(|version| version.contains('=')) => {
            collector::record(&root, &tables.join("reviewed"), args.get(1..).unwrap_or_default())?;
        }
        _ => bail!("{USAGE}"),
    }
    is_sound(&tables)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of the tables.
fn tables() -> PathBuf {
    root().join("crates/weightlock-scan/src/imports")
}

/// Whether the tables in the repository are well formed and those of their version.
fn is_sound(tables: &Path) -> Result<bool> {
    let files = files(tables)?;
    let mut complaints = check::check(&texts(&files));
    complaints.extend(version::check(&version::read(tables)?, &files));
    for complaint in &complaints {
        say(complaint);
    }
    Ok(complaints.is_empty())
}

/// The tables and lists: path below the folder, and text, in order of the path.
fn files(tables: &Path) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["reviewed", "table"] {
        let path = tables.join(folder);
        let entries = path
            .read_dir()
            .with_context(|| format!("cannot read {}", path.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((format!("{folder}/{name}"), text));
        }
    }
    files.sort();
    Ok(files)
}

/// The tables without the lists.
fn texts(files: &[(String, String)]) -> Vec<(String, String)> {
    let tables = files.iter().filter(|(path, _)| path.ends_with(".txt"));
    tables.cloned().collect()
}

/// Replaces the generated tables. What is not made any more goes.
fn write(root: &Path, tables: &Path) -> Result<()> {
    let made = fresh(root, tables)?;
    let folder = tables.join("table");
    for (path, _) in files(tables)?
        .iter()
        .filter(|(path, _)| path.starts_with("table/"))
    {
        std::fs::remove_file(tables.join(path)).with_context(|| format!("cannot replace {path}"))?;
    }
    for (name, text) in &made {
        std::fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// Whether making the tables again gives the same bytes.
fn is_reproduced(root: &Path, tables: &Path) -> Result<bool> {
    let made = fresh(root, tables)?;
    let there = files(tables)?;
    let there = there
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("table/")?.to_owned(), text.clone())));
    let complaints = differences(&there.collect::<Vec<_>>(), &made);
    for complaint in &complaints {
        say(complaint);
    }
    Ok(complaints.is_empty())
}

/// The files that differ, or are on one side only.
fn differences(there: &[(String, String)], made: &[(String, String)]) -> Vec<String> {
    let lacks = |side: &[(String, String)], file: &(String, String)| !side.contains(file);
    let mut names: Vec<&str> = there
        .iter()
        .filter(|file| lacks(made, file))
        .chain(made.iter().filter(|file| lacks(there, file)))
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            format!("table/{name}: making it again gives other bytes; run `cargo xtask imports --write`")
        })
        .collect()
}

/// The generated tables, made anew in a folder of their own: name and text.
fn fresh(root: &Path, tables: &Path) -> Result<Vec<(String, String)>> {
    let out = root.join("target/imports");
    if out.exists() {
        std::fs::remove_dir_all(&out).context("cannot empty target/imports")?;
    }
    collector::make_tables(root, &tables.join("reviewed"), &out)?;
    let mut made = Vec::new();
    for entry in out.read_dir().context("the collector made nothing")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        made.push((name.into_owned(), text));
    }
    made.sort();
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn tells_which_tables_are_not_what_is_made() {
        let there = [file("a.txt", "1"), file("b.txt", "2"), file("c.txt", "3")];
        assert!(differences(&there, &there).is_empty());
        let made = [file("a.txt", "1"), file("b.txt", "x"), file("d.txt", "4")];
        let told = differences(&there, &made).join(" ");
        for (name, differs) in [
            ("a.txt", false),
            ("b.txt", true),
            ("c.txt", true),
            ("d.txt", true),
        ] {
            assert_eq!(told.contains(name), differs, "{name}");
        }
    }
}

//! `cargo xtask imports`: the tables of imports of the scanner.
//!
//! With `--check`, the default, it verifies what lies in the repository: that every table has the form its reader
//! expects, that no entry is a pattern, that each name is decided in one place, and that the generated ones say what
//! they were made from. With `--write FOLDER…` it makes them again from the wheels in the folders; see
//! `xtask/imports/__main__.py`, which is Python because Python's own parser is the authority on Python.

mod check;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::say;

/// Runs the command.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tables = root.join("crates/weightlock-scan/src/imports");
    match args {
        [] => check_all(&tables),
        [flag] if flag == "--check" => check_all(&tables),
        [flag, folders @ ..] if flag == "--write" && !folders.is_empty() => {
            write(&root, &tables, folders)?;
            check_all(&tables)
        }
        _ => bail!("usage: cargo xtask imports [--check | --write FOLDER...]"),
    }
}

fn check_all(tables: &Path) -> Result<bool> {
    let complaints = check::check(&files(tables)?);
    for complaint in &complaints {
        say(complaint);
    }
    Ok(complaints.is_empty())
}

/// The tables: path below the folder, and text.
fn files(tables: &Path) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["reviewed", "table"] {
        let path = tables.join(folder);
        let entries = path
            .read_dir()
            .with_context(|| format!("cannot read {}", path.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                files.push((format!("{folder}/{name}"), text));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn write(root: &Path, tables: &Path, folders: &[String]) -> Result<()> {
    let folders = folders.iter().map(PathBuf::from);
    let status = Command::new("python3")
        .arg("-B")
        .arg(root.join("xtask/imports"))
        .arg(tables.join("reviewed"))
        .arg(tables.join("table"))
        .args(folders)
        .status()
        .context("cannot run python3")?;
    if !status.success() {
        bail!("the collector ended with {status}");
    }
    Ok(())
}

//! The collector, `xtask/imports`: Python, because Python's own parser is the authority on Python. It reads sources as
//! trees of syntax and names, and imports and runs nothing of what it reads.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Makes the generated tables below `out`, from wheels that are downloaded into the cache folder when they are missing.
pub(super) fn make_tables(root: &Path, reviewed: &Path, out: &Path) -> Result<()> {
    let cache = weightlock_peers::cache_folder()
        .context("no home folder to keep wheels in")?
        .join("imports");
    collect(
        root,
        [
            OsStr::new("tables"),
            reviewed.as_ref(),
            out.as_ref(),
            cache.as_ref(),
        ],
    )
}

/// Makes the record of CPython from `VERSION=FOLDER` arguments.
pub(super) fn record(root: &Path, reviewed: &Path, versions: &[String]) -> Result<()> {
    let first = [OsStr::new("record"), reviewed.as_ref()];
    collect(root, first.into_iter().chain(versions.iter().map(OsStr::new)))
}

fn collect<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<()> {
    let python = python().context("needs Python 3.11 or newer on the path")?;
    let status = Command::new(&python)
        // No byte code beside the sources, and no warnings about the strings of strangers.
        .args(["-B", "-W", "ignore"])
        .arg(root.join("xtask/imports"))
        .args(arguments)
        .status()
        .with_context(|| format!("cannot run {}", python.display()))?;
    if !status.success() {
        bail!("the collector ended with {status}");
    }
    Ok(())
}

/// The newest Python on the path that is new enough.
fn python() -> Option<PathBuf> {
    let check = "import pip, sys; sys.exit(sys.version_info < (3, 11))";
    (11..=20)
        .rev()
        .map(|minor| format!("python3.{minor}"))
        .chain(["python3".to_owned()])
        .filter_map(|name| weightlock_peers::on_path(&name))
        .find(|path| {
            Command::new(path)
                .args(["-c", check])
                .output()
                .is_ok_and(|out| out.status.success())
        })
}

//! `cargo xtask check-rooms`: every crate keeps to its room.
//!
//! The architecture says which crate may use which, where `unsafe` may stand, and who may touch files, sockets
//! and the process. Here that is a check, so that it stays true. It stops mistakes, not a contributor who
//! means to hide something: that is what review is for.

mod load;
mod rules;

use anyhow::Result;

use crate::args::Args;
use crate::say;
use crate::workspace::Metadata;

/// A crate as the rules see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    /// The package name.
    pub(crate) name: String,
    /// Its folder, relative to the workspace root, with `/`.
    pub(crate) folder: String,
    /// What it depends on.
    pub(crate) uses: Vec<Use>,
    /// Its own `[lints]` table.
    pub(crate) lints: toml::Table,
    /// Its Rust files.
    pub(crate) files: Vec<Source>,
}

/// One declared dependency.
#[derive(Clone, Debug, Default)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) features: Vec<String>,
    /// Only for tests.
    pub(crate) dev: bool,
}

/// One Rust file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Relative to the workspace root, with `/`.
    pub(crate) path: String,
    /// With comments and literals blanked.
    pub(crate) code: String,
    /// The same without test modules; empty for files that are tests as a whole.
    pub(crate) shipped: String,
}

/// A rule that is broken, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Breach {
    /// The kebab-case name of the rule.
    pub(crate) rule: &'static str,
    /// File and line, or the crate.
    pub(crate) place: String,
    /// What is wrong, and what to do instead.
    pub(crate) what: String,
}

/// Checks all rooms and prints what is broken.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    Args::parse(raw, &[], &[])?.no_words()?;
    let metadata = Metadata::load()?;
    let (rooms, workspace_lints) = load::rooms(&metadata)?;
    let breaches = rules::check(&rooms, &workspace_lints);
    for breach in &breaches {
        say(&format!("{}: {}: {}", breach.place, breach.rule, breach.what));
    }
    let files = rooms.iter().map(|room| room.files.len()).sum::<usize>();
    say(&format!(
        "{} rooms, {files} files, {} breaches",
        rooms.len(),
        breaches.len()
    ));
    Ok(breaches.is_empty() && !rooms.is_empty())
}

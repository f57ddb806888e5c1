//! [`survey`]: everything that [`compare`](super::compare) checks, but for the bytes of files that others answer for.
//!
//! For whoever reads a part of a model and checks each leaf of it, and for whoever takes bytes that another process of the
//! same user has verified. A survey says that nothing is missing, added or of another kind, and that what was ignored is
//! of no use to a loader. It says nothing about bytes, so it is no [`VerifiedModel`](super::VerifiedModel), and nothing
//! makes one of it.

use weightlock_artifact::{
    Error,
    inventory::{Entry, Inventory, Root},
};

use super::{
    Work,
    compare::{Comparison, Mismatch, Rules, look},
};
use crate::oms::{Files, VerifiedStatement};

/// A model with the signed names and no others. Its bytes were not looked at.
#[derive(Debug)]
pub struct Surveyed {
    comparison: Comparison,
    listed: Vec<Entry>,
}

impl Surveyed {
    /// What was compared. Files that were not read count as if they had the signed digests.
    #[must_use]
    pub const fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    /// The walk.
    #[must_use]
    pub const fn inventory(&self) -> &Inventory {
        &self.comparison.inventory
    }

    /// The files that the signature lists and the rules did not leave out, as the walk found them.
    #[must_use]
    pub fn listed(&self) -> &[Entry] {
        &self.listed
    }

    /// Every file of the signature is among them, and every other file was looked for.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        !self.comparison.narrowed && self.comparison.checked == self.comparison.listed
    }
}

/// Compares the names of a model with what was signed. Files for which `unread` holds are not read; every other file is,
/// and must have the signed digest.
///
/// # Errors
/// When Weightlock could not work. That the model differs is the inner error.
pub fn survey(
    verified: &VerifiedStatement,
    root: Root,
    rules: &Rules<'_>,
    work: &mut Work<'_>,
    unread: &dyn Fn(&Entry) -> bool,
) -> Result<Result<Surveyed, Mismatch>, Error> {
    let comparison = look(verified, root, rules, work, Some(unread))?;
    if !comparison.codes().is_empty() {
        return Ok(Err(Mismatch::of(comparison)));
    }
    let wanted = |entry: &&Entry| rules.only.is_none_or(|only| only(&entry.path));
    let named = |entry: &&Entry| match verified.statement().files() {
        Files::Named(files) => files.contains_key(&entry.path),
        Files::Single(_) => true,
    };
    let entries = comparison.inventory.entries().iter();
    let listed = entries.filter(named).filter(wanted).cloned().collect();
    Ok(Ok(Surveyed { comparison, listed }))
}

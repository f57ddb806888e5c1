//! Which entries of a lock are meant.

use std::{ffi::OsString, path::PathBuf};

use weightlock_policy::{ModelName, lock::Entry, reason::NOT_LOCKED};

use super::{
    LookFlags,
    file::LockFile,
    named::{self, Named},
};
use crate::{diagnostic::Diagnostic, explanations::USAGE};

/// A model that is to be checked, and where it lies if not where the lock says.
pub(super) type Wanted<'a> = (&'a ModelName, &'a Entry, Option<PathBuf>);

/// Everything, or what was named. An empty lock has nothing to say.
pub(super) fn wanted<'a>(models: &[OsString], file: &'a LockFile) -> Result<Vec<Wanted<'a>>, Diagnostic> {
    if models.is_empty() {
        if file.lock.is_empty() {
            let told = Diagnostic::new(NOT_LOCKED, "no model is locked").at(file.shown());
            return Err(told.help("weightlock lock add MODEL"));
        }
        return Ok(file
            .lock
            .models()
            .map(|(name, entry)| (name, entry, None))
            .collect());
    }
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for model in models {
        let (name, moved) = match Named::of(model)? {
            Named {
                name: Some(name),
                rest,
            } => (name, Some(rest)),
            Named { name: None, rest } => (named::parsed(&rest.to_string_lossy())?, None),
        };
        let found = file.lock.models().find(|(other, _)| **other == name);
        let (name, entry) = found.ok_or_else(|| not_locked(&name, file))?;
        if wanted.iter().any(|(other, ..)| *other == name) {
            return Err(Diagnostic::new(USAGE, format!("{name} is named twice")));
        }
        wanted.push((name, entry, moved));
    }
    Ok(wanted)
}

/// There is no entry of this name.
pub(crate) fn not_locked(name: &ModelName, file: &LockFile) -> Diagnostic {
    let told = Diagnostic::new(NOT_LOCKED, format!("{name} is not in the lock")).at(file.shown());
    let names = file.lock.models().map(|(name, _)| name.as_str());
    match crate::nearest::of(name.as_str(), names) {
        Some(near) => told.help(format!("did you mean {near} ?")),
        None => told,
    }
}

/// What a model is called stands in the lock.
pub(super) fn not_said_here(look: &LookFlags) -> Result<(), Diagnostic> {
    if look.policy.called.is_some() {
        let told = Diagnostic::new(
            USAGE,
            "--as has no meaning here: the lock says what a model is called",
        );
        return Err(told.help("give the entry's name:  weightlock lock verify NAME"));
    }
    Ok(())
}

//! `weightlock verify --lock`: the model is the locked one, and signed by a locked signer, besides being rightly signed.
//!
//! The lock adds a demand and takes none away: whoever verifies names a signer all the same.

use std::path::PathBuf;

use clap::Args;
use weightlock_policy::{
    ModelName,
    lock::{Difference, Entry, Files, LockedSigner},
    reason::{LOCK_SIGNER, NOT_LOCKED},
};

use super::{
    file::{LockFile, whole},
    named,
    refusal::other_files,
    told::changed_files,
    wanted::not_locked,
};
use crate::{diagnostic::Diagnostic, explanations::USAGE};

/// Which entry of which lock a model must fit.
#[derive(Args, Clone, Default, Debug)]
pub(crate) struct AgainstFlags {
    /// Refuse any other model than the one in this lock, file by file, and any other signer. It takes the place of no signature
    #[arg(long, value_name = "FILE", help_heading = "Signature")]
    pub lock: Option<PathBuf>,
    /// The name of its entry [default: the entry whose path this is]
    #[arg(long, value_name = "NAME", requires = "lock", help_heading = "Signature")]
    pub locked_as: Option<String>,
}

/// An entry that a model must fit.
#[derive(Debug)]
pub(crate) struct Against {
    name: ModelName,
    entry: Entry,
    file: String,
}

impl AgainstFlags {
    /// Finds the entry of a model, before anything of the model is read.
    pub(crate) fn find(&self, model: &std::path::Path) -> Result<Option<Against>, Diagnostic> {
        let Some(path) = &self.lock else {
            return Ok(None);
        };
        let file = LockFile::open(path)?;
        let (name, entry) = match &self.locked_as {
            Some(name) => {
                let name = named::parsed(name)?;
                let entry = file.lock.model(&name).cloned();
                let entry = entry.ok_or_else(|| not_locked(&name, &file))?;
                (name, entry)
            }
            None => by_place(&file, model)?,
        };
        Ok(Some(Against {
            name,
            entry,
            file: file.shown(),
        }))
    }
}

/// The entry of the model that lies here.
fn by_place(file: &LockFile, model: &std::path::Path) -> Result<(ModelName, Entry), Diagnostic> {
    let here = whole(model)?;
    let is_here = |entry: &Entry| whole(&file.resolve(&entry.place)).is_ok_and(|path| path == here);
    let mut found = file.lock.models().filter(|(_, entry)| is_here(entry));
    let first = found.next().ok_or_else(|| {
        Diagnostic::new(NOT_LOCKED, "no entry of the lock has this path")
            .at(model.display().to_string())
            .fact("lock", file.shown())
            .help("name its entry, if it was moved:  --locked-as NAME")
    })?;
    if found.next().is_some() {
        return Err(
            Diagnostic::new(USAGE, "several entries of the lock have this path")
                .at(model.display().to_string())
                .help("name the one that is meant:  --locked-as NAME"),
        );
    }
    Ok((first.0.clone(), first.1.clone()))
}

impl Against {
    /// What the entry is called.
    pub(crate) const fn name(&self) -> &ModelName {
        &self.name
    }

    /// The lock file, as it is shown.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Whether files and signer are the locked ones; every reason why not.
    pub(crate) fn compare(
        &self,
        files: Option<Files>,
        signer: &weightlock_signing::Signer,
    ) -> Vec<Diagnostic> {
        let mut reasons = Vec::new();
        let found = files.map(|files| Entry {
            files,
            ..self.entry.clone()
        });
        match found {
            Some(found) if found.files == self.entry.files => {}
            Some(found) => {
                let changes = changed_files(&Difference::between(&self.entry, &found));
                reasons.push(other_files(&self.name, &self.entry, &found, &changes));
            }
            None => reasons.push(
                Diagnostic::new(
                    weightlock_policy::reason::LOCK_DIGEST,
                    "only a part of the model was read, so it cannot be compared with the lock",
                )
                .help("leave out --only"),
            ),
        }
        reasons.extend(self.other_signer(signer));
        let place = |told: Diagnostic| match told.place() {
            Some(_) => told,
            None => told.at(self.file.clone()),
        };
        reasons.into_iter().map(place).collect()
    }

    /// The signer must be one of those who were locked, if any were.
    fn other_signer(&self, signer: &weightlock_signing::Signer) -> Option<Diagnostic> {
        let found = LockedSigner::try_from(signer);
        let is_locked = found
            .as_ref()
            .is_ok_and(|found| self.entry.signers.iter().any(|locked| locked.is_same(found)));
        if self.entry.signers.is_empty() || is_locked {
            return None;
        }
        let told = Diagnostic::new(
            LOCK_SIGNER,
            format!("{} is signed by another than when it was locked", self.name),
        );
        let locked = self.entry.signers.iter();
        let told = locked.fold(told, |told, signer| told.fact("locked", signer.to_string()));
        Some(match found {
            Ok(found) => told.fact("found", found.to_string()),
            Err(error) => told.note(error.to_string()),
        })
    }
}

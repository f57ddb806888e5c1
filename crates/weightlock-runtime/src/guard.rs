//! [`read`]: verifying and reading as one act.
//!
//! Each file that the signature covers is opened once, below the model's root; its bytes are read once, into memory that
//! is [sealed](crate::sealed) later, and hashed where they lie, on as many streams at once as the processor has lanes for.
//! Everything else that makes a verification (what is missing, added, ignored, a walk at the end) is
//! [`compare`]'s. Nothing is handed out before all of it said yes: a caller gets
//! a [`Guarded`] model or none of its bytes.
//!
//! A model with a signed leaf table is compared by its leaves once they are known to be those of its files: see
//! [`Leaves`]. Then all lanes and processors hash, also one large file.
//!
//! Other ways, each with rules of its own: files that are not read because the kernel answers for them ([`verity`]), one file
//! into the caller's memory ([`into`]), parts of a model by signed leaves ([`lazy`]), and several processes of one user that
//! read a model once between them ([`share`]). Where a policy decides, and not one signer, see [`judged`].

use std::{collections::BTreeMap, fs};

use weightlock_artifact::{
    digest::{
        Digest,
        engine::{Destination, Observer, Settings},
        verity::VerityDigest,
    },
    inventory::{Entry, Inventory, Root},
    measure::{Keeper, Need},
    path::ArtifactPath,
};
use weightlock_signing::{
    oms::{
        VerifiedStatement,
        model::{self, Mismatch, Rules, VerifiedModel, Work, compare},
    },
    predicate::leaves::SignedTable,
};

use self::{leaves::StandIn, verity::Asking};
use crate::{
    Error,
    folder::PrivateFolder,
    sealed::{Filling, Sealed},
};

pub mod into;
pub mod judged;
pub mod lazy;
pub mod leaves;
mod notes;
pub mod pinned;
pub mod share;
pub mod verity;

/// Descriptors that the process needs for other things.
const SPARE_FILES: u64 = 64;

/// A model that was verified, and its bytes, which nobody can change any more.
#[derive(Debug)]
pub struct Guarded {
    model: VerifiedModel,
    files: BTreeMap<ArtifactPath, Sealed>,
    by_leaves: bool,
}

impl Guarded {
    /// What was verified.
    #[must_use]
    pub const fn model(&self) -> &VerifiedModel {
        &self.model
    }

    /// The files that were read were compared by signed leaves, which stood in for their digests.
    #[must_use]
    pub const fn by_leaves(&self) -> bool {
        self.by_leaves
    }

    /// The files that the signature covers, by name: all of them, or those that were asked for by
    /// [`Rules::only`].
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        &self.files
    }
}

/// A leaf table that the signer of the model signed, and where it is noted that its leaves are those of the signed files.
///
/// A table that is noted there stands in for the digests of files ([`StandIn`]). One that is not is compared beside the
/// digests, in the same read, and noted if it holds for the whole model.
#[derive(Debug)]
pub struct Leaves<'a> {
    /// The table.
    pub table: SignedTable,
    /// The notes of this user.
    pub notes: &'a PrivateFolder,
}

/// Reads a model whose signature was verified, and compares it with what was signed.
///
/// The digest cache is never asked. Memory for the whole model is needed.
///
/// # Errors
/// [`Error`] when it could not be done. That the model is another one is the inner error; its bytes are gone then.
pub fn read(
    verified: &VerifiedStatement,
    root: Root,
    rules: &Rules<'_>,
    leaves: Option<Leaves<'_>>,
    settings: Settings,
    observer: &dyn Observer,
) -> Result<Result<Guarded, Mismatch>, Error> {
    read_by(
        Freezer::default(),
        verified,
        root,
        rules,
        leaves,
        settings,
        observer,
    )
}

fn read_by(
    mut freezer: Freezer<'_>,
    verified: &VerifiedStatement,
    root: Root,
    rules: &Rules<'_>,
    leaves: Option<Leaves<'_>>,
    settings: Settings,
    observer: &dyn Observer,
) -> Result<Result<Guarded, Mismatch>, Error> {
    let compared = compared(verified, root, rules, leaves, (settings, observer), &mut freezer);
    if let Some(refused) = freezer.refused.take() {
        return Err(refused);
    }
    let (model, by_leaves) = match compared? {
        Ok(compared) => compared,
        Err(mismatch) => return Ok(Err(mismatch)),
    };
    Ok(Ok(Guarded {
        model,
        files: freezer.freeze()?,
        by_leaves,
    }))
}

/// Compares a model with what was signed, and keeps its bytes. With the model comes whether it was done by leaves.
fn compared(
    verified: &VerifiedStatement,
    root: Root,
    rules: &Rules<'_>,
    leaves: Option<Leaves<'_>>,
    (settings, observer): (Settings, &dyn Observer),
    keeper: &mut dyn Keeper,
) -> Result<Result<(VerifiedModel, bool), Mismatch>, Error> {
    let known = leaves.and_then(
        |Leaves { table, notes }| match StandIn::remembered(table, notes) {
            Ok(stand_in) => Some(Known::StandsIn(stand_in)),
            // Some files prove nothing of the others.
            Err(table) => rules.only.is_none().then_some(Known::Unproven(table, notes)),
        },
    );
    let comparison = compare(
        verified,
        root,
        rules,
        &mut Work {
            settings,
            observer,
            cache: None,
            keeper: Some(keeper),
            leaves: known.as_ref().map(Known::as_leaves),
        },
    )?;
    let model = match comparison.accept() {
        Ok(model) => model,
        Err(mismatch) => return Ok(Err(mismatch)),
    };
    let found = model.comparison();
    let has_read = found.bytes_vouched < found.bytes;
    let by_leaves = matches!(known, Some(Known::StandsIn(_))) && found.leaves_hold && has_read;
    if let Some(Known::Unproven(table, notes)) = known
        && let Some(stand_in) = StandIn::found(table, &model)
    {
        // Without a note the next load does as much work as this one.
        let _: Result<(), Error> = stand_in.remember(notes);
    }
    Ok(Ok((model, by_leaves)))
}

/// What is known of signed leaves.
enum Known<'a> {
    StandsIn(StandIn),
    Unproven(SignedTable, &'a PrivateFolder),
}

impl Known<'_> {
    const fn as_leaves(&self) -> model::Leaves<'_> {
        match self {
            Self::StandsIn(stand_in) => model::Leaves::StandIn(stand_in.table()),
            Self::Unproven(table, _) => model::Leaves::Beside(table),
        }
    }
}

/// Has the bytes of files stay in memory.
#[derive(Default)]
struct Freezer<'a> {
    files: Vec<(ArtifactPath, Filling)>,
    /// Asks for which files the kernel answers.
    asking: Option<Asking<'a>>,
    /// Why there was no memory.
    refused: Option<Error>,
}

impl Freezer<'_> {
    fn make(&mut self, entries: &[&Entry]) -> Result<(), Error> {
        let needed = entries
            .iter()
            .fold(0_u64, |sum, entry| sum.saturating_add(entry.stamp.size));
        if let Some(available) = available().filter(|&available| available < needed) {
            return Err(Error::Memory { needed, available });
        }
        allow_descriptors(entries.len() as u64);
        for entry in entries {
            let name = entry.path.as_str();
            let filling = Filling::new(name, entry.stamp.size).map_err(|source| Error::Seal {
                name: name.to_owned(),
                source,
            })?;
            self.files.push((entry.path.clone(), filling));
        }
        Ok(())
    }

    fn freeze(self) -> Result<BTreeMap<ArtifactPath, Sealed>, Error> {
        let seal = |(path, filling): (ArtifactPath, Filling)| match filling.seal() {
            Ok(sealed) => Ok((path, sealed)),
            Err(source) => Err(Error::Seal {
                name: path.as_str().to_owned(),
                source,
            }),
        };
        let mut files: BTreeMap<_, _> = self.files.into_iter().map(seal).collect::<Result<_, _>>()?;
        files.extend(self.asking.into_iter().flat_map(Asking::into_files));
        Ok(files)
    }
}

impl Keeper for Freezer<'_> {
    fn needs(&mut self, inventory: &Inventory, entries: &[&Entry]) -> Vec<Need> {
        match &mut self.asking {
            Some(asking) => asking.needs(inventory, entries),
            None => vec![Need::Bytes; entries.len()],
        }
    }

    fn worked_out(&mut self, _: &Entry, sha256: Digest, verity: VerityDigest) {
        if let Some(asking) = &mut self.asking {
            asking.worked_out(&sha256, &verity);
        }
    }

    fn keep<'k>(
        &'k mut self,
        entries: &[&Entry],
    ) -> Result<Vec<Option<Destination<'k>>>, weightlock_artifact::Error> {
        if let Err(refused) = self.make(entries) {
            self.refused = Some(refused);
            // The caller looks at what was refused first.
            return Err(weightlock_artifact::Error::Interrupted);
        }
        let kept = self.files.iter_mut();
        Ok(kept.map(|(_, filling)| Some(filling.destination())).collect())
    }
}

/// Lets the process have a descriptor for each of so many files, as far as it may.
fn allow_descriptors(files: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = files.saturating_add(SPARE_FILES);
    if limit.current.is_some_and(|current| current < wanted) {
        let most = limit.maximum.unwrap_or(u64::MAX);
        // Where that is refused, the file that has no descriptor is named.
        let _: rustix::io::Result<()> = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted.saturating_mul(2).min(most)),
                maximum: limit.maximum,
            },
        );
    }
}

/// Bytes of memory that can be had: by the system, and by the control group of this process. `None` where neither says.
fn available() -> Option<u64> {
    let system = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| mem_available(&text));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let group = group.and_then(|group| {
        let read = |name: &str| {
            let text = fs::read_to_string(format!("/sys/fs/cgroup{group}/{name}")).ok()?;
            text.trim().parse::<u64>().ok()
        };
        let reclaimable = fs::read_to_string(format!("/sys/fs/cgroup{group}/memory.stat"))
            .ok()
            .and_then(|text| stat(&text, "file "))
            .unwrap_or(0);
        Some(read("memory.max")?.saturating_sub(read("memory.current")?.saturating_sub(reclaimable)))
    });
    match (system, group) {
        (Some(system), Some(group)) => Some(system.min(group)),
        (system, group) => system.or(group),
    }
}

/// `MemAvailable` of `/proc/meminfo`, in bytes (proc(5)).
fn mem_available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// One number of `memory.stat` (cgroup v2).
fn stat(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        let text = "MemTotal:       24689764 kB\nMemFree:         1 kB\nMemAvailable:   23168092 kB\n";
        assert_eq!(mem_available(text), Some(23_168_092 * 1024));
        assert_eq!(mem_available("MemAvailable: many kB\n"), None);
        assert_eq!(mem_available(""), None);
        assert_eq!(stat("anon 5\nfile 4096\nfile_mapped 1\n", "file "), Some(4096));
        assert!(available().is_some());
    }
}

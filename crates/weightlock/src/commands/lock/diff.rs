//! `weightlock lock diff`: how two locks differ, or a lock and what is there now.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{Error, error::NOT_FOUND, reason::Outcome};
use weightlock_policy::{
    ModelName,
    lock::{Difference, Entry},
};

use super::{
    ReadFlags,
    file::LockFile,
    look,
    refusal::{Refusal, exit_of, many, one, reasons_of},
    told::LockDifference,
    update::changes_text,
};
use crate::{context::Context, diagnostic::Diagnostic, explanations::DIFFERENT, reply::Reply, text::counted};

const VERB: &str = "lock diff";

/// Compare two locks, or a lock with the files that are there now.
///
/// With one lock, every file is hashed. Nobody's signature is asked: `weightlock lock verify` does that.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock lock diff weightlock.lock                  what changed on the disk since?
  weightlock lock diff old.lock weightlock.lock         what would this change lock?")]
pub struct Arguments {
    /// A lock
    #[arg(value_name = "LOCK", default_value = "weightlock.lock")]
    lock: PathBuf,
    /// Another lock [default: what is there now]
    #[arg(value_name = "OTHER")]
    other: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockDiff {
    /// The lock.
    pub lock: String,
    /// The other lock; nothing where it was compared with what is there now.
    pub other: Option<String>,
    /// What differs.
    pub changes: Vec<LockDifference>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let diff = match &arguments.other {
        Some(other) => of_locks(arguments, other).map(|diff| (diff, Vec::new())),
        None => of_disk(arguments, context),
    };
    match diff {
        Ok((diff, refusals)) if diff.changes.is_empty() && refusals.is_empty() => {
            Reply::yes(VERB, "the same\n".to_owned(), diff)
        }
        Ok((diff, mut refusals)) => {
            if !diff.changes.is_empty() {
                let what = format!("{} from what is locked", differ(diff.changes.len()));
                let told = Diagnostic::new(DIFFERENT, what).at(diff.lock.clone());
                refusals.insert(0, (Outcome::No, told));
            }
            Reply::refusal(VERB, reasons_of(&refusals))
                .with_exit(exit_of(&refusals))
                .with_text(changes_text(&diff.changes))
                .with_result(diff)
        }
        Err(refusals) => Reply::refusal(VERB, reasons_of(&refusals)).with_exit(exit_of(&refusals)),
    }
}

fn differ(count: usize) -> String {
    let verb = if count == 1 { "differs" } else { "differ" };
    format!("{} {verb}", counted(count, "model"))
}

fn of_locks(arguments: &Arguments, other: &Path) -> Result<LockDiff, Vec<Refusal>> {
    let one_lock = LockFile::open(&arguments.lock).map_err(one)?;
    let other_lock = LockFile::open(other).map_err(one)?;
    let names = one_lock.lock.models().chain(other_lock.lock.models());
    let names: BTreeSet<&ModelName> = names.map(|(name, _)| name).collect();
    let changes =
        names.into_iter().filter_map(
            |name| match (one_lock.lock.model(name), other_lock.lock.model(name)) {
                (Some(locked), Some(found)) => changed(name, locked, found),
                (Some(entry), None) => Some(LockDifference::whole(name, entry, false)),
                (None, Some(entry)) => Some(LockDifference::whole(name, entry, true)),
                (None, None) => None,
            },
        );
    Ok(LockDiff {
        changes: changes.collect(),
        lock: one_lock.shown(),
        other: Some(other_lock.shown()),
    })
}

fn changed(name: &ModelName, locked: &Entry, found: &Entry) -> Option<LockDifference> {
    // A signer at another ref is the same for a lock, and another text.
    (locked != found).then(|| LockDifference::of(name, &Difference::between(locked, found)))
}

/// What differs, and why some of it cannot be told. A model that is gone is no reason to say nothing of the others.
fn of_disk(arguments: &Arguments, context: &Context) -> Result<(LockDiff, Vec<Refusal>), Vec<Refusal>> {
    let file = LockFile::open(&arguments.lock).map_err(one)?;
    let (mut changes, mut refusals) = (Vec::new(), Vec::new());
    for (name, entry) in file.lock.models() {
        let path = file.resolve(&entry.place);
        match look::hashed(&path, &arguments.reading, context) {
            Ok(hashed) => {
                let found = Entry {
                    files: look::files(&hashed),
                    ..entry.clone()
                };
                changes.extend(changed(name, entry, &found));
            }
            Err(reasons) if is_gone(&path, &reasons) => {
                changes.push(LockDifference::whole(name, entry, false));
            }
            Err(reasons) => refusals.extend(many(reasons)),
        }
        if context.is_stopped() {
            return Err(one(Error::Interrupted.into()));
        }
    }
    let diff = LockDiff {
        changes,
        lock: file.shown(),
        other: None,
    };
    Ok((diff, refusals))
}

fn is_gone(path: &Path, reasons: &[Diagnostic]) -> bool {
    !path.exists() && reasons.iter().any(|reason| reason.code() == NOT_FOUND)
}

//! `weightlock lock verify`: is everything as it was locked, and does everybody still vouch for it?
//!
//! What fails and did not fail before is told first. Before means: when it was locked, since only what holds is locked; or, with
//! `--previous`, in the last run. The answer never depends on that.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{Error, error::NOT_FOUND, reason::Outcome};
use weightlock_policy::{
    ModelName,
    lock::{Difference, Entry},
    reason::{LOCK_SIGNER, LOCK_SOURCE},
};

use super::{
    LockFlag, LookFlags,
    earlier::failing_in,
    file::LockFile,
    look::{Looking, Seen, Subject},
    refusal::{Refusal, exit_of, many, one, other_files, reasons_of, unasked},
    told::{ChangedFile, LockedModel, changed_files, names, vouched},
    wanted::{not_said_here, wanted},
};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    interrupt,
    reply::Reply,
    text::{Shown, counted, quoted},
};

const VERB: &str = "lock verify";

/// Check that every locked model is as it was locked, and that its signers and the policy still vouch for it.
///
/// Every file is hashed again. Where the lock says that a signer or a policy was asked, they must be named here too, or there is no
/// answer. Whoever is named is asked about every model that is checked, also where the lock says that nobody was: else whoever can write
/// the lock could say so. What is newly failing is told first, which makes this a job for every night.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock lock verify --policy policy.toml
  weightlock lock verify --key release.pub acme/pebble
  weightlock lock verify --key release.pub acme/pebble=/mnt/models/pebble      it was moved
  weightlock lock verify --policy policy.toml --json --previous last.json > now.json

Exit codes: 0 everything holds; 1 something does not; 3 something could not be told; 4 something could not be read.")]
pub struct Arguments {
    /// Only these; with a path, where the model lies now
    #[arg(value_name = "NAME[=PATH]")]
    models: Vec<OsString>,
    #[command(flatten)]
    lock: LockFlag,
    /// The JSON of an earlier run: what failed then is not newly failing. Where there is none yet, everything counts as new
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    #[command(flatten)]
    look: LookFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockVerified {
    /// The lock file.
    pub lock: String,
    /// SHA-256 of its text.
    pub digest: String,
    /// How many models were checked.
    pub checked: usize,
    /// What fails, or has no answer, and held before.
    pub newly_failing: Vec<CheckedModel>,
    /// What failed, or had no answer, in the earlier run too.
    pub still_failing: Vec<CheckedModel>,
    /// What holds.
    pub holding: Vec<CheckedModel>,
}

/// A locked model that was checked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedModel {
    /// What was locked.
    pub locked: LockedModel,
    /// Where it was looked for.
    pub path: String,
    /// `holds`, `fails` or `no-answer`.
    #[schemars(extend("enum" = ["holds", "fails", "no-answer"]))]
    pub state: String,
    /// Its digest now, if it could be read.
    pub found: Option<String>,
    /// Who vouches for it now, whether or not the lock names them.
    pub signed_by: Vec<String>,
    /// Whether a policy allows it now.
    pub allowed: bool,
    /// Files that differ.
    pub changes: Vec<ChangedFile>,
    /// The policy or the evidence is another than when it was locked, and allows it still.
    pub verdict_changed: bool,
    /// Why it does not hold.
    pub reasons: Vec<Diagnostic>,
    /// What must be said of the verdict, as of waivers.
    pub notes: Vec<String>,
}

/// One model, and the kinds of answers that its reasons make.
struct Checked {
    told: CheckedModel,
    refusals: Vec<Refusal>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let verdict = "not everything is as it was locked";
    match verify(arguments, context) {
        Ok((result, refusals)) if refusals.is_empty() => {
            let notes = notes(&result);
            Reply::yes(VERB, text(&result), result).with_notes(notes)
        }
        Ok((result, refusals)) => Reply::refusal(VERB, reasons_of(&refusals))
            .with_exit(exit_of(&refusals))
            .with_notes(notes(&result))
            .with_text(text(&result))
            .with_result(result)
            .with_answer(verdict),
        Err(refusals) => Reply::refusal(VERB, reasons_of(&refusals))
            .with_exit(exit_of(&refusals))
            .with_answer(verdict),
    }
}

fn verify(arguments: &Arguments, context: &Context) -> Result<(LockVerified, Vec<Refusal>), Vec<Refusal>> {
    not_said_here(&arguments.look).map_err(one)?;
    if arguments.look.policy.revision.is_some() {
        return Err(one(Diagnostic::new(
            USAGE,
            "--revision has no meaning here: the lock says it",
        )));
    }
    let looking = Looking::new(VERB, &arguments.look, context).map_err(one)?;
    let file = LockFile::open(&arguments.lock.lock).map_err(one)?;
    let failed_before = arguments
        .previous
        .as_deref()
        .map(failing_in)
        .transpose()
        .map_err(one)?;
    let failed_before = failed_before.unwrap_or_default();
    let wanted = wanted(&arguments.models, &file).map_err(one)?;
    let mut checked = Vec::new();
    for (name, entry, moved) in &wanted {
        checked.push(check(name, entry, moved.as_deref(), &looking, &file));
        if interrupt::signal().is_some() {
            return Err(one(Error::Interrupted.into()));
        }
    }
    Ok(sorted(checked, &failed_before, &file))
}

/// What holds, and what fails, newly or still, with every reason in that order.
fn sorted(
    checked: Vec<Checked>,
    failed_before: &BTreeSet<String>,
    file: &LockFile,
) -> (LockVerified, Vec<Refusal>) {
    let count = checked.len();
    let (holding, mut failing): (Vec<_>, Vec<_>) = checked.into_iter().partition(|it| it.refusals.is_empty());
    // The sort is stable: what says no comes before what has no answer, and names stay in order.
    failing.sort_by_key(|it| it.told.state != "fails");
    let (old, new): (Vec<_>, Vec<_>) = failing
        .into_iter()
        .partition(|it| failed_before.contains(&it.told.locked.name));
    let refusals = new.iter().chain(&old).flat_map(|it| it.refusals.iter().cloned());
    let refusals = refusals.collect();
    let told = |list: Vec<Checked>| list.into_iter().map(|it| it.told).collect();
    let result = LockVerified {
        lock: file.shown(),
        digest: file.digest(),
        checked: count,
        newly_failing: told(new),
        still_failing: told(old),
        holding: told(holding),
    };
    (result, refusals)
}

fn check(
    name: &ModelName,
    entry: &Entry,
    moved: Option<&Path>,
    looking: &Looking<'_>,
    file: &LockFile,
) -> Checked {
    let path = moved.map_or_else(|| file.resolve(&entry.place), Path::to_owned);
    let text = |line: Option<&weightlock_policy::lock::Line>| line.map(|it| it.as_str().to_owned());
    let subject = Subject {
        name: Some(name),
        path: &path,
        source: entry.source.clone(),
        revision: text(entry.revision.as_ref()),
    };
    let mut told = CheckedModel {
        locked: LockedModel::of(name, entry),
        path: path.display().to_string(),
        state: String::new(),
        found: None,
        signed_by: Vec::new(),
        allowed: false,
        changes: Vec::new(),
        verdict_changed: false,
        reasons: Vec::new(),
        notes: Vec::new(),
    };
    let refusals = match looking.look(&subject) {
        Ok(seen) => compare(name, entry, seen, looking, &mut told),
        Err(reasons) => many(reasons.into_iter().map(|it| elsewhere(it, name, &path)).collect()),
    };
    told.reasons = reasons_of(&refusals);
    told.state = match refusals.as_slice() {
        [] => "holds",
        all if all.iter().any(|(outcome, _)| *outcome == Outcome::No) => "fails",
        _ => "no-answer",
    }
    .to_owned();
    Checked { told, refusals }
}

/// A model that is not where it was may have been moved.
fn elsewhere(told: Diagnostic, name: &ModelName, path: &Path) -> Diagnostic {
    if told.code() != NOT_FOUND || path.exists() {
        return told;
    }
    Diagnostic::new(NOT_FOUND, format!("{name} is not where it was locked"))
        .at(path.display().to_string())
        .help(format!(
            "if it was moved, say where to:  weightlock lock verify {name}=PATH"
        ))
}

fn compare(
    name: &ModelName,
    entry: &Entry,
    mut seen: Seen,
    looking: &Looking<'_>,
    told: &mut CheckedModel,
) -> Vec<Refusal> {
    let asked = std::mem::take(&mut seen.refusals);
    told.notes = seen.noted(name);
    let is_unsigned = seen.is_unsigned;
    let found = seen.entry(entry.place.clone());
    let difference = Difference::between(entry, &found);
    told.found = Some(found.files.digest().to_string());
    told.changes = changed_files(&difference);
    told.signed_by = names(&found.signers);
    told.allowed = found.verdict.is_some() && asked.is_empty();
    told.verdict_changed = difference.verdict && entry.verdict.is_some() && found.verdict.is_some();
    let at = &told.path;
    let mut refusals = Vec::new();
    let mut no = |reason: Diagnostic| refusals.push((Outcome::No, reason.at(at.clone())));
    if difference.digest.is_some() {
        no(other_files(name, entry, &found, &told.changes));
    }
    if difference.source.is_some() || difference.revision.is_some() {
        no(Diagnostic::new(
            LOCK_SOURCE,
            format!("{name} comes from somewhere else, or is another revision"),
        ));
    }
    // That nobody vouches for it now is told with its reason, where that is a no; what helps against it helps here too.
    let is_told = found.signers.is_empty() && is_unsigned && asked.iter().any(|(it, _)| *it == Outcome::No);
    if looking.asks() && difference.has_other_signer() && !is_told {
        no(missed(name, &difference));
    }
    let unasked = unasked(name, entry, looking);
    refusals.extend(unasked.map(|told| (Outcome::NoAnswer, told.at(at.clone()))));
    refusals.extend(asked);
    refusals
}

fn missed(name: &ModelName, difference: &Difference) -> Diagnostic {
    let told = Diagnostic::new(
        LOCK_SIGNER,
        format!("{name}: somebody who vouched for it when it was locked does not now"),
    );
    let gone = difference.signers_gone.iter();
    let told = gone.fold(told, |told, signer| told.fact("locked", signer.to_string()));
    let new = difference.signers_new.iter();
    new.fold(told, |told, signer| told.fact("now", signer.to_string()))
}

/// What must be said of all verdicts.
fn notes(result: &LockVerified) -> Vec<String> {
    let all = [&result.newly_failing, &result.still_failing, &result.holding];
    let models = all.into_iter().flatten();
    models.flat_map(|it| it.notes.iter().cloned()).collect()
}

fn text(result: &LockVerified) -> String {
    let failing = result.newly_failing.len() + result.still_failing.len();
    let mut text = match failing {
        0 => format!(
            "as locked: {} in {}\n",
            counted(result.checked, "model"),
            Shown(&result.lock)
        ),
        _ => format!(
            "NOT as locked: {failing} of {} in {}\n",
            counted(result.checked, "model"),
            Shown(&result.lock)
        ),
    };
    for (when, list) in [("new", &result.newly_failing), ("still", &result.still_failing)] {
        for model in list {
            let codes: BTreeSet<&str> = model.reasons.iter().map(|it| it.code().as_str()).collect();
            let codes: Vec<&str> = codes.into_iter().collect();
            text += &format!(
                "  {:9} {when:5}   {}   {}\n",
                model.state,
                model.locked.name,
                codes.join(" ")
            );
        }
    }
    for model in &result.holding {
        let changed = if model.verdict_changed {
            "; by another policy or evidence than when it was locked"
        } else {
            ""
        };
        let locked = &model.locked;
        let vouched = vouched(&model.signed_by, model.allowed);
        let vouched = Shown(&vouched);
        text += &format!(
            "  holds             {}   {}   {vouched}{changed}\n",
            locked.name, locked.digest
        );
    }
    if failing > 0 {
        let lock = quoted(&result.lock);
        text += &format!("each is explained above; what differs:  weightlock lock diff {lock}\n");
    }
    text
}

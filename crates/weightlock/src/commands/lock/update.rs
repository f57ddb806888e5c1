//! `weightlock lock update`: locks what is there now instead, and says what differs.
//!
//! Another signer, and another source, are what a stolen account and a taken-over namespace look like. So each needs a word of its own
//! from whoever updates, which is written to the audit log, and which production does not take.

use std::{ffi::OsString, path::Path};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{digest::Digest, reason::Code};
use weightlock_policy::{
    Mode, ModelName, Policy,
    audit::Acceptance,
    lock::{Difference, Entry},
    reason::{LOCK_SIGNER, LOCK_SOURCE, OVERRIDE},
};

use super::{
    LockFlag, LookFlags,
    file::LockFile,
    look::{Looking, Subject, line},
    refusal::{Refusal, exit_of, many, one, reasons_of, unasked},
    told::{LockDifference, LockedModel},
    wanted::{not_said_here, wanted},
};
use crate::{
    commands::verdict, context::Context, diagnostic::Diagnostic, explanations::USAGE, reply::Reply,
    text::Shown,
};

const VERB: &str = "lock update";

/// Lock what is there now instead of what was locked, and say what differs.
///
/// Signers and the policy are asked as for `lock add`, and what is refused is not locked. Where the lock says that a signer or a policy was
/// asked, one must be named here too. Another signer than the locked one, or another source, is refused unless it is accepted by its own
/// flag; in production it cannot be.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock lock update --policy policy.toml                          everything
  weightlock lock update --key release.pub acme/pebble                 one model
  weightlock lock update --key release.pub acme/pebble=./pebble-v2     it lies elsewhere now
  weightlock lock update --key new.pub --accept-signer acme/pebble

Exit codes: 0 as locked now; 1 refused; 3 refused because an answer is not known; nothing is written then.")]
pub struct Arguments {
    /// Only these; with a path, where the model lies now
    #[arg(value_name = "NAME[=PATH]")]
    models: Vec<OsString>,
    #[command(flatten)]
    lock: LockFlag,
    /// Where the model comes from now; a snapshot in the hub's cache says it itself [default: as it was]
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// Accept that somebody who had signed the locked model did not sign this one; refused in production
    #[arg(long)]
    accept_signer: bool,
    /// Accept that the model comes from somewhere else than the locked one; refused in production
    #[arg(long)]
    accept_source: bool,
    #[command(flatten)]
    look: LookFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockUpdated {
    /// The lock file.
    pub lock: String,
    /// SHA-256 of its text now; nothing where the answer is no.
    pub digest: Option<String>,
    /// Whether anything was written.
    pub written: bool,
    /// What differed.
    pub changes: Vec<LockDifference>,
    /// What was locked instead.
    pub models: Vec<LockedModel>,
    /// What was accepted although a lock alone does not allow it, as codes with the model.
    pub accepted: Vec<String>,
    /// What must be said of the verdicts, as of waivers.
    pub notes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match update(arguments, context) {
        Ok(updated) => {
            let notes = updated.notes.clone();
            Reply::yes(VERB, text(&updated), updated).with_notes(notes)
        }
        Err((refusals, changes)) => {
            let reply = Reply::refusal(VERB, reasons_of(&refusals))
                .with_exit(exit_of(&refusals))
                .with_verdict("the lock stays as it is");
            if changes.is_empty() {
                return reply;
            }
            reply.with_text(changes_text(&changes)).with_result(LockUpdated {
                lock: arguments.lock.lock.display().to_string(),
                digest: None,
                written: false,
                changes,
                models: Vec::new(),
                accepted: Vec::new(),
                notes: Vec::new(),
            })
        }
    }
}

type Refused = (Vec<Refusal>, Vec<LockDifference>);

fn update(arguments: &Arguments, context: &Context) -> Result<LockUpdated, Refused> {
    let early = |told: Diagnostic| (one(told), Vec::new());
    not_said_here(&arguments.look).map_err(early)?;
    let looking = Looking::new(VERB, &arguments.look, context).map_err(early)?;
    let file = LockFile::open(&arguments.lock.lock).map_err(early)?;
    let wanted = wanted(&arguments.models, &file).map_err(early)?;
    is_said_of_one(arguments, wanted.len()).map_err(early)?;
    let mut lock = file.lock.clone();
    let (mut changes, mut models, mut accepted) = (Vec::new(), Vec::new(), Vec::new());
    let mut notes = Vec::new();
    for (name, entry, moved) in wanted {
        let found = look(arguments, (name, entry, moved.as_deref()), &looking, &file);
        let (found, of_model) = found.map_err(|refusals| (refusals, std::mem::take(&mut changes)))?;
        notes.extend(of_model);
        let difference = Difference::between(entry, &found);
        if difference.is_empty() && *entry == found {
            continue;
        }
        changes.push(LockDifference::of(name, &difference));
        match accept(arguments, (name, entry), (&difference, &found), &looking, context) {
            Ok(given) => accepted.extend(given),
            Err(refusals) => return Err((refusals, changes)),
        }
        models.push(LockedModel::of(name, &found));
        lock.replace(name, found);
    }
    let written = !models.is_empty();
    let digest = if written {
        // What one model was accepted with is written down once no other one is in the way of it.
        for one in &accepted {
            one.log(false, arguments, &looking, context).map_err(early)?;
        }
        file.save(&lock).map_err(early)?
    } else {
        file.digest()
    };
    Ok(LockUpdated {
        lock: file.shown(),
        digest: Some(digest),
        written,
        changes,
        models,
        accepted: accepted.iter().flat_map(Accepted::told).collect(),
        notes,
    })
}

fn is_said_of_one(arguments: &Arguments, count: usize) -> Result<(), Diagnostic> {
    let is_said = arguments.source.is_some() || arguments.look.policy.revision.is_some();
    if count > 1 && is_said {
        let told = "--source and --revision say something of one model, and several are updated";
        return Err(Diagnostic::new(USAGE, told));
    }
    Ok(())
}

/// What is there now, as it would be locked, and what must be said of its verdict.
fn look(
    arguments: &Arguments,
    (name, entry, moved): (&ModelName, &Entry, Option<&Path>),
    looking: &Looking<'_>,
    file: &LockFile,
) -> Result<(Entry, Vec<String>), Vec<Refusal>> {
    let path = moved.map_or_else(|| file.resolve(&entry.place), Path::to_owned);
    let source = arguments.source.as_deref().map(|text| line("source", text));
    let source = source.transpose().map_err(one)?;
    let revision = entry.revision.as_ref().map(|it| it.as_str().to_owned());
    let subject = Subject {
        name: Some(name),
        path: &path,
        source: source.or_else(|| entry.source.clone()),
        revision: arguments.look.policy.revision.clone().or(revision),
    };
    let seen = looking.look(&subject).map_err(many)?;
    if !seen.refusals.is_empty() {
        return Err(seen.refusals);
    }
    let place = match moved {
        Some(path) => file.place(path).map_err(one)?,
        None => entry.place.clone(),
    };
    let notes = seen.noted(name);
    Ok((seen.entry(place), notes))
}

/// What somebody accepts of a model although a lock alone does not allow it.
struct Accepted<'a> {
    name: &'a ModelName,
    /// The model as it is now.
    digest: Digest,
    codes: Vec<Code>,
}

impl Accepted<'_> {
    /// Writes it to the audit logs.
    fn log(
        &self,
        is_refused: bool,
        arguments: &Arguments,
        looking: &Looking<'_>,
        context: &Context,
    ) -> Result<(), Diagnostic> {
        let policy = looking.policies.as_ref().map(|it| &it.policy);
        let acceptance = Acceptance {
            verb: VERB,
            model: &self.digest,
            name: self.name.as_str(),
            codes: &self.codes,
            mode: mode(arguments, policy),
            is_refused,
        };
        verdict::log_acceptance(&acceptance, policy, &arguments.look.policy, context)
    }

    fn told(&self) -> impl Iterator<Item = String> {
        let codes = self.codes.iter();
        codes.map(|code| format!("{code} {}", self.name))
    }
}

/// What needs a word of its own.
fn needed(difference: &Difference) -> Vec<Code> {
    let cases = [
        (LOCK_SIGNER, difference.has_other_signer()),
        (LOCK_SOURCE, difference.has_other_source()),
    ];
    let needed = cases.into_iter().filter(|(_, is_needed)| *is_needed);
    needed.map(|(code, _)| code).collect()
}

impl Arguments {
    /// Whether a flag gives that word.
    fn accepts(&self, code: Code) -> bool {
        (code == LOCK_SIGNER && self.accept_signer) || (code == LOCK_SOURCE && self.accept_source)
    }
}

/// Whether what differs may be locked, and what is accepted for that. That production takes no acceptance is logged here.
fn accept<'a>(
    arguments: &Arguments,
    (name, locked): (&'a ModelName, &Entry),
    (difference, found): (&Difference, &Entry),
    looking: &Looking<'_>,
    context: &Context,
) -> Result<Option<Accepted<'a>>, Vec<Refusal>> {
    // Else whoever accepts another signer would lock a model that nobody signed.
    if let Some(told) = unasked(name, locked, looking) {
        return Err(one(told.help(format!(
            "name whom to ask:  weightlock lock update --key SIGNER.pub {name}, or --policy POLICY"
        ))));
    }
    let needed = needed(difference);
    let missing: Vec<Diagnostic> = needed
        .iter()
        .filter(|code| !arguments.accepts(**code))
        .map(|code| not_accepted(*code, name, difference))
        .collect();
    if !missing.is_empty() {
        return Err(many(missing));
    }
    if needed.is_empty() {
        return Ok(None);
    }
    let accepted = Accepted {
        name,
        digest: found.files.digest(),
        codes: needed,
    };
    let policy = looking.policies.as_ref().map(|it| &it.policy);
    if mode(arguments, policy) != Mode::Production {
        return Ok(Some(accepted));
    }
    accepted.log(true, arguments, looking, context).map_err(one)?;
    let refused = accepted.codes.iter().map(|code| in_production(*code, name));
    Err(many(refused.collect()))
}

/// The mode here: a policy that says nothing means production; without any policy, what was asked for.
fn mode(arguments: &Arguments, policy: Option<&Policy>) -> Mode {
    let asked = arguments.look.policy.mode_here();
    match policy {
        Some(policy) => policy.mode(asked),
        None => asked.unwrap_or(Mode::Development),
    }
}

fn not_accepted(code: Code, name: &ModelName, difference: &Difference) -> Diagnostic {
    if code == LOCK_SOURCE {
        let told = Diagnostic::new(
            code,
            format!("{name} comes from somewhere else than the locked one"),
        );
        let shown = |line: &Option<weightlock_policy::lock::Line>| {
            line.as_ref()
                .map_or_else(|| "nobody says".to_owned(), |it| it.as_str().to_owned())
        };
        let (locked, found) = difference.source.clone().unwrap_or_default();
        return told.fact("locked", shown(&locked)).fact("found", shown(&found));
    }
    let told = Diagnostic::new(code, format!("{name} had a signer who does not vouch for it now"));
    let gone = difference.signers_gone.iter();
    let told = gone.fold(told, |told, signer| told.fact("locked", signer.to_string()));
    let new = difference.signers_new.iter();
    new.fold(told, |told, signer| told.fact("found", signer.to_string()))
}

fn in_production(code: Code, name: &ModelName) -> Diagnostic {
    let what = if code == LOCK_SIGNER {
        "another signer of a locked model cannot be accepted in production"
    } else {
        "another source of a locked model cannot be accepted in production"
    };
    Diagnostic::new(OVERRIDE, format!("{name}: {what}"))
        .help("accept it outside production, and have the new lock reviewed")
}

fn text(updated: &LockUpdated) -> String {
    if !updated.written {
        return format!("nothing differs from {}\n", Shown(&updated.lock));
    }
    let mut text = changes_text(&updated.changes);
    for accepted in &updated.accepted {
        text += &format!("ACCEPTED    {accepted}\n");
    }
    for model in &updated.models {
        let vouched = Shown(&model.vouched()).to_string();
        text += &format!("locked {}   {}\n  {vouched}\n", model.name, model.digest);
    }
    let digest = updated.digest.as_deref().unwrap_or_default();
    text + &format!("written {}   {digest}\n", Shown(&updated.lock))
}

/// What differs, model by model.
pub(super) fn changes_text(changes: &[LockDifference]) -> String {
    let mut text = String::new();
    for change in changes {
        text += &format!("{}: {}\n", change.name, change.change);
        for line in change.lines() {
            text += &format!("  {}\n", Shown(&line));
        }
    }
    text
}

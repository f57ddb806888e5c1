//! `weightlock lock add`: locks models as they are now.

use std::ffi::OsString;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_policy::{Lock, lock::LockError, reason::LOCKED};

use super::{
    LockFlag, LookFlags,
    file::LockFile,
    look::{Looking, Subject, line},
    named::Named,
    refusal::{Refusal, exit_of, many, one, reasons_of},
    told::LockedModel,
};
use crate::{context::Context, diagnostic::Diagnostic, explanations::USAGE, reply::Reply, text::Shown};

const VERB: &str = "lock add";

/// Lock models as they are now: digest and size of every file, and who vouches for them.
///
/// A signer is asked with --key, certificates or an identity; a policy with --policy, or where one holds here. What is refused is not
/// locked. Where neither is named, only the bytes are locked, and that is said. A name that is locked already stays as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock lock add --key release.pub ./models/pebble
  weightlock lock add --policy policy.toml acme/pebble=./models/pebble acme/stone=./stone.gguf
  weightlock lock add --policy policy.toml --source https://models.example/acme --revision 8f2c…  acme/pebble=./pebble

Exit codes: 0 locked; 1 refused; 3 refused because an answer is not known; nothing is written then.")]
pub struct Arguments {
    /// A model, and what it is called [default name: that in the hub's cache, or of the folder]; repeatable
    #[arg(value_name = "[NAME=]PATH", required = true)]
    models: Vec<OsString>,
    #[command(flatten)]
    lock: LockFlag,
    /// Where the model comes from; a snapshot in the hub's cache says it itself
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    #[command(flatten)]
    look: LookFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockAdded {
    /// The lock file.
    pub lock: String,
    /// SHA-256 of its text now.
    pub digest: String,
    /// What was locked.
    pub models: Vec<LockedModel>,
    /// What must be said of the verdicts, as of waivers.
    pub notes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match add(arguments, context) {
        Ok(added) => reply(added, arguments),
        Err(refusals) => Reply::refusal(VERB, reasons_of(&refusals))
            .with_exit(exit_of(&refusals))
            .with_verdict("nothing was locked"),
    }
}

fn reply(added: LockAdded, arguments: &Arguments) -> Reply {
    let mut text = String::new();
    for model in &added.models {
        let digest = &model.digest;
        text += &format!(
            "locked {}   {digest}\n  {}\n",
            model.name,
            Shown(&model.vouched())
        );
    }
    text += &format!("written {}   {}\n", Shown(&added.lock), added.digest);
    let unchecked = added.models.iter().filter(|model| model.signed_by.is_empty());
    let unchecked: Vec<&str> = unchecked.map(|model| model.name.as_str()).collect();
    let note = (!unchecked.is_empty()).then(|| {
        format!(
            "nobody was checked: the lock says what was here, and not who made it. To lock its signer:  weightlock lock update \
             --key SIGNER.pub{} {}",
            arguments.lock.typed(),
            unchecked.join(" ")
        )
    });
    let notes: Vec<String> = added.notes.iter().cloned().chain(note).collect();
    Reply::yes(VERB, text, added).with_notes(notes)
}

/// Everything is looked at before anything is written.
fn add(arguments: &Arguments, context: &Context) -> Result<LockAdded, Vec<Refusal>> {
    let looking = Looking::new(VERB, &arguments.look, context).map_err(one)?;
    let file = LockFile::open_or_begin(&arguments.lock.lock).map_err(one)?;
    let targets: Result<Vec<Named>, Diagnostic> = arguments.models.iter().map(Named::of).collect();
    let targets = targets.map_err(one)?;
    is_said_of_one(arguments, targets.len()).map_err(one)?;
    let mut lock = file.lock.clone();
    let (mut models, mut notes) = (Vec::new(), Vec::new());
    for target in &targets {
        let (model, of_model) = add_one(arguments, target, &looking, &file, &mut lock)?;
        models.push(model);
        notes.extend(of_model);
    }
    let digest = file.save(&lock).map_err(one)?;
    Ok(LockAdded {
        lock: file.shown(),
        digest,
        models,
        notes,
    })
}

/// Locks one, and gives what must be said of its verdict.
fn add_one(
    arguments: &Arguments,
    target: &Named,
    looking: &Looking<'_>,
    file: &LockFile,
    lock: &mut Lock,
) -> Result<(LockedModel, Vec<String>), Vec<Refusal>> {
    if let Some(name) = target.name.as_ref().filter(|name| lock.model(name).is_some()) {
        return Err(one(exists(&LockError::Duplicate(name.clone()), file)));
    }
    let source = arguments.source.as_deref().map(|text| line("source", text));
    let subject = Subject {
        name: target.name.as_ref(),
        path: &target.rest,
        source: source.transpose().map_err(one)?,
        revision: arguments.look.policy.revision.clone(),
    };
    let seen = looking.look(&subject).map_err(many)?;
    if !seen.refusals.is_empty() {
        return Err(seen.refusals);
    }
    let name = seen.name.clone();
    let notes = seen.noted(&name);
    let entry = seen.entry(file.place(&target.rest).map_err(one)?);
    let told = LockedModel::of(&name, &entry);
    lock.add(name, entry).map_err(|error| one(exists(&error, file)))?;
    Ok((told, notes))
}

fn exists(error: &LockError, file: &LockFile) -> Diagnostic {
    let told = match error {
        // Of a lock that is read it would be two entries of one name.
        LockError::Duplicate(name) => Diagnostic::new(LOCKED, format!("{name} is locked already")),
        other => Diagnostic::of(LOCKED, other),
    };
    told.at(file.shown())
}

/// Source, revision and another name are said of one model.
fn is_said_of_one(arguments: &Arguments, count: usize) -> Result<(), Diagnostic> {
    let policy = &arguments.look.policy;
    let is_said = arguments.source.is_some() || policy.revision.is_some() || policy.called.is_some();
    if count > 1 && is_said {
        return Err(Diagnostic::new(
            USAGE,
            "--source, --revision and --as say something of one model, and several are named",
        ));
    }
    Ok(())
}

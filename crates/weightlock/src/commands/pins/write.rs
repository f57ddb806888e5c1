//! `weightlock pins write`: writes digests of models into a file, for signing.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    Error,
    write::{Existing, write_whole},
};
use weightlock_policy::{ModelName, Pins, pins::Pin};

use crate::{
    commands::lock::{
        self, ReadFlags,
        file::LockFile,
        named::{self, Named},
    },
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    reply::Reply,
    text::{Shown, quoted},
};

const VERB: &str = "pins write";

/// Write digests of models into a file, for signing.
///
/// They come from a lock, as it stands there, or from models that are hashed now. The file says nothing until it is signed.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock pins write --lock weightlock.lock                 every model of the lock
  weightlock pins write acme/pebble=./models/pebble            this one, as it is now
  weightlock sign-blob --key deploy.key weightlock.pins        then sign them")]
pub struct Arguments {
    /// A model that is hashed now, and what it is called; with --lock, a name in it
    #[arg(value_name = "[NAME=]PATH|NAME", required_unless_present = "lock")]
    models: Vec<OsString>,
    /// Take digests from this lock: of every model in it, or of those that are named
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Where to write them
    #[arg(long, short, value_name = "FILE", default_value = "weightlock.pins")]
    output: PathBuf,
    /// Replace pins that are there. Their signature does not fit the new ones
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    reading: ReadFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinsWritten {
    /// The file.
    pub pins: String,
    /// What is pinned.
    pub models: Vec<PinnedModel>,
}

/// A pinned model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinnedModel {
    /// What it is called.
    pub name: String,
    /// `folder` or `file`.
    #[schemars(extend("enum" = ["folder", "file"]))]
    pub shape: String,
    /// Its digest.
    pub digest: String,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match write(arguments, context) {
        Ok(written) => {
            let file = quoted(&written.pins);
            let mut text = format!("written {}\n", Shown(&written.pins));
            for model in &written.models {
                text += &format!("  {} {} {}\n", model.shape, model.digest, model.name);
            }
            text += &format!("  sign them:  weightlock sign-blob --key NAME.key {file}\n");
            Reply::yes(VERB, text, written)
        }
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("nothing was written"),
    }
}

fn write(arguments: &Arguments, context: &Context) -> Result<PinsWritten, Vec<Diagnostic>> {
    let all = match &arguments.lock {
        Some(lock) => locked(&LockFile::open(lock)?, &arguments.models)?,
        None => hashed(arguments, context)?,
    };
    let pins = Pins::new(all).map_err(|error| Diagnostic::of(error.code(), &error))?;
    let existing = if arguments.replace {
        Existing::Replaced
    } else {
        Existing::Refused
    };
    write_whole(&arguments.output, pins.to_text().as_bytes(), 0o644, existing)
        .map_err(|error| not_written(error, arguments))?;
    Ok(PinsWritten {
        pins: arguments.output.display().to_string(),
        models: pins.all().map(|(name, pin)| PinnedModel::of(name, pin)).collect(),
    })
}

fn not_written(error: Error, arguments: &Arguments) -> Diagnostic {
    let is_there = !arguments.replace && arguments.output.symlink_metadata().is_ok();
    let told = Diagnostic::from(error);
    if is_there {
        told.help("replace the pins that are there with --replace, and sign the new ones")
    } else {
        told
    }
}

impl PinnedModel {
    pub(super) fn of(name: &ModelName, pin: &Pin) -> Self {
        Self {
            name: name.to_string(),
            shape: pin.shape.word().to_owned(),
            digest: pin.digest.to_string(),
        }
    }
}

/// What a lock says, without a look at the models.
fn locked(file: &LockFile, names: &[OsString]) -> Result<Vec<(ModelName, Pin)>, Diagnostic> {
    if names.is_empty() {
        let all = file.lock.models();
        return Ok(all
            .map(|(name, entry)| (name.clone(), entry.files.pin()))
            .collect());
    }
    let pins = names.iter().map(|text| {
        let text = text.to_string_lossy();
        let name = named::parsed(&text).map_err(|told| {
            told.help("with --lock, models are named as in the lock; without it, they are hashed now")
        })?;
        let entry = file.lock.model(&name);
        let entry = entry.ok_or_else(|| lock::not_locked(&name, file))?;
        Ok((name, entry.files.pin()))
    });
    pins.collect()
}

fn hashed(arguments: &Arguments, context: &Context) -> Result<Vec<(ModelName, Pin)>, Vec<Diagnostic>> {
    let mut pins = Vec::new();
    for model in &arguments.models {
        let Named { name, rest } = Named::of(model)?;
        let hashed = lock::hashed(&rest, &arguments.reading, context)?;
        let name = match name {
            Some(name) => name,
            None => named::default_of(hashed.root())?,
        };
        if pins.iter().any(|(other, _)| *other == name) {
            return Err(Diagnostic::new(USAGE, format!("{name} is named twice")).into());
        }
        pins.push((name, lock::files(&hashed).pin()));
    }
    Ok(pins)
}

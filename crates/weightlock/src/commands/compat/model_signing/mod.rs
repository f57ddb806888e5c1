//! `weightlock compat model_signing …`: the command line of the reference implementation of OpenSSF Model Signing.
//!
//! What was typed ([`arguments`], [`usage`]) → the library's own path of signing and verifying, with the reference's
//! rules for what belongs to a model → the reference's two success lines, two failure prefixes, and exit codes 0, 1
//! and 2. The reasons are ours: one line with a stable code. See `docs/compat/model_signing.md`.

mod arguments;
mod failure;
mod keys;
mod mismatch;
mod python;
mod selection;
mod sign;
mod usage;
mod verify;

use std::ffi::OsString;

use clap::Args;
use weightlock_artifact::digest::engine::{Reading, Settings};
use weightlock_signing::oms::model::{self, Work};

use self::{
    arguments::{Command, Digest},
    failure::Failure,
    selection::Model,
};
use crate::{
    cli::Hashing,
    context::Context,
    exit::Exit,
    progress::{self, Progress, Show},
    reply::Reply,
    terminal,
};

/// The arguments of the other tool, as they were typed: they are not those of this one.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// What `model_signing` would be given; `--help` tells
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let typed = match usage::parse(&arguments.arguments) {
        Ok(typed) => typed,
        Err(answer) => return answer.into(),
    };
    match &typed.command {
        Command::Sign(sign) => said(sign::run(&sign.method, context), "Signing failed with error"),
        Command::Verify(verify) => said(
            verify::run(&verify.method, typed.log_level, context),
            "Verification failed with error",
        ),
        Command::Digest(asked) => said(digest(asked, context), "Computing digest failed"),
    }
}

/// One line on standard output, or one on standard error behind the reference's prefix.
fn said(outcome: Result<String, Failure>, prefix: &str) -> Reply {
    match outcome {
        Ok(text) => Reply::verbatim("compat", text),
        Err(failure) => {
            terminal::say(&format!("{prefix}: {failure}\n"));
            Reply::verbatim("compat", failure.stdout().to_owned()).with_exit(Exit::Foreign(1))
        }
    }
}

/// `sha256:` and the root digest. It binds no names: use `weightlock digest --manifest` where it stands for a model.
fn digest(asked: &Digest, context: &Context) -> Result<String, Failure> {
    let model = Model::open(&asked.selection, None)?;
    let prepared = working(context, Reading::Mapped, |work| {
        model::prepare(model.root, &model.plan, None, work)
    })??
    .map_err(|unsignable| Failure::of(unsignable.code(), &unsignable))?;
    prepared.still_holds()?;
    let root = prepared
        .statement
        .root()
        .map(weightlock_artifact::digest::Digest::hex);
    Ok(format!("sha256:{}\n", root.unwrap_or_default()))
}

/// Hashes on all processors. The reference shows no progress; a line that goes away again disturbs nobody.
fn working<T>(
    context: &Context,
    reading: Reading,
    work: impl FnOnce(&mut Work<'_>) -> T,
) -> Result<T, Failure> {
    let settings: Settings = context.hashing(&Hashing::default(), reading)?;
    let show = match &context.show {
        Show::Log => Show::Nothing,
        other => other.clone(),
    };
    Ok(progress::shown(&show, |progress: &Progress| {
        work(&mut Work {
            settings,
            observer: progress,
            cache: None,
            keeper: None,
            leaves: None,
        })
    }))
}

//! `weightlock lock`: which models are used, and what each was when somebody decided that. One file per action.
//!
//! | file | holds |
//! |---|---|
//! | `add`, `verify`, `update`, `diff` | one action each |
//! | `file` | the lock file: read, written in one step, by one process at a time |
//! | `named` | `NAME=PATH` |
//! | `look` | what a model is now: bytes, signers, verdict |
//! | `wanted` | which entries are meant |
//! | `refusal` | why a model is not as it was locked, and how a run with such reasons ends |
//! | `earlier` | what failed in an earlier run |
//! | `told` | entries and differences in JSON and as text |
//! | `against` | `weightlock verify --lock` |
//!
//! A lock pins and does not authenticate: nothing here counts as signed because the lock says so.

pub mod add;
pub(crate) mod against;
pub mod diff;
mod earlier;
pub(crate) mod file;
mod look;
pub(crate) mod named;
mod refusal;
pub mod told;
pub mod update;
pub mod verify;
mod wanted;

pub(super) use self::{
    look::{files, hashed},
    wanted::not_locked,
};

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::{
    cli::{Hashing, Selection},
    commands::verdict::PolicyFlags,
    context::Context,
    flags::TrustFlags,
    reply::Reply,
    text::quoted,
};

/// The lock file where none is named.
const DEFAULT: &str = "weightlock.lock";

/// Pin models: what each was when you decided to use it.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with the lock.
#[derive(Subcommand, Debug)]
enum Command {
    /// Lock models as they are now
    Add(Box<add::Arguments>),
    /// Check that everything is as it was locked, newly failing first
    Verify(Box<verify::Arguments>),
    /// Lock what is there now instead, and say what differs
    Update(Box<update::Arguments>),
    /// Compare two locks, or a lock with what is there now
    Diff(diff::Arguments),
}

/// Which lock.
#[derive(Args, Clone, Debug)]
pub(crate) struct LockFlag {
    /// The lock file
    #[arg(long, value_name = "FILE", default_value = DEFAULT)]
    pub lock: PathBuf,
}

impl LockFlag {
    /// As it has to be typed again.
    fn typed(&self) -> String {
        if self.lock == Path::new(DEFAULT) {
            return String::new();
        }
        format!(" --lock {}", quoted(&self.lock.display().to_string()))
    }
}

/// Who is asked about a model.
#[derive(Args, Clone, Debug)]
pub(crate) struct LookFlags {
    #[command(flatten)]
    pub trust: TrustFlags,
    #[command(flatten)]
    pub policy: PolicyFlags,
    #[command(flatten)]
    pub reading: ReadFlags,
}

/// How models are read.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReadFlags {
    /// Follow symbolic links to files inside a model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    pub allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

impl ReadFlags {
    /// Nothing that is locked comes from a cache.
    pub(super) fn hashing(&self) -> Hashing {
        Hashing {
            digest_cache: false,
            ..self.hashing.clone()
        }
    }

    pub(super) fn files(&self) -> Selection {
        Selection {
            ignore_paths: Vec::new(),
            allow_symlinks: self.allow_symlinks,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::Add(arguments) => add::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
        Command::Update(arguments) => update::run(arguments, context),
        Command::Diff(arguments) => diff::run(arguments, context),
    }
}

//! The verbs: one file each, listed here in the order of help.

pub mod diff;
pub mod digest;
pub mod explain;
pub mod inspect;
pub mod version;

use clap::Subcommand;

use crate::{context::Context, reply::Reply};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Print digests of files, or check a list of them
    Digest(digest::Arguments),
    /// Say what a model is, and what is known about it
    Inspect(inspect::Arguments),
    /// Compare two models, manifests or signatures: files, tensors, values, settings
    Diff(diff::Arguments),
    /// Say what a reason code means and what to do about it
    Explain(explain::Arguments),
    /// Print the version
    Version(version::Arguments),
}

/// Does what was asked.
pub(crate) fn dispatch(command: &Command, context: &Context) -> Reply {
    match command {
        Command::Digest(arguments) => digest::run(arguments, context),
        Command::Inspect(arguments) => inspect::run(arguments, context),
        Command::Diff(arguments) => diff::run(arguments, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Version(arguments) => version::run(arguments),
    }
}

//! The verbs: one file each, listed here in the order of help.

pub mod compat;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod digest;
pub mod doctor;
pub mod explain;
pub mod inspect;
pub mod key;
pub mod man;
pub mod sign;
mod target;
mod trust;
pub mod verify;
pub mod version;

use clap::Subcommand;

use crate::{cli::Format, context::Context, reply::Reply};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Sign a model
    Sign(Box<sign::Arguments>),
    /// Verify who signed a model, and that it is unchanged
    Verify(Box<verify::Arguments>),
    /// Make keys and look at them
    Key(key::Arguments),
    /// Show it all on a tiny model, in ten seconds and without a trace
    Demo(demo::Arguments),
    /// Print digests of files, or check a list of them
    Digest(digest::Arguments),
    /// Say what a model is, and what is known about it
    Inspect(inspect::Arguments),
    /// Compare two models, manifests or signatures: files, tensors, values, settings
    Diff(diff::Arguments),
    /// Say what a reason code means and what to do about it
    Explain(explain::Arguments),
    /// Answer in the place of another tool, with its arguments, output and exit codes
    Compat(compat::Arguments),
    /// Say what this machine offers, and what would stand in the way
    Doctor(doctor::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
    /// Print or write manual pages
    Man(man::Arguments),
    /// Print the version
    Version(version::Arguments),
}

/// Does what was asked.
pub(crate) fn dispatch(command: &Command, format: Format, context: &Context) -> Reply {
    match command {
        Command::Sign(arguments) => sign::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, format, context),
        Command::Key(arguments) => key::run(arguments, context),
        Command::Demo(arguments) => demo::run(arguments, context),
        Command::Digest(arguments) => digest::run(arguments, context),
        Command::Inspect(arguments) => inspect::run(arguments, context),
        Command::Diff(arguments) => diff::run(arguments, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Compat(arguments) => compat::run(arguments, context),
        Command::Doctor(arguments) => doctor::run(arguments, context),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
        Command::Version(arguments) => version::run(arguments),
    }
}

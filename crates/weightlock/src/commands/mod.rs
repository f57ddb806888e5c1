//! The verbs: one file each, listed here in the order of help.

pub mod compat;
pub mod explain;
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
    /// Say what a reason code means and what to do about it
    Explain(explain::Arguments),
    /// Answer in the place of another tool, with its arguments, output and exit codes
    Compat(compat::Arguments),
    /// Print the version
    Version(version::Arguments),
}

/// Does what was asked.
pub(crate) fn dispatch(command: &Command, format: Format, context: &Context) -> Reply {
    match command {
        Command::Sign(arguments) => sign::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, format, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Compat(arguments) => compat::run(arguments, context),
        Command::Version(arguments) => version::run(arguments),
    }
}

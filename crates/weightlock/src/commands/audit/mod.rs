//! `weightlock audit`: the log of decisions.

pub mod verify;

use clap::{Args, Subcommand};

use crate::{context::Context, reply::Reply};

/// Check the log of decisions.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with the log.
#[derive(Subcommand, Debug)]
enum Command {
    /// Check that no line of a log was changed, removed, put in or moved
    Verify(verify::Arguments),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::Verify(arguments) => verify::run(arguments, context),
    }
}

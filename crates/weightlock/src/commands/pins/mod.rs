//! `weightlock pins`: which digest each model of a container must have, in a small file that is signed by itself.
//!
//! `write` makes the file, `weightlock sign-blob` signs it, and `verify` asks both when the container starts: whether the pins are signed
//! by whom they must be and each model has its digest, and whether each model's own signature holds. Neither stands in for the other
//! ([`check`]). `weightlock verify --pins` and `weightlock run --pins` ask the same.

pub(crate) mod check;
pub mod verify;
pub mod write;

use clap::{Args, Subcommand};

use crate::{context::Context, reply::Reply};

/// Pin digests of models for a container, and check them when it starts.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with pins.
#[derive(Subcommand, Debug)]
enum Command {
    /// Write digests of models into a file, for signing
    Write(write::Arguments),
    /// Check models against signed pins, and their own signatures
    Verify(Box<verify::Arguments>),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::Write(arguments) => write::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
    }
}

//! `weightlock policy`: read, explain, test and begin policies. One file per action.

pub mod check;
pub mod explain;
pub mod init;
pub mod test;

use clap::{Args, Subcommand};

use crate::{context::Context, reply::Reply};

/// Read, explain, test and begin policies.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with policies.
#[derive(Subcommand, Debug)]
enum Command {
    /// Read the policies that hold here, and say what they demand and of whom
    Check(check::Arguments),
    /// Say which demand decides about a model, and where it stands
    Explain(Box<explain::Arguments>),
    /// Judge made-up cases, and compare the verdicts with those that are expected
    Test(test::Arguments),
    /// Write a policy to begin with
    Init(init::Arguments),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Test(arguments) => test::run(arguments, context),
        Command::Init(arguments) => init::run(arguments),
    }
}

//! `weightlock compat TOOL …`: the command lines of other tools, answered by the same code as the native verbs.
//!
//! A pipeline that calls another tool can try Weightlock by changing one word. Arguments, output lines and exit codes
//! are that tool's; where an answer is stricter than its own, `docs/compat/` says so.

mod cosign;
pub mod model_signing;
mod modelscan;
mod peer;
mod picklescan;

use clap::{Args, Subcommand};

use crate::{context::Context, reply::Reply};

/// Answer in the place of another tool.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand, Debug)]
enum Tool {
    /// Sign and verify with the arguments, output and exit codes of `model_signing`
    #[command(name = "model_signing", alias = "model-signing")]
    ModelSigning(model_signing::Arguments),
    /// Sign and verify blobs with the arguments, output and exit codes of `cosign`
    #[command(name = "cosign")]
    Cosign(peer::Arguments),
    /// Scan with the arguments, output and exit codes of `picklescan`
    #[command(name = "picklescan")]
    Picklescan(peer::Arguments),
    /// Scan with the arguments, output and exit codes of `modelscan`
    #[command(name = "modelscan")]
    Modelscan(peer::Arguments),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.tool {
        Tool::ModelSigning(arguments) => model_signing::run(arguments, context),
        Tool::Cosign(arguments) => cosign::run(&arguments.arguments, context),
        Tool::Picklescan(arguments) => picklescan::run(&arguments.arguments, context),
        Tool::Modelscan(arguments) => modelscan::run(&arguments.arguments, context),
    }
}

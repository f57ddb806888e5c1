//! `weightlock card`: what somebody says a model is, is for, and cannot do; one file per action.

pub mod check;
pub(super) mod evidence;
pub(super) mod files;
pub mod init;
pub(super) mod report;
pub mod show;
pub mod sign;

use clap::{Args, Subcommand};

use crate::{cli::Format, context::Context, reply::Reply};

/// Make, check, sign and show the card of a model.
///
/// A structured card is model-card.yaml in the folder of its model, or MODEL.card.yaml beside it. A card in the folder is a
/// file of the model: it is covered by the model's signature, and adding or changing it breaks a signature that is there. A card
/// beside the model does neither; a signed statement binds it to the model. README.md, with its front matter, is a card too.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with a card.
#[derive(Subcommand, Debug)]
enum Command {
    /// Write a card with everything the files tell, and `unknown` for the rest
    Init(Box<init::Arguments>),
    /// Say what a card lacks, and what contradicts it
    Check(Box<check::Arguments>),
    /// State the card about the model, signed
    Sign(Box<sign::Arguments>),
    /// Show a card, and how each part of it is known
    Show(Box<show::Arguments>),
}

impl Arguments {
    /// Nobody is there who could be asked for a password.
    pub(crate) const fn never_ask(&mut self) {
        if let Command::Sign(sign) = &mut self.command {
            sign.never_ask();
        }
    }

    /// Whether the result can be written in this form.
    pub(super) const fn writes(&self, format: Format) -> bool {
        matches!(self.command, Command::Show(_)) && matches!(format, Format::Markdown)
    }
}

pub(crate) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    match &arguments.command {
        Command::Init(arguments) => init::run(arguments, context),
        Command::Check(arguments) => check::run(arguments, context),
        Command::Sign(arguments) => sign::run(arguments, context),
        Command::Show(arguments) => show::run(arguments, format, context),
    }
}

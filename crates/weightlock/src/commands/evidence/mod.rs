//! `weightlock evidence`: the statements that lie with a model, one file per action.
//!
//! What lies there is material, and believed by nobody for lying there: `verify` and `verify-attestation` ask who signed it.

pub mod add;
pub mod export;
pub(in crate::commands) mod found;
pub mod list;
pub mod remove;
pub mod show;
pub(in crate::commands) mod summary;

use std::path::Path;

use clap::{Args, Subcommand};
use weightlock_artifact::{
    evidence::{EvidenceName, Store},
    inventory::Links,
};
use weightlock_signing::predicate::reason::NAME;

use super::target;
use crate::{cli::Format, context::Context, diagnostic::Diagnostic, nearest, reply::Reply};

/// List, show, add and remove what others state about a model.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with evidence.
#[derive(Subcommand, Debug)]
enum Command {
    /// List the statements that lie with a model; with a key, whether they count
    List(Box<list::Arguments>),
    /// Show one statement, as it is claimed
    Show(show::Arguments),
    /// Store statements that somebody sent, if they are about the model
    Add(add::Arguments),
    /// Remove statements
    Remove(remove::Arguments),
    /// Write what is known of each control of SLSA, SOC 2, NIST SSDF, and others: JSON, CSV or OSCAL
    Export(Box<export::Arguments>),
}

impl Arguments {
    /// Whether the action writes documents for risk tools.
    pub(in crate::commands) const fn exports(&self) -> bool {
        matches!(self.command, Command::Export(_))
    }
}

pub(crate) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments, context),
        Command::Show(arguments) => show::run(arguments, context),
        Command::Add(arguments) => add::run(arguments, context),
        Command::Remove(arguments) => remove::run(arguments, context),
        Command::Export(arguments) => export::run(arguments, format, context),
    }
}

/// A piece of evidence that was named.
struct Named {
    store: Store,
    name: EvidenceName,
}

/// Finds the one piece of evidence that is meant: by its name, or by as much of it as only it has.
fn named(model: &Path, word: &str) -> Result<Named, Diagnostic> {
    let root = crate::layout::root(model, Links::Refused)?;
    let mut all = Vec::new();
    for store in target::stores(&root) {
        let listing = store
            .list()
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        all.extend(
            listing
                .evidence
                .into_iter()
                .map(|(name, _)| (store.clone(), name)),
        );
    }
    let mut meant = all.iter().filter(|(_, name)| is_meant(name, word));
    match (meant.next(), meant.count()) {
        (Some((store, name)), 0) => Ok(Named {
            store: store.clone(),
            name: *name,
        }),
        (Some(_), more) => Err(Diagnostic::new(
            NAME,
            format!("{word:?} is the beginning of {} names", more + 1),
        )
        .at(model.display().to_string())),
        (None, _) => {
            let told = Diagnostic::new(NAME, format!("no evidence has the name {word:?}"))
                .at(model.display().to_string());
            let names = all.iter().map(|(_, name)| base(name));
            Err(match nearest::of(word, names) {
                Some(near) => told.help(format!("did you mean {near} ?")),
                None => told,
            })
        }
    }
}

/// The name without its folder.
fn base(name: &EvidenceName) -> String {
    let whole = name.to_string();
    whole
        .rsplit_once('/')
        .map_or(whole.clone(), |(_, base)| base.to_owned())
}

fn is_meant(name: &EvidenceName, word: &str) -> bool {
    let whole = name.to_string();
    !word.is_empty()
        && (whole == word || base(name).starts_with(word) || name.content().to_string().starts_with(word))
}

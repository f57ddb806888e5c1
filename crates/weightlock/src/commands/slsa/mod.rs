//! `weightlock slsa`: which level a model's provenance reaches, whether it is what one expects, whether two builds had the same
//! inputs. One file per action; what they share is in `found` (where provenance lies), `trusted` (who is believed) and `chain`
//! (the models that it was made from).

mod chain;
pub mod diff;
mod found;
pub mod level;
mod trusted;
pub mod verify;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_bom::slsa::Source;

use crate::{context::Context, reply::Reply};

/// Judge how a model was made, by its provenance.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with provenance.
#[derive(Subcommand, Debug)]
enum Command {
    /// Say which SLSA build level a model reaches, and what is known of each part of making it
    Level(Box<level::Arguments>),
    /// Verify that a model was built by whom, and from what, one expects
    Verify(Box<verify::Arguments>),
    /// Compare the inputs of two builds
    Diff(diff::Arguments),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::Level(arguments) => level::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
        Command::Diff(arguments) => diff::run(arguments, context),
    }
}

/// Where the code comes from, as provenance says it.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The repository.
    pub uri: Option<String>,
    /// The branch or tag.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// `unchanged`, `changed` or `unknown`: whether the working tree was as in the commit.
    pub tree: Option<String>,
}

impl From<&Source> for Code {
    fn from(source: &Source) -> Self {
        Self {
            uri: source.uri.clone(),
            reference: source.reference.clone(),
            commit: source.commit.clone(),
            tree: source.tree.clone(),
        }
    }
}

/// A model that another was made from, and what is known of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// What provenance calls it.
    pub name: String,
    /// `base-model` or `adapter`.
    pub role: String,
    /// The digest that provenance names.
    pub digest: Option<String>,
    /// How far it is from the model that was asked about: 1 for its own parents.
    pub depth: usize,
    /// `verified`; `declared`; `unknown` where no provenance was given or nobody looked; `failed` where it does not hold.
    #[schemars(with = "String")]
    pub standing: weightlock_artifact::standing::Standing,
    /// Why no better, or who built it.
    pub what: String,
}

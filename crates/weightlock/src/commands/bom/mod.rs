//! `weightlock bom TARGET`: what a model is made of, as a bill of materials: CycloneDX or SPDX.
//!
//! 1. Every file is hashed, and what it says is read from the bytes that were hashed ([`model`]).
//! 2. The user's own facts, and documents of other tools, are added; nothing is resolved in silence.
//! 3. The document is written, and on request signed as evidence about exactly these bytes ([`make`]).
//!
//! `show` is for people, `diff` compares, `check` says what a list of minimum elements asks for and how it is known.
//!
//! The user's facts are read from the file that is named, or from `TARGET.facts.yaml` beside the target. A
//! `weightlock-facts.yaml` *in* a model came with the model: it is a file like any other, and is not believed.

mod check;
mod diff;
mod input;
mod make;
pub(super) mod model;
pub(super) mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) use self::input::time as stated_time;
pub use self::{
    check::{Element, Elements},
    diff::{Changed, Differences},
    make::Made,
    show::{Known, Shown},
};
use crate::{
    cli::{Format, Hashing},
    context::Context,
    flags::{KeylessFlags, SignerFlags},
    reply::Reply,
};

/// Write what a model is made of as a bill of materials, and check, show or compare one.
///
/// Every fact in it says how it is known: verified from the bytes, declared by somebody, inferred, or unknown. Exit codes: 0
/// written, 3 written and partial because a file could not be read.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "weightlock bom [OPTIONS] TARGET\n       weightlock bom show|diff|check …",
    after_help = "\
  weightlock bom ./model > bom.cdx.json
  weightlock bom --format spdx -o bom.spdx.json ./model
  weightlock bom --metadata-only ./.venv
  weightlock bom --sign --key NAME.key ./model
  weightlock bom check --profile g7-ai ./model

A target called show, diff or check is written ./show. The time of making is written only where SOURCE_DATE_EPOCH states it,
so that the same model has the same document; with --sign, without it, it is now."
)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// A model, a data set or an environment: a folder or a file
    #[arg(value_name = "TARGET", required = true, value_parser = crate::layout::typed::target())]
    target: Option<PathBuf>,
    #[command(flatten)]
    input: Input,
    /// Write the document here instead of to standard output; nothing that is there is replaced
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where the model stands in CycloneDX: `scorer-first` repeats it as the first component, for readers that look only there
    #[arg(long, value_name = "LAYOUT", default_value = "usual")]
    layout: Layout,
    /// Write paths and names of machines and people too, which metadata sometimes have
    #[arg(long)]
    show_private: bool,
    /// Sign the document and put it with the model's evidence
    #[arg(
        long,
        alias = "attach",
        conflicts_with = "metadata_only",
        help_heading = "Evidence"
    )]
    sign: bool,
    /// Write the evidence next to the model instead of into it: MODEL.weightlock/evidence
    #[arg(long, requires = "sign", help_heading = "Evidence")]
    beside: bool,
    #[command(flatten)]
    signer: SignerFlags,
    #[command(flatten)]
    keyless: KeylessFlags,
}

/// What is read besides the target.
#[derive(Args, Clone, Default, Debug)]
pub(super) struct Input {
    /// Your own facts, which no file says [default: TARGET.facts.yaml beside the target, where it is there]
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Add what a CycloneDX or SPDX document of another tool lists; repeatable
    #[arg(long, value_name = "FILE")]
    merge: Vec<PathBuf>,
    /// Hash nothing: only what files say of themselves, for an environment of which the packages are wanted. The document says
    /// that no digest is known, and links are named and not followed
    #[arg(long, help_heading = "Files")]
    metadata_only: bool,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

/// What to do with a bill of materials.
#[derive(Subcommand, Debug)]
enum Action {
    Show(Box<show::Arguments>),
    Diff(Box<diff::Arguments>),
    Check(Box<check::Arguments>),
}

/// Where the model stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Layout {
    /// In the metadata, as the specification says.
    Usual,
    /// In the metadata, and once more as the first component.
    ScorerFirst,
}

impl Arguments {
    /// Whether a document is made, which has forms of its own.
    pub(crate) const fn makes(&self) -> bool {
        self.action.is_none()
    }

    /// Nobody is there who could be asked for a password.
    pub(crate) const fn never_ask(&mut self) {
        self.signer.password.never_asked = true;
    }
}

pub(crate) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    match (&arguments.action, &arguments.target) {
        (Some(Action::Show(arguments)), _) => show::run(arguments, context),
        (Some(Action::Diff(arguments)), _) => diff::run(arguments, context),
        (Some(Action::Check(arguments)), _) => check::run(arguments, context),
        (None, Some(target)) => make::run(target, arguments, format, context),
        (None, None) => Reply::refusal(make::VERB, vec![make::no_target()]),
    }
}

//! `weightlock lineage`: what a model was made from, what was made from it, and who uses a thing.
//!
//! 1. [`store`] reads the statements that lie in the folders that are named; with a key, those that count are told from those
//!    that are only claimed.
//! 2. [`what`] finds the thing that is asked for: by its digest, by its bytes, or by a name.
//! 3. [`listed`] walks to everything before or after it; [`show`] draws the way to its sources, and where the chain is broken.
//!
//! The models themselves are not read, but for the one that is asked for: a lineage is about digests, and says where the
//! statements lie that tell of them.

mod listed;
mod show;
mod store;
mod what;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use weightlock_artifact::{reason::Code, standing::Standing};
use weightlock_bom::lineage::{Direction, EdgeId, How, Lineage};

use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    flags::{SignersFlags, TrustFlags},
    reply::Reply,
    text::counted,
};

pub use self::{
    listed::{Found, Hop, LineageList, SameWeights},
    show::{Ancestor, BrokenLink, LineageShown},
    store::{NotCountedFile, ReadStores},
};

/// The thing is not known in the stores.
pub(crate) const UNKNOWN: Code = Code::new("WL-LINEAGE-UNKNOWN");
/// The chain from source to artifact is broken.
pub(crate) const GAP: Code = Code::new("WL-LINEAGE-GAP");
/// A store is larger than what is looked at.
pub(crate) const TOO_LARGE: Code = Code::new("WL-LINEAGE-TOO-LARGE");

/// What a model was made from, what was made from it, and who uses a thing.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Which way to look.
#[derive(Subcommand, Debug)]
enum Command {
    /// Show where a thing comes from, what came of it, and where the chain is broken
    Show(Box<show::Arguments>),
    /// List everything that a thing was made from
    Ancestors(Box<Question>),
    /// List everything that was made from a thing: what to withdraw when it turns out bad
    Descendants(Box<Question>),
    /// List everything that was made from a thing, needs it, brings it along, or was measured with it
    WhoUses(Box<Question>),
}

/// What is asked for, and where to look.
#[derive(Args, Debug)]
#[command(after_help = "\
WHAT is a digest (sha256:…), a file or folder whose bytes are hashed now, or a name as statements write it, behind
`name:`. Answers: 0 the stores know it, and what was found is listed; 3 they do not know it.

  weightlock lineage descendants sha256:9f2c… --store ./models --key builder.pub
  weightlock lineage who-uses name:pkg:huggingface/acme/corpus --store ./models")]
pub(super) struct Question {
    /// A digest, a path, or `name:` with a name
    #[arg(value_name = "WHAT")]
    what: String,
    /// A folder whose statements are read, with all below, or a file; repeatable
    #[arg(long, value_name = "PATH", required = true)]
    store: Vec<PathBuf>,
    #[command(flatten)]
    signers: SignersFlags,
    #[command(flatten)]
    trust: TrustFlags,
    /// Follow symbolic links to files inside the thing that is hashed; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::Show(arguments) => show::run(arguments, context),
        Command::Ancestors(question) => {
            listed::run("lineage ancestors", question, Direction::Ancestors, context)
        }
        Command::Descendants(question) => {
            listed::run("lineage descendants", question, Direction::Descendants, context)
        }
        Command::WhoUses(question) => listed::run("lineage who-uses", question, Direction::Users, context),
    }
}

impl Question {
    fn read(&self, context: &Context) -> Result<(Lineage, ReadStores), Vec<Diagnostic>> {
        store::read(&self.store, &self.signers, &self.trust, context)
    }
}

/// The refusal for something that no store tells of.
fn unknown(what: &str, read: &ReadStores) -> Diagnostic {
    let statements = counted(read.statements, "statement");
    Diagnostic::new(UNKNOWN, format!("no statement in the stores tells of {what}"))
        .fact("read", statements)
        .note("that nothing is known is no sign that nothing was made with it")
        .help(
            "name the folders that hold the statements of your models:  weightlock lineage … --store FOLDER",
        )
}

const READ: &str = "read by";
const MADE: &str = "made";

/// How an edge is told to people, from what went in to what came out.
const fn verb(how: How) -> &'static str {
    match how {
        How::Input => READ,
        How::Output => MADE,
        How::PartOf => "part of",
        How::Derived(_) => "made into",
        How::Trained => "taught",
        How::Uses => "used by",
        How::Evaluated => "measured",
        How::Called => "called",
    }
}

/// The way to a thing, edge by edge, in the order of time.
fn hops(lineage: &Lineage, way: &[EdgeId], direction: Direction) -> Vec<Hop> {
    let shown = |id| {
        lineage
            .node(id)
            .map_or_else(String::new, weightlock_bom::lineage::Node::shown)
    };
    let mut hops: Vec<Hop> = way
        .iter()
        .filter_map(|id| lineage.edge(*id))
        .map(|edge| Hop {
            from: shown(edge.from),
            how: verb(edge.how).to_owned(),
            to: shown(edge.to),
            standing: edge.standing,
            source: lineage.source(edge.source).to_owned(),
        })
        .collect();
    if direction == Direction::Ancestors {
        hops.reverse();
    }
    hops
}

/// The word for a standing, of one width.
fn column(standing: Standing) -> String {
    format!("{:8}", standing.word())
}

//! `weightlock slsa diff`: whether two builds had the same inputs.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::inventory::{Links, Root};
use weightlock_bom::{
    provenance::{Provenance, inputs::changes, reason::INPUTS},
    slsa::reason::NONE,
};

use super::found::Piece;
use crate::{diagnostic::Diagnostic, explanations::USAGE, reply::Reply, text::Shown};

const VERB: &str = "slsa diff";

/// Compare the inputs of two builds: a changed data set or base model is told with both digests.
///
/// What the statements say is compared, whoever signed them; weightlock slsa verify says whether they are to be believed.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock slsa diff ./model-may ./model-june
  weightlock slsa diff may.provenance.json june.provenance.json")]
pub struct Arguments {
    /// The build before: a model with its provenance, or a file with it
    #[arg(value_name = "EARLIER")]
    earlier: PathBuf,
    /// The build after, likewise
    #[arg(value_name = "LATER")]
    later: PathBuf,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Inputs that differ.
    pub changes: Vec<Change>,
}

/// An input that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Which part it plays.
    pub role: String,
    /// What it is called, and the file in it.
    pub name: String,
    /// Its digest before; `null` where it was no input or had none.
    pub earlier: Option<String>,
    /// Its digest after, likewise.
    pub later: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Reply {
    let both = provenance(&arguments.earlier)
        .and_then(|earlier| provenance(&arguments.later).map(|later| (earlier, later)));
    let (earlier, later) = match both {
        Ok(both) => both,
        Err(told) => return Reply::refusal(VERB, told.into()),
    };
    let compared = Compared {
        changes: changes(&earlier, &later)
            .into_iter()
            .map(|one| Change {
                role: one.role.word().to_owned(),
                name: one.name,
                earlier: one.earlier,
                later: one.later,
            })
            .collect(),
    };
    if compared.changes.is_empty() {
        return Reply::yes(VERB, "the same inputs\n".to_owned(), compared);
    }
    let reasons = compared.changes.iter().map(told).collect();
    Reply::refusal(VERB, reasons)
        .with_result(compared)
        .with_verdict("the inputs differ")
}

fn told(change: &Change) -> Diagnostic {
    let none = || "(none)".to_owned();
    Diagnostic::new(
        INPUTS,
        format!("{} {} is not the same", change.role, Shown(&change.name)),
    )
    .fact("earlier", change.earlier.clone().unwrap_or_else(none))
    .fact("later", change.later.clone().unwrap_or_else(none))
}

/// The one provenance of a model, or in a file.
fn provenance(path: &Path) -> Result<Provenance, Diagnostic> {
    let shown = path.display().to_string();
    let pieces = if path.is_file()
        && let Ok(piece) = Piece::named(path)
    {
        vec![piece]
    } else {
        Piece::about(&Root::open(path, Links::Refused)?)?.0
    };
    match pieces.as_slice() {
        [] => Err(Diagnostic::new(NONE, format!("there is no SLSA provenance v1 about {shown}")).at(shown)),
        [one] => one
            .provenance()
            .map_err(|error| Diagnostic::of(error.code(), &error).at(one.name.clone())),
        several => Err(Diagnostic::new(
            USAGE,
            format!(
                "{shown} has {} statements about how it was made; name the file of one",
                several.len()
            ),
        )
        .at(shown)),
    }
}

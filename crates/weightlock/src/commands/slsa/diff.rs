//! `weightlock slsa diff`: whether two builds had the same inputs.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::standing::Standing;
use weightlock_bom::{
    provenance::{Provenance, inputs::changes, reason::INPUTS},
    slsa::{
        covers,
        reason::{NONE, SUBJECT},
    },
};

use super::found::Piece;
use crate::{
    commands::attest::stated::ModelFlags, context::Context, diagnostic::Diagnostic, explanations::USAGE,
    reply::Reply, text::Shown,
};

const VERB: &str = "slsa diff";

/// Compare the inputs of two builds: a changed data set or base model is told with both digests.
///
/// What the statements say is compared, whoever signed them; weightlock slsa verify says whether they are to be believed. Those
/// of a model must be about exactly the bytes that are there now.
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
    #[command(flatten)]
    reading: ModelFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// How the inputs are known: declared, since nobody's signature was checked.
    #[schemars(with = "String")]
    pub standing: Standing,
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

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let of = |path: &Path| provenance(path, &arguments.reading, context);
    let both = of(&arguments.earlier).and_then(|earlier| of(&arguments.later).map(|later| (earlier, later)));
    let (earlier, later) = match both {
        Ok(both) => both,
        Err(reasons) => return Reply::refusal(VERB, reasons),
    };
    let compared = Compared {
        standing: Standing::Declared,
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
        let text = "the same inputs, as the statements say; nobody's signature was checked\n";
        return Reply::yes(VERB, text.to_owned(), compared);
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

/// The one provenance of a model as it is now, or in a file.
fn provenance(path: &Path, reading: &ModelFlags, context: &Context) -> Result<Provenance, Vec<Diagnostic>> {
    let shown = path.display().to_string();
    let pieces = if path.is_file()
        && let Ok(piece) = Piece::named(path)
    {
        vec![piece]
    } else {
        of_model(path, reading, context)?
    };
    match pieces.as_slice() {
        [] => {
            let told = Diagnostic::new(NONE, format!("there is no SLSA provenance v1 about {shown}"));
            Err(told.at(shown).into())
        }
        [one] => one
            .provenance()
            .map_err(|error| Diagnostic::of(error.code(), &error).at(one.name.clone()).into()),
        several => Err(Diagnostic::new(
            USAGE,
            format!(
                "{shown} has {} statements about how it was made; name the file of one",
                several.len()
            ),
        )
        .at(shown)
        .into()),
    }
}

/// The statements that lie with a model. One about other bytes may have been copied there, and says nothing of this model.
fn of_model(path: &Path, reading: &ModelFlags, context: &Context) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let hashed = reading.hashed(path, context)?;
    let all = Piece::about(hashed.root())?.0;
    let subjects = hashed.subjects();
    let (about, others): (Vec<Piece>, Vec<Piece>) = all
        .into_iter()
        .partition(|piece| covers(&piece.statement.subjects, &subjects).is_ok());
    match others.first() {
        Some(other) if about.is_empty() => {
            let told = Diagnostic::new(SUBJECT, "its provenance is not about this model as it is now");
            Err(told.at(other.name.clone()).into())
        }
        _ => Ok(about),
    }
}

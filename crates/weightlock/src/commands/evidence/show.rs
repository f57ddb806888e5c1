//! `weightlock evidence show`: one statement as it is claimed, or its bundle for somebody else.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use weightlock_artifact::{
    evidence::EvidenceName,
    write::{Existing, write_whole},
};
use weightlock_signing::{predicate::types::kind_of, statement::read_unverified};

use super::{found::said_signer, named, summary};
use crate::{
    commands::{publish::exists, verify_attestation::pretty},
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    reply::Reply,
    terminal::Style,
    text::{Shown, Size, counted},
};

/// Show one statement, as it is claimed.
///
/// Nothing is verified: weightlock verify-attestation does that.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    /// Name of the evidence as `weightlock evidence list MODEL` shows it, or as much of it as only one has
    #[arg(value_name = "NAME")]
    name: String,
    /// Also write the signed bundle to a file, for somebody else
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claimed {
    /// Its name in the evidence folder.
    pub name: String,
    /// The kind of evidence, by the type that is claimed.
    pub kind: String,
    /// The type that is claimed, a URI.
    pub predicate_type: String,
    /// Who is said to have signed it: not verified.
    pub said_signer: String,
    /// What it is said to be about; the model first.
    pub subjects: Vec<Subject>,
    /// What it claims, in one line.
    pub says: String,
    /// What it claims.
    pub predicate: Value,
    /// Bytes of the bundle.
    pub size: u64,
    /// Where the bundle was written.
    pub written: Option<String>,
}

/// What a statement is said to be about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

const VERB: &str = "evidence show";

/// More subjects are not shown in text; JSON has them all.
const MOST_SUBJECTS: usize = 10;

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match show(arguments) {
        Ok(claimed) => Reply::yes(VERB, text(&claimed, context), claimed),
        Err(told) => Reply::refusal(VERB, vec![told]),
    }
}

fn show(arguments: &Arguments) -> Result<Claimed, Diagnostic> {
    let found = named(&arguments.model, &arguments.name)?;
    let place = found
        .store
        .folder()
        .join(found.name.to_string())
        .display()
        .to_string();
    if matches!(found.name, EvidenceName::Leaves(_)) {
        return Err(Diagnostic::new(
            USAGE,
            "a table of leaves is no statement; the statement that names it is",
        )
        .at(place));
    }
    let bundle = found
        .store
        .read(&found.name)
        .map_err(|error| Diagnostic::of(error.code(), &error))?;
    let claimed =
        read_unverified(&bundle).map_err(|refusal| Diagnostic::of(refusal.code(), &refusal).at(place))?;
    if let Some(path) = &arguments.output {
        write_whole(path, &bundle, 0o644, Existing::Refused).map_err(|error| exists(path, error))?;
    }
    let statement = claimed.statement;
    Ok(Claimed {
        name: found.name.to_string(),
        kind: kind_of(&statement.predicate_type).name().to_owned(),
        says: summary::of(&statement),
        said_signer: said_signer(&claimed.material),
        subjects: statement
            .subjects
            .iter()
            .map(|subject| Subject {
                name: subject.name.clone(),
                sha256: subject.sha256.hex(),
            })
            .collect(),
        predicate_type: statement.predicate_type,
        predicate: statement.predicate,
        size: bundle.len() as u64,
        written: arguments.output.as_ref().map(|path| path.display().to_string()),
    })
}

fn text(claimed: &Claimed, context: &Context) -> String {
    let head = context.out.apply(Style::Strong, "claimed, not verified");
    let mut text = format!("{head}: {}\n", Shown(&claimed.name));
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("kind", &claimed.kind);
    line("type", &claimed.predicate_type);
    line("by", &claimed.said_signer);
    line("says", &claimed.says);
    for subject in claimed.subjects.iter().take(MOST_SUBJECTS) {
        line("about", &format!("sha256:{}   {}", subject.sha256, subject.name));
    }
    if let Some(more) = claimed
        .subjects
        .len()
        .checked_sub(MOST_SUBJECTS)
        .filter(|more| *more > 0)
    {
        line(
            "about",
            &format!("and {}; --json lists all", counted(more, "more subject")),
        );
    }
    line("size", &Size(claimed.size).to_string());
    claimed.written.iter().for_each(|path| line("bundle", path));
    text + &pretty(&claimed.predicate)
}

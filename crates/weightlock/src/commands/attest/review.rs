//! `weightlock attest review`: states that somebody has looked at the code that comes with a model.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use weightlock_bom::provenance::{
    reason::{NO_CODE, REVIEW as NOT_COVERED},
    review::{CustomCode, Decision, is_configuration},
};
use weightlock_signing::predicate::types::REVIEW;

use super::{
    stated::{self, Claim, ModelFlags, Stated},
    timestamp,
};
use crate::{
    commands::{publish::PublishFlags, subject::Hashed},
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    reply::Reply,
    text::{Shown, counted},
};

const VERB: &str = "attest review";
/// The largest configuration that is looked at for `auto_map`.
const MAX_CONFIG: usize = 16 << 20;

/// State that somebody has looked at the code that comes with a model, file by file.
///
/// Listed are every *.py and every entry of an auto_map, with digests. The review counts for exactly this code: one changed
/// byte, one file more, and it covers nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock attest review --reviewer 'Ada Example' --decision approved --key ada.key ./model
  weightlock attest review --list ./model")]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Who has looked at it; whose signature it is counts more
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    reviewer: Option<String>,
    /// What came of it
    #[arg(long, value_name = "DECISION", required_unless_present = "list")]
    decision: Option<Word>,
    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Only list the code that a review would be of
    #[arg(long, conflicts_with_all = ["reviewer", "decision", "comment"])]
    list: bool,
    #[command(flatten)]
    pub(super) publish: PublishFlags,
    #[command(flatten)]
    reading: ModelFlags,
}

/// What came of a review.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    /// The code may be run.
    Approved,
    /// It may not.
    Rejected,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    if arguments.list {
        return match list(arguments, context) {
            Ok(text) => Reply::verbatim(VERB, text),
            Err(reasons) => Reply::refusal(VERB, reasons),
        };
    }
    stated::reply(VERB, state(arguments, context), context)
}

fn state(arguments: &Arguments, context: &Context) -> Result<Stated, Vec<Diagnostic>> {
    let (Some(reviewer), Some(decision)) = (&arguments.reviewer, arguments.decision) else {
        return Err(Diagnostic::new(USAGE, "give --reviewer NAME and --decision approved|rejected").into());
    };
    let decision = match decision {
        Word::Approved => Decision::Approved,
        Word::Rejected => Decision::Rejected,
    };
    let (hashed, code) = looked_at(arguments, context)?;
    let date = timestamp(context)?;
    let review = code
        .review(decision, reviewer.clone(), date, arguments.comment.clone())
        .map_err(|error| {
            Diagnostic::of(NOT_COVERED, &error)
                .at(arguments.model.display().to_string())
                .note("no review of this folder can cover what it cannot list")
        })?;
    let claim = Claim {
        predicate_type: REVIEW,
        says: format!(
            "{} by {reviewer}: {}, {} of auto_map",
            decision.word(),
            counted(review.files.len(), "code file"),
            match review.entries.len() {
                1 => "1 entry".to_owned(),
                count => format!("{count} entries"),
            }
        ),
        // Serialising this type cannot fail: its keys are strings.
        predicate: serde_json::to_value(&review).unwrap_or_default(),
    };
    stated::state(&arguments.model, &hashed, claim, &arguments.publish, context)
}

/// The model, and the code in it; there must be some.
fn looked_at(arguments: &Arguments, context: &Context) -> Result<(Hashed, CustomCode), Vec<Diagnostic>> {
    let hashed = arguments.reading.hashed(&arguments.model, context)?;
    let code = code(&hashed)?;
    if code.is_empty() && code.unread().is_empty() {
        return Err(Diagnostic::new(
            NO_CODE,
            format!("{} comes without code", arguments.model.display()),
        )
        .at(arguments.model.display().to_string())
        .into());
    }
    Ok((hashed, code))
}

/// The code of a model that was hashed.
pub(in crate::commands) fn code(hashed: &Hashed) -> Result<CustomCode, Diagnostic> {
    let mut code = CustomCode::default();
    for file in hashed.manifest().iter().flat_map(|manifest| manifest.files()) {
        code.file(&file.path, file.sha256());
        if is_configuration(&file.path) {
            let is_readable = file.size <= MAX_CONFIG as u64;
            let text = is_readable
                .then(|| hashed.text(&file.path, MAX_CONFIG))
                .transpose()?;
            code.configuration(&file.path, text.as_deref());
        }
    }
    Ok(code)
}

fn list(arguments: &Arguments, context: &Context) -> Result<String, Vec<Diagnostic>> {
    let (_, code) = looked_at(arguments, context)?;
    let mut text = String::new();
    for file in code.files() {
        text += &format!("{}  {}\n", file.sha256, Shown(&file.path));
    }
    for entry in code.entries() {
        let line = format!("{}: {} is {}", entry.file, entry.key, entry.value);
        text += &format!("{}\n", Shown(&line));
    }
    for name in code.unread() {
        text += &format!("{}: cannot be read\n", Shown(name));
    }
    Ok(text)
}

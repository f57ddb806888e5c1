//! `weightlock card check`: what a card lacks, and what contradicts it.

use std::path::PathBuf;

use clap::Args;
use weightlock_artifact::standing::Standing;
use weightlock_bom::card::{
    Need,
    check::{Fault, Finding},
    reason::{CONTRADICTION, MISSING, VALUE},
};

pub use super::report::CheckedCard;
use super::report::{self, Subject};
use crate::{
    cli::Hashing,
    commands::bom::model::Described,
    context::Context,
    diagnostic::Diagnostic,
    flags::{Method, SignersFlags, TrustFlags},
    reply::Reply,
    text::{Shown, quoted},
};

/// Say what a card lacks, and what contradicts it.
///
/// A structured card must say what it must; without one, README.md must tell licence, intended use, training data, results and
/// limitations. What it says is compared with the files and README.md, and, where you name whose word counts, with signed
/// provenance, evaluations and the signature of the model. Without that, statements change no answer.
#[derive(Args, Debug)]
#[command(
    override_usage = "weightlock card check [key|certificate|pkcs11|sigstore] [OPTIONS] MODEL",
    after_help = "\
Exit codes: 0 the card says what it must and nothing contradicts it; 1 it does not, or something does; 3 there is no card.

  weightlock card check ./model
  weightlock card check --key release.pub --signer-for provenance=builder.pub ./model"
)]
pub struct Arguments {
    /// The model, after an optional word for the method
    #[arg(value_name = "MODEL", num_args = 1..=2, required = true, value_parser = crate::layout::typed::target())]
    words: Vec<PathBuf>,
    /// The structured card [default: model-card.yaml in the model, or MODEL.card.yaml beside it]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    /// What is recommended is required
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    signers: SignersFlags,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

const VERB: &str = "card check";

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let (card, changed) = match look(arguments, context) {
        Ok(looked) => looked,
        Err(reasons) => return Reply::refusal(VERB, reasons),
    };
    let mut reasons = changed;
    let decides = |finding: &&Finding| {
        finding.need == Need::Required || (arguments.strict && finding.need == Need::Recommended)
    };
    reasons.extend(card.findings.iter().filter(decides).map(|one| told(one, &card)));
    let text = report::text(&card, context) + &notes(&card);
    if reasons.is_empty() {
        return Reply::yes(VERB, text, card);
    }
    Reply::refusal(VERB, reasons)
        .with_text(text)
        .with_result(card)
        .with_verdict("the card does not hold")
}

fn look(arguments: &Arguments, context: &Context) -> Result<(CheckedCard, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (method, model) = Method::split(&arguments.words)?;
    let default = SignersFlags::default_trust(&arguments.trust, method, context.now())?;
    let signers = arguments
        .signers
        .signers(default.clone(), &arguments.trust, context.now())?;
    let described = Described::of(model, arguments.allow_symlinks, &arguments.hashing, context)?;
    let hashed = &described.hashed;
    let looked = report::look(&Subject {
        root: hashed.root(),
        named: arguments.card.as_deref(),
        described: Some(&described),
        signers: Some((&signers, default.as_ref())),
    })?;
    hashed.still_holds()?;
    Ok(looked)
}

/// A finding as a reason.
fn told(finding: &Finding, card: &CheckedCard) -> Diagnostic {
    let code = match finding.fault {
        Fault::Contradiction => CONTRADICTION,
        Fault::Missing => MISSING,
        Fault::Misfit => VALUE,
    };
    let mut told = Diagnostic::new(code, finding.message.clone());
    let place = match finding.sayings.first() {
        Some(first) => Some(first.place.to_string()),
        None => card
            .answers
            .iter()
            .find(|answer| answer.field == finding.field)
            .and_then(|answer| answer.place.as_ref().map(ToString::to_string)),
    };
    told = told.at(place.unwrap_or_else(|| card.model.clone()));
    for (at, saying) in finding.sayings.iter().enumerate() {
        let who = match at {
            0 => "it says".to_owned(),
            _ => saying.place.to_string(),
        };
        let known = match saying.standing {
            Standing::Declared => "",
            Standing::Verified => "   (verified)",
            _ => "   (not verified)",
        };
        told = told.fact(&who, format!("{}{known}", saying.value));
    }
    match finding.fault {
        Fault::Missing if card.card.is_none() => told.help(format!(
            "write it into README.md, or make a card:  weightlock card init {}",
            quoted(&card.model)
        )),
        Fault::Missing => told.help(format!("write it under {}", finding.field.path())),
        _ => told,
    }
}

/// What was not compared, and what did not count.
fn notes(card: &CheckedCard) -> String {
    let mut notes = Vec::new();
    if card.card.is_none() {
        notes.push("there is no structured card; weightlock card init makes one".to_owned());
    }
    notes.extend(
        card.open
            .iter()
            .map(|one| format!("{} was not compared: {}", one.field.path(), one.why)),
    );
    notes.extend(card.not_counted.iter().map(|one| {
        format!(
            "a statement does not count: {}: {} ({})",
            one.name, one.why, one.code
        )
    }));
    let line = |note: &String| format!("  note: {}\n", Shown(note));
    notes.iter().map(line).collect()
}

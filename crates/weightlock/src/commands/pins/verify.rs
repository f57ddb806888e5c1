//! `weightlock pins verify`: may this container start with these models?
//!
//! 1. The pins: signed by whom they must be, over the bytes that are read here.
//! 2. Each model's own signature, as `weightlock verify` checks it.
//! 3. Each model's digest, worked out from the bytes that were compared with the signature.
//!
//! All are asked whatever the others say, and one no is a no.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::inventory::RootKind;
use weightlock_policy::ModelName;

use super::{
    check::{OpenPins, PinsSignerFlags, pin_of},
    write::PinnedModel,
};
use crate::{
    cli::Hashing,
    commands::{
        lock::{
            ReadFlags,
            named::{self, Named},
        },
        verify::{Case, SignedBy},
    },
    context::Context,
    diagnostic::Diagnostic,
    flags::TrustFlags,
    reply::Reply,
    text::{Shown, counted},
};

const VERB: &str = "pins verify";

/// Check models against signed pins and against their own signatures; both, always.
///
/// WL-PINS-SIGNATURE: the pins are not signed by whom they must be. WL-PINS-DIGEST: a model is not the pinned one. WL-SIG-…: a model's
/// own signature does not hold. Each is a reason of its own not to start.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock pins verify --pins weightlock.pins --pins-key deploy.pub --key acme.pub acme/pebble=/models/pebble
  weightlock run --pins weightlock.pins --pins-key deploy.pub --key acme.pub --model /models/pebble=pebble -- serve {pebble}

Exit codes: 0 everything holds; 1 something does not; 3 something could not be told; 4 something could not be read.")]
pub struct Arguments {
    /// A model, and the name that it is pinned by [default name: that of the folder]; repeatable
    #[arg(value_name = "[NAME=]PATH", required = true)]
    models: Vec<OsString>,
    /// The pins
    #[arg(
        long,
        value_name = "FILE",
        default_value = "weightlock.pins",
        help_heading = "Pins"
    )]
    pins: PathBuf,
    #[command(flatten)]
    signer: PinsSignerFlags,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    reading: ReadFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinsVerified {
    /// The pins.
    pub pins: String,
    /// Who signed them, if that could be verified.
    pub pins_signed_by: Option<SignedBy>,
    /// The models.
    pub models: Vec<PinCheck>,
}

/// A model that was checked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinCheck {
    /// The name that it is pinned by.
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// What it is, if that could be told while its own signature was checked.
    pub found: Option<PinnedModel>,
    /// Who signed it, if that could be verified.
    pub signed_by: Option<SignedBy>,
    /// Both checks hold.
    pub holds: bool,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let refused =
        |reasons| Reply::refusal(VERB, reasons).with_verdict("refused: do not start with these models");
    match verify(arguments, context) {
        Ok((result, reasons)) if reasons.is_empty() => Reply::yes(VERB, text(&result), result),
        Ok((result, reasons)) => refused(reasons).with_result(result),
        Err(told) => refused(vec![told]),
    }
}

fn verify(arguments: &Arguments, context: &Context) -> Result<(PinsVerified, Vec<Diagnostic>), Diagnostic> {
    let mut targets = Vec::new();
    for model in &arguments.models {
        let Named { name, rest } = Named::of(model)?;
        let name = match name {
            Some(name) => name,
            None => named::by_path(&rest)?,
        };
        targets.push((name, rest));
    }
    let pins = arguments
        .signer
        .open(VERB, &arguments.pins, &arguments.trust, context)?;
    let mut reasons: Vec<Diagnostic> = Vec::new();
    let mut models = Vec::new();
    for (name, path) in targets {
        let (model, found) = check(&name, &path, &pins, arguments, context)?;
        // What is wrong with the pins is said once.
        reasons.extend(
            found
                .into_iter()
                .skip(if models.is_empty() { 0 } else { pins.faults().len() }),
        );
        models.push(model);
    }
    let OpenPins { signer, .. } = pins;
    let result = PinsVerified {
        pins: arguments.pins.display().to_string(),
        pins_signed_by: signer,
        models,
    };
    Ok((result, reasons))
}

/// Both checks of one model.
fn check(
    name: &ModelName,
    path: &Path,
    pins: &OpenPins,
    arguments: &Arguments,
    context: &Context,
) -> Result<(PinCheck, Vec<Diagnostic>), Diagnostic> {
    let trust = arguments.trust.trust(VERB, None, context.now())?;
    let hashing = arguments.reading.hashing();
    let mut told = PinCheck {
        name: name.to_string(),
        path: path.display().to_string(),
        found: None,
        signed_by: None,
        holds: false,
    };
    let reasons = match signed(path, trust, arguments, &hashing, context) {
        Ok((verified, is_file)) => {
            let found = pin_of(verified.digest.as_deref(), is_file);
            told.found = found.map(|pin| PinnedModel::of(name, &pin));
            told.signed_by = Some(verified.signer);
            pins.judge(name, &told.path, found)
        }
        Err(of_model) => {
            let target = (path, arguments.reading.allow_symlinks);
            pins.judge_path(name, target, of_model, (&hashing, context))
        }
    };
    told.holds = reasons.is_empty();
    Ok((told, reasons))
}

/// The model's own signature, and whether the model is one file.
fn signed(
    path: &Path,
    trust: weightlock_signing::Trust,
    arguments: &Arguments,
    hashing: &Hashing,
    context: &Context,
) -> Result<(crate::commands::verify::Verified, bool), Vec<Diagnostic>> {
    let files = arguments.reading.files();
    let mut case = Case::open(path, None, &files, trust, &arguments.trust)?;
    let statement = case.statement()?;
    let compared = case.compared(&statement, &case.rules(&files)?, hashing, context)?;
    let model = compared.map_err(|mismatch| case.reasons(&statement, &mismatch))?;
    let is_file = matches!(case.root.kind(), RootKind::File(_));
    Ok((case.accepted(&statement, &model), is_file))
}

fn text(result: &PinsVerified) -> String {
    let mut text = format!(
        "pinned and signed: {} by {}\n",
        counted(result.models.len(), "model"),
        Shown(&result.pins)
    );
    if let Some(signer) = &result.pins_signed_by {
        text += &format!("  pins   signed by {}\n", Shown(&signer.text()));
    }
    for model in &result.models {
        let signer = model.signed_by.as_ref().map(SignedBy::text).unwrap_or_default();
        let digest = model.found.as_ref().map_or("", |found| found.digest.as_str());
        text += &format!("  {}   {digest}   signed by {}\n", model.name, Shown(&signer));
    }
    text
}

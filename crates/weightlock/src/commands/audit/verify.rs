//! `weightlock audit verify FILE`: is the log of decisions whole?

use std::{io::BufReader, path::PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{Error, digest::Digest, input};
use weightlock_policy::audit;

use crate::{
    commands::verify::pinned,
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    text::{Shown, counted},
};

const VERB: &str = "audit verify";

/// Check that no line of a log was changed, removed, put in or moved.
///
/// Lines that were cut off at the end leave a log that is whole. Keep the digest of the last line elsewhere, and name it the next time.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock audit verify /var/log/weightlock/audit.jsonl
  weightlock audit verify --has sha256:DIGEST /var/log/weightlock/audit.jsonl")]
pub struct Arguments {
    /// The log
    #[arg(value_name = "FILE")]
    log: PathBuf,
    /// A line with this digest must be there, as an earlier run told it
    #[arg(long, value_name = "sha256:HEX", value_parser = pinned)]
    has: Option<Digest>,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WholeLog {
    /// The log.
    pub log: String,
    /// Lines.
    pub lines: u64,
    /// Decisions that allowed a model.
    pub allowed: u64,
    /// Decisions that held one.
    pub quarantined: u64,
    /// Decisions that denied one.
    pub denied: u64,
    /// Lines that tell of an override that was refused.
    pub overrides_refused: u64,
    /// SHA-256 of the last line; keep it elsewhere.
    pub head: String,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match look(arguments, context) {
        Ok(whole) => Reply::yes(VERB, text(&whole), whole),
        Err(told) => Reply::refusal(VERB, vec![told]).with_answer("the log is not whole"),
    }
}

fn look(arguments: &Arguments, context: &Context) -> Result<WholeLog, Diagnostic> {
    let shown = arguments.log.display().to_string();
    let file = input::open(&arguments.log).map_err(|error| Error::io("open", &arguments.log, error))?;
    let stop = context.stopping();
    let mut log = BufReader::new(stop.reading(file));
    let chain = audit::verify(&mut log, arguments.has.as_ref()).map_err(|error| {
        if stop.is_wanted() {
            return Error::Interrupted.into();
        }
        Diagnostic::of(error.code(), &error).at(shown.clone())
    })?;
    let [allowed, quarantined, denied] = chain.decisions;
    Ok(WholeLog {
        log: shown,
        lines: chain.lines,
        allowed,
        quarantined,
        denied,
        overrides_refused: chain.overrides,
        head: chain.head.to_string(),
    })
}

fn text(whole: &WholeLog) -> String {
    format!(
        "whole: {}\n  {}: {} allow, {} quarantine, {} deny; {}\n  last line {}   keep it elsewhere\n",
        Shown(&whole.log),
        counted(usize::try_from(whole.lines).unwrap_or(usize::MAX), "line"),
        whole.allowed,
        whole.quarantined,
        whole.denied,
        counted(
            usize::try_from(whole.overrides_refused).unwrap_or(usize::MAX),
            "refused override"
        ),
        whole.head
    )
}

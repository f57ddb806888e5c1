//! `weightlock compat cosign …`: the command line of cosign, for what it does with blobs.
//!
//! Its flags with its defaults ([`arguments`]), its words, its exit codes: 0, and 1 for everything else. Keys and
//! certificates are checked by the code of the native verbs; what differs on purpose is in `docs/compat/cosign.md`.
//! `--insecure-…` flags have cosign's names here and nowhere else, and say what is lost.

mod arguments;
mod identity;
mod sign;
mod verify;

use std::ffi::OsString;

use clap::{
    Parser as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use self::arguments::{Command, Typed};
use super::peer::told;
use crate::{context::Context, diagnostic::Diagnostic, reply::Reply, terminal, text::Shown};

/// cosign knows one number for everything that is not success.
const FAILED: u8 = 1;

/// What a command says when it succeeds.
#[derive(Debug, Default)]
struct Said {
    stdout: String,
    stderr: String,
}

/// What it says when it does not.
#[derive(Debug)]
struct Failure {
    /// What was said before.
    stderr: String,
    /// Why.
    text: String,
}

impl Failure {
    /// In cosign's own words.
    fn words(text: impl Into<String>) -> Self {
        Self {
            stderr: String::new(),
            text: text.into(),
        }
    }

    fn after(mut self, stderr: &str) -> Self {
        self.stderr.insert_str(0, stderr);
        self
    }
}

impl From<Diagnostic> for Failure {
    fn from(reason: Diagnostic) -> Self {
        Self::words(format!("{} ({})", reason.sentence(), reason.code()))
    }
}

pub(super) fn run(words: &[OsString], context: &Context) -> Reply {
    let program = [OsString::from("cosign")];
    let typed = match Typed::try_parse_from(program.iter().chain(words)) {
        Ok(typed) => typed,
        Err(error) if !error.use_stderr() => return told(error.to_string(), 0),
        Err(error) => return failed(&Failure::words(usage(&error))),
    };
    let answer = match &typed.command {
        Command::SignBlob(asked) => sign::blobs(asked, context),
        Command::AttestBlob(asked) => sign::statement(asked, context),
        Command::VerifyBlob(asked) => verify::blob(asked, context),
        Command::VerifyBlobAttestation(asked) => verify::statement(asked, context),
    };
    match answer {
        Ok(said) => {
            terminal::say(&said.stderr);
            told(said.stdout, 0)
        }
        Err(failure) => failed(&failure),
    }
}

/// cosign says it twice.
fn failed(failure: &Failure) -> Reply {
    let Failure { stderr, text } = failure;
    let text = Shown(text);
    terminal::say(&format!(
        "{stderr}Error: {text}\nerror during command execution: {text}\n"
    ));
    told(String::new(), FAILED)
}

/// Its words for the usual mistakes; the parser's for the others.
fn usage(error: &clap::Error) -> String {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unknown flag: {}", named(ContextKind::InvalidArg)),
        ErrorKind::InvalidSubcommand => {
            format!(
                "unknown command {:?} for \"cosign\"",
                named(ContextKind::InvalidSubcommand)
            )
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

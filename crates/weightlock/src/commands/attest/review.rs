//! `weightlock attest review`: states that somebody has looked at the code that comes with a model.

use std::{io::Read as _, path::PathBuf};

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest},
    path::ArtifactPath,
};
use weightlock_bom::provenance::{
    reason::{NO_CODE, REVIEW as NOT_COVERED},
    review::{CodeEntry, CodeFile, CustomCode, Decision, is_configuration},
};
use weightlock_format::detect::HEAD_BYTES;
use weightlock_signing::predicate::types::REVIEW;

use super::{
    packed::Packed,
    stated::{self, Claim, ModelFlags, Stated},
    timestamp,
};
use crate::{
    commands::{publish::PublishFlags, scan::opened, subject::Hashed},
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    reply::Reply,
    sources::Source,
    text::{Shown, counted},
};

const VERB: &str = "attest review";
/// The largest configuration that is looked at for `auto_map`.
pub(super) const MAX_CONFIG: usize = 16 << 20;

/// State that somebody has looked at the code that comes with a model, file by file.
///
/// Listed are every source, byte code, library, script and program, by name or content, every archive that holds one or cannot be
/// looked into, and every entry of an auto_map, with digests. The review counts for exactly this code: one changed byte, one file more, and it covers nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock attest review --reviewer 'Ada Example' --decision approved --key ada.key ./model
  weightlock attest review --list ./model")]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
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

/// The code that a review would be of, in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// Files of code.
    pub files: Vec<CodeFile>,
    /// What configurations name.
    pub entries: Vec<CodeEntry>,
    /// Those of them that take code from another repository, which no review of this folder covers.
    pub elsewhere: Vec<CodeEntry>,
    /// Configurations that cannot be read, so that nobody knows what they name.
    pub unread: Vec<String>,
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
            Ok(listed) => Reply::yes(VERB, text(&listed), listed),
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

/// The code of a model that was hashed: of a folder, or of the one file that it is.
pub(in crate::commands) fn code(hashed: &Hashed) -> Result<CustomCode, Diagnostic> {
    let mut code = CustomCode::default();
    for (path, source) in hashed.names()?.iter().zip(&hashed.sources()) {
        let sha256 = match hashed.manifest() {
            Some(manifest) => manifest.file(path).map(|file| *file.sha256()),
            None => Some(*hashed.digest()),
        };
        let sha256 = sha256.unwrap_or(*hashed.digest());
        code.file(path, &sha256, &read(source, HEAD_BYTES)?);
        archive(path, source, &sha256, &mut code)?;
        if is_configuration(path) {
            let is_readable = source.stamp.size <= MAX_CONFIG as u64;
            let text = is_readable.then(|| whole(source, &sha256)).transpose()?;
            code.configuration(path, text.as_deref());
        }
    }
    Ok(code)
}

/// Takes note of an archive that holds code, and of what configurations in it name.
fn archive(
    path: &ArtifactPath,
    source: &Source,
    sha256: &Digest,
    code: &mut CustomCode,
) -> Result<(), Diagnostic> {
    let content = opened(source)?;
    let failed = |error| Error::io("read", &source.name, error);
    let Some(packed) = Packed::of(path, &content).map_err(failed)? else {
        return Ok(());
    };
    if packed.is_code {
        code.archive(path, sha256);
    }
    for (path, text) in &packed.configurations {
        code.configuration(path, text.as_deref());
    }
    Ok(())
}

fn read(source: &Source, limit: usize) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = Vec::new();
    let file = source.open()?;
    let failed = |error| Error::io("read", &source.name, error);
    file.take(limit as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A configuration, which must be what was hashed.
fn whole(source: &Source, sha256: &Digest) -> Result<Vec<u8>, Diagnostic> {
    let text = read(source, MAX_CONFIG.saturating_add(1))?;
    if Algorithm::Sha256.digest(&text) == *sha256 {
        return Ok(text);
    }
    Err(Error::Changed {
        path: source.name.clone(),
        offset: None,
    }
    .into())
}

fn list(arguments: &Arguments, context: &Context) -> Result<Listed, Vec<Diagnostic>> {
    let (hashed, code) = looked_at(arguments, context)?;
    Ok(Listed {
        model: arguments.model.display().to_string(),
        digest: hashed.digest().to_string(),
        files: code.files().collect(),
        entries: code.entries().cloned().collect(),
        elsewhere: code.elsewhere().cloned().collect(),
        unread: code.unread().to_vec(),
    })
}

fn text(listed: &Listed) -> String {
    let mut text = String::new();
    for file in &listed.files {
        text += &format!("{}  {}\n", file.sha256, Shown(&file.path));
    }
    for entry in &listed.entries {
        let from = if listed.elsewhere.contains(entry) {
            ", from another repository"
        } else {
            ""
        };
        let line = format!("{}: {} is {}{from}", entry.file, entry.key, entry.value);
        text += &format!("{}\n", Shown(&line));
    }
    for name in &listed.unread {
        text += &format!("{}: cannot be read\n", Shown(name));
    }
    text
}

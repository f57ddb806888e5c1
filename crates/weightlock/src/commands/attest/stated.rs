//! What the verbs that read documents of others answer: a statement was made about a model, signed or not.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use weightlock_signing::{predicate::types, statement};

use crate::commands::publish::PublishFlags;
use crate::{
    cli::Hashing,
    commands::subject::Hashed,
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    terminal::Style,
    text::{Shown, Size, counted},
};

/// How the model is read.
#[derive(Args, Clone, Default, Debug)]
pub(crate) struct ModelFlags {
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    pub allow_symlinks: bool,
    #[command(flatten)]
    pub hashing: Hashing,
}

impl ModelFlags {
    /// Hashes the model. A statement is about what is there, and not about what a cache remembers.
    pub(crate) fn hashed(&self, model: &Path, context: &Context) -> Result<Hashed, Vec<Diagnostic>> {
        let hashing = Hashing {
            digest_cache: false,
            ..self.hashing.clone()
        };
        Hashed::of(model, self.allow_symlinks, &hashing, context)
    }
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// Number of files.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// The type that was stated, a URI.
    pub predicate_type: String,
    /// What it says, in a few words.
    pub says: String,
    /// Who signed; `null` where nobody did.
    pub signer: Option<String>,
    /// Where the statement was written; absent after a dry run.
    pub written: Option<String>,
}

/// What is to be stated.
pub(super) struct Claim {
    pub(super) predicate_type: &'static str,
    pub(super) predicate: Value,
    pub(super) says: String,
}

/// States something about a model that was hashed.
pub(super) fn state(
    model: &Path,
    hashed: &Hashed,
    claim: Claim,
    publish: &PublishFlags,
    context: &Context,
) -> Result<Stated, Vec<Diagnostic>> {
    let author = publish.author_or_nobody(context)?;
    let payload = statement::payload(&hashed.subjects(), claim.predicate_type, &claim.predicate);
    hashed.still_holds()?;
    let kind = types::kind_of(claim.predicate_type);
    let (signer, written) = publish.publish(author.as_ref(), payload, kind, hashed.root())?;
    Ok(Stated {
        model: model.display().to_string(),
        digest: hashed.digest().to_string(),
        files: hashed.files,
        bytes: hashed.bytes,
        predicate_type: claim.predicate_type.to_owned(),
        says: claim.says,
        signer,
        written,
    })
}

/// The reply of a verb.
pub(super) fn reply(verb: &'static str, stated: Result<Stated, Vec<Diagnostic>>, context: &Context) -> Reply {
    match stated {
        Ok(stated) => Reply::yes(verb, text(&stated, context), stated),
        Err(reasons) => Reply::refusal(verb, reasons).with_verdict("not attested: nothing was written"),
    }
}

fn text(stated: &Stated, context: &Context) -> String {
    let head = match (&stated.written, &stated.signer) {
        (None, _) => "would attest",
        (Some(_), Some(_)) => "attested",
        (Some(_), None) => "stated, unsigned,",
    };
    let mut text = format!(
        "{} {}: {}\n",
        context.out.apply(Style::Good, head),
        Shown(&stated.model),
        Shown(&stated.says)
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("type", &stated.predicate_type);
    let size = format!("{}, {}", counted(stated.files, "file"), Size(stated.bytes));
    line("about", &format!("{}   {size}", stated.digest));
    line("signer", stated.signer.as_deref().unwrap_or("nobody"));
    stated.written.iter().for_each(|path| line("written", path));
    text
}

/// A file beside another that was named: relative to its folder.
pub(super) fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or_else(|| Path::new("")).join(path)
}

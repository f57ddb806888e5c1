//! `weightlock attest`: signs what somebody states about a model.
//!
//! The statement is an in-toto Statement v1. Its subjects are the model, by the digest of its canonical manifest, and then
//! every file of it, so that other verifiers can check it against any file. What it says is a document of another tool, or a
//! whole statement that was made elsewhere; both are read strictly, and signed unchanged. The verbs below it make the
//! document themselves: [`run`] records a step, [`provenance`], [`evaluation`] and [`review`] read what there is.

pub mod approval;
pub mod evaluation;
mod packed;
pub mod provenance;
pub mod review;
pub mod run;
pub mod stated;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::evidence::Kind;
use weightlock_signing::{
    bundle::Bundle,
    predicate::{
        Predicate, PredicateError, Wanted, document,
        reason::{ABOUT, TYPE},
        types,
    },
    statement::Statement,
};

use super::{publish::PublishFlags, subject::Hashed, target};
use crate::{
    cli::{Global, Hashing},
    context::Context,
    diagnostic::Diagnostic,
    environment::SOURCE_DATE_EPOCH,
    explanations::USAGE,
    flags::{Method, wanted},
    reply::Reply,
    terminal::Style,
    text::{Shown, Size, counted},
};

/// State something about a model, signed: provenance, a bill of materials, a review, and so on.
///
/// The statement is about exactly the bytes that are there now. It is written to MODEL/.weightlock/evidence, or to
/// MODEL.weightlock/evidence where the model is a file or belongs to somebody else.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    override_usage = "weightlock attest [key|certificate|pkcs11|sigstore] [OPTIONS] --predicate FILE --type TYPE MODEL\n       weightlock attest run|provenance|evaluation|review|approval ...",
    after_help = "\
Types are cosign's names (custom, slsaprovenance, slsaprovenance02, slsaprovenance1, spdx, spdxjson, cyclonedx, link, vuln,
openvex), kinds of evidence (scan, bom, card, provenance, evaluation, review, vex, verdict), or any URI.

  weightlock attest --key NAME.key --type slsaprovenance1 --predicate provenance.json ./model
  weightlock verify-attestation --key NAME.pub --type slsaprovenance1 ./model

A model in a folder called run, provenance, evaluation, review or approval is written ./run."
)]
pub struct Arguments {
    #[command(subcommand)]
    made: Option<Made>,
    /// The model, after an optional word for the method
    #[arg(value_name = "MODEL", num_args = 1..=2, required = true, value_parser = crate::layout::typed::target())]
    words: Vec<PathBuf>,
    /// What is stated; `-` is standard input
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "statement",
        requires = "kind"
    )]
    predicate: Option<PathBuf>,
    /// What it is: a name, a kind of evidence, or a URI
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Sign this in-toto statement, which must be about the model, instead of making one
    #[arg(long, value_name = "FILE", conflicts_with = "predicate")]
    statement: Option<PathBuf>,
    #[command(flatten)]
    publish: PublishFlags,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

impl Arguments {
    /// Nobody is there who could be asked for a password.
    pub(crate) const fn never_ask(&mut self) {
        let publish = match &mut self.made {
            None => &mut self.publish,
            Some(Made::Run(arguments)) => &mut arguments.publish,
            Some(Made::Provenance(arguments)) => &mut arguments.publish,
            Some(Made::Evaluation(arguments)) => &mut arguments.publish,
            Some(Made::Review(arguments)) => &mut arguments.publish,
            Some(Made::Approval(arguments)) => &mut arguments.publish,
        };
        publish.signer.password.never_asked = true;
    }
}

/// Statements that are made here.
#[derive(Subcommand, Debug)]
enum Made {
    /// Run a command, and state what it made out of what
    Run(Box<run::Arguments>),
    /// State how a model was made, from a description
    Provenance(Box<provenance::Arguments>),
    /// State what was measured, from files with results
    Evaluation(Box<evaluation::Arguments>),
    /// State that somebody has looked at the code that comes with a model
    Review(Box<review::Arguments>),
    /// State that somebody approves, or rejects, the use of a model
    Approval(Box<approval::Arguments>),
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// Number of files.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// The kind of evidence.
    pub kind: String,
    /// The type that was signed, a URI.
    pub predicate_type: String,
    /// `key <hex SHA-256 of its PEM>`, the subject of the certificate, or the identity with its issuer.
    pub signer: String,
    /// Where the statement was written; absent after a dry run.
    pub written: Option<String>,
}

const VERB: &str = "attest";

pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Reply {
    match &arguments.made {
        None => {}
        Some(Made::Run(arguments)) => return run::run(arguments, global, context),
        Some(Made::Provenance(arguments)) => return provenance::run(arguments, context),
        Some(Made::Evaluation(arguments)) => return evaluation::run(arguments, context),
        Some(Made::Review(arguments)) => return review::run(arguments, context),
        Some(Made::Approval(arguments)) => return approval::run(arguments, context),
    }
    match attest(arguments, context) {
        Ok(attested) => Reply::yes(VERB, text(&attested, context), attested),
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("not attested: nothing was written"),
    }
}

/// What is to be signed.
enum Claim {
    /// A document, for which a statement is made.
    Predicate(Predicate),
    /// A statement, with its text.
    Statement(Box<Statement>, Vec<u8>),
}

fn attest(arguments: &Arguments, context: &Context) -> Result<Attested, Vec<Diagnostic>> {
    let (method, model) = Method::split(&arguments.words)?;
    let claim = Claim::read(arguments, context)?;
    let author = arguments.publish.author(
        "weightlock attest --type TYPE --predicate FILE --key NAME.key MODEL",
        method,
        context,
    )?;
    // A statement is about what is there, and not about what a cache remembers.
    let hashing = Hashing {
        digest_cache: false,
        ..arguments.hashing.clone()
    };
    let hashed = Hashed::of(model, arguments.allow_symlinks, &hashing, context)?;
    let payload = claim.payload(&hashed)?;
    let (signer, written) = arguments.publish.sign(&author, payload, claim.kind(), &hashed)?;
    Ok(Attested {
        model: model.display().to_string(),
        digest: hashed.digest().to_string(),
        files: hashed.files,
        bytes: hashed.bytes,
        kind: claim.kind().name().to_owned(),
        predicate_type: claim.predicate_type().to_owned(),
        signer,
        written,
    })
}

impl Claim {
    fn read(arguments: &Arguments, context: &Context) -> Result<Self, Diagnostic> {
        let kind = arguments.kind.as_deref().map(wanted).transpose()?;
        match (&arguments.predicate, &arguments.statement, kind) {
            (Some(path), _, Some(kind)) => Self::predicate(path, &kind, context),
            (None, Some(path), kind) => Self::statement(path, kind.as_ref()),
            _ => Err(Diagnostic::new(USAGE, "give --predicate FILE and --type TYPE")),
        }
    }

    fn predicate(path: &Path, kind: &Wanted, context: &Context) -> Result<Self, Diagnostic> {
        let document = target::read_document(path, Predicate::MAX_BYTES)?;
        Predicate::read(&document, kind, &timestamp(context)?)
            .map(Self::Predicate)
            .map_err(|error| refused(&error, path))
    }

    fn statement(path: &Path, kind: Option<&Wanted>) -> Result<Self, Diagnostic> {
        let text = target::read_document(path, Bundle::MAX_BYTES)?;
        let shown = || path.display().to_string();
        let statement = Statement::parse_unverified(&text)
            .map_err(|refusal| Diagnostic::of(refusal.code(), &refusal).at(shown()))?;
        let found = statement.predicate_type.as_str();
        if let Some(kind) = kind.filter(|kind| !kind.includes(found)) {
            return Err(
                Diagnostic::new(TYPE, "the statement is of another type than was asked for")
                    .at(shown())
                    .fact("asked for", kind.to_string())
                    .fact("found", found),
            );
        }
        if let kind @ (Kind::Oms | Kind::Leaves | Kind::Verity) = types::kind_of(found) {
            return Err(refused(&PredicateError::Made(kind), path));
        }
        document::check(found, &statement.predicate).map_err(|error| refused(&error, path))?;
        Ok(Self::Statement(Box::new(statement), text))
    }

    fn predicate_type(&self) -> &str {
        match self {
            Self::Predicate(predicate) => predicate.predicate_type(),
            Self::Statement(statement, _) => &statement.predicate_type,
        }
    }

    fn kind(&self) -> Kind {
        types::kind_of(self.predicate_type())
    }

    /// What is signed, about the model as it is now.
    fn payload(&self, hashed: &Hashed) -> Result<Vec<u8>, Diagnostic> {
        match self {
            Self::Predicate(predicate) => Ok(predicate.payload(&hashed.subjects())),
            Self::Statement(statement, text) if statement.is_about(&hashed.model()) => Ok(text.clone()),
            Self::Statement(statement, _) => Err(about_another(statement, hashed)),
        }
    }
}

/// The first subject of a statement is not the model.
pub(super) fn about_another(statement: &Statement, hashed: &Hashed) -> Diagnostic {
    let found = statement.subjects.first();
    let told = Diagnostic::new(
        ABOUT,
        format!("the statement is not about {}", hashed.root().path().display()),
    )
    .fact("the model", hashed.digest().to_string())
    .fact(
        "the statement",
        found.map_or_else(String::new, |first| first.sha256.to_string()),
    );
    if statement.is_first_about(&hashed.model()) {
        return told.note(
            "it names the folder and not every file of it: a file that lists them has the same digest",
        );
    }
    let is_file = hashed.manifest().is_some_and(|manifest| {
        found.is_some_and(|found| manifest.files().iter().any(|file| *file.sha256() == found.sha256))
    });
    if is_file {
        told.note("it is about one file of the model; the first subject must be the model itself")
    } else {
        told
    }
}

/// A document that is not signed, with the type that may have been meant.
fn refused(error: &PredicateError, path: &Path) -> Diagnostic {
    let told = Diagnostic::of(error.code(), error).at(path.display().to_string());
    match error {
        PredicateError::Made(Kind::Oms) => told.help("weightlock sign --key NAME.key MODEL"),
        PredicateError::Made(Kind::Leaves) => told.help("weightlock sign --leaves --key NAME.key MODEL"),
        PredicateError::Made(Kind::Verity) => told.help("weightlock sign --fs-verity --key NAME.key MODEL"),
        PredicateError::Undecided(Kind::Bom) => told.help("name it: --type cyclonedx or --type spdxjson"),
        PredicateError::Undecided(Kind::Provenance) => told.help("name it: --type slsaprovenance1"),
        PredicateError::Undecided(_) => told.help("name it by its URI: --type https://…"),
        _ => told,
    }
}

/// The time that is written into the statement, in RFC 3339.
pub(in crate::commands) fn timestamp(context: &Context) -> Result<String, Diagnostic> {
    let wrong = || Diagnostic::new(USAGE, "SOURCE_DATE_EPOCH is no number of seconds since 1970");
    let seconds = match SOURCE_DATE_EPOCH.filled() {
        Some(stated) => stated
            .to_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(wrong)?,
        None => i64::try_from(context.now().0).map_err(|_| wrong())?,
    };
    let time = jiff::Timestamp::from_second(seconds).map_err(|_| wrong())?;
    Ok(time.to_string())
}

fn text(attested: &Attested, context: &Context) -> String {
    let head = if attested.written.is_some() {
        "attested"
    } else {
        "would attest"
    };
    let mut text = format!(
        "{} {}: {}\n",
        context.out.apply(Style::Good, head),
        Shown(&attested.model),
        attested.kind
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("type", &attested.predicate_type);
    line(
        "about",
        &format!(
            "{}   {}, {}",
            attested.digest,
            counted(attested.files, "file"),
            Size(attested.bytes)
        ),
    );
    line("signer", &attested.signer);
    attested.written.iter().for_each(|path| line("evidence", path));
    text
}

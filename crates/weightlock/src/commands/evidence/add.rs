//! `weightlock evidence add`: stores what somebody sent, under the name that fits it.
//!
//! A file is stored when it is a bundle with a sound statement about this very model. Who signed it is not asked: that is asked
//! by whoever relies on it, and nothing is believed for lying there.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    digest::Algorithm,
    evidence::{Kind, Store},
};
use weightlock_signing::{
    oms::{self, FileClaim, Files, ModelStatement},
    predicate::{
        document,
        reason::{ABOUT, TYPE},
        types::kind_of,
    },
    statement::read_unverified,
};

use super::found::said_signer;
use crate::{
    cli::Hashing,
    commands::{attest::about_another, subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    text::Shown,
};

/// Store statements that somebody sent, if they are about the model.
///
/// Nothing is verified but that: who signed them is asked by weightlock verify-attestation.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    /// Signed statements, as Sigstore bundles
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write next to the model instead of into it: MODEL.weightlock/evidence
    #[arg(long)]
    beside: bool,
    /// Do everything but write
    #[arg(long)]
    dry_run: bool,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file; worked out now.
    pub digest: String,
    /// The files, in the order they were named.
    pub evidence: Vec<Stored>,
}

/// One file that was stored.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// The file that was named.
    pub file: String,
    /// The kind of evidence.
    pub kind: String,
    /// The type that is claimed, a URI.
    pub predicate_type: String,
    /// Who is said to have signed it: not verified.
    pub said_signer: String,
    /// Where it was written; absent after a dry run.
    pub written: Option<String>,
}

/// A bundle that may be stored.
struct Fit {
    kind: Kind,
    bundle: Vec<u8>,
    stored: Stored,
}

const VERB: &str = "evidence add";

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match add(arguments, context) {
        Ok(added) => Reply::yes(VERB, text(&added), added),
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("nothing was added"),
    }
}

/// All files are looked at before any is stored.
fn add(arguments: &Arguments, context: &Context) -> Result<Added, Vec<Diagnostic>> {
    let hashing = Hashing {
        digest_cache: false,
        ..arguments.hashing.clone()
    };
    let hashed = Hashed::of(&arguments.model, arguments.allow_symlinks, &hashing, context)?;
    let mut fits = Vec::new();
    for path in &arguments.files {
        fits.push(fit(path, &hashed).map_err(|told| told.at(path.display().to_string()))?);
    }
    hashed.still_holds()?;
    let store = target::evidence_store(hashed.root(), arguments.beside);
    let mut evidence = Vec::new();
    for mut fit in fits {
        if !arguments.dry_run {
            let name = store
                .add_statement(fit.kind, &fit.bundle)
                .map_err(|error| Diagnostic::of(error.code(), &error))?;
            fit.stored.written = Some(store.folder().join(name.to_string()).display().to_string());
        }
        evidence.push(fit.stored);
    }
    Ok(Added {
        model: arguments.model.display().to_string(),
        digest: hashed.digest().to_string(),
        evidence,
    })
}

fn fit(path: &Path, hashed: &Hashed) -> Result<Fit, Diagnostic> {
    let bundle = target::read_document(path, usize::try_from(Store::MAX_BYTES).unwrap_or(usize::MAX))?;
    let claimed = read_unverified(&bundle).map_err(|refusal| Diagnostic::of(refusal.code(), &refusal))?;
    let statement = &claimed.statement;
    let kind = kind_of(&statement.predicate_type);
    if kind == Kind::Oms {
        let signed = oms::danger::read_unverified(&bundle)
            .map_err(|refusal| Diagnostic::of(refusal.code(), &refusal))?;
        lists_the_model(&signed, hashed)?;
    } else if statement.is_about(&hashed.model()) {
        document::check(&statement.predicate_type, &statement.predicate)
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
    } else {
        return Err(about_another(statement, hashed));
    }
    Ok(Fit {
        kind,
        stored: Stored {
            file: path.display().to_string(),
            kind: kind.name().to_owned(),
            predicate_type: statement.predicate_type.clone(),
            said_signer: said_signer(&claimed.material),
            written: None,
        },
        bundle,
    })
}

/// A signature names no manifest, but every file with its digest.
fn lists_the_model(signed: &ModelStatement, hashed: &Hashed) -> Result<(), Diagnostic> {
    if signed.serialization().algorithm != Algorithm::Sha256 {
        return Err(Diagnostic::new(
            TYPE,
            "the signature lists digests of another algorithm than SHA-256, which are not compared here",
        )
        .help(
            "keep the file apart, and name it:  weightlock verify --signature FILE --key SIGNER.pub MODEL",
        ));
    }
    let is_listed = |claim: &FileClaim, digest| *claim == FileClaim::Whole(digest);
    let same = match (signed.files(), hashed.manifest()) {
        (Files::Single(claim), None) => is_listed(claim, *hashed.digest()),
        (Files::Named(files), None) => {
            files.len() == 1 && files.values().all(|claim| is_listed(claim, *hashed.digest()))
        }
        (Files::Named(files), Some(manifest)) => files.iter().all(|(path, claim)| {
            manifest
                .file(path)
                .is_some_and(|file| is_listed(claim, *file.sha256()))
        }),
        (Files::Single(_), Some(_)) => false,
    };
    if same {
        return Ok(());
    }
    Err(Diagnostic::new(
        ABOUT,
        format!("the signature is not one of {}", hashed.root().path().display()),
    )
    .note("it lists other files, other digests, or digests of shards"))
}

fn text(added: &Added) -> String {
    let mut text = format!("{}   {}\n", Shown(&added.model), added.digest);
    for one in &added.evidence {
        let what = if one.written.is_some() {
            "added"
        } else {
            "would add"
        };
        text += &format!(
            "  {what}  {}   {}, by {} (claimed)\n",
            Shown(&one.file),
            one.kind,
            Shown(&one.said_signer)
        );
        if let Some(path) = &one.written {
            text += &format!("         {}\n", Shown(path));
        }
    }
    text
}

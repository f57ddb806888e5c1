//! `weightlock evidence list`: what lies with a model. Whose word counts is only asked when somebody is named.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::evidence::{EvidenceName, Kind};
use weightlock_signing::{SignersByKind, predicate::reason::NONE, statement::Model};

use super::{
    found::{Found, said_signer},
    summary,
};
use crate::{
    cli::Hashing,
    commands::{subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    flags::{SignersFlags, TrustFlags},
    reply::Reply,
    text::{Shown, Size, counted},
};

/// List the statements that lie with a model.
///
/// Nothing in the list is verified unless somebody is named whose statements count: --key, --certificate-chain or
/// --signer-for. The model's digest is worked out from its bytes, to tell which statements are about it.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
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

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file; worked out now.
    pub digest: String,
    /// The statements, in order of names.
    pub evidence: Vec<Piece>,
    /// What lies among the evidence and is none: `verify` refuses a model with such things.
    pub foreign: Vec<String>,
}

/// One piece of evidence. What is not said to be verified is claimed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Its name in the evidence folder.
    pub name: String,
    /// The kind in its name.
    pub kind: String,
    /// The type that was signed; none where it cannot be read.
    pub predicate_type: Option<String>,
    /// Who is said to have signed it: not verified.
    pub said_signer: Option<String>,
    /// Whether it is about the model as it is now; none where it cannot be read, and for signatures and tables.
    pub about_model: Option<bool>,
    /// Whether it counts, where somebody was named whose statements count.
    pub counts: Option<bool>,
    /// What it claims; where it cannot be read or does not count, why.
    pub says: String,
    /// Bytes.
    pub size: u64,
    /// When the file was last written, by its file system (RFC 3339).
    pub written: Option<String>,
}

const VERB: &str = "evidence list";

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match list(arguments, context) {
        Ok(listed) if listed.evidence.is_empty() && listed.foreign.is_empty() => {
            let told = Diagnostic::new(NONE, format!("there is no evidence about {}", listed.model));
            Reply::refusal(
                VERB,
                vec![told.help("add what somebody sent:  weightlock evidence add MODEL FILE")],
            )
            .with_result(listed)
        }
        Ok(listed) => Reply::yes(VERB, text(&listed), listed),
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

fn list(arguments: &Arguments, context: &Context) -> Result<Listed, Vec<Diagnostic>> {
    let signers = signers(arguments, context)?;
    let hashed = Hashed::of(
        &arguments.model,
        arguments.allow_symlinks,
        &arguments.hashing,
        context,
    )?;
    let (found, model) = (Found::about(hashed.root())?, hashed.model());
    let mut foreign = Vec::new();
    let mut evidence: Vec<Piece> = found
        .iter()
        .map(|found| piece(found, signers.as_ref(), &model))
        .collect();
    for store in target::stores(hashed.root()) {
        let listing = store
            .list()
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        foreign.extend(listing.foreign);
        let tables = listing
            .evidence
            .iter()
            .filter(|(name, _)| matches!(name, EvidenceName::Leaves(_)));
        evidence.extend(tables.map(|(name, size)| Piece {
            name: name.to_string(),
            kind: Kind::Leaves.name().to_owned(),
            predicate_type: None,
            said_signer: None,
            about_model: None,
            counts: None,
            says: "a table of leaves, which a statement names".to_owned(),
            size: *size,
            written: store.written(name).and_then(time),
        }));
    }
    Ok(Listed {
        model: arguments.model.display().to_string(),
        digest: hashed.digest().to_string(),
        evidence,
        foreign,
    })
}

/// Whose statements count; nobody is asked for.
fn signers(arguments: &Arguments, context: &Context) -> Result<Option<SignersByKind>, Diagnostic> {
    let now = context.now();
    let default = SignersFlags::default_trust(&arguments.trust, None, now)?;
    if default.is_none() && arguments.signers.signer_for.is_empty() {
        return Ok(None);
    }
    arguments
        .signers
        .signers(default, &arguments.trust, now)
        .map(Some)
}

fn piece(found: &Found, signers: Option<&SignersByKind>, model: &Model) -> Piece {
    let kind = found.kind.unwrap_or(Kind::Other);
    let claimed = found.claimed();
    let is_statement = kind != Kind::Oms;
    let judged = signers
        .filter(|_| is_statement)
        .map(|signers| found.judged(signers, model));
    let says = match (&claimed, &judged) {
        (Err(why), _) | (_, Some(Err(why))) => why.why.clone(),
        (Ok(claimed), _) => summary::of(&claimed.statement),
    };
    let claimed = claimed.ok();
    Piece {
        name: found.name.clone(),
        kind: kind.name().to_owned(),
        predicate_type: claimed
            .as_ref()
            .map(|claimed| claimed.statement.predicate_type.clone()),
        said_signer: claimed.as_ref().map(|claimed| said_signer(&claimed.material)),
        about_model: claimed
            .as_ref()
            .filter(|_| is_statement)
            .map(|claimed| claimed.statement.is_about(model)),
        counts: judged.map(|judged| judged.is_ok()),
        says,
        size: found.size,
        written: found
            .place
            .as_ref()
            .and_then(|(store, name)| store.written(name))
            .and_then(time),
    }
}

fn time(written: std::time::SystemTime) -> Option<String> {
    let time = jiff::Timestamp::try_from(written).ok()?;
    jiff::Timestamp::from_second(time.as_second())
        .ok()
        .map(|time| time.to_string())
}

fn text(listed: &Listed) -> String {
    let mut text = format!(
        "{}: {}   {}\n",
        Shown(&listed.model),
        counted(listed.evidence.len(), "file") + " of evidence",
        listed.digest
    );
    for piece in &listed.evidence {
        text += &format!("  {:10}  {}\n", piece.kind, Shown(&piece.name));
        let mut line = |name: &str, value: &str| text += &format!("    {name:8}  {}\n", Shown(value));
        let standing = match piece.counts {
            Some(true) => "counts: ",
            Some(false) => "does not count: ",
            None => "",
        };
        line("says", &format!("{standing}{}", piece.says));
        if let Some(signer) = &piece.said_signer {
            line("by", &format!("{signer} (claimed)"));
        }
        if piece.about_model == Some(false) {
            line("about", "another model, or another state of this one");
        }
        let written = piece
            .written
            .as_deref()
            .map_or_else(String::new, |time| format!(", written {time}"));
        line("size", &format!("{}{written}", Size(piece.size)));
    }
    for name in &listed.foreign {
        text += &format!("  no evidence, and must not lie there: {}\n", Shown(name));
    }
    text
}

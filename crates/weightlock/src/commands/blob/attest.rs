//! `weightlock attest-blob`: a signed statement about a file.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    evidence::Kind,
};
use weightlock_signing::{
    blob::{
        self, Needs, custom_predicate,
        reason::{MALFORMED, TOO_LARGE},
    },
    predicate::{
        PredicateError, Wanted,
        types::{CUSTOM, kind_of},
    },
    sigstore::sign::Signable,
};

use super::{
    input,
    output::{self, Output, OutputFlags},
    sign::named,
    unsigned,
};
use crate::{
    commands::target::read_bounded,
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    flags::{KeylessFlags, SignerFlags},
    keyless,
    reply::Reply,
    terminal::Style,
    text::Shown,
};

/// The largest predicate that is read; a bill of materials has a few megabytes.
const MAX_PREDICATE_BYTES: usize = 32 << 20;

/// Sign a statement about one file, as `cosign attest-blob` does.
///
/// The statement (in-toto v1) names the file by its SHA-256 and carries the predicate. It is written beside the file, to
/// FILE.sigstore.json, unless an output is named.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock attest-blob --key KEY --predicate FILE --type TYPE [OPTIONS] FILE")]
pub struct Arguments {
    /// The file
    #[arg(value_name = "FILE", required_unless_present = "statement")]
    pub(crate) blob: Option<PathBuf>,
    /// What is claimed: JSON, or any text with the type custom
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "statement",
        help_heading = "Statement"
    )]
    pub(crate) predicate: Option<PathBuf>,
    /// The kind of claim: custom, slsaprovenance, slsaprovenance02, slsaprovenance1, spdx, spdxjson, cyclonedx, link,
    /// vuln, openvex, or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom", value_parser = predicate_type, help_heading = "Statement")]
    pub(crate) predicate_type: String,
    /// Sign this statement as it is, instead of making one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["predicate", "hash"], help_heading = "Statement")]
    pub(crate) statement: Option<PathBuf>,
    /// The file's SHA-256 in hexadecimal digits: FILE then gives its name only and is not read
    #[arg(long, value_name = "HEX", value_parser = sha256, help_heading = "Statement")]
    pub(crate) hash: Option<Digest>,
    /// Write the statement by itself, not signed
    #[arg(long, value_name = "FILE", help_heading = "Output files")]
    pub(crate) output_attestation: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signer: SignerFlags,
    #[command(flatten)]
    pub(crate) keyless: KeylessFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttestedFile {
    /// The blob as it was named; absent for a statement that was given whole.
    pub blob: Option<String>,
    /// Its SHA-256.
    pub digest: Option<String>,
    /// The kind of claim.
    pub predicate_type: String,
    /// `key <hex SHA-256 of its PEM>`, the subject of the certificate, or the identity with its issuer.
    pub signer: String,
    /// What was written.
    pub files: Vec<Output>,
}

pub(crate) const VERB: &str = "attest-blob";

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match attest(arguments, context) {
        Ok((attested, _)) => Reply::yes(VERB, text(&attested, context), attested),
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict("not attested: nothing was written"),
    }
}

/// Makes the statement, signs it, and writes what was asked for. Also gives the envelope as a file by itself; a keyless one is
/// none by itself.
pub(crate) fn attest(
    arguments: &Arguments,
    context: &Context,
) -> Result<(AttestedFile, Option<Vec<u8>>), Diagnostic> {
    let outputs = arguments
        .output
        .plan(arguments.blob.as_deref(), arguments.output_attestation.as_deref())?;
    if arguments.keyless.is_asked() {
        output::only_bundles(&outputs)?;
        arguments.signer.refuse_beside_identity()?;
        let statement = statement(arguments, context)?;
        let keyless = arguments.keyless.keyless(context)?;
        let session = keyless.session()?;
        let bundle = keyless::sign(&session, Signable::Statement(&statement.payload))?;
        output::write_bundle(&outputs, &bundle, &statement.payload)?;
        let signer = session.identity().to_string();
        return Ok((told(arguments, statement, signer, outputs), None));
    }
    let (signer, material) = arguments
        .signer
        .signer("weightlock attest-blob --key NAME.key FILE", None)?;
    let statement = statement(arguments, context)?;
    let signed = blob::sign_statement(statement.payload.clone(), signer.as_ref(), &material)
        .map_err(|failure| unsigned(&failure))?;
    output::write(&outputs, &signed, &statement.payload)?;
    let signer = named(signer.public_key(), &material);
    let alone = signed.to_signature_file();
    Ok((told(arguments, statement, signer, outputs), Some(alone)))
}

fn told(arguments: &Arguments, statement: Statement, signer: String, files: Vec<Output>) -> AttestedFile {
    AttestedFile {
        blob: arguments.blob.as_ref().map(|blob| blob.display().to_string()),
        digest: statement.digest.map(|digest| digest.to_string()),
        predicate_type: statement.predicate_type,
        signer,
        files,
    }
}

fn statement(arguments: &Arguments, context: &Context) -> Result<Statement, Diagnostic> {
    let statement = match &arguments.statement {
        Some(path) => given(path),
        None => made(arguments, context),
    }?;
    // A signature of a model lists what was hashed here, and not what somebody wrote down.
    match kind_of(&statement.predicate_type) {
        kind @ (Kind::Oms | Kind::Leaves | Kind::Verity) => {
            let error = PredicateError::Made(kind);
            Err(Diagnostic::of(error.code(), &error).help("weightlock sign --key NAME.key MODEL"))
        }
        _ => Ok(statement),
    }
}

/// A statement to sign, and what is told of it.
struct Statement {
    payload: Vec<u8>,
    predicate_type: String,
    digest: Option<Digest>,
}

/// A statement that somebody wrote: read to be sure that it is one, and signed byte for byte.
fn given(path: &Path) -> Result<Statement, Diagnostic> {
    let payload = read_bounded(path, MAX_PREDICATE_BYTES)?;
    let read = blob::Attestation::parse_unverified(&payload)
        .map_err(|refusal| super::refused(&refusal, &path.display().to_string()))?;
    Ok(Statement {
        payload,
        predicate_type: read.predicate_type,
        digest: None,
    })
}

fn made(arguments: &Arguments, context: &Context) -> Result<Statement, Diagnostic> {
    let (Some(path), Some(predicate)) = (&arguments.blob, &arguments.predicate) else {
        return Err(Diagnostic::new(USAGE, "a statement needs a file and a predicate"));
    };
    let name = input::name(path)?;
    let predicate = claim(predicate, &arguments.predicate_type, context)?;
    let digest = match arguments.hash {
        Some(digest) => digest,
        None => *input::read(path, &Needs::name(), context)?
            .sha256()
            .ok_or_else(|| Diagnostic::new(USAGE, "the file was not hashed"))?,
    };
    Ok(Statement {
        payload: blob::statement(&name, &digest, &arguments.predicate_type, predicate),
        predicate_type: arguments.predicate_type.clone(),
        digest: Some(digest),
    })
}

/// The predicate: JSON, or for cosign's own type any text.
fn claim(path: &Path, predicate_type: &str, context: &Context) -> Result<Value, Diagnostic> {
    let place = path.display().to_string();
    let bytes = read_bounded(path, MAX_PREDICATE_BYTES)?;
    if bytes.len() > MAX_PREDICATE_BYTES {
        return Err(Diagnostic::new(
            TOO_LARGE,
            format!("the predicate is larger than {MAX_PREDICATE_BYTES} bytes"),
        )
        .at(place));
    }
    let malformed = |what: String| Diagnostic::new(MALFORMED, what).at(place.clone());
    if predicate_type == CUSTOM {
        let text = String::from_utf8(bytes).map_err(|_| malformed("the predicate is not text".to_owned()))?;
        return Ok(custom_predicate(&text, &written_now(context)));
    }
    blob::predicate(&bytes).map_err(|error| {
        malformed(format!(
            "the predicate is not JSON that every reader reads alike: {error}"
        ))
    })
}

/// The time now (RFC 3339).
fn written_now(context: &Context) -> String {
    let now = i64::try_from(context.now().0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(now)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// A word of cosign's, or a URI.
pub(crate) fn predicate_type(word: &str) -> Result<String, String> {
    match Wanted::parse(word) {
        Ok(Wanted::Type(uri)) => Ok(uri),
        Ok(Wanted::Kind(_)) => {
            Err("it names a kind of evidence; a statement about a file has one type".to_owned())
        }
        Err(unknown) => Err(format!(
            "{unknown}; a type is a name such as custom, spdxjson or slsaprovenance1, or a URI"
        )),
    }
}

pub(crate) fn sha256(text: &str) -> Result<Digest, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    Digest::from_hex(Algorithm::Sha256, hex).map_err(|error| error.to_string())
}

fn text(attested: &AttestedFile, context: &Context) -> String {
    let head = context.out.apply(Style::Good, "attested");
    let about = attested.blob.as_deref().unwrap_or("a statement");
    let mut text = format!("{head} {}\n", Shown(about));
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("signer", &attested.signer);
    line("type", &attested.predicate_type);
    attested.digest.iter().for_each(|digest| line("digest", digest));
    for file in &attested.files {
        line(file.kind.word(), &file.path.display().to_string());
    }
    text
}

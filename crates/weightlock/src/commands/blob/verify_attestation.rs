//! `weightlock verify-blob-attestation`: who made a statement about a file, and what it states.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_signing::blob::{self, Checks, Needs, Trust, VerifiedAttestation};

use super::{
    attest::predicate_type,
    files::{self, Found, SignatureFlags, Wanted},
    input, refused,
    trust::BlobTrustFlags,
    verify::{VERDICT, mention_others, wants_certificate},
};
use crate::{
    commands::verify::SignedBy,
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    flags::refused_in_production,
    reply::Reply,
    terminal::Style,
    text::{Shown, counted},
};

/// Verify who made a statement about one file, and of which kind it is, as `cosign verify-blob-attestation` does.
///
/// The statement is in the bundle or envelope that flags name, or beside the file: FILE.sigstore.json, FILE.bundle or
/// FILE.sig. What it claims is shown; whether the claim is good enough is for you to say.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock verify-blob-attestation --type TYPE [OPTIONS] FILE")]
pub struct Arguments {
    /// The file
    #[arg(value_name = "FILE", required_unless_present_any = ["digest", "check_claims"])]
    blob: Option<PathBuf>,
    /// The kind of claim: custom, slsaprovenance, slsaprovenance02, slsaprovenance1, spdx, spdxjson, cyclonedx, link,
    /// vuln, openvex, or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom", value_parser = predicate_type, help_heading = "Statement")]
    predicate_type: String,
    /// The digest of the file in hexadecimal digits, in place of the file
    #[arg(long, value_name = "HEX", conflicts_with = "blob", help_heading = "Statement")]
    digest: Option<String>,
    /// The algorithm of --digest: sha256, sha384 or sha512
    #[arg(long = "digestAlg", alias = "digest-alg", value_name = "NAME", default_value = "sha256", value_parser = subject_algorithm, help_heading = "Statement")]
    digest_algorithm: Algorithm,
    /// With =false the statement may be about anything: nothing is then known of the file
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        action = ArgAction::Set,
        help_heading = "Statement"
    )]
    check_claims: Option<bool>,
    #[command(flatten)]
    trust: BlobTrustFlags,
    #[command(flatten)]
    signature: SignatureFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifiedClaim {
    /// The blob as it was named.
    pub blob: Option<String>,
    /// The digest by which the statement names the blob; absent when nothing was held against it.
    pub digest: Option<String>,
    /// Who made the statement.
    pub signer: SignedBy,
    /// The kind of claim.
    pub predicate_type: String,
    /// What is claimed, as it was signed.
    pub predicate: Value,
    /// How many things the statement is about.
    pub subjects: usize,
    /// What kind of file the statement was in: `sigstore-bundle`, `cosign-bundle` or `detached`.
    pub form: String,
    /// The files it was read from.
    pub files: Vec<PathBuf>,
    /// The time that was stated instead of now, at which certificates were checked.
    pub at_time: Option<String>,
    /// What was not demanded, although it otherwise is: `identity`, `transparency-log`, `certificate-log`.
    pub given_up: Vec<String>,
}

pub(crate) const VERB: &str = "verify-blob-attestation";

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match verify(arguments, context) {
        Ok(verified) => {
            let unbound = verified
                .digest
                .is_none()
                .then(|| "the statement was not held against any file: it says nothing about one".to_owned());
            Reply::yes(VERB, text(&verified, context), verified).with_notes(unbound)
        }
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict(VERDICT),
    }
}

fn verify(arguments: &Arguments, context: &Context) -> Result<VerifiedClaim, Diagnostic> {
    let trust = arguments.trust.trust(VERB, context.now())?;
    let asked = Asked {
        blob: arguments.blob.as_deref(),
        predicate_type: &arguments.predicate_type,
        digest: arguments.digest.as_deref(),
        digest_algorithm: arguments.digest_algorithm,
        held: arguments.check_claims != Some(false),
    };
    let (verified, found) = check(&asked, &arguments.signature, &trust, context)?;
    Ok(told(arguments, found, &verified))
}

/// What is asked of a statement.
pub(crate) struct Asked<'a> {
    pub(crate) blob: Option<&'a Path>,
    pub(crate) predicate_type: &'a str,
    pub(crate) digest: Option<&'a str>,
    pub(crate) digest_algorithm: Algorithm,
    /// Whether it must be about the blob.
    pub(crate) held: bool,
}

/// Finds the statement, and says who made it.
pub(crate) fn check(
    asked: &Asked<'_>,
    flags: &SignatureFlags,
    trust: &Trust,
    context: &Context,
) -> Result<(VerifiedAttestation, Found), Diagnostic> {
    let near = asked.blob.unwrap_or(Path::new("-"));
    let found = files::find(near, flags, Wanted::Envelope, wants_certificate(trust))?;
    let checks = Checks {
        predicate_type: asked.predicate_type.to_owned(),
        subject: subject(asked, context)?,
    };
    let verified = blob::verify_attestation(&found.signature, trust, &checks)
        .map_err(|refusal| mention_others(refused(&refusal, &found.place()), &found))?;
    Ok((verified, found))
}

/// The digest that the statement must name: stated, or of the file; none when nothing is to be held against it.
fn subject(arguments: &Asked<'_>, context: &Context) -> Result<Option<Digest>, Diagnostic> {
    if !arguments.held {
        refused_in_production("--check-claims=false")?;
        return Ok(None);
    }
    match (arguments.digest, arguments.blob) {
        (Some(hex), _) => {
            let digest = Digest::from_hex(arguments.digest_algorithm, hex);
            digest.map(Some).map_err(|error| {
                Diagnostic::new(
                    USAGE,
                    format!("--digest is no {} digest: {error}", arguments.digest_algorithm),
                )
            })
        }
        (None, Some(path)) => {
            let needs = Needs::name().and(arguments.digest_algorithm);
            let read = input::read(path, &needs, context)?;
            Ok(read.digest(arguments.digest_algorithm).copied())
        }
        (None, None) => Err(Diagnostic::new(
            USAGE,
            "name the file, or its digest with --digest",
        )),
    }
}

fn told(arguments: &Arguments, found: Found, verified: &VerifiedAttestation) -> VerifiedClaim {
    let attestation = verified.attestation();
    VerifiedClaim {
        blob: arguments.blob.as_ref().map(|blob| blob.display().to_string()),
        digest: verified.about().map(ToString::to_string),
        signer: SignedBy::from(verified.signer()),
        predicate_type: attestation.predicate_type.clone(),
        predicate: attestation.predicate.clone(),
        subjects: attestation.subjects.len(),
        form: found.form().to_owned(),
        files: found.files,
        at_time: arguments.trust.at_time.map(|time| time.to_string()),
        given_up: arguments.trust.identity.given_up(),
    }
}

pub(crate) fn subject_algorithm(name: &str) -> Result<Algorithm, String> {
    match name.parse() {
        Ok(found @ (Algorithm::Sha256 | Algorithm::Sha384 | Algorithm::Sha512)) => Ok(found),
        _ => Err("a statement is held against sha256, sha384 or sha512".to_owned()),
    }
}

fn text(verified: &VerifiedClaim, context: &Context) -> String {
    let about = verified.blob.as_deref().filter(|_| verified.digest.is_some());
    let head = context.out.apply(Style::Good, "verified");
    let mut text = format!(
        "{head} {}\n",
        Shown(&about.map_or_else(
            || "a statement".to_owned(),
            |blob| format!("a statement about {blob}")
        ))
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("who", &format!("VERIFIED    {}", verified.signer.text()));
    match &verified.digest {
        Some(digest) => line(
            "about",
            &format!(
                "VERIFIED    {digest}, among {}",
                counted(verified.subjects, "subject")
            ),
        ),
        None => line("about", "NOT CHECKED"),
    }
    line("type", &verified.predicate_type);
    for file in &verified.files {
        line("signature", &file.display().to_string());
    }
    if let Some(time) = &verified.at_time {
        line(
            "time",
            &format!("certificates were checked as of {time}, as stated"),
        );
    }
    if !verified.given_up.is_empty() {
        line("not asked", &verified.given_up.join(", "));
    }
    text
}

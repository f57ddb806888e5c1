//! `weightlock verify-blob`: who signed a file, and is it what they signed.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_signing::{
    Signer,
    blob::{self, Blob, Trust},
};

use super::{
    files::{self, Found, SignatureFlags, Wanted},
    input, refused,
    trust::BlobTrustFlags,
};
use crate::{
    commands::verify::SignedBy,
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    terminal::Style,
    text::{Shown, Size, quoted},
};

/// Verify who signed one file, and that it is unchanged, as `cosign verify-blob` does.
///
/// The signature is the one that flags name, or lies beside the file: FILE.sigstore.json, FILE.bundle, or FILE.sig with
/// its certificate in FILE.cert, FILE.crt or FILE.pem.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock verify-blob [OPTIONS] FILE")]
pub struct Arguments {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    blob: PathBuf,
    #[command(flatten)]
    trust: BlobTrustFlags,
    #[command(flatten)]
    signature: SignatureFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifiedFile {
    /// The blob as it was named.
    pub blob: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub digest: Option<String>,
    /// Who signed.
    pub signer: SignedBy,
    /// What kind of file the signature was in: `sigstore-bundle`, `cosign-bundle` or `detached`.
    pub form: String,
    /// The files it was read from.
    pub files: Vec<PathBuf>,
    /// The time that was stated instead of now, at which certificates were checked.
    pub at_time: Option<String>,
    /// What was not demanded, although it otherwise is: `identity`, `transparency-log`, `certificate-log`.
    pub given_up: Vec<String>,
}

pub(crate) const VERB: &str = "verify-blob";

/// The last line of a refusal.
pub(super) const VERDICT: &str = "not verified: do not use this file";

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match verify(arguments, context) {
        Ok(verified) => Reply::yes(VERB, text(&verified, context), verified),
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict(VERDICT),
    }
}

fn verify(arguments: &Arguments, context: &Context) -> Result<VerifiedFile, Diagnostic> {
    let path = &arguments.blob;
    let trust = arguments.trust.trust(VERB, context.now())?;
    let (read, signer, found) = check(path, &arguments.signature, &trust, context)?;
    Ok(VerifiedFile {
        blob: path.display().to_string(),
        bytes: read.size(),
        digest: super::sign::digest(&read),
        signer: SignedBy::from(&signer),
        form: found.form().to_owned(),
        files: found.files,
        at_time: arguments.trust.at_time.map(|time| time.to_string()),
        given_up: arguments.trust.identity.given_up(),
    })
}

/// Finds the signature, reads the blob, and says who signed it.
pub(crate) fn check(
    path: &Path,
    flags: &SignatureFlags,
    trust: &Trust,
    context: &Context,
) -> Result<(Blob, Signer, Found), Diagnostic> {
    let found = files::find(path, flags, Wanted::Signature, wants_certificate(trust))?;
    let read = input::read(path, &trust.needs(&found.signature), context)?;
    let verified = blob::verify(&read, &found.signature, trust)
        .map_err(|refusal| mention_others(refused(&refusal, &found.place()), &found))?;
    Ok((read, verified.signer().clone(), found))
}

/// Whether a certificate beside a signature is of use.
pub(super) const fn wants_certificate(trust: &Trust) -> bool {
    matches!(trust, Trust::Roots { .. } | Trust::Identity { .. })
}

/// Where further signatures lie, when the first was refused.
pub(super) fn mention_others(told: Diagnostic, found: &Found) -> Diagnostic {
    found.others.iter().fold(told, |told, other| {
        let other = quoted(&other.display().to_string());
        told.note(format!(
            "there is another signature, {other}, which was not looked at"
        ))
    })
}

fn text(verified: &VerifiedFile, context: &Context) -> String {
    let head = context.out.apply(Style::Good, "verified");
    let mut text = format!("{head} {}\n", Shown(&verified.blob));
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("who", &format!("VERIFIED    {}", verified.signer.text()));
    line("unchanged", &format!("VERIFIED    {}", Size(verified.bytes)));
    verified.digest.iter().for_each(|digest| line("digest", digest));
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

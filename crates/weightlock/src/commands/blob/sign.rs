//! `weightlock sign-blob`: one signature over the bytes of a file.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_signing::{
    blob::{self, Blob, Needs, SignedBlob},
    certificate::Certificate,
    key::PublicKey,
    oms::SigningMaterial,
};

use super::{
    input,
    output::{self, Output, OutputFlags},
    unsigned,
};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    flags::SignerFlags,
    reply::Reply,
    terminal::Style,
    text::{Shown, Size},
};

/// Sign the bytes of one file, as `cosign sign-blob` does.
///
/// The signature is written beside the file, to FILE.sigstore.json, unless an output is named. To sign a model, which may
/// be many files, use `weightlock sign`.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock sign-blob --key KEY [OPTIONS] FILE")]
pub struct Arguments {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) blob: PathBuf,
    #[command(flatten)]
    pub(crate) signer: SignerFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedFile {
    /// The blob as it was named.
    pub blob: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub digest: Option<String>,
    /// `key <hex SHA-256 of its PEM>`, or the subject of the certificate.
    pub signer: String,
    /// What was written.
    pub files: Vec<Output>,
}

pub(crate) const VERB: &str = "sign-blob";

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match sign(arguments, context) {
        Ok((signed, _)) => Reply::yes(VERB, text(&signed, context), signed),
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict("not signed: no signature was written"),
    }
}

/// Reads the blob, signs it, and writes what was asked for.
pub(crate) fn sign(arguments: &Arguments, context: &Context) -> Result<(SignedFile, SignedBlob), Diagnostic> {
    let path = &arguments.blob;
    let outputs = arguments.output.plan(Some(path), None)?;
    let (signer, material) = arguments.signer.signer(None)?;
    let key = signer.public_key().clone();
    let read = input::read(path, &Needs::of_key(&key), context)?;
    let signed = blob::sign(&read, signer.as_ref(), &material).map_err(|failure| unsigned(&failure))?;
    output::write(&outputs, &signed, &[])?;
    let told = SignedFile {
        blob: path.display().to_string(),
        bytes: read.size(),
        digest: digest(&read),
        signer: named(&key, &material),
        files: outputs,
    };
    Ok((told, signed))
}

pub(super) fn digest(blob: &Blob) -> Option<String> {
    blob.sha256().map(ToString::to_string)
}

/// Who signed, in one line.
pub(super) fn named(key: &PublicKey, material: &SigningMaterial) -> String {
    match material {
        SigningMaterial::Key => format!("key {}", key.hint_pem()),
        SigningMaterial::Certificates(chain) => chain.first().map(Certificate::subject).unwrap_or_default(),
    }
}

fn text(signed: &SignedFile, context: &Context) -> String {
    let head = context.out.apply(Style::Good, "signed");
    let mut text = format!("{head} {}: {}\n", Shown(&signed.blob), Size(signed.bytes));
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("signer", &signed.signer);
    signed.digest.iter().for_each(|digest| line("digest", digest));
    for file in &signed.files {
        line(file.kind.word(), &file.path.display().to_string());
    }
    text
}

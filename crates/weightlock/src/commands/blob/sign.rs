//! `weightlock sign-blob`: one signature over the bytes of a file.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_signing::{
    blob::{self, Blob, Needs},
    certificate::Certificate,
    key::PublicKey,
    oms::SigningMaterial,
    sigstore::sign::Signable,
};

use super::{
    input,
    output::{self, Output, OutputFlags},
    unsigned,
};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    flags::{KeylessFlags, SignerFlags},
    keyless,
    reply::Reply,
    terminal::Style,
    text::{Shown, Size},
};

/// Sign the bytes of one file, as `cosign sign-blob` does.
///
/// The signature is written beside the file, to FILE.sigstore.json, unless an output is named. Without a key an identity
/// signs, with the services of a Sigstore that flags name. To sign a model, which may be many files, use `weightlock sign`.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock sign-blob --key KEY [OPTIONS] FILE")]
pub struct Arguments {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) blob: PathBuf,
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
pub struct SignedFile {
    /// The blob as it was named.
    pub blob: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub digest: Option<String>,
    /// `key <hex SHA-256 of its PEM>`, the subject of the certificate, or the identity with its issuer.
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

/// Reads the blob, signs it, and writes what was asked for. Also gives the signature as a file by itself; a keyless one is
/// none by itself.
pub(crate) fn sign(
    arguments: &Arguments,
    context: &Context,
) -> Result<(SignedFile, Option<Vec<u8>>), Diagnostic> {
    let path = &arguments.blob;
    let outputs = arguments.output.plan(Some(path), None)?;
    if arguments.keyless.is_asked() {
        return Ok((keyless(arguments, outputs, context)?, None));
    }
    let (signer, material) = arguments
        .signer
        .signer("weightlock sign-blob --key NAME.key FILE", None)?;
    let key = signer.public_key().clone();
    let read = input::read(path, &Needs::of_key(&key), context)?;
    let signed = blob::sign(&read, signer.as_ref(), &material).map_err(|failure| unsigned(&failure))?;
    output::write(&outputs, &signed, &[])?;
    let alone = signed.to_signature_file();
    Ok((told(path, &read, named(&key, &material), outputs), Some(alone)))
}

/// The blob is read before anybody is called: what cannot be signed is not published.
fn keyless(arguments: &Arguments, outputs: Vec<Output>, context: &Context) -> Result<SignedFile, Diagnostic> {
    output::only_bundles(&outputs)?;
    arguments.signer.refuse_beside_identity()?;
    let read = input::read(&arguments.blob, &Needs::name(), context)?;
    read.check_signable().map_err(|failure| unsigned(&failure))?;
    let digest = read.sha256().and_then(|digest| digest.as_bytes().try_into().ok());
    let digest = digest.ok_or_else(|| Diagnostic::new(USAGE, "the file was not hashed"))?;
    let keyless = arguments.keyless.keyless(context)?;
    let session = keyless.session()?;
    let bundle = keyless::sign(&session, Signable::Sha256(digest))?;
    output::write_bundle(&outputs, &bundle, &[])?;
    Ok(told(
        &arguments.blob,
        &read,
        session.identity().to_string(),
        outputs,
    ))
}

fn told(path: &Path, read: &Blob, signer: String, files: Vec<Output>) -> SignedFile {
    SignedFile {
        blob: path.display().to_string(),
        bytes: read.size(),
        digest: digest(read),
        signer,
        files,
    }
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

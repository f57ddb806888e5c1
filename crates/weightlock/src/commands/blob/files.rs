//! The files around a blob: named by flags, or found beside it under the names that cosign's users give them.
//!
//! | file | holds |
//! |---|---|
//! | `X.sigstore.json` | a Sigstore bundle |
//! | `X.bundle` | cosign's old bundle, or a Sigstore bundle: the content decides |
//! | `X.sig` | a signature, or an envelope |
//! | `X.cert`, `X.crt`, `X.pem` | the certificate of the key that made `X.sig` |
//!
//! The first that exists is used. Nothing that is found is trusted: it is checked against what flags say.

use std::path::{Path, PathBuf};

use clap::Args;
use weightlock_signing::{
    blob::{BlobRefusal, BlobSignature, Form, reason::UNSIGNED},
    bundle::Bundle,
    certificate::Certificate,
    cosign::{bundle::OldBundle, detached, envelope, timestamp},
};

use super::input::{beside, is_standard_input};
use crate::{commands::target::read_bounded, diagnostic::Diagnostic, explanations::USAGE, text::quoted};

/// Where the signature is.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Signature")]
pub(crate) struct SignatureFlags {
    /// A bundle, in the new form or cosign's old one [default: FILE.sigstore.json, or FILE.bundle, beside FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "signature")]
    pub bundle: Option<PathBuf>,
    /// A signature by itself [default: FILE.sig beside FILE]
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// The certificate of the key that made the signature [default: FILE.cert, FILE.crt or FILE.pem beside FILE.sig]
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// The timestamp of a signature without bundle, as cosign wrote it (RFC 3161)
    #[arg(long, value_name = "FILE")]
    pub rfc3161_timestamp: Option<PathBuf>,
}

/// What a file with only a signature in it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// A signature over the blob.
    Signature,
    /// A DSSE envelope.
    Envelope,
}

/// A signature and the files it was read from.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) signature: BlobSignature,
    /// The file with the signature first.
    pub(crate) files: Vec<PathBuf>,
    /// Further signatures that lie there and were not looked at.
    pub(crate) others: Vec<PathBuf>,
}

impl Found {
    /// The file with the signature.
    pub(crate) fn place(&self) -> String {
        self.files
            .first()
            .map(|path| path.display().to_string())
            .unwrap_or_default()
    }

    /// What kind of file it is.
    pub(crate) const fn form(&self) -> &'static str {
        match self.signature.form {
            Form::Bundle => "sigstore-bundle",
            Form::OldBundle => "cosign-bundle",
            Form::Detached => "detached",
        }
    }
}

/// Reads the signature that flags name, or looks for it beside the blob. `certified` says that a certificate is of use:
/// with a key, what lies beside is left alone.
pub(crate) fn find(
    blob: &Path,
    flags: &SignatureFlags,
    wanted: Wanted,
    certified: bool,
) -> Result<Found, Diagnostic> {
    let mut others = Vec::new();
    let (path, is_bundle) = match (&flags.bundle, &flags.signature) {
        (Some(path), _) => (path.clone(), true),
        (None, Some(path)) => (path.clone(), false),
        (None, None) => {
            let mut found = lying_beside(blob)?;
            others = found.split_off(1).into_iter().map(|(path, _)| path).collect();
            found.swap_remove(0)
        }
    };
    let signature = if is_bundle {
        bundle(&path)
    } else {
        alone(&path, wanted)
    };
    let mut found = Found {
        signature: signature?,
        files: vec![path],
        others,
    };
    let beside_signature =
        || certificate_beside(blob).filter(|_| certified && !is_bundle && flags.signature.is_none());
    if let Some(path) = flags.certificate.clone().or_else(beside_signature) {
        let place = path.display().to_string();
        let given = certificate(&path)?;
        let with = found.signature.with_certificates(given);
        found.signature = with.map_err(|refusal| super::refused(&refusal, &place))?;
        found.files.push(path);
    }
    if let Some(path) = &flags.rfc3161_timestamp {
        let with = found.signature.with_timestamp(response(path)?);
        found.signature = with.map_err(|refusal| super::refused(&refusal, &path.display().to_string()))?;
        found.files.push(path.clone());
    }
    Ok(found)
}

/// Everything that looks like a signature of the blob, and whether it is a bundle; at least one.
fn lying_beside(blob: &Path) -> Result<Vec<(PathBuf, bool)>, Diagnostic> {
    if is_standard_input(blob) {
        return Err(Diagnostic::new(
            USAGE,
            "nothing lies beside standard input; name the signature with --bundle or --signature",
        ));
    }
    let named = [(".sigstore.json", true), (".bundle", true), (".sig", false)];
    let found = named
        .into_iter()
        .map(|(ending, is_bundle)| (beside(blob, ending), is_bundle));
    let found: Vec<_> = found
        .filter(|(path, _)| path.symlink_metadata().is_ok())
        .collect();
    if found.is_empty() {
        Err(unsigned(blob))
    } else {
        Ok(found)
    }
}

fn certificate_beside(blob: &Path) -> Option<PathBuf> {
    [".cert", ".crt", ".pem"]
        .into_iter()
        .map(|ending| beside(blob, ending))
        .find(|path| path.symlink_metadata().is_ok())
}

fn unsigned(blob: &Path) -> Diagnostic {
    let shown = blob.display();
    let told = Diagnostic::new(UNSIGNED, format!("{shown} has no signature"))
        .at(shown.to_string())
        .note(format!(
            "looked for {shown}.sigstore.json, {shown}.bundle and {shown}.sig"
        ));
    let list = beside(blob, ".sha256");
    if list.is_file() {
        let list = quoted(&list.display().to_string());
        return told
            .note("there is a list of digests, which shows damage and not who made the file")
            .help(format!("check the list:  weightlock digest --check {list}"));
    }
    told.help("get the signature from the publisher and name it with --bundle FILE or --signature FILE")
}

/// Reads a bundle of either form; its content tells which.
pub(crate) fn bundle(path: &Path) -> Result<BlobSignature, Diagnostic> {
    let text = read_bounded(path, Bundle::MAX_BYTES)?;
    parse_bundle(&text).map_err(|refusal| super::refused(&refusal, &path.display().to_string()))
}

fn parse_bundle(text: &[u8]) -> Result<BlobSignature, BlobRefusal> {
    if OldBundle::is_one(text) {
        return Ok(OldBundle::parse(text)?.into());
    }
    BlobSignature::try_from(Bundle::parse(text)?)
}

/// Reads a signature, or an envelope, that is a file by itself.
fn alone(path: &Path, wanted: Wanted) -> Result<BlobSignature, Diagnostic> {
    let read = match wanted {
        Wanted::Signature => {
            let file = read_bounded(path, detached::MAX_SIGNATURE_BYTES)?;
            detached::read_signature(&file).map(BlobSignature::detached)
        }
        Wanted::Envelope => {
            let file = read_bounded(path, envelope::MAX_BYTES)?;
            envelope::read(&file).map(BlobSignature::envelope)
        }
    };
    read.map_err(|error| Diagnostic::of(error.code(), &error).at(path.display().to_string()))
}

/// Reads what a timestamp authority said.
fn response(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let file = read_bounded(path, timestamp::MAX_BYTES)?;
    timestamp::read(&file)
        .map_err(|error| Diagnostic::of(error.code(), &error).at(path.display().to_string()))
}

/// Reads the certificate that goes with a signature.
pub(crate) fn certificate(path: &Path) -> Result<Vec<Certificate>, Diagnostic> {
    let file = read_bounded(path, detached::MAX_CERTIFICATE_BYTES)?;
    detached::read_certificate(&file)
        .map_err(|error| Diagnostic::of(error.code(), &error).at(path.display().to_string()))
}

//! What signing a blob writes: one file or several, each whole or not at all.
//!
//! A file that is there already is replaced only by its like: a signature by a signature, a certificate by a certificate.
//! Everything is looked at before anything is signed, so that a refusal leaves all as it was.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    error::NOT_FOUND,
    write::{Existing, write_whole},
};
use weightlock_signing::{
    blob::{Attestation, SignedBlob, reason::EXISTS},
    bundle::Bundle,
    cosign::{bundle::OldBundle, detached, envelope},
};

use super::input::{beside, is_standard_input};
use crate::{commands::target::read_bounded, diagnostic::Diagnostic, explanations::USAGE};

/// Signatures are for everybody to read.
const MODE: u32 = 0o644;

/// What is written.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output files")]
pub(crate) struct OutputFlags {
    /// Write a bundle: everything in one file [default: FILE.sigstore.json, if no other output is asked for]
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Write the bundle as a Sigstore bundle; with =false in the form of cosign 1 and 2
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        action = ArgAction::Set
    )]
    pub new_bundle_format: bool,
    /// Write the signature by itself, such as FILE.sig
    #[arg(long, value_name = "FILE")]
    pub output_signature: Option<PathBuf>,
    /// Write the certificate by itself, such as FILE.cert
    #[arg(long, value_name = "FILE", requires = "signing_certificate")]
    pub output_certificate: Option<PathBuf>,
    /// Nothing is written that was not named.
    #[arg(skip)]
    pub(crate) only_named: bool,
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Sigstore bundle.
    SigstoreBundle,
    /// cosign's old bundle.
    CosignBundle,
    /// A signature, or an envelope.
    Signature,
    /// A certificate.
    Certificate,
    /// A statement, not signed.
    Statement,
}

/// One file to write.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// What it holds.
    pub kind: Kind,
    /// Where.
    pub path: PathBuf,
}

impl OutputFlags {
    /// The files to write, checked against what is there.
    pub(super) fn plan(
        &self,
        blob: Option<&Path>,
        statement: Option<&Path>,
    ) -> Result<Vec<Output>, Diagnostic> {
        let bundle_kind = if self.new_bundle_format {
            Kind::SigstoreBundle
        } else {
            Kind::CosignBundle
        };
        let named = [
            (bundle_kind, self.bundle.as_deref()),
            (Kind::Signature, self.output_signature.as_deref()),
            (Kind::Certificate, self.output_certificate.as_deref()),
            (Kind::Statement, statement),
        ];
        let mut outputs: Vec<Output> = named
            .into_iter()
            .filter_map(|(kind, path)| {
                Some(Output {
                    kind,
                    path: path?.to_owned(),
                })
            })
            .collect();
        let carries_signature = |output: &Output| !matches!(output.kind, Kind::Certificate | Kind::Statement);
        if !self.only_named && !outputs.iter().any(carries_signature) {
            outputs.insert(0, default(bundle_kind, blob)?);
        }
        check(&outputs, blob)?;
        Ok(outputs)
    }
}

/// Beside the blob, under the name that is looked for when it is verified.
fn default(kind: Kind, blob: Option<&Path>) -> Result<Output, Diagnostic> {
    let ending = match kind {
        Kind::CosignBundle => ".bundle",
        _ => ".sigstore.json",
    };
    let blob = blob
        .filter(|blob| !is_standard_input(blob))
        .ok_or_else(|| Diagnostic::new(USAGE, "say where the signature goes: --bundle FILE"))?;
    Ok(Output {
        kind,
        path: beside(blob, ending),
    })
}

fn check(outputs: &[Output], blob: Option<&Path>) -> Result<(), Diagnostic> {
    for (index, output) in outputs.iter().enumerate() {
        let shown = output.path.display();
        if outputs
            .iter()
            .take(index)
            .any(|other| same(&other.path, &output.path))
        {
            return Err(Diagnostic::new(
                USAGE,
                format!("{shown} is named for two outputs"),
            ));
        }
        if blob.is_some_and(|blob| same(blob, &output.path)) {
            return Err(Diagnostic::new(
                EXISTS,
                format!("{shown} is the blob itself, which is not replaced by its signature"),
            )
            .at(shown.to_string()));
        }
        match read_bounded(&output.path, Bundle::MAX_BYTES) {
            Err(told) if told.code() == NOT_FOUND => {}
            Err(told) => return Err(told),
            Ok(there) if output.kind.is_like(&there) => {}
            Ok(_) => {
                return Err(Diagnostic::new(
                    EXISTS,
                    format!("{shown} is there, and is no {}", output.kind.word()),
                )
                .at(shown.to_string())
                .help("choose another name, or move the file away"));
            }
        }
    }
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Refuses forms that a keyless signature has not got: without what log and clock say, it counts for nobody.
pub(super) fn only_bundles(outputs: &[Output]) -> Result<(), Diagnostic> {
    let other = |output: &&Output| !matches!(output.kind, Kind::SigstoreBundle | Kind::Statement);
    match outputs.iter().find(other) {
        None => Ok(()),
        Some(output) => Err(Diagnostic::new(
            USAGE,
            format!(
                "a keyless signature is written as a Sigstore bundle, not as a {}",
                output.kind.word()
            ),
        )
        .at(output.path.display().to_string())
        .help("--bundle FILE")),
    }
}

/// Writes a bundle that was made elsewhere, and the statement in it.
pub(super) fn write_bundle(outputs: &[Output], bundle: &[u8], statement: &[u8]) -> Result<(), Diagnostic> {
    for output in outputs {
        let bytes = match output.kind {
            Kind::Statement => statement,
            _ => bundle,
        };
        write_whole(&output.path, bytes, MODE, Existing::Replaced)?;
    }
    Ok(())
}

/// Writes all files.
pub(super) fn write(outputs: &[Output], signed: &SignedBlob, statement: &[u8]) -> Result<(), Diagnostic> {
    for output in outputs {
        let bytes = match output.kind {
            Kind::SigstoreBundle => signed
                .to_bundle()
                .map_err(|refusal| Diagnostic::of(refusal.code(), &refusal))?,
            Kind::CosignBundle => signed.to_old_bundle(),
            Kind::Signature => signed.to_signature_file(),
            // Not planned without one: the flag needs --certificate.
            Kind::Certificate => signed.to_certificate_file().unwrap_or_default(),
            Kind::Statement => statement.to_vec(),
        };
        write_whole(&output.path, &bytes, MODE, Existing::Replaced)?;
    }
    Ok(())
}

impl Kind {
    /// What messages call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::SigstoreBundle | Self::CosignBundle => "bundle",
            Self::Signature => "signature",
            Self::Certificate => "certificate",
            Self::Statement => "statement",
        }
    }

    /// Whether a file is of this kind, and may be replaced by another.
    fn is_like(self, file: &[u8]) -> bool {
        match self {
            Self::SigstoreBundle | Self::CosignBundle => {
                OldBundle::is_one(file) || Bundle::parse(file).is_ok()
            }
            Self::Signature => is_signature(file) || envelope::read(file).is_ok(),
            Self::Certificate => detached::read_certificate(file).is_ok(),
            Self::Statement => Attestation::parse_unverified(file).is_ok(),
        }
    }
}

/// An ECDSA signature in DER, or the length of an Ed25519 one.
fn is_signature(file: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    detached::read_signature(file).is_ok_and(|bytes| bytes.first() == Some(&SEQUENCE) || bytes.len() == 64)
}

//! Who signs a statement about a model, and where it goes: shared by the verbs that state something.

use std::path::PathBuf;

use clap::Args;
use weightlock_artifact::{
    evidence::Kind,
    write::{Existing, write_whole},
};
use weightlock_signing::{
    key::Signer, oms::SigningMaterial, sigstore::sign::Signable, statement::sign_statement_payload,
};

use super::{attest::exists, subject::Hashed, target};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    flags::{KeylessFlags, Method, SignerFlags, named},
    keyless::{self, Keyless},
};

/// Who signs.
pub(super) enum Author {
    /// The holder of a key.
    Key(Box<dyn Signer>, SigningMaterial),
    /// Whoever an identity token names.
    Identity(Box<Keyless>),
}

impl Author {
    /// Opens the key, or decides who is asked for an identity. Nobody was called yet.
    pub(super) fn open(
        signer: &SignerFlags,
        keyless: &KeylessFlags,
        method: Option<Method>,
        context: &Context,
    ) -> Result<Self, Diagnostic> {
        if method == Some(Method::Sigstore) || (method.is_none() && keyless.is_asked()) {
            let keyless = keyless.keyless(context)?;
            return Ok(Self::Identity(Box::new(keyless)));
        }
        let (signer, material) = signer.signer(method)?;
        Ok(Self::Key(signer, material))
    }

    /// Who signed, and the bundle; none in a dry run, in which no name is published either.
    pub(super) fn sign(
        &self,
        payload: Vec<u8>,
        dry_run: bool,
    ) -> Result<(String, Option<Vec<u8>>), Diagnostic> {
        match self {
            Self::Key(signer, material) => {
                let bundle = sign_statement_payload(payload, signer.as_ref(), material)
                    .map_err(|error| Diagnostic::of(error.code(), &error))?;
                Ok((
                    named(signer.as_ref(), material),
                    Some(bundle).filter(|_| !dry_run),
                ))
            }
            Self::Identity(_) if dry_run => Ok(("whoever the identity token names".to_owned(), None)),
            Self::Identity(keyless) => {
                let session = keyless.session()?;
                let bundle = keyless::sign(&session, Signable::Statement(&payload))?;
                Ok((session.identity().to_string(), Some(bundle)))
            }
        }
    }
}

/// Where a signed statement goes.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Evidence")]
pub(crate) struct Destination {
    /// Write the signed statement here instead of into the model's evidence
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write next to the model instead of into it: MODEL.weightlock/evidence
    #[arg(long, conflicts_with = "output")]
    beside: bool,
    /// Do everything but write
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Destination {
    /// Signs a payload about a model that is still what was hashed, and writes it. Who signed, and where it lies.
    pub(super) fn sign(
        &self,
        author: &Author,
        payload: Vec<u8>,
        kind: Kind,
        hashed: &Hashed,
    ) -> Result<(String, Option<String>), Diagnostic> {
        let (signer, bundle) = author.sign(payload, self.dry_run)?;
        hashed.still_holds()?;
        let written = bundle
            .map(|bundle| self.write(hashed, kind, &bundle))
            .transpose()?;
        Ok((signer, written))
    }

    fn write(&self, hashed: &Hashed, kind: Kind, bundle: &[u8]) -> Result<String, Diagnostic> {
        if let Some(path) = &self.output {
            write_whole(path, bundle, 0o644, Existing::Refused).map_err(|error| exists(path, error))?;
            return Ok(path.display().to_string());
        }
        let store = target::evidence_store(hashed.root(), self.beside);
        let name = store
            .add_statement(kind, bundle)
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        Ok(store.folder().join(name.to_string()).display().to_string())
    }
}

//! `sign-blob` and `attest-blob` in cosign's words.

use std::path::Path;

use super::{
    Failure, Said,
    arguments::{AttestBlob, SignBlob, Signing},
};
use crate::{
    commands::blob::{
        attest,
        output::{Kind, Output, OutputFlags},
        sign,
    },
    context::Context,
    flags::{KeylessFlags, SignerFlags},
};

pub(super) fn blobs(asked: &SignBlob, context: &Context) -> Result<Said, Failure> {
    let mut said = begin(&asked.signing)?;
    for blob in &asked.blobs {
        said.stderr += &format!("Using payload from: {}\n", blob.display());
        let arguments = sign::Arguments {
            blob: blob.clone(),
            signer: signer(&asked.signing),
            keyless: keyless(&asked.signing),
            output: output(&asked.signing),
        };
        let (told, signed) = sign::sign(&arguments, context).map_err(|reason| {
            let Failure { text, .. } = reason.into();
            Failure::words(format!("signing {}: {text}", blob.display())).after(&said.stderr)
        })?;
        said.finish(&asked.signing, &told.files, signed.as_deref());
    }
    Ok(said)
}

pub(super) fn statement(asked: &AttestBlob, context: &Context) -> Result<Said, Failure> {
    let mut said = begin(&asked.signing)?;
    for path in asked.blob.iter().chain(&asked.predicate).chain(&asked.statement) {
        said.stderr += &format!("Using payload from: {}\n", path.display());
    }
    let arguments = attest::Arguments {
        blob: asked.blob.clone(),
        predicate: asked.predicate.clone(),
        predicate_type: attest::predicate_type(&asked.predicate_type).map_err(Failure::words)?,
        statement: asked.statement.clone(),
        hash: asked
            .hash
            .as_deref()
            .map(attest::sha256)
            .transpose()
            .map_err(Failure::words)?,
        output_attestation: asked.output_attestation.clone(),
        signer: signer(&asked.signing),
        keyless: keyless(&asked.signing),
        output: output(&asked.signing),
    };
    let (told, signed) =
        attest::attest(&arguments, context).map_err(|reason| Failure::from(reason).after(&said.stderr))?;
    said.finish(&asked.signing, &told.files, signed.as_deref());
    Ok(said)
}

/// What cosign asks for before it reads anything.
fn begin(asked: &Signing) -> Result<Said, Failure> {
    if asked.new_bundle_format && asked.bundle.is_none() {
        return Err(Failure::words("must specify --bundle with --new-bundle-format"));
    }
    let mut said = Said::default();
    if asked.key.is_some() && asked.tlog_upload != Some(false) {
        said.stderr += "WARNING: nothing is uploaded to a transparency log; say --tlog-upload=false to be asked no more\n";
    }
    Ok(said)
}

fn signer(asked: &Signing) -> SignerFlags {
    SignerFlags {
        key: asked.key.clone(),
        signing_certificate: asked.certificate.clone(),
        certificate_chain: asked.certificate_chain.iter().cloned().collect(),
        password: asked.password.clone(),
        ..SignerFlags::default()
    }
}

/// Without a key an identity signs, as in cosign with the public services unless others are named.
fn keyless(asked: &Signing) -> KeylessFlags {
    if asked.key.is_some() {
        return KeylessFlags::default();
    }
    KeylessFlags {
        signing_config: asked.signing_config.clone(),
        trusted_root: asked.trusted_root.clone(),
        production: asked.signing_config.is_none(),
        identity_token_file: asked.identity_token.clone().filter(|token| !is_token(token)),
        // Refused, and never shown.
        identity_token: asked
            .identity_token
            .as_deref()
            .filter(|token| is_token(token))
            .map(|_| String::new()),
        yes: asked.yes == Some(true),
        ..KeylessFlags::default()
    }
}

/// A JSON web token itself, where cosign takes a token or the name of a file.
fn is_token(text: &Path) -> bool {
    let text = text.to_string_lossy();
    text.starts_with("ey") && text.matches('.').count() == 2
}

fn output(asked: &Signing) -> OutputFlags {
    OutputFlags {
        bundle: asked.bundle.clone(),
        new_bundle_format: asked.new_bundle_format,
        output_signature: asked.output_signature.clone(),
        output_certificate: asked.output_certificate.clone(),
        // In the old form the signature goes to standard output, and no file has to be named.
        only_named: true,
    }
}

impl Said {
    fn finish(&mut self, asked: &Signing, files: &[Output], alone: Option<&[u8]>) {
        self.stderr += "Signing artifact...\n";
        for file in files {
            let path = file.path.display();
            self.stderr += &match file.kind {
                Kind::SigstoreBundle | Kind::CosignBundle => format!("Wrote bundle to file {path}\n"),
                Kind::Signature => format!("Wrote signature to file {path}\n"),
                Kind::Certificate => format!("Wrote certificate to file {path}\n"),
                Kind::Statement => format!("Attestation written in {path}\n"),
            };
        }
        if let Some(alone) = alone
            && !asked.new_bundle_format
            && asked.output_signature.is_none()
        {
            self.stdout += &String::from_utf8_lossy(alone);
            self.stdout.push('\n');
        }
    }
}

//! `sign`: key, walk and hash, sign, write; in the reference's order.

use std::{
    io,
    path::{Path, PathBuf},
};

use weightlock_artifact::{
    Error,
    digest::engine::Reading,
    write::{Existing, write_whole},
};
use weightlock_signing::{
    key::Signer,
    oms::{SigningMaterial, model::prepare, sign_statement},
    sigstore::sign::Signable,
};

use super::{
    arguments::{Certificates, Destination, SignMethod, SignSigstore},
    failure::Failure,
    keys,
    selection::Model,
    working,
};
use crate::{context::Context, explanations, flags::KeylessFlags, keyless};

/// Whoever owns the folder may read the signature: it is no secret. The process' umask narrows this.
const MODE: u32 = 0o666;

pub(super) fn run(method: &SignMethod, context: &Context) -> Result<String, Failure> {
    match method {
        SignMethod::Key(asked) => {
            let key = keys::private_key(&asked.key)?;
            sign(&asked.to, &key, &SigningMaterial::Key, context)
        }
        SignMethod::Certificate(asked) => {
            let key = keys::private_key(&asked.key)?;
            let material = certified(&asked.certificates)?;
            sign(&asked.to, &key, &material, context)
        }
        SignMethod::Pkcs11Key(asked) => {
            let key = keys::token(&asked.pkcs11_uri, None)?;
            sign(&asked.to, key.as_ref(), &SigningMaterial::Key, context)
        }
        SignMethod::Pkcs11Certificate(asked) => {
            let leaf = keys::certificate(&asked.certificates.signing_certificate)?;
            let key = keys::token(&asked.pkcs11_uri, Some(&leaf))?;
            let material = certified(&asked.certificates)?;
            sign(&asked.to, key.as_ref(), &material, context)
        }
        SignMethod::Sigstore(asked) => sign_keyless(asked, context),
    }
}

fn certified(given: &Certificates) -> Result<SigningMaterial, Failure> {
    let mut chain = vec![keys::certificate(&given.signing_certificate)?];
    chain.extend(keys::chain(&given.certificate_chain)?);
    Ok(SigningMaterial::Certificates(chain))
}

fn sign(
    to: &Destination,
    key: &dyn Signer,
    material: &SigningMaterial,
    context: &Context,
) -> Result<String, Failure> {
    let model = Model::open(&to.selection, Some(&to.signature))?;
    let prepared = working(context, Reading::Buffered, |work| {
        prepare(model.root, &model.plan, None, work)
    })??
    .map_err(|unsignable| Failure::of(unsignable.code(), &unsignable))?;
    let bundle = sign_statement(&prepared.statement, key, material)?;
    prepared.still_holds()?;
    write_whole(&destination(&to.signature)?, &bundle, MODE, Existing::Replaced)?;
    Ok("Signing succeeded\n".to_owned())
}

/// Files are hashed before anybody is asked for a certificate, which lasts for minutes.
fn sign_keyless(asked: &SignSigstore, context: &Context) -> Result<String, Failure> {
    if asked.client_secret.is_some() {
        return Err(Failure::new(
            explanations::USAGE,
            "a secret on the command line can be read by every process of this machine; \
             weightlock sign sigstore --oidc-client-secret-file reads it from a file",
        ));
    }
    let flags = KeylessFlags {
        trust_config: asked.service.trust_config.clone(),
        staging: asked.service.use_staging,
        production: asked.service.trust_config.is_none() && !asked.service.use_staging,
        use_ambient_credentials: asked.use_ambient_credentials,
        identity_token: asked.identity_token.clone(),
        identity_token_file: asked.identity_token_file.clone(),
        device_flow: asked.oauth_force_oob,
        oidc_client_id: asked.client_id.clone(),
        // The reference asks nobody either; what is published is said all the same.
        yes: true,
        ..KeylessFlags::default()
    };
    let keyless = flags.keyless(context)?;
    let model = Model::open(&asked.to.selection, Some(&asked.to.signature))?;
    let prepared = working(context, Reading::Buffered, |work| {
        prepare(model.root, &model.plan, None, work)
    })??
    .map_err(|unsignable| Failure::of(unsignable.code(), &unsignable))?;
    let session = keyless.session()?;
    let payload = prepared.statement.to_payload();
    let bundle = keyless::sign(&session, Signable::Statement(&payload))?;
    prepared.still_holds()?;
    write_whole(
        &destination(&asked.to.signature)?,
        &bundle,
        MODE,
        Existing::Replaced,
    )?;
    Ok("Signing succeeded\n".to_owned())
}

/// Where the signature goes: a link to an earlier one is followed. Devices and folders are not replaced by a file.
fn destination(path: &Path) -> Result<PathBuf, Failure> {
    let Ok(real) = path.canonicalize() else {
        return Ok(path.to_owned());
    };
    if real.is_file() {
        return Ok(real);
    }
    let source = io::Error::other("there is something else than a file");
    Err(Error::io("write", path, source).into())
}

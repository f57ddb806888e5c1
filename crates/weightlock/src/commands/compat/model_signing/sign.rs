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
};

use super::{
    arguments::{Certificates, Destination, SignMethod},
    failure::Failure,
    keys,
    selection::Model,
    working,
};
use crate::{context::Context, explanations};

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
        SignMethod::Sigstore(_) => Err(Failure::new(
            explanations::NOT_BUILT,
            "signing with Sigstore needs an identity and the network, which this version has not got; \
             name a method: sign key, sign certificate",
        )),
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

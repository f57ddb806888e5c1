//! Keys and certificates from the files that were named.

use std::path::{Path, PathBuf};

use weightlock_artifact::input;
#[cfg(feature = "pkcs11")]
use weightlock_signing::key::{
    Password,
    pkcs11::{Pkcs11Signer, TokenOptions},
    uri::Uri,
};
use weightlock_signing::{
    certificate::Certificate,
    key::{OmsKey, PrivateKey, PublicKey, Signer},
};

use super::{arguments::PrivateKeyFile, failure::Failure};
#[cfg(feature = "pkcs11")]
use crate::diagnostic::Diagnostic;
#[cfg(not(feature = "pkcs11"))]
use crate::flags::no_tokens;
use crate::{cli::PasswordFlags, password};

/// The public key of the signer.
pub(super) fn public_key(path: &Path) -> Result<OmsKey, Failure> {
    let text = read(path, PublicKey::MAX_PEM_BYTES)?;
    Ok(OmsKey::try_from(PublicKey::from_pem(&text)?)?)
}

/// The key that signs. Its password is asked for only when it is encrypted.
pub(super) fn private_key(flags: &PrivateKeyFile) -> Result<PrivateKey, Failure> {
    let path = &flags.private_key;
    let text = zeroize::Zeroizing::new(read(path, PrivateKey::MAX_PEM_BYTES)?);
    let from = PasswordFlags {
        password_file: flags.password_file.clone(),
        never_asked: false,
    };
    Ok(PrivateKey::from_pem(&text, |_| {
        password::existing(&from, &path.display().to_string())
    })?)
}

/// The key on a token. The PIN comes from the URI, from the environment or from a person.
#[cfg(feature = "pkcs11")]
pub(super) fn token(uri: &str, certificate: Option<&Certificate>) -> Result<Box<dyn Signer>, Failure> {
    let uri = Uri::parse(uri)?;
    let options = TokenOptions {
        module: None,
        certificate,
    };
    let pin = |_| -> Result<Password, Diagnostic> {
        password::existing(&PasswordFlags::default(), &uri.to_string())
    };
    Ok(Box::new(Pkcs11Signer::open(&uri, options, pin)?))
}

#[cfg(not(feature = "pkcs11"))]
pub(super) fn token(_: &str, _: Option<&Certificate>) -> Result<Box<dyn Signer>, Failure> {
    Err(no_tokens().into())
}

/// One certificate.
pub(super) fn certificate(path: &Path) -> Result<Certificate, Failure> {
    Ok(Certificate::from_pem(&read(path, Certificate::MAX_PEM_BYTES)?)?)
}

/// All certificates of all files, in order.
pub(super) fn chain(paths: &[PathBuf]) -> Result<Vec<Certificate>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(Certificate::chain_from_pem(&read(
            path,
            Certificate::MAX_PEM_BYTES,
        )?)?);
    }
    Ok(all)
}

/// A file as a whole, and at most one byte more than anybody would accept: its reader refuses what is too large.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    Ok(input::read_at_most(path, limit)?)
}

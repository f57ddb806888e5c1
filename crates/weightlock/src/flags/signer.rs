//! Who signs: from flags to the key that signs, and what a signature tells of it.

use std::path::{Path, PathBuf};

use clap::Args;
#[cfg(feature = "pkcs11")]
use weightlock_signing::key::{
    pkcs11::{Pkcs11Signer, TokenOpenError, TokenOptions},
    uri::Uri,
};
use weightlock_signing::{
    certificate::Certificate,
    key::{OpenError, PasswordNeeded, PrivateKey, Signer},
    oms::SigningMaterial,
};

#[cfg(not(feature = "pkcs11"))]
use super::not_built;
use super::{Method, certificates, named_key, reference};
use crate::{
    cli::PasswordFlags, diagnostic::Diagnostic, environment::PRIVATE_KEY, explanations::USAGE, password,
};

/// How a model is signed.
pub(crate) const SIGN: &str = "weightlock sign --key NAME.key MODEL";

/// The key that signs.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Who signs")]
pub(crate) struct SignerFlags {
    /// The private key: a PEM file (plain, encrypted, or cosign's), a PKCS#11 URI, env://NAME, or a key that a service keeps
    /// (hashivault://KEY, openbao://KEY, awskms://[ENDPOINT]/ID); also from WEIGHTLOCK_PRIVATE_KEY
    #[arg(long, value_name = "FILE|REFERENCE", alias = "private-key")]
    pub key: Option<PathBuf>,
    /// A key on a token, by PKCS#11 URI (RFC 7512); its PIN comes from pin-source, WEIGHTLOCK_PASSWORD or a prompt
    #[arg(long, value_name = "URI", conflicts_with = "key")]
    pub pkcs11_uri: Option<String>,
    /// The PKCS#11 module, where the URI names none
    #[arg(long, value_name = "FILE", env = "COSIGN_PKCS11_MODULE_PATH", hide_env = true)]
    pub pkcs11_module: Option<PathBuf>,
    /// The certificate of the key; the signature then names it instead of the key
    #[arg(long, value_name = "FILE", visible_alias = "certificate")]
    pub signing_certificate: Option<PathBuf>,
    /// Certificates above it, to go with the signature; repeatable
    #[arg(long, value_name = "FILE", requires = "signing_certificate")]
    pub certificate_chain: Vec<PathBuf>,
    /// Where the key's password comes from.
    #[command(flatten)]
    pub password: PasswordFlags,
}

impl SignerFlags {
    /// Opens the key and what the signature tells about it. `usage` is the verb with a key, for whoever names none.
    pub(crate) fn signer(
        &self,
        usage: &str,
        method: Option<Method>,
    ) -> Result<(Box<dyn Signer>, SigningMaterial), Diagnostic> {
        let material = self.material(method)?;
        let certificate = match &material {
            SigningMaterial::Certificates(chain) => chain.first(),
            SigningMaterial::Key => None,
        };
        let key = named_key(self.key.as_ref(), PRIVATE_KEY, self.pkcs11_uri.is_some());
        let uri = self
            .pkcs11_uri
            .as_deref()
            .or_else(|| key.as_deref()?.to_str().filter(|key| key.starts_with("pkcs11:")));
        let signer: Box<dyn Signer> = match (uri, &key) {
            (Some(uri), _) => self.on_token(uri, certificate)?,
            (None, Some(_)) if method == Some(Method::Pkcs11) => {
                return Err(Diagnostic::new(USAGE, "the method pkcs11 needs --pkcs11-uri"));
            }
            (None, Some(named)) => self.named(named)?,
            (None, None) => return Err(no_method(usage)),
        };
        Ok((signer, material))
    }

    /// An identity signs with a key of its own.
    pub(crate) fn refuse_beside_identity(&self) -> Result<(), Diagnostic> {
        let key = self.key.is_some() || self.pkcs11_uri.is_some() || self.signing_certificate.is_some();
        if key {
            return Err(Diagnostic::new(
                USAGE,
                "an identity and a key or certificate are two different signers; give one of them",
            ));
        }
        Ok(())
    }

    fn material(&self, method: Option<Method>) -> Result<SigningMaterial, Diagnostic> {
        let Some(path) = &self.signing_certificate else {
            return match method {
                Some(Method::Certificate) => Err(Diagnostic::new(
                    USAGE,
                    "the method certificate needs --signing-certificate",
                )),
                _ => Ok(SigningMaterial::Key),
            };
        };
        if method == Some(Method::Key) {
            return Err(Diagnostic::new(
                USAGE,
                "the method key has no certificate; leave out --signing-certificate",
            ));
        }
        let mut chain = certificates(path)?;
        for path in &self.certificate_chain {
            chain.extend(certificates(path)?);
        }
        Ok(SigningMaterial::Certificates(chain))
    }

    /// A key in a file or a variable, or one that a service keeps.
    fn named(&self, named: &Path) -> Result<Box<dyn Signer>, Diagnostic> {
        let key = reference::parse(named)?;
        match reference::text(&key, PrivateKey::MAX_PEM_BYTES)? {
            Some(text) => Ok(Box::new(self.in_pem(&text, key.to_string())?)),
            None => reference::service(&key),
        }
    }

    fn in_pem(&self, text: &[u8], shown: String) -> Result<PrivateKey, Diagnostic> {
        let password = |_: PasswordNeeded| password::existing(&self.password, &shown);
        PrivateKey::from_pem(text, password).map_err(|error| match error {
            OpenError::Password(told) => told,
            OpenError::Key(error) => {
                let told = Diagnostic::of(error.code(), &error).at(shown.clone());
                error.hint().map_or(told.clone(), |hint| told.help(hint))
            }
        })
    }

    #[cfg(feature = "pkcs11")]
    fn on_token(&self, uri: &str, certificate: Option<&Certificate>) -> Result<Box<dyn Signer>, Diagnostic> {
        let uri = Uri::parse(uri).map_err(|error| Diagnostic::of(error.code(), &error))?;
        if uri.pin_value.is_some() {
            return Err(Diagnostic::new(
                USAGE,
                "the PKCS#11 URI holds the PIN, which every process of this machine can read there",
            )
            .help(
                "put the PIN into a file and name it with pin-source=file:PATH, or set WEIGHTLOCK_PASSWORD",
            ));
        }
        let options = TokenOptions {
            module: self.pkcs11_module.as_deref(),
            certificate,
        };
        let pin = |_: PasswordNeeded| match crate::environment::COSIGN_PKCS11_PIN.value() {
            Some(pin) => Ok(weightlock_signing::key::Password::new(
                std::os::unix::ffi::OsStringExt::into_vec(pin),
            )),
            None => password::existing(&self.password, &uri.to_string()),
        };
        match Pkcs11Signer::open(&uri, options, pin) {
            Ok(signer) => Ok(Box::new(signer)),
            Err(TokenOpenError::Pin(told)) => Err(told),
            Err(TokenOpenError::Token(error)) => {
                Err(Diagnostic::of(error.code(), &error).at(uri.to_string()))
            }
        }
    }

    #[cfg(not(feature = "pkcs11"))]
    fn on_token(&self, _: &str, _: Option<&Certificate>) -> Result<Box<dyn Signer>, Diagnostic> {
        Err(no_tokens())
    }
}

/// Who signs, as a signature will say it: `key <hex SHA-256 of its PEM>`, or the subject of the certificate.
pub(crate) fn named(signer: &dyn Signer, material: &SigningMaterial) -> String {
    match material {
        SigningMaterial::Key => format!("key {}", signer.public_key().hint_pem()),
        SigningMaterial::Certificates(chain) => chain.first().map(Certificate::subject).unwrap_or_default(),
    }
}

/// This build has no tokens.
#[cfg(not(feature = "pkcs11"))]
pub(crate) fn no_tokens() -> Diagnostic {
    not_built("use PKCS#11 tokens: it was built without them")
}

fn no_method(usage: &str) -> Diagnostic {
    let told = Diagnostic::new(
        USAGE,
        "nobody is named who signs: a key, a certificate, a token or an identity",
    )
    .help("make a key pair:  weightlock key generate NAME")
    .help(usage);
    if usage == SIGN {
        told.help("with an identity:  weightlock sign sigstore --trust-config FILE MODEL")
    } else {
        told
    }
}

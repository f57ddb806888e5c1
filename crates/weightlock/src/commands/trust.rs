//! From flags to what the caller trusts, and to the key that signs.

use std::path::{Path, PathBuf};

use clap::Args;
#[cfg(feature = "pkcs11")]
use weightlock_signing::key::{
    pkcs11::{Pkcs11Signer, TokenOpenError, TokenOptions},
    uri::Uri,
};
use weightlock_signing::{
    Trust,
    certificate::{Certificate, Profile, UnixTime},
    key::{OmsKey, OpenError, PasswordNeeded, PrivateKey, PublicKey, Signer},
    oms::SigningMaterial,
};

use super::target::read_bounded;
use crate::{
    cli::PasswordFlags,
    diagnostic::Diagnostic,
    environment::{PRIVATE_KEY, PUBLIC_KEY, Variable},
    explanations::{NO_TRUST, USAGE},
    password,
};

/// Key and certificate files larger than this are not read; a chain has a few thousand bytes.
const MAX_BYTES: usize = 1 << 20;

/// Whose signature counts.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Whose signature counts")]
pub(crate) struct TrustFlags {
    /// The public key of the signer; also from WEIGHTLOCK_PUBLIC_KEY
    #[arg(long, value_name = "FILE", alias = "public-key")]
    pub key: Option<PathBuf>,
    /// Root certificates of the signer, with intermediates if the signature brings none; repeatable
    #[arg(
        long,
        value_name = "FILE",
        visible_alias = "trusted-root",
        alias = "trust-root",
        alias = "certificate-chains"
    )]
    pub certificate_chain: Vec<PathBuf>,
    /// Check certificates as of this time (RFC 3339, such as 2026-01-31T00:00:00Z) instead of now; the answer says so
    #[arg(long, value_name = "TIME")]
    pub at_time: Option<jiff::Timestamp>,
    /// The Sigstore identity of the signer (a later version)
    #[arg(long, value_name = "NAME", alias = "certificate-identity", hide = true)]
    pub identity: Option<String>,
    /// Who vouches for the identity (a later version)
    #[arg(long, value_name = "URL", alias = "certificate-oidc-issuer", hide = true)]
    pub identity_provider: Option<String>,
}

impl TrustFlags {
    /// What the flags say is trusted. `method` is the word before the target, if there was one.
    pub(crate) fn trust(&self, method: Option<Method>, now: UnixTime) -> Result<Trust, Diagnostic> {
        if self.identity.is_some() || self.identity_provider.is_some() || method == Some(Method::Sigstore) {
            return Err(not_built("verify with a Sigstore identity"));
        }
        let otherwise = !self.certificate_chain.is_empty() || method == Some(Method::Certificate);
        match (
            key(self.key.as_ref(), PUBLIC_KEY, otherwise),
            self.certificate_chain.as_slice(),
        ) {
            (Some(key), []) if method.is_none_or(|method| matches!(method, Method::Key | Method::Pkcs11)) => {
                Ok(Trust::Key(oms_key(&key)?))
            }
            (None, [_, ..]) if method.is_none_or(|method| method == Method::Certificate) => {
                Ok(Trust::Roots {
                    certificates: self.roots()?,
                    at: self.at(now)?,
                    profile: Profile::Strict,
                })
            }
            (None, []) => Err(
                Diagnostic::new(NO_TRUST, "verify needs to know whose signature counts")
                    .help("weightlock verify --key SIGNER.pub MODEL")
                    .help("weightlock verify --certificate-chain ROOT.pem MODEL"),
            ),
            (Some(_), [_, ..]) => Err(Diagnostic::new(
                USAGE,
                "--key and --certificate-chain name two different signers; give one of them",
            )),
            _ => Err(Diagnostic::new(
                USAGE,
                "the method and the flags name two different ways to verify; give one of them",
            )),
        }
    }

    fn roots(&self) -> Result<Vec<Certificate>, Diagnostic> {
        let mut roots = Vec::new();
        for path in &self.certificate_chain {
            roots.extend(certificates(path)?);
        }
        Ok(roots)
    }

    fn at(&self, now: UnixTime) -> Result<UnixTime, Diagnostic> {
        match self.at_time {
            None => Ok(now),
            Some(stated) => u64::try_from(stated.as_second())
                .map(UnixTime)
                .map_err(|_| Diagnostic::new(USAGE, "--at-time lies before 1970")),
        }
    }
}

/// How a model is signed: the optional word before the target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Method {
    Key,
    Certificate,
    Pkcs11,
    Sigstore,
}

impl Method {
    /// Takes the method's word off `[METHOD] TARGET`.
    pub(crate) fn split(words: &[PathBuf]) -> Result<(Option<Self>, &Path), Diagnostic> {
        match words {
            [target] if Self::named(target).is_none() || target.exists() => Ok((None, target)),
            [word] => Err(Diagnostic::new(
                USAGE,
                format!("{} is a method; the model to work on is missing", word.display()),
            )),
            [word, target] => match Self::named(word) {
                Some(method) => Ok((Some(method), target)),
                None => Err(Diagnostic::new(
                    USAGE,
                    format!("there is no method {:?}", word.display().to_string()),
                )
                .help("the methods are key, certificate and pkcs11; a flag may decide instead")),
            },
            _ => Err(Diagnostic::new(USAGE, "give one model")),
        }
    }

    fn named(word: &Path) -> Option<Self> {
        Some(match word.to_str()? {
            "key" => Self::Key,
            "certificate" => Self::Certificate,
            "pkcs11" | "pkcs11-key" | "pkcs11-certificate" => Self::Pkcs11,
            "sigstore" => Self::Sigstore,
            _ => return None,
        })
    }
}

/// What this version cannot do, said as a refusal.
pub(crate) fn not_built(what: &str) -> Diagnostic {
    Diagnostic::new(
        crate::explanations::NOT_BUILT,
        format!("this version cannot {what} yet"),
    )
    .note("a key or a certificate works today")
}

/// The key that signs.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Who signs")]
pub(crate) struct SignerFlags {
    /// The private key: a PEM file (plain, encrypted, or cosign's), or a PKCS#11 URI; also from WEIGHTLOCK_PRIVATE_KEY
    #[arg(long, value_name = "FILE|URI", alias = "private-key")]
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
    /// Opens the key and what the signature tells about it.
    pub(crate) fn signer(
        &self,
        method: Option<Method>,
    ) -> Result<(Box<dyn Signer>, SigningMaterial), Diagnostic> {
        if method == Some(Method::Sigstore) {
            return Err(not_built("sign with a Sigstore identity"));
        }
        let material = self.material(method)?;
        let certificate = match &material {
            SigningMaterial::Certificates(chain) => chain.first(),
            SigningMaterial::Key => None,
        };
        let key = key(self.key.as_ref(), PRIVATE_KEY, self.pkcs11_uri.is_some());
        let uri = self
            .pkcs11_uri
            .as_deref()
            .or_else(|| key.as_deref()?.to_str().filter(|key| key.starts_with("pkcs11:")));
        let signer: Box<dyn Signer> = match (uri, &key) {
            (Some(uri), _) => self.on_token(uri, certificate)?,
            (None, Some(_)) if method == Some(Method::Pkcs11) => {
                return Err(Diagnostic::new(USAGE, "the method pkcs11 needs --pkcs11-uri"));
            }
            (None, Some(path)) => Box::new(self.in_file(path)?),
            (None, None) => return Err(no_method()),
        };
        Ok((signer, material))
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

    fn in_file(&self, path: &Path) -> Result<PrivateKey, Diagnostic> {
        let text = zeroize::Zeroizing::new(read_bounded(path, PrivateKey::MAX_PEM_BYTES)?);
        let shown = path.display().to_string();
        let password = |_: PasswordNeeded| password::existing(&self.password, &shown);
        PrivateKey::from_pem(&text, password).map_err(|error| match error {
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

/// This build has no tokens.
#[cfg(not(feature = "pkcs11"))]
pub(crate) fn no_tokens() -> Diagnostic {
    not_built("use PKCS#11 tokens: it was built without them")
}

/// The key that was named by a flag, or by the variable unless a flag names another method.
fn key(flag: Option<&PathBuf>, variable: Variable, otherwise: bool) -> Option<PathBuf> {
    let named = || variable.filled().filter(|_| !otherwise).map(PathBuf::from);
    flag.cloned().or_else(named)
}

fn no_method() -> Diagnostic {
    Diagnostic::new(
        USAGE,
        "sign needs to know with what: a key, a certificate or a token",
    )
    .help("make a key pair:  weightlock key generate NAME")
    .help("weightlock sign --key NAME.key MODEL")
}

/// Reads a public key that may check model signatures.
pub(crate) fn oms_key(path: &Path) -> Result<OmsKey, Diagnostic> {
    let text = read_bounded(path, PublicKey::MAX_PEM_BYTES)?;
    PublicKey::from_pem(&text)
        .and_then(OmsKey::try_from)
        .map_err(|error| {
            let told = Diagnostic::of(error.code(), &error).at(path.display().to_string());
            error.hint().map_or(told.clone(), |hint| told.help(hint))
        })
}

/// Reads one or more certificates.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Diagnostic> {
    let text = read_bounded(path, MAX_BYTES)?;
    Certificate::chain_from_pem(&text)
        .map_err(|error| Diagnostic::of(error.code(), &error).at(path.display().to_string()))
}

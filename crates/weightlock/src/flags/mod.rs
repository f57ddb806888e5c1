//! Flags that several verbs share, and what they mean: whose signature counts ([`TrustFlags`]) and who signs
//! ([`SignerFlags`]).

mod identity;
pub(crate) mod reference;
mod signer;
mod trust;

use std::path::{Path, PathBuf};

use weightlock_signing::{certificate::Certificate, key::OmsKey};

#[cfg(not(feature = "pkcs11"))]
pub(crate) use self::signer::no_tokens;
pub(crate) use self::{identity::IdentityFlags, signer::SignerFlags, trust::TrustFlags};
use crate::{
    commands::target::read_bounded, diagnostic::Diagnostic, environment::Variable, explanations::USAGE,
};

/// Key and certificate files larger than this are not read; a chain has a few thousand bytes.
const MAX_BYTES: usize = 1 << 20;

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
                .help("the methods are key, certificate, pkcs11 and sigstore; a flag may decide instead")),
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

/// The key that was named by a flag, or by the variable unless a flag names another method.
fn named_key(flag: Option<&PathBuf>, variable: Variable, otherwise: bool) -> Option<PathBuf> {
    let named = || variable.filled().filter(|_| !otherwise).map(PathBuf::from);
    flag.cloned().or_else(named)
}

/// The public key that a reference names, if it may check model signatures.
pub(crate) fn oms_key(named: &Path, online: bool) -> Result<OmsKey, Diagnostic> {
    let key = reference::public_key(named, online)?;
    OmsKey::try_from(key).map_err(|error| {
        let told = Diagnostic::of(error.code(), &error).at(named.display().to_string());
        error.hint().map_or(told.clone(), |hint| told.help(hint))
    })
}

/// Reads one or more certificates.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Diagnostic> {
    let text = read_bounded(path, MAX_BYTES)?;
    Certificate::chain_from_pem(&text)
        .map_err(|error| Diagnostic::of(error.code(), &error).at(path.display().to_string()))
}

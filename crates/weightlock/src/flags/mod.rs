//! Flags that several verbs share, and what they mean: whose signature counts ([`TrustFlags`]), whose for a kind of evidence
//! ([`SignersFlags`]), and who signs ([`SignerFlags`]).

mod identity;
mod keyless;
pub(crate) mod reference;
mod signer;
mod signers;
mod trust;

use std::path::{Path, PathBuf};

use weightlock_signing::{
    certificate::Certificate,
    predicate::{UnknownType, Wanted},
};

#[cfg(not(feature = "pkcs11"))]
pub(crate) use self::signer::no_tokens;
pub(crate) use self::{
    identity::{IdentityFlags, refused_in_production},
    keyless::{KeylessFlags, clock},
    signer::{SIGN, SignerFlags, named},
    signers::{SignersFlags, trust_in},
    trust::TrustFlags,
};
use crate::{
    commands::target::read_bounded, diagnostic::Diagnostic, environment::Variable, explanations::USAGE,
    nearest,
};

/// What `--type` means.
pub(crate) fn wanted(word: &str) -> Result<Wanted, Diagnostic> {
    Wanted::parse(word).map_err(|error| {
        let told = Diagnostic::of(error.code(), &error);
        match nearest::of(word, UnknownType::known()) {
            Some(near) => told.help(format!("did you mean --type {near} ?")),
            None => told.help(format!(
                "the known types are {}; any other is named by its URI",
                UnknownType::known().collect::<Vec<_>>().join(", ")
            )),
        }
    })
}

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
#[cfg(not(feature = "pkcs11"))]
pub(crate) fn not_built(what: &str) -> Diagnostic {
    Diagnostic::new(
        crate::explanations::NOT_BUILT,
        format!("this version cannot {what} yet"),
    )
    .note("a key or a certificate works today")
}

/// The key that was named by a flag, or by the variable unless a flag names another method.
pub(crate) fn named_key(flag: Option<&PathBuf>, variable: Variable, otherwise: bool) -> Option<PathBuf> {
    let named = || variable.filled().filter(|_| !otherwise).map(PathBuf::from);
    flag.cloned().or_else(named)
}

/// Reads one or more certificates.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Diagnostic> {
    let text = read_bounded(path, MAX_BYTES)?;
    Certificate::chain_from_pem(&text)
        .map_err(|error| Diagnostic::of(error.code(), &error).at(path.display().to_string()))
}

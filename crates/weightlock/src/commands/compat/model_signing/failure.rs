//! [`Failure`]: why a command did not succeed, as one line behind the reference's prefix.

use std::{error::Error as StdError, fmt};

use weightlock_artifact::{reason::Code, text::Shown};
#[cfg(feature = "pkcs11")]
use weightlock_signing::key::{pkcs11::TokenOpenError, uri::UriError};
use weightlock_signing::{
    Refusal,
    certificate::CertificateError,
    key::{KeyError, OpenError},
    oms::SigningError,
};

use crate::diagnostic::Diagnostic;

/// Why a command did not succeed.
#[derive(Debug)]
pub(super) struct Failure {
    code: Code,
    text: String,
    stdout: String,
}

impl Failure {
    pub(super) fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            stdout: String::new(),
        }
    }

    /// An error with the chain of its sources.
    pub(super) fn of(code: Code, error: &dyn StdError) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let told = error.to_string();
            // Transparent errors repeat the sentence of their source.
            if !text.ends_with(&told) {
                text = format!("{text}: {told}");
            }
            source = error.source();
        }
        Self::new(code, text)
    }

    /// With what was printed on standard output before it failed.
    #[must_use]
    pub(super) fn after(mut self, stdout: &str) -> Self {
        self.stdout.insert_str(0, stdout);
        self
    }

    pub(super) fn stdout(&self) -> &str {
        &self.stdout
    }
}

/// One line whatever the error quotes: text and code.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", Shown(&self.text), self.code)
    }
}

impl From<weightlock_artifact::Error> for Failure {
    fn from(error: weightlock_artifact::Error) -> Self {
        Self::of(error.code(), &error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::of(refusal.code(), &refusal)
    }
}

impl From<SigningError> for Failure {
    fn from(error: SigningError) -> Self {
        Self::of(error.code(), &error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::of(error.code(), &error)
    }
}

impl From<CertificateError> for Failure {
    fn from(error: CertificateError) -> Self {
        Self::of(error.code(), &error)
    }
}

#[cfg(feature = "pkcs11")]
impl From<UriError> for Failure {
    fn from(error: UriError) -> Self {
        Self::of(error.code(), &error)
    }
}

impl From<OpenError<Diagnostic>> for Failure {
    fn from(error: OpenError<Diagnostic>) -> Self {
        match error {
            OpenError::Key(error) => error.into(),
            OpenError::Password(told) => told.into(),
        }
    }
}

#[cfg(feature = "pkcs11")]
impl From<TokenOpenError<Diagnostic>> for Failure {
    fn from(error: TokenOpenError<Diagnostic>) -> Self {
        match error {
            TokenOpenError::Token(error) => Self::of(error.code(), &error),
            TokenOpenError::Pin(told) => told.into(),
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(told: Diagnostic) -> Self {
        Self::new(told.code(), told.message())
    }
}

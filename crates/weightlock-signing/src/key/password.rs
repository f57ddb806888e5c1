//! [`Password`] and how a key file asks for one.

use std::fmt;

use zeroize::Zeroizing;

use super::KeyError;

/// A password or PIN. Wiped when dropped, never shown.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Takes the bytes; the caller's vector becomes ours and is wiped with it. Empty is allowed, as in cosign.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for use and not for show. Copies are the caller's to wipe.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a password is wanted for, so that a prompt can say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PasswordNeeded {
    /// An encrypted PKCS#8 key (`ENCRYPTED PRIVATE KEY`).
    Pkcs8,
    /// A key written by cosign or by `key generate` (`ENCRYPTED SIGSTORE PRIVATE KEY`).
    Cosign,
    /// The user PIN of a PKCS#11 token.
    TokenPin,
}

/// Why a private key could not be opened: the file, or the caller's way of finding a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError<E> {
    /// The file or the password is at fault.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The password closure failed; its own error.
    #[error("the password cannot be had")]
    Password(#[source] E),
}

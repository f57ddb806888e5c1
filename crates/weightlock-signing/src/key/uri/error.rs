//! [`UriError`]: which rule of RFC 7512, or of ours, a URI breaks.

use weightlock_artifact::reason::Code;

use super::Uri;
use crate::key::reason;

/// Why text is not a PKCS#11 URI that Weightlock accepts. Never holds a value, which might be a PIN.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// Longer than [`Uri::MAX_BYTES`].
    #[error("the PKCS#11 URI is longer than {} bytes", Uri::MAX_BYTES)]
    TooLong,
    /// Does not begin with `pkcs11:`.
    #[error("the URI does not begin with `pkcs11:`")]
    Scheme,
    /// A part without `=` or without a name.
    #[error("a part of the PKCS#11 URI is not `name=value`")]
    NotAnAttribute,
    /// A character that must be written as `%XX`, such as a space.
    #[error("the value of `{attribute}` holds a character that must be written as %XX (a space is %20)")]
    Character {
        /// The attribute.
        attribute: String,
    },
    /// `%` without two hexadecimal digits.
    #[error("the value of `{attribute}` holds an incomplete %XX")]
    Escape {
        /// The attribute.
        attribute: String,
    },
    /// Text that is not UTF-8, or holds a NUL.
    #[error("the value of `{attribute}` is not text")]
    NotText {
        /// The attribute.
        attribute: String,
    },
    /// The same attribute twice.
    #[error("`{attribute}` stands twice in the PKCS#11 URI")]
    Duplicate {
        /// The attribute.
        attribute: String,
    },
    /// A value outside the attribute's form.
    #[error("the value of `{attribute}` is not valid")]
    Value {
        /// The attribute.
        attribute: String,
    },
    /// An attribute of the path in the query, or of the query in the path, or inside of another one's value. A PIN
    /// that lands in a label would be shown in messages.
    #[error("`{attribute}` stands at the wrong place: `pkcs11:path;path?query&query`")]
    Misplaced {
        /// The attribute.
        attribute: String,
    },
    /// `pin-source=|command`.
    #[error("`pin-source` names a command; Weightlock runs no command to get a PIN")]
    PinCommand,
    /// `pin-source` with an address elsewhere, or with a relative path.
    #[error("`pin-source` is not the absolute path of a local file")]
    PinSource,
}

impl UriError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::PinCommand | Self::PinSource => reason::PKCS11_PIN_SOURCE,
            _ => reason::PKCS11_URI,
        }
    }
}

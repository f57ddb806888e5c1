//! Content of another kind where none belongs: executables, archives and pickles hidden in data, text or behind the end.

use std::fmt;

use weightlock_format::detect::Format;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A text of metadata holds the bytes of another format.
    InText {
        /// The format.
        format: Format,
        /// How it is written.
        encoding: Encoding,
    },
}

/// How bytes are written in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// In base64.
    Base64,
    /// In hexadecimal digits.
    Hexadecimal,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "as it is",
            Self::Base64 => "in base64",
            Self::Hexadecimal => "in hexadecimal digits",
        })
    }
}

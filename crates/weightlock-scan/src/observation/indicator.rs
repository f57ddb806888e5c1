//! Secrets, addresses and similar in metadata and text.

use std::fmt;

/// Something in a text that has no place in a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// What it is.
    pub what: Indicator,
    /// The beginning of it. Of secrets only what tells the kind.
    pub beginning: String,
}

/// Kinds of indicators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Indicator {
    /// A private key in PEM.
    PrivateKey,
    /// An access key or token in the form of a known service.
    Token,
    /// A URL or socket address with a number for a host.
    Address,
    /// A command line that fetches and runs, or opens a shell to elsewhere.
    Command,
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "a private key",
            Self::Token => "an access token",
            Self::Address => "a network address",
            Self::Command => "a command line",
        })
    }
}

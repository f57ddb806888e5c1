//! [`Error`]: why a service gave no answer that can be used.

use std::{io, time::Duration};

use weightlock_artifact::{
    reason::Code,
    text::{Shown, Size},
};

use crate::reason;

/// Why a call failed. `at` is the scheme, host and port of the service, never more of the address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no address that is used.
    #[error("{:?} is not an address to call: {what}", Shown(address).to_string())]
    Address {
        /// The address, or its beginning.
        address: String,
        /// The rule it breaks.
        what: &'static str,
    },
    /// A header or a secret holds a byte that no header may hold.
    #[error("the value for the header {name} holds a character that cannot be sent")]
    Header {
        /// The header's name.
        name: String,
    },
    /// A secret would travel unencrypted to another machine.
    #[error("a secret is not sent to {at}, because the connection is not encrypted")]
    PlainSecret {
        /// The service.
        at: String,
    },
    /// The proxy setting is not the address of a proxy.
    #[error("the proxy setting {variable} is not the address of an HTTP proxy")]
    Proxy {
        /// The variable whose convention it follows.
        variable: &'static str,
    },
    /// The file with further roots holds no certificate, or something that is none.
    #[error("the file with root certificates cannot be used: {what}")]
    Roots {
        /// What is wrong with it.
        what: &'static str,
    },
    /// No address is known for the host.
    #[error("the host of {at} is not known")]
    Name {
        /// The service.
        at: String,
    },
    /// Nobody listens there, or there is no way there.
    #[error("no connection to {at}")]
    Connect {
        /// The service.
        at: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The other side could not show that it is the service.
    #[error("no trusted connection to {at}: {}", Shown(what))]
    Tls {
        /// The service.
        at: String,
        /// What the TLS library said.
        what: String,
    },
    /// The time for the call is used up.
    #[error("{at} did not answer completely within {} seconds", limit.as_secs_f32())]
    Timeout {
        /// The service.
        at: String,
        /// The time that was allowed.
        limit: Duration,
    },
    /// The connection ended in the middle, or what came is not HTTP.
    #[error("{at} did not answer in HTTP: {}", Shown(what))]
    Protocol {
        /// The service.
        at: String,
        /// What was wrong.
        what: String,
    },
    /// The answer is larger than anything the service has to say.
    #[error("the answer of {at} is larger than {}", Size(*limit))]
    TooLarge {
        /// The service.
        at: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A redirect that is not followed.
    #[error("{at} sends the call on to {}, which was not asked for", Shown(to))]
    Redirect {
        /// The service.
        at: String,
        /// Scheme, host and port it leads to, or the beginning of what it says.
        to: String,
    },
    /// The service refused.
    #[error("{at} answered with status {status}{}", quoted(words))]
    Status {
        /// The service.
        at: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of its text, on one line and harmless to show; may be empty.
        words: String,
    },
    /// The user stopped the work.
    #[error("interrupted")]
    Stopped,
}

fn quoted(words: &str) -> String {
    if words.is_empty() {
        return String::new();
    }
    format!(": {}", Shown(words))
}

impl Error {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Address { .. } => reason::ADDRESS,
            Self::Header { .. } => reason::HEADER,
            Self::PlainSecret { .. } => reason::PLAIN_SECRET,
            Self::Proxy { .. } => reason::PROXY,
            Self::Roots { .. } => reason::ROOTS,
            Self::Name { .. } => reason::NAME,
            Self::Connect { .. } => reason::CONNECT,
            Self::Tls { .. } => reason::TLS,
            Self::Timeout { .. } => reason::TIMEOUT,
            Self::Protocol { .. } => reason::PROTOCOL,
            Self::TooLarge { .. } => reason::TOO_LARGE,
            Self::Redirect { .. } => reason::REDIRECT,
            Self::Status { .. } => reason::STATUS,
            Self::Stopped => weightlock_artifact::error::INTERRUPTED,
        }
    }

    /// The status a service refused with.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}

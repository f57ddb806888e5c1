//! From what the libraries say to [`Error`].

use std::io;

use super::Settings;
use crate::Error;

/// What an error tells besides its cause.
pub(super) struct Told<'a> {
    pub(super) at: &'a str,
    pub(super) settings: &'a Settings,
}

/// The error of a call.
pub(super) fn told(error: ureq::Error, told: &Told<'_>) -> Error {
    let at = told.at.to_owned();
    match error {
        ureq::Error::HostNotFound => Error::Name { at },
        ureq::Error::Timeout(which) => Error::Timeout {
            at,
            limit: match which {
                ureq::Timeout::Resolve | ureq::Timeout::Connect => told.settings.connect,
                _ => told.settings.whole,
            },
        },
        ureq::Error::Io(error) => of_io(error, told),
        ureq::Error::Rustls(error) => of_tls(&error, at),
        ureq::Error::Tls(what) => Error::Tls {
            at,
            what: what.to_owned(),
        },
        ureq::Error::ConnectionFailed => Error::Connect {
            at,
            source: io::Error::other("every way to connect failed"),
        },
        ureq::Error::ConnectProxyFailed(what) => Error::Connect {
            at,
            source: io::Error::other(format!("the proxy did not connect: {what}")),
        },
        other => Error::Protocol {
            at,
            what: other.to_string(),
        },
    }
}

fn of_io(error: io::Error, told: &Told<'_>) -> Error {
    let at = told.at.to_owned();
    if let Some(inner) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return of_tls(inner, at);
    }
    if is_unknown_name(&error) {
        return Error::Name { at };
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => Error::Connect { at, source: error },
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::Timeout {
            at,
            limit: told.settings.whole,
        },
        _ => Error::Protocol {
            at,
            what: error.to_string(),
        },
    }
}

/// Whether the name server knew nothing. The standard library has no kind for it; a test notices when its words change.
fn is_unknown_name(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
        && error
            .to_string()
            .starts_with("failed to lookup address information")
}

/// What TLS found wrong with the other side; what it did not understand at all is no TLS.
fn of_tls(error: &rustls::Error, at: String) -> Error {
    let what = error.to_string();
    match error {
        rustls::Error::InvalidMessage(_) => Error::Protocol {
            at,
            what: format!("it does not speak TLS: {what}"),
        },
        _ => Error::Tls { at, what },
    }
}

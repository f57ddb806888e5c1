//! The way to services: proxies and roots from the environment, how a waiting call is stopped, and whether calls are allowed
//! at all.
//!
//! Verbs that only read ask for a [`client`] when their flags say `--online`, and at no other time. With `--offline` nobody
//! gets one.

use std::{cell::RefCell, path::PathBuf};

use weightlock_artifact::input;
use weightlock_transport::http::{Client, Proxies, Roots, Settings, Stop};

use crate::{
    diagnostic::Diagnostic,
    environment::{self, Variable},
    explanations::OFFLINE,
};

/// The largest file of root certificates. Those of Linux distributions have 220 KiB.
const MOST_ROOTS: usize = 4 << 20;

thread_local! {
    /// What the verb that runs on this thread was told: whether it asserts to be offline, and when it is to stop.
    static TOLD: RefCell<(bool, Stop)> = RefCell::default();
}

/// Says what holds for the verb that runs on this thread from now on.
pub(crate) fn begin(offline: bool, stop: Stop) {
    TOLD.replace((offline, stop));
}

/// A client as the environment says. Nothing is opened yet.
///
/// # Errors
/// `--offline` forbids calls, or the proxy or the file of roots that a variable names cannot be used.
pub fn client() -> Result<Client, Diagnostic> {
    let (offline, stop) = TOLD.with_borrow(Clone::clone);
    if offline {
        return Err(Diagnostic::new(
            OFFLINE,
            "a service would have to be called, and --offline forbids it",
        )
        .help("leave out --offline (WEIGHTLOCK_OFFLINE), or use a key in a file or on a token"));
    }
    let told = |error: weightlock_transport::Error| Diagnostic::of(error.code(), &error);
    let proxies = Proxies::from_variables(
        &text(&[environment::HTTPS_PROXY, environment::HTTPS_PROXY_SMALL]),
        &text(&[environment::HTTP_PROXY, environment::HTTP_PROXY_SMALL]),
        &text(&[environment::NO_PROXY, environment::NO_PROXY_SMALL]),
    );
    let mut roots = Roots::default();
    if let Some(path) = environment::SSL_CERT_FILE.filled() {
        let path = PathBuf::from(path);
        let pem = input::read_at_most(&path, MOST_ROOTS)?;
        roots = roots
            .and_pem(&pem)
            .map_err(|error| told(error).at(path.display().to_string()))?;
    }
    Ok(Client::new(Settings {
        roots,
        proxies: proxies.map_err(told)?,
        stop,
        ..Settings::default()
    }))
}

/// The first of the variables that is set. A value that is no text stays recognisable as a mistake.
fn text(variables: &[Variable]) -> String {
    let set = variables.iter().find_map(|variable| variable.filled());
    set.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offline_means_that_nobody_gets_a_client() {
        begin(true, Stop::default());
        assert_eq!(client().unwrap_err().code(), OFFLINE);
        begin(false, Stop::default());
        assert!(client().is_ok());
    }
}

//! The way to services: proxies and roots from the environment, and how a waiting call is stopped.
//!
//! Verbs that only read ask [`client`] for a client when their flags say `--online`, and at no other time.

use weightlock_artifact::input;
use weightlock_transport::http::{Client, Proxies, Roots, Settings, Stop};

use crate::{
    diagnostic::Diagnostic,
    environment::{self, Variable},
};

/// The largest file of root certificates. Those of Linux distributions have 220 KiB.
const MOST_ROOTS: usize = 4 << 20;

/// A client as the environment says. Nothing is opened yet.
///
/// # Errors
/// The proxy or the file of roots that a variable names cannot be used.
pub fn client(stop: Stop) -> Result<Client, Diagnostic> {
    let told = |error: weightlock_transport::Error| Diagnostic::of(error.code(), &error);
    let proxies = Proxies::from_variables(
        &text(&[environment::HTTPS_PROXY, environment::HTTPS_PROXY_SMALL]),
        &text(&[environment::HTTP_PROXY, environment::HTTP_PROXY_SMALL]),
        &text(&[environment::NO_PROXY, environment::NO_PROXY_SMALL]),
    );
    let mut roots = Roots::default();
    if let Some(path) = environment::SSL_CERT_FILE.filled() {
        let path = std::path::PathBuf::from(path);
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

//! [`Settings`]: what a client is told once: time, size, roots, proxies, and how to learn that the user wants to stop.

use std::{fmt, sync::Arc, time::Duration};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use ureq::tls::Certificate;

use crate::{Error, Url};

/// How a client works. The default needs nothing from the environment: public roots, no proxy, never stopped.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Longest time until a connection stands, TLS included. 10 seconds.
    pub connect: Duration,
    /// Longest time of a whole call, redirects and the last byte of the answer included. 60 seconds.
    pub whole: Duration,
    /// Most bytes of an answer's body, where a call does not say otherwise. 4 MiB: a trusted root has 10 KiB, a log entry
    /// with its proof 20 KiB.
    pub answer_limit: u64,
    /// Who may vouch for a server.
    pub roots: Roots,
    /// Through whom calls go.
    pub proxies: Proxies,
    /// Whether the user wants to stop; asked many times a second.
    pub stop: Stop,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(60),
            answer_limit: 4 << 20,
            roots: Roots::default(),
            proxies: Proxies::default(),
            stop: Stop::default(),
        }
    }
}

/// How a waiting call learns that the user wants to stop.
#[derive(Clone)]
pub struct Stop(Arc<dyn Fn() -> bool + Send + Sync>);

impl Stop {
    /// Asks this function.
    pub fn when(wanted: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(wanted))
    }

    /// Whether the user wants to stop.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        (self.0)()
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::when(|| false)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop(…)")
    }
}

/// The root certificates that servers are checked against: Mozilla's list, built in, and those of the user.
#[derive(Clone, Default, Debug)]
pub struct Roots {
    own: Vec<Certificate<'static>>,
}

impl Roots {
    /// Adds the certificates of a PEM file, which the variable `SSL_CERT_FILE` names by convention.
    ///
    /// # Errors
    /// [`Error::Roots`]: no certificate in it, or one that cannot be read.
    pub fn and_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        let before = self.own.len();
        for found in CertificateDer::pem_slice_iter(pem) {
            let der = found.map_err(|_| Error::Roots {
                what: "a PEM block is damaged",
            })?;
            let certificate = Certificate::from_der(&der).to_owned();
            rustls::RootCertStore::empty()
                .add(der)
                .map_err(|_| Error::Roots {
                    what: "a certificate cannot be read as one of an authority",
                })?;
            self.own.push(certificate);
        }
        if self.own.len() == before {
            return Err(Error::Roots {
                what: "it holds no certificate in PEM form",
            });
        }
        Ok(self)
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Certificate<'static>> {
        let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        public
            .map(|der| Certificate::from_der(der).to_owned())
            .chain(self.own.iter().cloned())
            .collect()
    }
}

/// Proxies by the convention of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Calls to this machine go through none.
#[derive(Clone, Default)]
pub struct Proxies {
    pub(super) https: Option<ureq::Proxy>,
    pub(super) http: Option<ureq::Proxy>,
    never: Vec<String>,
}

impl Proxies {
    /// Reads the values of the three variables; an empty one counts as none. A proxy is `http://` or `https://`, may have
    /// a user and password, and is asked for a tunnel (`CONNECT`), so that it sees host and port of an encrypted call and
    /// nothing else. `NO_PROXY` is a list of hosts with commas: a name stands for itself and all below it, `*` for all;
    /// ranges of addresses are not known and match nothing.
    ///
    /// # Errors
    /// [`Error::Proxy`] names the variable; its value is not shown, because it may hold a password.
    pub fn from_variables(https: &str, http: &str, never: &str) -> Result<Self, Error> {
        let never = never.split([',', ' ']).map(|host| host.trim_start_matches("*."));
        let never = never.map(|host| host.trim_matches('.').to_ascii_lowercase());
        Ok(Self {
            https: proxy("HTTPS_PROXY", https)?,
            http: proxy("HTTP_PROXY", http)?,
            never: never.filter(|host| !host.is_empty()).collect(),
        })
    }

    /// Whether calls to this address go around every proxy.
    pub(super) fn spares(&self, url: &Url) -> bool {
        let host = url.host().trim_end_matches('.').to_ascii_lowercase();
        url.is_loopback()
            || self
                .never
                .iter()
                .any(|entry| entry == "*" || covers(entry, &host))
    }
}

fn covers(entry: &str, host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_number = entry.parse::<std::net::IpAddr>().is_ok();
    entry == bare || (!is_number && host.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.')))
}

fn proxy(variable: &'static str, value: &str) -> Result<Option<ureq::Proxy>, Error> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    let proxy = ureq::Proxy::new(value).map_err(|_| Error::Proxy { variable })?;
    let known = [ureq::ProxyProtocol::Http, ureq::ProxyProtocol::Https];
    if !known.contains(&proxy.protocol()) || proxy.host().is_empty() {
        return Err(Error::Proxy { variable });
    }
    Ok(Some(proxy))
}

/// Without the proxies' addresses, which may hold passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies")
            .field("https", &self.https.is_some())
            .field("http", &self.http.is_some())
            .field("never", &self.never)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_hosts_are_spared() {
        let proxies =
            Proxies::from_variables("", "http://p:1", "example.org, .corp.example,*.lab,10.0.0.1").unwrap();
        let spares = |url| proxies.spares(&Url::parse(url).unwrap());
        for url in [
            "https://example.org",
            "https://A.Example.org:8443",
            "https://x.corp.example",
            "https://gpu.lab",
            "https://10.0.0.1",
            "http://localhost:1",
        ] {
            assert!(spares(url), "{url}");
        }
        for url in [
            "https://badexample.org",
            "https://example.org.evil",
            "https://1.10.0.0.1",
            "https://10.0.0.2",
        ] {
            assert!(!spares(url), "{url}");
        }
        let all = Proxies::from_variables("http://p:1", "", "*").unwrap();
        assert!(all.spares(&Url::parse("https://x.example").unwrap()));
    }

    #[test]
    fn a_proxy_that_is_none_is_refused_and_not_shown() {
        for bad in [
            "socks5://hunter2@proxy:1",
            "ftp://hunter2",
            "http://",
            "://hunter2",
        ] {
            let error = Proxies::from_variables(bad, "", "").unwrap_err();
            assert!(
                matches!(
                    error,
                    Error::Proxy {
                        variable: "HTTPS_PROXY"
                    }
                ),
                "{bad}"
            );
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        let kept = Proxies::from_variables("http://u:hunter2@proxy:3128", "proxy:80", "").unwrap();
        assert!(kept.https.is_some() && kept.http.is_some());
        assert!(!format!("{kept:?}").contains("hunter2"));
    }

    #[test]
    fn roots_are_certificates() {
        let roots = Roots::default();
        assert!(roots.all().len() > 100, "the public roots are built in");
        let no_ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bad in [
            "",
            "notes",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            no_ca,
        ] {
            assert!(
                matches!(roots.clone().and_pem(bad.as_bytes()), Err(Error::Roots { .. })),
                "{bad:?}"
            );
        }
    }
}

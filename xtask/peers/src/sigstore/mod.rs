//! The services of Sigstore, run within the test: an issuer of tokens, a certificate authority with its log, two
//! transparency logs, and a timestamp authority.
//!
//! They are ours, for tests only, and imitate nobody's answers: each implements the protocol of the service it
//! stands for, with real keys, trees and signatures, so that any client of Sigstore can sign with them and any
//! verifier can check the result. What they leave out is what a client cannot see (databases, witnesses, the
//! publishing of the certificate log). Clients must be tested against servers that lie, so every one can be told
//! to: [`Lie`] within its protocol, [`Trouble`] below it.
//!
//! ```no_run
//! use weightlock_peers::sigstore::{Account, Rekor, Sigstore};
//!
//! let sigstore = Sigstore::start();
//! std::fs::write("trust.json", sigstore.trust_config(Rekor::First))?;
//! std::fs::write("token", sigstore.token(&Account::email("signer@example.com")))?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod account;
mod authority;
mod bundle;
mod der;
mod documents;
mod fulcio;
mod key;
mod lie;
mod log;
mod oidc;
mod rekor;
mod timestamp;

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use ::base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest as _, Sha256};

use self::{fulcio::Fulcio, oidc::Issuer, timestamp::Timestamps};
use crate::http::{self, Server};

pub use self::{
    account::Account,
    bundle::{BundleVersion, Signed},
    http::Trouble,
    lie::Lie,
    oidc::JOB_SECRET,
};

/// Which of the two logs a signing configuration names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rekor {
    /// Version 1, whose entries carry a time.
    First,
    /// Version 2, whose entries need a timestamp beside them.
    Second,
    /// Both: a client that knows the second must take it.
    Both,
}

/// One of the services.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// Who gives tokens.
    Issuer,
    /// The certificate authority.
    Fulcio,
    /// The log of version 1.
    RekorFirst,
    /// The log of version 2.
    RekorSecond,
    /// The timestamp authority.
    Timestamps,
}

/// The lies that are being told, shared by all services.
#[derive(Clone, Default, Debug)]
pub(crate) struct Lies(Arc<Mutex<Option<Lie>>>);

impl Lies {
    fn told(&self, lie: Lie) -> bool {
        *self.0.lock().expect("no thread panics with it") == Some(lie)
    }
}

/// All services, listening on ports of the loopback interface until dropped.
#[derive(Debug)]
pub struct Sigstore {
    issuer: Arc<Issuer>,
    fulcio: Arc<Fulcio>,
    first: Arc<rekor::Rekor>,
    second: Arc<rekor::Rekor>,
    timestamps: Arc<Timestamps>,
    servers: [Server; 5],
    lies: Lies,
    started: i64,
}

impl Sigstore {
    /// Starts every service, with keys of its own.
    ///
    /// # Panics
    /// When the system has no free port.
    #[must_use]
    pub fn start() -> Self {
        let (lies, started) = (Lies::default(), now());
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let issuer = Arc::new(Issuer::new(format!("http://{address}"), lies.clone()));
        let fulcio = Arc::new(Fulcio::new(lies.clone(), started));
        let first = Arc::new(rekor::Rekor::new(1, lies.clone()));
        let second = Arc::new(rekor::Rekor::new(2, lies.clone()));
        let timestamps = Arc::new(Timestamps::new(lies.clone(), started));
        let servers = [
            {
                let issuer = Arc::clone(&issuer);
                Server::serve(listener, move |request| issuer.answer(request))
            },
            {
                let (fulcio, issuer) = (Arc::clone(&fulcio), Arc::clone(&issuer));
                Server::start(move |request| fulcio.answer(request, &issuer))
            },
            {
                let first = Arc::clone(&first);
                Server::start(move |request| first.answer(request))
            },
            {
                let second = Arc::clone(&second);
                Server::start(move |request| second.answer(request))
            },
            {
                let timestamps = Arc::clone(&timestamps);
                Server::start(move |request| timestamps.answer(request))
            },
        ];
        Self {
            issuer,
            fulcio,
            first,
            second,
            timestamps,
            servers,
            lies,
            started,
        }
    }

    /// The address of a service, without a path.
    #[must_use]
    pub fn url(&self, service: Service) -> String {
        self.server(service).url()
    }

    /// The issuer's name, which certificates carry.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer.url
    }

    /// A token for an account, good for ten minutes.
    #[must_use]
    pub fn token(&self, account: &Account) -> String {
        self.issuer.token(account, "sigstore", None)
    }

    /// Sets who is signed in when a browser, a device or a job asks for a token.
    pub fn sign_in(&self, account: Account) {
        self.issuer.become_account(account);
    }

    /// Tells the services to lie, or to stop.
    ///
    /// # Panics
    /// When a service has panicked before.
    pub fn lie(&self, lie: Option<Lie>) {
        *self.lies.0.lock().expect("no thread panics with it") = lie;
    }

    /// Makes one service misbehave below its protocol, or stop.
    pub fn trouble(&self, service: Service, trouble: Option<Trouble>) {
        self.server(service).trouble(trouble);
    }

    /// How many connections a service has had since its last change of [`Sigstore::trouble`].
    #[must_use]
    pub fn requests(&self, service: Service) -> usize {
        self.server(service).requests()
    }

    /// The private key of the log of version 2, for a real log that stands in for it.
    #[must_use]
    pub fn second_log_key(&self) -> String {
        self.second.log.key.to_pem()
    }

    fn server(&self, service: Service) -> &Server {
        let [issuer, fulcio, first, second, timestamps] = &self.servers;
        match service {
            Service::Issuer => issuer,
            Service::Fulcio => fulcio,
            Service::RekorFirst => first,
            Service::RekorSecond => second,
            Service::Timestamps => timestamps,
        }
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = elapsed.expect("the clock is set").as_secs();
    i64::try_from(seconds).expect("a time of our days")
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unbase64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// What a DSSE signature covers.
fn pre_authentication(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

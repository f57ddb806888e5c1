//! Signing keyless: a key that lives for one session, certified for minutes to whoever an identity token names.
//!
//! 1. A [`SigningConfig`] says which services are used ([`SigningConfig::plan`]); nothing else is ever called.
//! 2. [`Session::open`] makes a key and asks the authority for a certificate, proving that it has the key (RFC 2986).
//!    The certificate must be for that key, and name somebody that the token shows.
//! 3. [`Session::sign`] signs, asks the clocks for timestamps over the signature, and the logs for an entry.
//! 4. What came of it is a bundle, which is checked by the verifier that a consumer uses ([`TrustRoot::verify`]) before
//!    anybody gets it. A service that lied is a refusal with a code, never a bundle that somebody else refuses later.
//!
//! What is published stays: certificate and entry name the signer in public logs for ever. Callers say so first.
//!
//! [`TrustRoot::verify`]: crate::sigstore::TrustRoot::verify

mod authority;
mod clock;
mod config;
mod error;
mod log;
mod reason;
mod session;
mod write;

pub use config::{ConfigError, LogVersion, Plan, SigningConfig};
pub use error::KeylessError;
pub use reason::EXPLANATIONS;
pub use session::{Services, Session, Signable, Signed};

/// What fuzzing reads answers with: what a service could say, without the service.
pub mod answers {
    pub use super::{
        authority::read_chain,
        clock::{Asked, read_token},
        log::read_entry,
    };
}

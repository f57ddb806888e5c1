//! The only room that opens a socket: a small, blocking HTTP client for the few services Weightlock talks to.
//!
//! Nothing here decides where to go. An [`Url`] comes from a flag, from a file or variable the user chose, or from what
//! such a file lists; nothing is looked up, and no address is built in. Everything that a server says is hostile: an
//! answer is read whole under a limit ([`http::Settings::answer_limit`]), a call ends after a given time, redirects to
//! another place are not followed, and an error quotes a server only with its control characters made harmless.
//!
//! Environment, clock and signals are not asked here: proxies, roots and the wish to stop are [`http::Settings`].
//!
//! ```no_run
//! use weightlock_transport::{Secret, Url, http::{Client, Settings}};
//!
//! # fn main() -> Result<(), weightlock_transport::Error> {
//! let client = Client::new(Settings::default());
//! let base = Url::parse("https://vault.example.org:8200")?;
//! let answer = client
//!     .get(&base.below(["v1", "transit", "keys", "release"])?)
//!     .secret_header("X-Vault-Token", "", &Secret::new("s.abc"))
//!     .send()?
//!     .success()?;
//! assert!(!answer.body.is_empty());
//! # Ok(())
//! # }
//! ```

mod address;
mod error;
pub mod http;
mod reason;
pub mod redirect;
mod secret;

pub use address::Url;
pub use error::Error;
pub use reason::EXPLANATIONS;
pub use secret::Secret;

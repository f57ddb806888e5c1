//! Sigstore: short-lived certificates of identities, transparency logs, timestamps, and the roots that make them
//! count. All but `tuf` (feature `online`) works offline and opens nothing.
//!
//! The checks of a bundle are those of the `sigstore-verify` crate, which follows Sigstore's client specification and
//! agrees with its conformance suite. It is used in this module and nowhere else, with this crate's own cryptography
//! ([`crypto`]: no C), and it is given only documents that the strict readers of this crate accepted first. What it
//! leaves to its callers is here: whose identity counts ([`crate::identity`]), names of kinds it does not read, the entry
//! kind `dsse 0.0.2` ([`tiles`]), a reason code for each broken rule.
//!
//! Writing the verifier anew was rejected: a second implementation of the same rules has its own mistakes, and nobody
//! else looks for them.

mod artifact;
mod crypto;
#[cfg(feature = "online")]
pub mod oidc;
mod reason;
mod refusal;
mod root;
#[cfg(feature = "online")]
pub mod sign;
mod tiles;
#[cfg(feature = "online")]
pub mod tuf;
mod verify;

pub use artifact::Artifact;
pub use reason::EXPLANATIONS;
pub use refusal::SigstoreRefusal;
pub use root::{Authority, AuthorityKind, Instance, Origin, RootError, TrustRoot, Without};
pub use verify::{Proven, Whom};

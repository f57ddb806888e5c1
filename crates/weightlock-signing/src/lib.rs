//! Statements, envelopes, bundles, keys and certificates: who made a claim about a model, and what was claimed.
//!
//! Keys ([`key`]) and certificates ([`certificate`]) hide the cryptographic crates: no type of theirs is part
//! of this crate's interface. Without the features `sign` and `pkcs11` only the verify half is built, which is
//! pure Rust, uses no random numbers and no operating system.

#[macro_use]
mod table;

mod base64;
pub mod blob;
pub mod bundle;
pub mod certificate;
pub mod cosign;
pub mod envelope;
pub mod identity;
mod json;
pub mod key;
pub mod oms;
mod pem;
pub mod predicate;
pub mod reason;
mod refusal;
mod signers;
pub mod sigstore;
pub mod statement;
mod verifier;

pub use json::JsonError;
pub use refusal::Refusal;
pub use signers::{NotCounted, SignersByKind};
pub use verifier::{IdentityTrust, Signer, Trust, is_signed_by};

//! cosign's own files: what its releases wrote before, and beside, Sigstore bundles.
//!
//! | module | file | specification |
//! |---|---|---|
//! | [`bundle`] | the old JSON bundle of `sign-blob --bundle` and `attest-blob --bundle` | cosign `specs/` and releases 1 and 2 |
//! | [`detached`] | `--output-signature`, `--output-certificate` | the same |
//! | [`timestamp`] | `--rfc3161-timestamp` | the same |
//! | [`envelope`] | `attest-blob --output-signature`: a DSSE envelope by itself | DSSE protocol v1.0.2 |
//!
//! Everything here is read strictly and bounded, and nothing is trusted by being read: [`crate::blob`] checks.

pub mod bundle;
pub mod detached;
pub mod envelope;
mod error;
pub mod timestamp;

pub use error::FormError;

//! Who made a claim about a model, and what was claimed: keys, certificates, identities, envelopes, bundles, statements.
//!
//! | question | where |
//! |---|---|
//! | sign a folder, verify a folder | [`folder`], and [`oms::model`] for everything that can be chosen |
//! | verify a model signature without the model | [`oms::verify`] |
//! | sign and verify a statement about a model | [`statement`], [`predicate`], [`SignersByKind`] |
//! | whose signature counts | [`Trust`]: a key, roots of certificates, an identity |
//! | keys and certificates | [`key`], [`certificate`], [`identity`], [`sigstore`] |
//!
//! What was checked is another type than what was read: a [`bundle::Bundle`] is anybody's, an [`oms::VerifiedStatement`], an
//! [`oms::model::VerifiedModel`] and a [`statement::VerifiedEvidence`] come out of a verification and nothing else makes them.
//! A refusal names the first rule that is broken ([`Refusal`]), with a stable code.
//!
//! # A folder
//!
//! ```
//! use weightlock_signing::{Trust, folder, key::{Algorithm, PrivateKey, Signer, SystemRandom}, oms::SigningMaterial};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let model = place.path();
//! # std::fs::write(model.join("config.json"), "{}")?;
//! let key = PrivateKey::generate(Algorithm::P256, &mut SystemRandom)?;
//! let bundle = folder::sign(model, &key, &SigningMaterial::Key)?;
//! std::fs::write(model.join("model.sig"), &bundle)?;
//!
//! let trust = Trust::Key(key.public_key().clone());
//! let verified = folder::verify(model, &bundle, &trust)?;
//! assert!(verified.is_complete());
//!
//! std::fs::write(model.join("config.json"), "{\"changed\": true}")?;
//! let refused = folder::verify(model, &bundle, &trust).unwrap_err();
//! assert_eq!(refused.code().as_str(), "WL-SIG-TAMPERED");
//! # Ok(())
//! # }
//! ```
//!
//! # A model signature in memory
//!
//! Without the model: who signed which digests. This half needs no file system and builds for WebAssembly.
//!
//! ```
//! use weightlock_signing::{Trust, key::PublicKey, oms};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bundle = include_bytes!("../../../testdata/oms/reference-1.1.1/sigs/basic-p256.sig");
//! # let pem = include_bytes!("../../../testdata/oms/reference-1.1.1/keys/p256.pub.pem");
//! let trust = Trust::Key(PublicKey::from_pem(pem)?);
//! let verified = oms::verify(bundle, &trust)?;
//! assert!(verified.statement().file_count() > 0);
//! # Ok(())
//! # }
//! ```
//!
//! # A statement
//!
//! Any document about a model, and whose word counts for its kind.
//!
//! ```
//! use weightlock_artifact::{digest::Algorithm, evidence::Kind, manifest::Subject};
//! use weightlock_signing::{
//!     SignersByKind, Trust,
//!     key::{self, PrivateKey, Signer, SystemRandom},
//!     oms::SigningMaterial,
//!     predicate::{Predicate, Wanted},
//!     statement::{Model, sign_statement_payload},
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = PrivateKey::generate(key::Algorithm::P256, &mut SystemRandom)?;
//! let digest = Algorithm::Sha256.digest(b"the bytes of the model, which is one file");
//! let subject = Subject { name: "my-model.gguf".to_owned(), sha256: digest };
//! let review = Predicate::read(br#"{"result": "approved"}"#, &Wanted::parse("review")?, "2026-01-31T00:00:00Z")?;
//! let bundle = sign_statement_payload(review.payload(&[subject]), &key, &SigningMaterial::Key)?;
//!
//! let signers = SignersByKind::default().with(Kind::Review, Trust::Key(key.public_key().clone()));
//! let evidence = signers.judge(&bundle, None, &Model::file(digest))?;
//! assert_eq!(evidence.statement().predicate["result"], "approved");
//!
//! let another = Algorithm::Sha256.digest(b"other bytes");
//! assert!(signers.judge(&bundle, None, &Model::file(another)).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Whom to trust
//!
//! A key, roots of certificates, or an identity that a Sigstore instance vouches for. There is no way to trust anybody.
//!
//! ```
//! use std::sync::Arc;
//! use weightlock_signing::{IdentityTrust, Trust, identity::Required, oms, sigstore::{Instance, TrustRoot}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let trust = Trust::Identity(IdentityTrust {
//!     required: Required::exactly("release-bot@example.com", "https://accounts.example.com"),
//!     root: Arc::new(TrustRoot::embedded(Instance::Production)?),
//! });
//! # let by_key = include_bytes!("../../../testdata/oms/reference-1.1.1/sigs/basic-p256.sig");
//! // A signature by some key is none by that identity.
//! assert_eq!(oms::verify(by_key, &trust).unwrap_err().code().as_str(), "WL-SIG-METHOD");
//! # Ok(())
//! # }
//! ```
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
#[cfg(feature = "fs")]
pub mod folder;
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
pub use verifier::{IdentityTrust, Signer, Trust, is_signed_by, is_signed_by_identity};

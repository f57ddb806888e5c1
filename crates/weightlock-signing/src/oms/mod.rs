//! OpenSSF Model Signing (OMS 1.0): one signed statement that lists every file of a model.
//!
//! * [`statement`](ModelStatement) — what is claimed, as types: files or shards, hash, what the signer ignored.
//! * [`verify`] — from a bundle and what the caller trusts to a [`VerifiedStatement`].
//! * [`sign`](sign_statement) — from a list of digests to a bundle (feature `sign`).
//! * `model` — the same against a folder on disk: who signed it, and is it unchanged (feature `fs`).
//!
//! Everything the specification's examples and the versions 0.2 to 1.1 of its reference implementation write is
//! read; the current form is written. What the reference accepts and this module refuses is listed in
//! `docs/compat/model_signing.md`.

pub mod danger;
mod legacy;
#[cfg(feature = "fs")]
pub mod model;
mod parse;
#[cfg(feature = "sign")]
mod sign;
mod verify;
mod write;

use std::{collections::BTreeMap, num::NonZeroU64};

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    path::ArtifactPath,
};

#[cfg(feature = "sign")]
pub(crate) use self::sign::sign_payload;
#[cfg(feature = "sign")]
pub use self::sign::{SigningError, SigningMaterial, sign_statement};
pub use self::verify::{VerifiedStatement, verify, verify_bundle};

/// The predicate type of OMS 1.0 (section 5.1).
pub const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";
/// The predicate type of the reference implementation 0.2, which listed files as subjects.
pub const PREDICATE_TYPE_0_2: &str = "https://model_signing/Digests/v0.1";
/// The resource name that the reference implementation gives to a model of one file.
pub const SINGLE_FILE: &str = ".";

/// Which statement form a signature uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// OMS 1.0, written by the reference since 0.3.
    V1,
    /// The form of the reference 0.2: files as subjects, no root digest, no serialization. Deprecated.
    V0_2,
}

/// How files became resources (`serialization`, OMS 5.2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Serialization {
    /// One digest per file, or per shard.
    pub method: Method,
    /// The digest algorithm of every resource.
    pub algorithm: Algorithm,
    /// The signer followed symbolic links to files.
    pub allow_symlinks: bool,
    /// What the signer left out, below the model's root.
    pub ignore_paths: Vec<ArtifactPath>,
}

/// One digest per file, or per shard of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// One digest per file.
    Files,
    /// One digest per this many bytes of a file; the last shard may be shorter.
    Shards(NonZeroU64),
}

/// What is claimed about one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileClaim {
    /// The digest of all its bytes.
    Whole(Digest),
    /// The digests of its shards in order, which cover it from start to end.
    Shards {
        /// One digest per shard.
        digests: Vec<Digest>,
        /// The file's size in bytes, when the shards' names tell.
        size: Option<u64>,
    },
}

/// The files a statement lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Files {
    /// A folder's files by path.
    Named(BTreeMap<ArtifactPath, FileClaim>),
    /// A model that is one file, recorded without a name.
    Single(FileClaim),
}

/// A parsed and self-consistent statement. Whether anybody signed it is another type: [`VerifiedStatement`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelStatement {
    form: Form,
    model_name: Option<String>,
    root: Option<Digest>,
    serialization: Serialization,
    files: Files,
    omits_empty_files: bool,
}

impl ModelStatement {
    /// Reads a statement and checks that it does not contradict itself. **Nobody's signature is checked**: a model is
    /// judged by what [`verify`] returns, never by this.
    ///
    /// # Errors
    /// [`Refusal`](crate::Refusal) names the first rule broken.
    pub fn parse_unverified(payload: &[u8]) -> Result<Self, crate::Refusal> {
        parse::statement(payload)
    }

    /// The statement form it was read from.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// What the signer called the model. Informational; the form 0.2 has none.
    #[must_use]
    pub fn model_name(&self) -> Option<&str> {
        self.model_name.as_deref()
    }

    /// The root digest (OMS 6.5.1), recomputed from the files. It binds no names, so it is no identity.
    #[must_use]
    pub const fn root(&self) -> Option<&Digest> {
        self.root.as_ref()
    }

    /// How files became resources.
    #[must_use]
    pub const fn serialization(&self) -> &Serialization {
        &self.serialization
    }

    /// The files.
    #[must_use]
    pub const fn files(&self) -> &Files {
        &self.files
    }

    /// Empty files are not listed, because shards are named by byte range and they have none.
    #[must_use]
    pub const fn omits_empty_files(&self) -> bool {
        self.omits_empty_files
    }

    /// How many files are listed.
    #[must_use]
    pub fn file_count(&self) -> usize {
        match &self.files {
            Files::Named(files) => files.len(),
            Files::Single(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests;

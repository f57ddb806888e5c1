//! [`Source`]: where a claim was found, so that a reader can look for himself.

use std::fmt;

use serde::Serialize;
use weightlock_artifact::{digest::Digest, path::ArtifactPath};

/// A place that says something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Source {
    /// Who or what says it.
    pub origin: Origin,
    /// Where in it: a key (`general.base_model.0.repo_url`), a way into a document (`model-index[0].name`), a heading. Empty for the
    /// whole of it.
    pub place: String,
    /// Bytes from the start of the file, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// Who or what says something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A file of the model.
    File(ArtifactPath),
    /// Weightlock worked it out; the word names the rule.
    Computed(&'static str),
    /// The user, in the facts file beside the model or on the command line.
    User,
    /// A statement whose signature was checked, by a signer that counts for its kind.
    Evidence {
        /// SHA-256 of the bundle.
        digest: Digest,
        /// Who signed it.
        signer: String,
    },
    /// A bill of materials of another tool that was merged.
    Document {
        /// Its file name.
        name: String,
        /// SHA-256 of its text.
        digest: Digest,
    },
}

impl Source {
    /// A place in a file.
    #[must_use]
    pub fn file(path: &ArtifactPath, place: impl Into<String>) -> Self {
        Self {
            origin: Origin::File(path.clone()),
            place: place.into(),
            offset: None,
        }
    }

    /// A rule that worked it out, from `place`.
    #[must_use]
    pub fn computed(rule: &'static str, place: impl Into<String>) -> Self {
        Self {
            origin: Origin::Computed(rule),
            place: place.into(),
            offset: None,
        }
    }

    /// What the user says, under this key.
    #[must_use]
    pub fn user(place: impl Into<String>) -> Self {
        Self {
            origin: Origin::User,
            place: place.into(),
            offset: None,
        }
    }

    /// The same, with its offset in bytes.
    #[must_use]
    pub const fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }
}

/// `README.md:base_model`, `computed:tensor-shapes`, `user:name`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File(path) => write!(f, "{path}")?,
            Origin::Computed(rule) => write!(f, "computed:{rule}")?,
            Origin::User => f.write_str("user")?,
            Origin::Evidence { digest, .. } => write!(f, "evidence:{digest}")?,
            Origin::Document { name, .. } => write!(f, "document:{name}")?,
        }
        if self.place.is_empty() {
            return Ok(());
        }
        write!(f, ":{}", self.place)
    }
}

//! Bills of materials as documents: written from a [`Graph`], and read into one.
//!
//! | module | format |
//! |---|---|
//! | [`cyclonedx`] | CycloneDX 1.7 and 1.6 JSON (ECMA-424) |
//! | [`spdx3`] | SPDX 3.0.1 JSON-LD, profiles Core, Software, SimpleLicensing, AI, Dataset, Build |
//! | [`spdx2`] | SPDX 2.3 JSON |
//! | [`read`] | documents of other tools, and our own |
//!
//! 1. The same graph and the same [`Settings`] give the same bytes: the serial number is a UUID of the content, and the time is an
//!    argument.
//! 2. Every reference is unique and names something; that is checked on every document before it leaves
//!    ([`DocumentError`]), because no JSON schema can say it.
//! 3. What nobody says is written as unknown, where the format has a place for it.

pub mod cyclonedx;
mod identity;
mod json;
pub mod licence;
pub mod read;
pub mod reason;
pub mod spdx2;
pub mod spdx3;
mod view;

pub use self::identity::uuid;

use std::collections::BTreeSet;

use crate::graph::Graph;

/// The form of a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// CycloneDX 1.7.
    CycloneDx17,
    /// CycloneDX 1.6.
    CycloneDx16,
    /// SPDX 3.0.1.
    Spdx3,
    /// SPDX 2.3.
    Spdx2,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::CycloneDx17, Self::CycloneDx16, Self::Spdx3, Self::Spdx2];

    /// What it is called in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CycloneDx17 => "CycloneDX 1.7",
            Self::CycloneDx16 => "CycloneDX 1.6",
            Self::Spdx3 => "SPDX 3.0.1",
            Self::Spdx2 => "SPDX 2.3",
        }
    }
}

/// Everything about a document that the graph does not say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// When it was made, in seconds since 1970; nothing is written where nobody says.
    pub time: Option<i64>,
    /// Version of the program that writes it.
    pub tool_version: String,
    /// Who lets it be written: a person or an organisation.
    pub author: Option<String>,
    /// Whether claims about machines and people are written.
    pub show_private: bool,
    /// Whether the model is also the first of the components, for readers that look there only (CycloneDX).
    pub model_first: bool,
}

/// A document that must not leave, because readers would misread it. It is a defect of the writer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Two things have one reference.
    #[error("two things are called {0:?}")]
    Twice(String),
    /// A reference names nothing.
    #[error("nothing is called {0:?}")]
    Dangling(String),
}

/// Writes a document. It ends with a line feed.
///
/// # Errors
/// [`DocumentError`] when the references of the document do not hold.
pub fn write(graph: &Graph, form: Form, settings: &Settings) -> Result<String, DocumentError> {
    match form {
        Form::CycloneDx17 => cyclonedx::write(graph, cyclonedx::Version::V1_7, settings),
        Form::CycloneDx16 => cyclonedx::write(graph, cyclonedx::Version::V1_6, settings),
        Form::Spdx3 => spdx3::write(graph, settings),
        Form::Spdx2 => spdx2::write(graph, settings),
    }
}

/// Every name is there once, and every reference is a name.
fn check_references<'a>(
    names: impl IntoIterator<Item = &'a str>,
    references: impl IntoIterator<Item = &'a str>,
) -> Result<(), DocumentError> {
    let mut known = BTreeSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(DocumentError::Twice(name.to_owned()));
        }
    }
    match references.into_iter().find(|it| !known.contains(it)) {
        Some(reference) => Err(DocumentError::Dangling(reference.to_owned())),
        None => Ok(()),
    }
}

impl Settings {
    /// The time as RFC 3339 has it.
    fn timestamp(&self) -> Option<String> {
        let time = jiff::Timestamp::from_second(self.time?).ok()?;
        Some(time.to_string()).filter(|it| it.len() == "2026-01-31T00:00:00Z".len())
    }
}

#[cfg(test)]
mod tests;

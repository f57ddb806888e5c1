//! [`Ref`]: the name of a component within one graph, and of it in the documents (`bom-ref`, `spdxId`).

use std::fmt::{self, Write};

use serde::Serialize;

/// A name without blanks, quotes or control characters, unique within a graph: `dataset:acme/corpus`.
///
/// What comes from outside is written with `%XX` for every byte that is not a letter, a digit or one of `-._/@+`, so that two
/// different names stay different.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Ref(String);

impl Ref {
    /// The thing that the graph is about, whatever it is called.
    #[must_use]
    pub fn subject() -> Self {
        Self("subject".to_owned())
    }

    /// What stands before every other name.
    pub(super) const fn lowest() -> Self {
        Self(String::new())
    }

    /// A thing of a family (`file`, `dataset`, `parent`, `package`, `tool`, `step`, `agent`, …) by its own name.
    #[must_use]
    pub fn new(family: &'static str, name: &str) -> Self {
        let mut text = String::with_capacity(family.len().saturating_add(name.len()).saturating_add(1));
        text.push_str(family);
        text.push(':');
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._/@+".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

//! [`ArtifactPath`]: a name below a model's root that is safe to join, print and compare.

use std::{cmp::Ordering, fmt};

use serde::{Serialize, Serializer};

/// A relative path below a model's root: UTF-8, `/` between components, no normalisation.
///
/// Holding one proves: not empty, not absolute, no empty, `.` or `..` component, no NUL. It says nothing about
/// a file system; opening goes through [`crate::inventory`], which resolves below the root only.
///
/// The order is **component order**: lists of components, each compared by bytes. It is the order OMS
/// producers use (`a/b`, `a-b/c`, `a.txt`), and differs from the order of whole strings, which the canonical
/// [`crate::manifest::Manifest`] uses. For the same reason a map by paths cannot be asked with text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ArtifactPath(String);

/// Why a name is not an [`ArtifactPath`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The name has no characters.
    #[error("the name is empty")]
    Empty,
    /// The name is longer than [`ArtifactPath::MAX_BYTES`].
    #[error("the name is longer than {} bytes", ArtifactPath::MAX_BYTES)]
    TooLong,
    /// The name begins with `/`.
    #[error("the name is absolute")]
    Absolute,
    /// A component is empty (`a//b`, `a/`).
    #[error("the name has an empty component")]
    EmptyComponent,
    /// A component is `.` or `..`.
    #[error("the name has a `.` or `..` component")]
    Traversal,
    /// The name holds a NUL character.
    #[error("the name holds a NUL character")]
    Nul,
    /// The name is not UTF-8.
    #[error("the name is not UTF-8")]
    NotUtf8,
}

impl ArtifactPath {
    /// The longest accepted name: Linux' `PATH_MAX`; nothing longer can be opened in one call.
    pub const MAX_BYTES: usize = 4096;

    /// Checks a name.
    ///
    /// # Errors
    /// [`PathError`] says which rule the name breaks.
    pub fn parse(name: impl Into<String>) -> Result<Self, PathError> {
        let name = name.into();
        if name.is_empty() {
            return Err(PathError::Empty);
        }
        if name.len() > Self::MAX_BYTES {
            return Err(PathError::TooLong);
        }
        if name.contains('\0') {
            return Err(PathError::Nul);
        }
        if name.starts_with('/') {
            return Err(PathError::Absolute);
        }
        for component in name.split('/') {
            match component {
                "" => return Err(PathError::EmptyComponent),
                "." | ".." => return Err(PathError::Traversal),
                _ => {}
            }
        }
        Ok(Self(name))
    }

    /// Checks a name that came from the file system as bytes.
    ///
    /// # Errors
    /// As [`ArtifactPath::parse`], and [`PathError::NotUtf8`].
    pub fn from_bytes(name: &[u8]) -> Result<Self, PathError> {
        let name = std::str::from_utf8(name).map_err(|_| PathError::NotUtf8)?;
        Self::parse(name)
    }

    /// The name as text, exactly as stored. Escape it before showing it: see [`crate::text::Shown`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components, outermost first.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last component.
    #[must_use]
    pub fn base_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Whether `self` is `ancestor` or lies below it, by whole components: `cache` covers `cache/x`, not `cache2`.
    #[must_use]
    pub fn is_at_or_below(&self, ancestor: &Self) -> bool {
        self.0
            .strip_prefix(&ancestor.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The folders that it lies in, outermost first.
    pub fn folders(&self) -> impl Iterator<Item = Self> {
        // Whole components of a path are a path.
        let ends = self.0.match_indices('/');
        ends.filter_map(|(end, _)| self.0.get(..end).map(|name| Self(name.to_owned())))
    }

    /// The path of `name` inside this folder.
    ///
    /// # Errors
    /// As [`ArtifactPath::parse`], for the joined name.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        Self::parse(format!("{}/{name}", self.0))
    }
}

impl Ord for ArtifactPath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.components().cmp(other.components())
    }
}

impl PartialOrd for ArtifactPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&crate::text::Shown(&self.0), f)
    }
}

impl Serialize for ArtifactPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_each_hostile_form() {
        for (name, why) in [
            ("", PathError::Empty),
            ("/etc/passwd", PathError::Absolute),
            ("a//b", PathError::EmptyComponent),
            ("a/", PathError::EmptyComponent),
            (".", PathError::Traversal),
            ("..", PathError::Traversal),
            ("a/../b", PathError::Traversal),
            ("a/./b", PathError::Traversal),
            ("a\0b", PathError::Nul),
        ] {
            assert_eq!(ArtifactPath::parse(name), Err(why), "{name:?}");
        }
        assert_eq!(ArtifactPath::parse("x".repeat(4097)), Err(PathError::TooLong));
        assert_eq!(ArtifactPath::from_bytes(b"a\xff"), Err(PathError::NotUtf8));
    }

    #[test]
    fn accepts_odd_but_honest_names() {
        for name in [
            "...", "a..b", " ", "nl\nname", "e\u{301}", "a:b:0:1", "-rf", "..a/b..",
        ] {
            assert_eq!(ArtifactPath::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn component_order_is_not_string_order() {
        let mut paths =
            ["a.txt", "a-b/c.bin", "a/b.bin", "a/b-2.bin"].map(|p| ArtifactPath::parse(p).unwrap());
        paths.sort();
        assert_eq!(
            paths.each_ref().map(ArtifactPath::as_str),
            ["a/b-2.bin", "a/b.bin", "a-b/c.bin", "a.txt"]
        );
    }

    #[test]
    fn prefixes_are_whole_components() {
        let path = |p: &str| ArtifactPath::parse(p).unwrap();
        assert!(path("cache/x").is_at_or_below(&path("cache")));
        assert!(path("cache").is_at_or_below(&path("cache")));
        assert!(!path("cache2/x").is_at_or_below(&path("cache")));
    }
}

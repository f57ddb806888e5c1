//! Where something is: a path through containers ([`Trail`]) and a byte in the innermost ([`Place`]).

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};

/// The way to a content: the file, then the member of each container, joined with `!/`:
/// `model.nemo!/weights.ckpt!/archive/data.pkl`.
///
/// Member names are a stranger's: `%`, `!` before `/`, and control characters in them are written `%XX`, so that a
/// trail can be taken apart again and a name cannot pose as two. Show it through
/// [`weightlock_artifact::text::Shown`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trail(Arc<str>);

impl Trail {
    /// Longer names of members are cut: a name is for people to find the member by.
    const MAX_NAME: usize = 512;

    /// The file itself.
    #[must_use]
    pub fn file(path: &str) -> Self {
        Self(path.into())
    }

    /// A member called `name`, or a part described so, of what this leads to.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let mut joined = String::with_capacity(self.0.len().saturating_add(name.len()).saturating_add(2));
        joined.push_str(&self.0);
        joined.push_str("!/");
        let mut characters = name.chars().take(Self::MAX_NAME).peekable();
        while let Some(character) = characters.next() {
            let joint = character == '!' && characters.peek() == Some(&'/');
            if character == '%' || joint || character.is_control() {
                let mut utf8 = [0; 4];
                for byte in character.encode_utf8(&mut utf8).bytes() {
                    joined.push_str(&format!("%{byte:02X}"));
                }
            } else {
                joined.push(character);
            }
        }
        if name.chars().nth(Self::MAX_NAME).is_some() {
            joined.push('…');
        }
        Self(joined.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file that everything lies in, as it was given.
    #[must_use]
    pub fn outermost(&self) -> &str {
        self.0.split("!/").next().unwrap_or_default()
    }

    /// The last component of the innermost name: what a loader that looks at names goes by.
    #[must_use]
    pub fn base_name(&self) -> &str {
        self.0.rsplit(['/', '\\']).next().unwrap_or_default()
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Trail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A byte of a content.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct Place {
    /// The content.
    pub trail: Trail,
    /// Offset from its start; of the decompressed bytes where it was compressed. `None` when the whole is meant.
    pub offset: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_pose_as_two() {
        let trail = Trail::file("a.zip").member("x!/y%\n").member("z");
        assert_eq!(trail.as_str(), "a.zip!/x%21/y%25%0A!/z");
        assert_eq!(trail.outermost(), "a.zip");
        assert_eq!(trail.base_name(), "z");
        assert_eq!(Trail::file("d/config.json").base_name(), "config.json");
    }
}

//! [`Drift`]: how what is there differs from what was recorded, file by file, in words a person can act on.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::{digest::Digest, path::ArtifactPath};

/// One difference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Change {
    /// A file that was not recorded.
    Added {
        /// The file.
        path: ArtifactPath,
    },
    /// A recorded file that is gone.
    Removed {
        /// The file.
        path: ArtifactPath,
    },
    /// Other bytes under a recorded name.
    Changed {
        /// The file.
        path: ArtifactPath,
        /// What was recorded.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// A recorded file's bytes under another name.
    Renamed {
        /// The recorded name.
        from: ArtifactPath,
        /// The name now.
        to: ArtifactPath,
    },
    /// Something else than a file under a recorded name.
    Retyped {
        /// The recorded name.
        path: ArtifactPath,
        /// What is there: `is a symbolic link to …`, `is a folder`.
        now: String,
    },
}

impl Change {
    /// The path the change is listed under: the recorded name where there is one.
    #[must_use]
    pub const fn path(&self) -> &ArtifactPath {
        match self {
            Self::Added { path }
            | Self::Removed { path }
            | Self::Changed { path, .. }
            | Self::Renamed { from: path, .. }
            | Self::Retyped { path, .. } => path,
        }
    }
}

/// All differences, in component order of their paths.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
#[serde(transparent)]
pub struct Drift {
    changes: Vec<Change>,
}

impl Drift {
    /// Compares digests by name.
    ///
    /// `retyped` names recorded paths where something else than a file is now, with what it is. A removed and an
    /// added file with the same digest are one rename; with several candidates the first in order is taken.
    #[must_use]
    pub fn between(
        expected: &BTreeMap<ArtifactPath, Digest>,
        found: &BTreeMap<ArtifactPath, Digest>,
        retyped: &BTreeMap<ArtifactPath, String>,
    ) -> Self {
        let mut changes = Vec::new();
        let mut added: BTreeMap<&ArtifactPath, &Digest> = found
            .iter()
            .filter(|(path, _)| !expected.contains_key(*path))
            .collect();
        // By digest, first names last: both lists may come from a stranger and have a million entries.
        let mut by_digest: HashMap<&Digest, Vec<&ArtifactPath>> = HashMap::new();
        for (path, digest) in added.iter().rev() {
            by_digest.entry(digest).or_default().push(path);
        }
        for (path, expected) in expected {
            if let Some(found) = found.get(path) {
                if found != expected {
                    changes.push(Change::Changed {
                        path: path.clone(),
                        expected: *expected,
                        found: *found,
                    });
                }
            } else if let Some(now) = retyped.get(path) {
                changes.push(Change::Retyped {
                    path: path.clone(),
                    now: now.clone(),
                });
            } else if let Some(to) = by_digest.get_mut(expected).and_then(Vec::pop) {
                added.remove(to);
                changes.push(Change::Renamed {
                    from: path.clone(),
                    to: to.clone(),
                });
            } else {
                changes.push(Change::Removed { path: path.clone() });
            }
        }
        changes.extend(added.into_keys().map(|path| Change::Added { path: path.clone() }));
        changes.sort_by(|a, b| a.path().cmp(b.path()));
        Self { changes }
    }

    /// The differences; empty when there are none.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    fn files(list: &[(&str, &str)]) -> BTreeMap<ArtifactPath, Digest> {
        list.iter()
            .map(|(path, content)| {
                (
                    ArtifactPath::parse(*path).unwrap(),
                    Algorithm::Sha256.digest(content.as_bytes()),
                )
            })
            .collect()
    }

    #[test]
    fn names_every_kind_of_change_once() {
        let path = |text: &str| ArtifactPath::parse(text).unwrap();
        let digest = |text: &str| Algorithm::Sha256.digest(text.as_bytes());
        let expected = files(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5")]);
        let found = files(&[("a", "1"), ("b", "9"), ("new", "n"), ("z", "4")]);
        let retyped = BTreeMap::from([(path("e"), "is a folder".to_owned())]);
        let drift = Drift::between(&expected, &found, &retyped);
        assert_eq!(
            drift.changes(),
            [
                Change::Changed {
                    path: path("b"),
                    expected: digest("2"),
                    found: digest("9")
                },
                Change::Removed { path: path("c") },
                Change::Renamed {
                    from: path("d"),
                    to: path("z")
                },
                Change::Retyped {
                    path: path("e"),
                    now: "is a folder".to_owned()
                },
                Change::Added { path: path("new") },
            ]
        );
    }

    #[test]
    fn equal_is_empty_and_swapped_names_are_two_changes() {
        let one = files(&[("a", "1"), ("b", "2")]);
        assert!(Drift::between(&one, &one, &BTreeMap::new()).changes().is_empty());
        let swapped = files(&[("a", "2"), ("b", "1")]);
        assert_eq!(
            Drift::between(&one, &swapped, &BTreeMap::new()).changes().len(),
            2
        );
    }
}

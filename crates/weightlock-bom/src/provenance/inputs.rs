//! [`changes`]: whether two builds had the same inputs. A changed data set or base model changes what a model learned, also
//! where command and code are the same.

use std::collections::BTreeMap;

use super::{PATH, Provenance, Resource, Role};

/// An input that is not the same in both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputChange {
    /// Which part it plays.
    pub role: Role,
    /// What it is called, and the file in it.
    pub name: String,
    /// Its digest before; `None` where it was no input, or had none.
    pub earlier: Option<String>,
    /// Its digest after, likewise.
    pub later: Option<String>,
}

type Key = (Role, String, String);

/// The inputs that differ between two builds, by role, name and file. Inputs are the same by their digests; files that were
/// only carried over are no inputs of what was learned.
#[must_use]
pub fn changes(earlier: &Provenance, later: &Provenance) -> Vec<InputChange> {
    let (before, after) = (listed(earlier), listed(later));
    let mut keys: Vec<&Key> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let differing = keys.into_iter().filter_map(|key| {
        let (role, name, path) = key;
        let (earlier, later) = (before.get(key).cloned(), after.get(key).cloned());
        (earlier != later).then(|| InputChange {
            role: *role,
            name: if path.is_empty() {
                name.clone()
            } else {
                format!("{name}/{path}")
            },
            earlier: earlier.flatten(),
            later: later.flatten(),
        })
    });
    differing.collect()
}

/// Inputs with their digests; several of one name are told apart by their file.
fn listed(provenance: &Provenance) -> BTreeMap<Key, Option<String>> {
    let inputs = provenance
        .dependencies
        .iter()
        .filter(|one| one.role() != Role::CarriedOver);
    inputs
        .map(|one| {
            let path = one.annotations.get(PATH).cloned().unwrap_or_default();
            let name = one.title().unwrap_or_default().to_owned();
            ((one.role(), name, path), Resource::shown_digest(one))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use weightlock_artifact::digest::Algorithm;

    use super::*;

    fn provenance(data: &str, more: Option<&str>) -> Provenance {
        let one = |name: &str, content: &str| {
            Resource::named(name, Role::Dataset).with_sha256(&Algorithm::Sha256.digest(content.as_bytes()))
        };
        Provenance {
            dependencies: std::iter::once(one("data", data))
                .chain(more.map(|more| one("more", more)))
                .collect(),
            ..Provenance::default()
        }
    }

    #[test]
    fn a_changed_data_set_is_told_with_both_digests() {
        assert!(changes(&provenance("a", Some("b")), &provenance("a", Some("b"))).is_empty());
        let found = changes(&provenance("a", None), &provenance("b", Some("c")));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].role), ("data", Role::Dataset));
        assert!(found[0].earlier.is_some() && found[0].later.is_some());
        assert_eq!(
            (found[1].name.as_str(), found[1].earlier.as_ref()),
            ("more", None)
        );
    }
}

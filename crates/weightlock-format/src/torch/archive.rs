//! What the members of a PyTorch archive are, by their names.
//!
//! ```text
//! torch.save     root/data.pkl  root/data/KEY…  root/version  root/byteorder  root/.format_version
//!                root/.storage_alignment  root/.data/serialization_id
//! TorchScript    root/data.pkl  root/constants.pkl  root/bytecode.pkl  root/data/KEY…  root/constants/KEY…
//!                root/code/**.py  root/code/**.debug_pkl  root/extra/…
//! torch.package  root/.data/extern_modules  root/.data/KEY.storage  root/**.py  root/**.pkl  root/**
//! exported       root/models/*.json  root/data/weights/…  root/data/constants/…  root/data/aotinductor/…
//!                or, before 2.8, serialized_exported_program.json and serialized_*.pt
//! tar            sys_info  pickle  storages  tensors
//! ```
//!
//! `root` is any folder, or none: readers take the folder of the first member. A name only says what a loader would
//! take a member for; what a member is not taken for here is examined by its content, like any other.

use std::collections::BTreeSet;

/// What a loader takes a member for.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Part {
    /// A pickle whose persistent ids are storages.
    Pickle,
    /// The bytes of a storage.
    Storage,
    /// TorchScript source.
    Source,
    /// Python source of a package.
    Python,
    /// A short text about the archive: its version, its order of bytes.
    Marker,
    /// The graph of an exported program.
    Program,
    /// Anything else.
    Other,
}

/// The folders of an archive that hold a model.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Archive {
    /// Folders with a `data.pkl`, `constants.pkl` or `bytecode.pkl`, each with its final slash.
    models: BTreeSet<String>,
    /// Folders with `.data/extern_modules`.
    packages: BTreeSet<String>,
    /// Folders with an exported program.
    exported: BTreeSet<String>,
}

impl Archive {
    /// Tells the models among the members called `names`; `None` when there are none.
    #[must_use]
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut archive = Self::default();
        for name in names {
            let (folder, base) = split(name);
            match base {
                "data.pkl" | "constants.pkl" | "bytecode.pkl" => archive.models.insert(folder.to_owned()),
                "archive_format" | "serialized_exported_program.json" => {
                    archive.exported.insert(folder.to_owned())
                }
                "extern_modules" => folder
                    .strip_suffix(".data/")
                    .is_some_and(|root| archive.packages.insert(root.to_owned())),
                _ => false,
            };
        }
        let is_empty =
            archive.models.is_empty() && archive.packages.is_empty() && archive.exported.is_empty();
        (!is_empty).then_some(archive)
    }

    /// What a loader takes the member `name` for.
    #[must_use]
    pub fn part(&self, name: &str) -> Part {
        let within =
            |roots: &BTreeSet<String>| roots.iter().find_map(|root| name.strip_prefix(root.as_str()));
        if let Some(inner) = within(&self.packages)
            && let Some(part) = package_part(inner)
        {
            return part;
        }
        if let Some(inner) = within(&self.exported)
            && let Some(part) = exported_part(inner)
        {
            return part;
        }
        within(&self.models).and_then(model_part).unwrap_or(Part::Other)
    }

    /// Whether the archive holds TorchScript source, which defines the classes that its pickles name.
    #[must_use]
    pub fn is_script(name: &str) -> bool {
        name.contains("code/") && has_extension(name, "py")
    }
}

/// Folder, with its slash, and the last part of a name.
fn split(name: &str) -> (&str, &str) {
    let at = name.rfind('/').map_or(0, |at| at.saturating_add(1));
    name.split_at_checked(at).unwrap_or(("", name))
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

fn model_part(inner: &str) -> Option<Part> {
    let (folder, base) = split(inner);
    Some(match (folder, base) {
        ("", "data.pkl" | "constants.pkl" | "bytecode.pkl" | "traced_inputs.pkl") => Part::Pickle,
        ("" | ".data/", _) => return marker(base),
        ("data/" | "constants/" | "bytecode/" | "traced_inputs/", key) if is_key(key) => Part::Storage,
        _ if folder.starts_with("code/") && has_extension(base, "py") => Part::Source,
        _ if has_extension(base, "debug_pkl") => Part::Pickle,
        _ => return None,
    })
}

fn package_part(inner: &str) -> Option<Part> {
    let (folder, base) = split(inner);
    Some(match folder {
        ".data/" if base.strip_suffix(".storage").is_some_and(is_key) => Part::Storage,
        ".data/" => return marker(base),
        _ if has_extension(base, "py") => Part::Python,
        _ if has_extension(base, "pkl") => Part::Pickle,
        _ => return None,
    })
}

fn exported_part(inner: &str) -> Option<Part> {
    let (folder, base) = split(inner);
    Some(match folder {
        "" if base == "serialized_exported_program.json" => Part::Program,
        "" | ".data/" => return marker(base),
        "models/" if has_extension(base, "json") => Part::Program,
        "data/weights/" | "data/constants/" if is_weight(base) => Part::Storage,
        _ => return None,
    })
}

/// Names of storages are numbers, or a number and its hash: `140234_17`.
fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

fn is_weight(name: &str) -> bool {
    ["weight_", "tensor_"]
        .iter()
        .any(|kind| name.strip_prefix(kind).is_some_and(is_key))
}

fn marker(base: &str) -> Option<Part> {
    let known = [
        ".format_version",
        ".storage_alignment",
        "archive_format",
        "archive_version",
        "byteorder",
        "extern_modules",
        "python_version",
        "serialization_id",
        "version",
    ];
    known.contains(&base).then_some(Part::Marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(names: &[&str]) -> Vec<Part> {
        let archive = Archive::of(names.iter().copied()).unwrap();
        names.iter().map(|name| archive.part(name)).collect()
    }

    #[test]
    fn members_are_told_by_their_place() {
        use Part::{Marker, Other, Pickle, Program, Python, Source, Storage};
        assert_eq!(
            parts(&[
                "archive/data.pkl",
                "archive/data/0",
                "archive/data/140234_17",
                "archive/data/evil.pkl",
                "archive/version",
                "archive/.data/serialization_id",
                "archive/.format_version",
                "archive/code/__torch__/m.py",
                "archive/code/__torch__/m.py.debug_pkl",
                "archive/extra/config.json",
                "other/data/0",
                "archive/constants.pkl",
                "archive/constants/0",
            ]),
            [
                Pickle, Storage, Storage, Other, Marker, Marker, Marker, Source, Pickle, Other, Other,
                Pickle, Storage
            ]
        );
        assert_eq!(
            parts(&[
                "p/.data/extern_modules",
                "p/.data/0.storage",
                "p/pkg/m.py",
                "p/pkg/x.pkl",
                "p/pkg/x.txt"
            ]),
            [Marker, Storage, Python, Pickle, Other]
        );
        assert_eq!(
            parts(&[
                "x/archive_format",
                "x/models/model.json",
                "x/data/weights/weight_0",
                "x/data/aotinductor/m/a.so"
            ]),
            [Marker, Program, Storage, Other]
        );
        assert_eq!(
            parts(&["data.pkl", "data/0"]),
            [Pickle, Storage],
            "without a folder"
        );
    }

    #[test]
    fn other_archives_are_none() {
        assert_eq!(
            Archive::of(["a.npy", "model.json", "x/version"].into_iter()),
            None
        );
    }
}

//! [`View`]: the files of a model that lie as blobs under other names, as in an OCI layout or a store of Ollama.
//!
//! A list, which came along with the blobs and is nobody's word but its writer's, says which blob is which file. The view is that list,
//! checked for names that contradict each other; [`Root::of_view`](super::Root::of_view) opens its files, below the folder of the blobs
//! and through no link, so that whoever reads models reads these as any other.
//!
//! Rejected: a folder of links made for the reader. It would have to be written somewhere, and removed.

use std::{collections::BTreeMap, path::Path};

use crate::{
    Error,
    digest::Digest,
    path::{ArtifactPath, PathError},
};

/// Where the bytes of a file lie, and what the list says of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blob {
    /// Below the folder of the blobs.
    pub place: ArtifactPath,
    /// Bytes, as the list says.
    pub size: u64,
    /// As the list says.
    pub sha256: Digest,
}

impl Blob {
    /// Compares the size with what is there; `shown` is for the message.
    ///
    /// # Errors
    /// [`Error::BlobDiffers`].
    pub fn has_size(&self, found: u64, shown: &Path) -> Result<(), Error> {
        self.compare("its size", (&self.size.to_string(), &found.to_string()), shown)
    }

    /// Likewise the digest.
    ///
    /// # Errors
    /// [`Error::BlobDiffers`].
    pub fn has_digest(&self, found: &Digest, shown: &Path) -> Result<(), Error> {
        self.compare(
            "its digest",
            (&self.sha256.to_string(), &found.to_string()),
            shown,
        )
    }

    fn compare(&self, what: &'static str, (said, found): (&str, &str), shown: &Path) -> Result<(), Error> {
        if said == found {
            return Ok(());
        }
        Err(Error::BlobDiffers {
            path: shown.to_owned(),
            what,
            said: said.to_owned(),
            found: found.to_owned(),
        })
    }
}

/// Names of a list that cannot stand beside each other.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Clash {
    /// One name for two files.
    #[error("two files are called {0}")]
    Twice(ArtifactPath),
    /// A file below a file.
    #[error("{0} lies below a name that is a file itself")]
    BelowFile(ArtifactPath),
    /// No name of a file.
    #[error("a file cannot be called {name:?}: {why}")]
    Name {
        /// The name, shortened.
        name: String,
        /// Why not.
        why: PathError,
    },
}

/// Files by their names.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct View {
    files: BTreeMap<ArtifactPath, Blob>,
}

impl View {
    /// A view of these files.
    ///
    /// # Errors
    /// [`Clash`] when two have one name, or one lies below another.
    pub fn new(files: impl IntoIterator<Item = (ArtifactPath, Blob)>) -> Result<Self, Clash> {
        let mut view = Self::default();
        for (path, blob) in files {
            if view.files.insert(path.clone(), blob).is_some() {
                return Err(Clash::Twice(path));
            }
        }
        match view.files.keys().find(|path| view.is_below_file(path)) {
            Some(path) => Err(Clash::BelowFile(path.clone())),
            None => Ok(view),
        }
    }

    fn is_below_file(&self, path: &ArtifactPath) -> bool {
        let text = path.as_str();
        text.match_indices('/').any(|(at, _)| {
            let above = text.get(..at).and_then(|above| ArtifactPath::parse(above).ok());
            above.is_some_and(|above| self.files.contains_key(&above))
        })
    }

    /// The files in component order.
    pub fn files(&self) -> impl Iterator<Item = (&ArtifactPath, &Blob)> {
        self.files.iter()
    }

    /// The file of this name.
    #[must_use]
    pub fn file(&self, path: &ArtifactPath) -> Option<&Blob> {
        self.files.get(path)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::{
        digest::Algorithm,
        error::{BLOB_DIFFERS, BLOB_MISSING},
        inventory::{Inventory, Root, Scope},
    };

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    fn blob(place: &str, bytes: &[u8]) -> Blob {
        Blob {
            place: path(place),
            size: bytes.len() as u64,
            sha256: Algorithm::Sha256.digest(bytes),
        }
    }

    #[test]
    fn names_that_contradict_each_other_are_no_view() {
        let of = |names: &[&str]| View::new(names.iter().map(|name| (path(name), blob("b", b"x"))));
        assert!(of(&["a", "b/c", "b/d", "bb"]).is_ok());
        assert_eq!(of(&["a", "a"]), Err(Clash::Twice(path("a"))));
        assert_eq!(of(&["a", "a/b"]), Err(Clash::BelowFile(path("a/b"))));
        assert_eq!(of(&["a/b/c", "a"]), Err(Clash::BelowFile(path("a/b/c"))));
        assert!(of(&["a", "a-b", "a.b"]).is_ok());
    }

    #[test]
    fn files_are_read_under_their_names_and_through_no_link() {
        use std::io::Read as _;

        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        fs::create_dir(base.join("blobs")).unwrap();
        fs::write(base.join("blobs/1"), "weights").unwrap();
        symlink("1", base.join("blobs/2")).unwrap();
        symlink("blobs", base.join("other")).unwrap();
        fs::write(base.join("secret"), "weights").unwrap();
        let root = |place: &str, bytes: &[u8]| {
            let view = View::new([(path("sub/model.bin"), blob(place, bytes))]).unwrap();
            Root::of_view(base, base, view).unwrap()
        };
        let walk = |place: &str, bytes: &[u8]| Inventory::walk(root(place, bytes), &Scope::model());

        let found = walk("blobs/1", b"weights").unwrap();
        assert_eq!(found.entries().len(), 1);
        assert_eq!(found.bytes(), 7);
        let mut text = String::new();
        let mut file = found.root().open_file(&path("sub/model.bin")).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "weights");
        assert!(found.still_holds(&Scope::model()).is_ok());
        for unlisted in ["secret", "blobs/1", "sub"] {
            let error = found.root().open_file(&path(unlisted)).unwrap_err();
            assert_eq!(error.code(), crate::error::NOT_FOUND, "{unlisted}");
            assert!(!found.root().has(&path(unlisted)), "{unlisted}");
        }

        for (place, bytes, code) in [
            ("blobs/1", &b"weight"[..], BLOB_DIFFERS),
            ("blobs/2", b"weights", BLOB_MISSING),
            ("other/1", b"weights", BLOB_MISSING),
            ("blobs/3", b"weights", BLOB_MISSING),
            ("blobs", b"weights", BLOB_MISSING),
        ] {
            let error = walk(place, bytes).unwrap_err();
            assert_eq!(error.code(), code, "{place}");
            assert!(root(place, bytes).open_file(&path("sub/model.bin")).is_err() || place == "blobs/1");
        }
    }
}

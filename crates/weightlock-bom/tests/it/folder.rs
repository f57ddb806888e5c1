//! A folder as the program gives it to `describe`: every file hashed, opened when it is asked for.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use weightlock_artifact::{digest::Algorithm, path::ArtifactPath};
use weightlock_bom::{
    extract::{Content, File, Files, describe},
    graph::Graph,
};

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder {
    files: Vec<File>,
    bytes: BTreeMap<ArtifactPath, Vec<u8>>,
}

impl Folder {
    /// What lies in a folder of the test data.
    pub(crate) fn of(name: &str) -> Self {
        let root = vectors().join("models").join(name);
        let mut folder = Self::default();
        let mut due = vec![root.clone()];
        while let Some(path) = due.pop() {
            for entry in std::fs::read_dir(&path).expect("a folder").flatten() {
                if entry.path().is_dir() {
                    due.push(entry.path());
                } else {
                    let name = entry
                        .path()
                        .strip_prefix(&root)
                        .expect("inside")
                        .to_string_lossy()
                        .into_owned();
                    folder.add(&name, std::fs::read(entry.path()).expect("a file"));
                }
            }
        }
        folder
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let (path, bytes) = (ArtifactPath::parse(name).expect("a path"), bytes.into());
        self.files.push(File {
            path: path.clone(),
            size: bytes.len() as u64,
            sha256: Some(Algorithm::Sha256.digest(&bytes)),
        });
        self.bytes.insert(path, bytes);
    }

    /// With one more file.
    pub(crate) fn with(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.add(name, bytes);
        self
    }

    /// Names and bytes.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.bytes
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The same files in another order.
    pub(crate) fn in_order(mut self, order: &[usize]) -> Self {
        let mut keyed: Vec<_> = self.files.into_iter().enumerate().collect();
        keyed.sort_by_key(|(at, _)| order.get(*at).copied().unwrap_or(*at));
        self.files = keyed.into_iter().map(|(_, file)| file).collect();
        self
    }

    /// Its graph.
    pub(crate) fn graph(&self) -> Graph {
        describe(self, &|| false).expect("nothing fails in memory")
    }
}

impl Files for Folder {
    fn files(&self) -> &[File] {
        &self.files
    }

    fn open(&self, path: &ArtifactPath) -> io::Result<Content> {
        self.bytes
            .get(path)
            .map(|it| it.clone().into())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// The folder of the vectors.
pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors")
}

/// The folders that extractors are tried on.
pub(crate) fn models() -> Vec<String> {
    let folders = std::fs::read_dir(vectors().join("models")).expect("the models");
    let mut names: Vec<String> = folders
        .map(|it| it.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    assert!(names.len() >= 12, "{names:?}");
    names
}

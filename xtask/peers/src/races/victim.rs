//! The model that is attacked.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tempfile::TempDir;

/// The weights of a [`Victim`].
pub const WEIGHTS: &str = "model.safetensors";

/// Code that comes with a model.
pub const CODE: &str = "modeling.py";

/// The configuration of a model.
pub const CONFIG: &str = "config.json";

/// A file in a folder below.
pub const TOKENIZER: &str = "tokenizer/tokenizer.json";

/// How a model lies on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// A folder of files.
    Folder,
    /// A snapshot of a hub cache: links to blobs.
    HubCache,
}

impl Layout {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Folder, Self::HubCache];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::HubCache => "hub cache",
        }
    }
}

/// A small model that will be attacked: weights, configuration, code, and a tokenizer in a folder below.
#[derive(Debug)]
pub struct Victim {
    home: TempDir,
    model: PathBuf,
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Victim {
    /// Makes one with about so many bytes of weights.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(layout: Layout, weights: usize) -> io::Result<Self> {
        let home = tempfile::tempdir()?;
        let files = BTreeMap::from([
            (WEIGHTS, safetensors(weights)),
            (CONFIG, b"{\"model_type\": \"toy\", \"auto_map\": {}}".to_vec()),
            (CODE, b"def load():\n    return 'as it was signed'\n".to_vec()),
            (TOKENIZER, b"{\"version\": \"1.0\"}".to_vec()),
        ]);
        let model = match layout {
            Layout::Folder => home.path().join("m"),
            Layout::HubCache => home.path().join("hub/models--o--n/snapshots/0123"),
        };
        for (number, (name, content)) in files.iter().enumerate() {
            let path = model.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&model))?;
            match layout {
                Layout::Folder => fs::write(path, content)?,
                Layout::HubCache => {
                    let blobs = home.path().join("hub/models--o--n/blobs");
                    fs::create_dir_all(&blobs)?;
                    fs::write(blobs.join(format!("b{number}")), content)?;
                    let up = "../".repeat(name.split('/').count() + 1);
                    symlink(format!("{up}blobs/b{number}"), path)?;
                }
            }
        }
        Ok(Self { home, model, files })
    }

    /// Where the model is.
    #[must_use]
    pub fn model(&self) -> &Path {
        &self.model
    }

    /// A folder of its own around the model.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// What was signed: every file, and its bytes.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<&'static str, Vec<u8>> {
        &self.files
    }

    /// Whether these are exactly the files that were signed.
    ///
    /// # Errors
    /// The name of the first file that is another one, is missing, or is one too many.
    pub fn is<'n>(&self, seen: impl IntoIterator<Item = (&'n str, Vec<u8>)>) -> Result<(), String> {
        let seen: BTreeMap<&str, Vec<u8>> = seen.into_iter().collect();
        let names = self.files.keys().chain(seen.keys());
        match names
            .into_iter()
            .find(|name| self.files.get(**name) != seen.get(**name))
        {
            Some(name) => Err((*name).to_owned()),
            None => Ok(()),
        }
    }
}

/// One tensor of so many bytes, none of which is like its neighbour. Many models of a few sizes are made.
fn safetensors(size: usize) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<usize, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let make = || {
        let header = format!("{{\"w\":{{\"dtype\":\"U8\",\"shape\":[{size}],\"data_offsets\":[0,{size}]}}}}");
        let padded = format!("{header:width$}", width = header.len().next_multiple_of(8));
        let mut bytes = (padded.len() as u64).to_le_bytes().to_vec();
        bytes.extend(padded.as_bytes());
        let words = (0_u32..).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes());
        bytes.extend(words.take(size));
        bytes
    };
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(size).or_insert_with(make).clone()
}

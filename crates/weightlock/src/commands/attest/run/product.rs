//! Products: which files below a place are new, changed, untouched and gone after a command has run.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use weightlock_artifact::{digest::Digest, error::NOT_FOUND, inventory::Root, manifest::Subject};
use weightlock_bom::provenance::{PATH, Resource, Role};

use crate::{cli::Hashing, commands::subject::Hashed, context::Context, diagnostic::Diagnostic};

/// Names that are told one by one; the others are counted.
const MOST_TOLD: usize = 1000;

/// Files with their digests, by path.
type Files = BTreeMap<String, Digest>;

/// What lay there before.
pub(super) struct Before(Files);

/// What has become of it.
pub(super) struct Changes {
    pub(super) new: Files,
    pub(super) changed: BTreeMap<String, (Digest, Digest)>,
    pub(super) untouched: Files,
    pub(super) deleted: Files,
}

impl Before {
    /// Hashes what lies there; nothing needs to.
    pub(super) fn look(path: &Path, hashing: &Hashing, context: &Context) -> Result<Self, Vec<Diagnostic>> {
        if path
            .symlink_metadata()
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        {
            return Ok(Self(Files::new()));
        }
        match hash(path, hashing, context) {
            Ok(hashed) => Ok(Self(files(&hashed))),
            // An empty folder holds nothing that could be confused with a product.
            Err(reasons) if is_empty(path) => {
                drop(reasons);
                Ok(Self(Files::new()))
            }
            Err(reasons) => Err(reasons),
        }
    }

    /// Hashes what lies there now, and compares.
    pub(super) fn compare(
        &self,
        path: &Path,
        hashing: &Hashing,
        context: &Context,
    ) -> Result<(Hashed, Changes), Vec<Diagnostic>> {
        let hashed = hash(path, hashing, context).map_err(|reasons| missing(path, reasons))?;
        let now = files(&hashed);
        let mut changes = Changes {
            new: Files::new(),
            changed: BTreeMap::new(),
            untouched: Files::new(),
            deleted: Files::new(),
        };
        for (name, digest) in &now {
            match self.0.get(name) {
                None => drop(changes.new.insert(name.clone(), *digest)),
                Some(before) if before == digest => {
                    changes.untouched.insert(name.clone(), *digest);
                }
                Some(before) => drop(changes.changed.insert(name.clone(), (*before, *digest))),
            }
        }
        for (name, digest) in &self.0 {
            if !now.contains_key(name) {
                changes.deleted.insert(name.clone(), *digest);
            }
        }
        Ok((hashed, changes))
    }
}

/// The product is not there: the command wrote elsewhere.
fn missing(path: &Path, reasons: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let is_missing = reasons.first().is_some_and(|told| told.code() == NOT_FOUND) || is_empty(path);
    if !is_missing {
        return reasons;
    }
    Diagnostic::new(
        weightlock_bom::provenance::reason::NO_PRODUCT,
        format!("the command ended well and wrote nothing to {}", path.display()),
    )
    .at(path.display().to_string())
    .into()
}

fn is_empty(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

fn hash(path: &Path, hashing: &Hashing, context: &Context) -> Result<Hashed, Vec<Diagnostic>> {
    let hashing = Hashing {
        digest_cache: false,
        ..hashing.clone()
    };
    Hashed::of(path, false, &hashing, context)
}

fn files(hashed: &Hashed) -> Files {
    match hashed.manifest() {
        Some(manifest) => manifest
            .files()
            .iter()
            .map(|file| (file.path.as_str().to_owned(), *file.sha256()))
            .collect(),
        None => [(Root::base_name(hashed.root()), *hashed.digest())].into(),
    }
}

impl Changes {
    /// What the command made: new files, and changed ones as they are now.
    pub(super) fn made(&self) -> impl Iterator<Item = (&str, Digest)> {
        let new = self.new.iter().map(|(name, digest)| (name.as_str(), *digest));
        let changed = self
            .changed
            .iter()
            .map(|(name, (_, digest))| (name.as_str(), *digest));
        new.chain(changed)
    }

    /// The subjects of the statement: the product as a whole, so that the statement belongs to it, and every file that the
    /// command made. What was there before is none.
    pub(super) fn subjects(&self, hashed: &Hashed) -> Vec<Subject> {
        let itself = Subject {
            name: hashed.root().base_name(),
            sha256: *hashed.digest(),
        };
        if hashed.manifest().is_none() {
            return vec![itself];
        }
        let made: BTreeMap<&str, Digest> = self.made().collect();
        let made = made.into_iter().map(|(name, sha256)| Subject {
            name: name.to_owned(),
            sha256,
        });
        std::iter::once(itself).chain(made).collect()
    }

    /// What was there before and was not touched, as inputs.
    pub(super) fn carried_over(&self) -> impl Iterator<Item = Resource> {
        self.untouched.iter().take(MOST_TOLD).map(|(name, digest)| {
            Resource::named(name.clone(), Role::CarriedOver)
                .with_sha256(digest)
                .with(PATH, name.as_str())
        })
    }

    /// What became of every file, as far as they are told one by one.
    pub(super) fn told(&self) -> Value {
        let changed: Vec<Value> = self
            .changed
            .iter()
            .take(MOST_TOLD)
            .map(
                |(path, (before, after))| json!({"path": path, "before": before.hex(), "after": after.hex()}),
            )
            .collect();
        let deleted: Vec<Value> = self
            .deleted
            .iter()
            .take(MOST_TOLD)
            .map(|(path, before)| json!({"path": path, "before": before.hex()}))
            .collect();
        json!({
            "new": self.new.len(),
            "changed": self.changed.len(),
            "untouched": self.untouched.len(),
            "deleted": self.deleted.len(),
            "changedFiles": changed,
            "deletedFiles": deleted,
        })
    }
}

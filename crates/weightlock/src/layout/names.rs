//! Recomputes the names of blobs. That they fit shows that nothing was damaged or exchanged since they were written, and not by whom.

use std::{collections::BTreeMap, sync::Arc};

use weightlock_artifact::{
    Error,
    digest::{
        Algorithm, Digest,
        engine::{Observer as _, Want},
    },
    inventory::{Inventory, Root, RootKind, Scope, blob::BlobName},
    manifest::Manifest,
    path::ArtifactPath,
};

use super::Layout;
use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    progress,
    sources::{self, Source, Target},
};

/// What became of the names of blobs.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Blobs that have the content that their names say.
    pub(crate) fitting: usize,
    /// Files that no name says anything about, and links that lead to no blob.
    pub(crate) unnamed: Vec<String>,
    /// Blobs that have another content.
    pub(crate) differing: Vec<(ArtifactPath, Error)>,
}

/// A file with the name that its content must have.
struct Named {
    path: ArtifactPath,
    name: BlobName,
    source: Source,
}

/// Recomputes the name of every blob; nothing where files are not named by digests. What is `known` is not read again.
pub(crate) fn recompute(
    layout: &Layout,
    inventory: &Arc<Inventory>,
    known: Option<&Manifest>,
    hashing: &Hashing,
    context: &Context,
) -> Result<Option<Names>, Diagnostic> {
    if matches!(layout, Layout::Plain) {
        return Ok(None);
    }
    let mut names = Names::default();
    let mut lfs = Vec::new();
    let mut git = Vec::new();
    for (path, source) in files(inventory)? {
        match name(layout, inventory, &path)? {
            None => names.unnamed.push(path.to_string()),
            Some(name) => {
                let list = if matches!(name, BlobName::Sha256(_)) {
                    &mut lfs
                } else {
                    &mut git
                };
                list.push(Named { path, name, source });
            }
        }
    }
    let irregular = inventory.irregular().iter();
    names
        .unnamed
        .extend(irregular.map(|it| format!("{} {}", it.name, it.kind)));
    let digests = hashed(&lfs, known, hashing, context)?;
    for (one, digest) in lfs.iter().zip(digests) {
        names.judge(one, BlobName::Sha256(digest));
    }
    progress::shown_as("recomputing names", &context.show, |watched| {
        watched.begins(
            git.iter()
                .fold(0, |sum, one| one.source.stamp.size.saturating_add(sum)),
        );
        for one in &git {
            if watched.cancelled() {
                return Err(Error::Interrupted);
            }
            names.judge(one, again(one)?);
            watched.advanced(one.source.stamp.size);
        }
        Ok(())
    })?;
    names.differing.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Some(names))
}

fn files(inventory: &Arc<Inventory>) -> Result<Vec<(ArtifactPath, Source)>, Diagnostic> {
    let sources = match inventory.root().kind() {
        RootKind::Folder => Target::Folder(Arc::clone(inventory)).sources(),
        RootKind::File(_) => vec![Source::named(inventory.root().path())?],
    };
    let paths = inventory.entries().iter().map(|entry| entry.path.clone());
    Ok(paths.zip(sources).collect())
}

/// What the name of a file says of its content.
fn name(layout: &Layout, inventory: &Inventory, path: &ArtifactPath) -> Result<Option<BlobName>, Error> {
    let root = inventory.root();
    match layout {
        Layout::Plain => Ok(None),
        Layout::Hub { .. } => root.blob_name(path),
        Layout::Image(_) => Ok(root.listed_digest(path).copied().map(BlobName::Sha256)),
        Layout::Blob(name) => Ok(Some(*name)),
    }
}

/// SHA-256 of each, in their order.
fn hashed(
    all: &[Named],
    known: Option<&Manifest>,
    hashing: &Hashing,
    context: &Context,
) -> Result<Vec<Digest>, Diagnostic> {
    let of = |one: &Named| {
        known
            .and_then(|known| known.file(&one.path))
            .map(|file| *file.sha256())
    };
    let unknown: Vec<Source> = all
        .iter()
        .filter(|one| of(one).is_none())
        .map(|one| one.source.clone())
        .collect();
    // A name is compared with what is there, and not with what a cache remembers.
    let hashing = Hashing {
        digest_cache: false,
        ..hashing.clone()
    };
    let mut read = if unknown.is_empty() {
        Vec::new()
    } else {
        sources::hash(&unknown, Algorithm::Sha256, Want::Whole, &hashing, context)?
    }
    .into_iter();
    let digests = all
        .iter()
        .filter_map(|one| of(one).or_else(|| Some(read.next()?.digest)));
    Ok(digests.collect())
}

/// The name that a file of git has by its content.
fn again(one: &Named) -> Result<BlobName, Error> {
    let file = one.source.open()?;
    let failed = |error| Error::io("read", &one.source.name, error);
    let found = one
        .name
        .of_same_kind(one.source.stamp.size, &file)
        .map_err(failed)?;
    one.source.same(&file)?;
    Ok(found)
}

/// What the links of a hub cache snapshot say of its files, before any of them is read.
pub(crate) struct Said(BTreeMap<ArtifactPath, BlobName>);

impl Said {
    /// What the snapshot says; nothing of what is none.
    pub(crate) fn of(root: &Root, scope: &Scope) -> Result<Option<Self>, Diagnostic> {
        if !root.is_hub_snapshot() {
            return Ok(None);
        }
        let inventory = Inventory::walk(root.reopen()?, scope)?;
        let mut said = BTreeMap::new();
        for entry in inventory.entries() {
            if let Some(name) = root.blob_name(&entry.path)? {
                said.insert(entry.path.clone(), name);
            }
        }
        Ok(Some(Self(said)))
    }

    /// Refuses files of which one is not what the cache says. What is in the manifest is not read again.
    pub(crate) fn fits(
        &self,
        files: impl IntoIterator<Item = (ArtifactPath, Source)>,
        manifest: Option<&Manifest>,
    ) -> Result<(), Diagnostic> {
        for (path, source) in files {
            let Some(name) = self.0.get(&path) else { continue };
            let one = Named {
                name: *name,
                path,
                source,
            };
            let whole = manifest.and_then(|manifest| manifest.file(&one.path));
            let found = match (name, whole) {
                (BlobName::Sha256(_), Some(file)) => BlobName::Sha256(*file.sha256()),
                _ => again(&one)?,
            };
            if found != one.name {
                return Err(one.differs(&found).into());
            }
        }
        Ok(())
    }
}

impl Named {
    fn differs(&self, found: &BlobName) -> Error {
        Error::BlobDiffers {
            path: self.source.name.clone(),
            what: "its digest",
            said: self.name.to_string(),
            found: found.to_string(),
        }
    }
}

impl Names {
    fn judge(&mut self, one: &Named, found: BlobName) {
        if found == one.name {
            self.fitting += 1;
            return;
        }
        self.differing.push((one.path.clone(), one.differs(&found)));
    }
}

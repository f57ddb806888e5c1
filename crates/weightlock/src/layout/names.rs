//! Recomputes the names of blobs. That they fit shows that nothing was damaged or exchanged since they were written, and not by whom.

use std::{collections::BTreeMap, os::unix::ffi::OsStrExt as _, sync::Arc};

use weightlock_artifact::{
    Error,
    digest::{
        Algorithm, Digest,
        engine::{Observer as _, Want},
    },
    error::NAME,
    inventory::{Inventory, Root, RootKind, Scope, blob::BlobName},
    manifest::Manifest,
    path::ArtifactPath,
};

use super::{Layout, lone};
use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    progress::{self, Stop},
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
    let (mut lfs, mut git) = (Vec::new(), Vec::new());
    for (path, source) in files(inventory)? {
        match name(layout, inventory, &path)? {
            None => names.unnamed.push(path.to_string()),
            Some(name @ BlobName::Sha256(_)) => lfs.push(Named { path, name, source }),
            Some(name @ BlobName::Git(_)) => git.push(Named { path, name, source }),
        }
    }
    let irregular = inventory.irregular().iter();
    names
        .unnamed
        .extend(irregular.map(|it| format!("{} {}", it.name, it.kind)));
    for (one, digest) in lfs.iter().zip(hashed(&lfs, known, hashing, context)?) {
        names.judge(one, BlobName::Sha256(digest));
    }
    names.judge_by_git(&git, context)?;
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

/// SHA-256 of each, in their order. One that is missing is an error: a name that nobody compared would count as one that fits.
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
    let digests = all.iter().map(|one| {
        let digest = of(one).or_else(|| Some(read.next()?.digest));
        digest.ok_or_else(|| Error::Interrupted.into())
    });
    digests.collect()
}

/// The name that a file has by its content.
fn again(one: &Named, stop: &Stop) -> Result<BlobName, Error> {
    let file = one.source.open()?;
    let found = one
        .name
        .of_same_kind(one.source.stamp.size, stop.reading(&file))
        .map_err(|error| match stop.is_wanted() {
            true => Error::Interrupted,
            false => Error::io("read", &one.source.name, error),
        })?;
    one.source.same(&file)?;
    Ok(found)
}

/// What names say of the files of a hub cache snapshot, or of a blob by itself, before any of them is read.
pub(crate) struct Said(BTreeMap<ArtifactPath, BlobName>);

impl Said {
    /// What names say; nothing of what is neither a snapshot nor a blob.
    pub(crate) fn of(root: &Root, scope: &Scope) -> Result<Option<Self>, Diagnostic> {
        if !root.is_hub_snapshot() {
            return match lone::name(root) {
                Some(name) => Ok(Some(Self(BTreeMap::from([(typed(root)?, name)])))),
                None => Ok(None),
            };
        }
        let inventory = Inventory::walk(root.reopen()?, scope)?;
        let mut said = BTreeMap::new();
        for entry in inventory.entries() {
            if let Some(name) = root.blob_name(&entry.path)? {
                let path = match root.kind() {
                    RootKind::Folder => entry.path.clone(),
                    RootKind::File(_) => typed(root)?,
                };
                said.insert(path, name);
            }
        }
        Ok(Some(Self(said)))
    }

    /// Refuses files of which one is not what the cache says. What is in the manifest is not read again.
    pub(crate) fn fits(
        &self,
        files: impl IntoIterator<Item = (ArtifactPath, Source)>,
        manifest: Option<&Manifest>,
        stop: &Stop,
    ) -> Result<(), Diagnostic> {
        for (path, source) in files {
            if stop.is_wanted() {
                return Err(Error::Interrupted.into());
            }
            let Some(name) = self.0.get(&path) else { continue };
            let one = Named {
                name: *name,
                path,
                source,
            };
            let whole = manifest.and_then(|manifest| manifest.file(&one.path));
            let found = match (name, whole) {
                (BlobName::Sha256(_), Some(file)) => BlobName::Sha256(*file.sha256()),
                _ => again(&one, stop)?,
            };
            if found != one.name {
                return Err(one.differs(&found).into());
            }
        }
        Ok(())
    }
}

/// What a model that is one file is called among targets: as it was typed.
fn typed(root: &Root) -> Result<ArtifactPath, Diagnostic> {
    let name = root.path().file_name().unwrap_or_default();
    ArtifactPath::from_bytes(name.as_bytes())
        .map_err(|error| Diagnostic::of(NAME, &error).at(sources::shown(root.path())))
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
    fn judge_by_git(&mut self, git: &[Named], context: &Context) -> Result<(), Error> {
        let stop = context.stopping();
        let sizes = git.iter().map(|one| one.source.stamp.size);
        progress::shown_as("recomputing names", &context.show, |watched| {
            watched.begins(sizes.fold(0, u64::saturating_add));
            for one in git {
                self.judge(one, again(one, &stop)?);
                watched.advanced(one.source.stamp.size);
            }
            Ok(())
        })
    }

    fn judge(&mut self, one: &Named, found: BlobName) {
        if found == one.name {
            self.fitting += 1;
            return;
        }
        self.differing.push((one.path.clone(), one.differs(&found)));
    }
}

#[cfg(test)]
mod tests {
    use weightlock_artifact::inventory::Links;

    use super::*;
    use crate::{progress::Progress, sources::Target};

    #[test]
    fn what_the_cache_says_is_compared_until_somebody_asks_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("models--org--m");
        let snapshot = repository.join(format!("snapshots/{}", "0".repeat(40)));
        std::fs::create_dir_all(&snapshot).unwrap();
        std::fs::create_dir(repository.join("blobs")).unwrap();
        let name = BlobName::Git([0; 20]).of_same_kind(1, &b"x"[..]).unwrap();
        let name = name.to_string().replace("git:", "");
        std::fs::write(repository.join("blobs").join(&name), "x").unwrap();
        std::os::unix::fs::symlink(format!("../../blobs/{name}"), snapshot.join("a.json")).unwrap();
        let root = Root::open(&snapshot, Links::Refused).unwrap();
        let scope = Scope::everything();
        let said = Said::of(&root, &scope).unwrap().unwrap();
        assert_eq!(said.0.len(), 1);
        let target = Target::below(root, &scope).unwrap();
        let fits = |stop: &Stop| {
            let files = target.names().unwrap().into_iter().zip(target.sources());
            said.fits(files, None, stop)
        };
        let progress = Progress::default();
        fits(&progress.stopping()).unwrap();
        progress.stop();
        let told = fits(&progress.stopping()).unwrap_err();
        assert_eq!(told.code(), weightlock_artifact::error::INTERRUPTED);
        let one = |path: ArtifactPath, source| Named {
            name: said.0[&path],
            path,
            source,
        };
        let mut named = target.names().unwrap().into_iter().zip(target.sources());
        let one = named.next().map(|(path, source)| one(path, source)).unwrap();
        assert!(matches!(
            again(&one, &progress.stopping()),
            Err(Error::Interrupted)
        ));
    }
}

//! What a statement about a target is about: the digest that names the model now, worked out from its bytes.

use std::path::Path;

use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest, engine::Want},
    input,
    inventory::{Inventory, Links, Root, Scope},
    manifest::{Manifest, Subject},
    path::ArtifactPath,
};
use weightlock_signing::{
    oms::{FileClaim, Files},
    reason::NOTHING_TO_SIGN,
    statement::Model,
};

use super::digest;
use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    layout::{self, Opened},
    sources::{self, Source, Target},
};

/// A model whose bytes were hashed.
pub(crate) struct Hashed {
    root: Root,
    target: Target,
    manifest: Option<Manifest>,
    digest: Digest,
    /// Files.
    pub(crate) files: usize,
    /// Their size in bytes.
    pub(crate) bytes: u64,
    /// How many digests came from the cache.
    pub(crate) from_cache: usize,
}

impl Hashed {
    /// Hashes every file of the model.
    pub(crate) fn of(
        path: &Path,
        allow_symlinks: bool,
        hashing: &Hashing,
        context: &Context,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::reading(opened(path, allow_symlinks)?.root, |sources| {
            sources::hash(sources, Algorithm::Sha256, Want::Whole, hashing, context)
        })
    }

    /// A model whose files were hashed by `read`, which gives their digests in the order of the sources.
    pub(crate) fn reading(
        root: Root,
        read: impl FnOnce(&[Source]) -> Result<Vec<sources::Hashed>, Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let again = root.reopen().map_err(Diagnostic::from)?;
        let target = Target::below(again, &Scope::model())
            .map_err(Diagnostic::from)?
            .regular()?;
        let sources = target.sources();
        let hashed = read(&sources)?;
        as_listed(&root, &sources, &hashed)?;
        let (digest, manifest) = match (&target, hashed.as_slice()) {
            (_, []) => return Err(empty(root.path()).into()),
            (Target::File(_), [one, ..]) => (one.digest, None),
            (Target::Folder(inventory), _) => {
                let manifest = digest::manifest(inventory, &hashed)?;
                (manifest.digest(), Some(manifest))
            }
        };
        Ok(Self {
            files: sources.len(),
            bytes: sources
                .iter()
                .fold(0, |sum, source| source.stamp.size.saturating_add(sum)),
            from_cache: hashed.iter().filter(|one| one.from_cache).count(),
            root,
            target,
            manifest,
            digest,
        })
    }

    /// Its files, as they were when they were hashed.
    pub(crate) fn sources(&self) -> Vec<Source> {
        self.target.sources()
    }

    /// The names of its files, in the order of [`sources`](Self::sources).
    pub(crate) fn names(&self) -> Result<Vec<ArtifactPath>, Diagnostic> {
        self.target.names()
    }

    /// Whether what was signed is exactly what was hashed: every file, and no other.
    pub(crate) fn is_exactly(&self, files: &Files) -> bool {
        let same =
            |claim: &FileClaim, digest: &Digest| matches!(claim, FileClaim::Whole(whole) if whole == digest);
        match (files, &self.manifest) {
            (Files::Single(claim), None) => same(claim, &self.digest),
            (Files::Named(files), Some(manifest)) => {
                files.len() == manifest.files().len()
                    && manifest.files().iter().all(|file| {
                        let claim = files.get(&file.path);
                        claim.is_some_and(|claim| same(claim, file.sha256()))
                    })
            }
            _ => false,
        }
    }

    /// Whether everything in it is a plain file or a folder.
    pub(crate) fn is_regular(&self) -> bool {
        match &self.target {
            Target::Folder(inventory) => inventory.irregular().is_empty(),
            Target::File(_) => true,
        }
    }

    /// The model's root.
    pub(crate) const fn root(&self) -> &Root {
        &self.root
    }

    /// What names the model.
    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What a statement about it must name.
    pub(crate) fn model(&self) -> Model {
        match &self.manifest {
            Some(manifest) => Model::folder(manifest),
            None => Model::file(self.digest),
        }
    }

    /// The files with their digests; none for a model that is one file.
    pub(crate) const fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// The text of a file, which must be what was hashed.
    pub(crate) fn text(&self, path: &ArtifactPath, limit: usize) -> Result<Vec<u8>, Diagnostic> {
        let place = self.root.join(path.as_str());
        let text = input::read_open(self.root.open_file(path)?, &place, limit)?;
        let is_same = self
            .manifest
            .as_ref()
            .and_then(|manifest| manifest.file(path))
            .is_some_and(|file| *file.sha256() == Algorithm::Sha256.digest(&text));
        if is_same {
            Ok(text)
        } else {
            Err(Error::Changed {
                path: place,
                offset: None,
            }
            .into())
        }
    }

    /// The subjects of a statement: the model first, then its files.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let name = self.root.base_name();
        match &self.manifest {
            Some(manifest) => manifest.subjects(&name),
            None => vec![Subject {
                name,
                sha256: self.digest,
            }],
        }
    }

    /// Refuses a model that is no longer what was hashed.
    pub(crate) fn still_holds(&self) -> Result<(), Diagnostic> {
        match &self.target {
            Target::Folder(inventory) => Ok(Inventory::still_holds(inventory, &Scope::model())?),
            Target::File(source) => Ok(source.open().map(|_| ())?),
        }
    }
}

/// Opens a model as most verbs do.
pub(crate) fn opened(path: &Path, allow_symlinks: bool) -> Result<Opened, Diagnostic> {
    let links = Links::following(allow_symlinks);
    layout::open(path, links)
}

/// Refuses an image of which a blob is not what its manifest says.
fn as_listed(root: &Root, sources: &[Source], hashed: &[sources::Hashed]) -> Result<(), Diagnostic> {
    for (source, one) in sources.iter().zip(hashed) {
        let blob = source.artifact_path().and_then(|path| root.view()?.file(path));
        if let Some(blob) = blob {
            blob.has_digest(&one.digest, &source.name)?;
        }
    }
    Ok(())
}

/// Nothing is there.
pub(crate) fn empty(path: &Path) -> Diagnostic {
    Diagnostic::new(NOTHING_TO_SIGN, format!("{} holds no file", path.display()))
        .help("name a folder with the files of a model, or the file that is the model")
}

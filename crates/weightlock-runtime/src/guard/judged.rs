//! A model that a policy decides about: read once into sealed memory, judged there, and handed out only when it is allowed.
//!
//! 1. [`hold`] reads every file into [sealed](crate::sealed) memory and hashes it there. The result is [`Unjudged`]: it gives a
//!    [`Root`] whose files are those in memory, so that everything that is asked of a model is asked of these very bytes.
//! 2. Whoever judges does so, by that root.
//! 3. [`Unjudged::accept`] takes the verdict. It must allow, and be about the digest of what lies in memory; then the files can
//!    be given to a program ([`Judged`]). There is no other way to one.
//!
//! Rejected: to judge the folder and read it afterwards. Whoever can write to it has the time between.

use std::collections::BTreeMap;

use weightlock_artifact::{
    digest::{
        Algorithm, Digest,
        engine::{Observer, Settings},
    },
    inventory::{Entry, Inventory, Root, RootKind, Scope},
    manifest::{Manifest, ManifestFile, is_built_in},
    measure::{Measured, Wanted, measure_kept},
    path::ArtifactPath,
};
use weightlock_policy::{Decision, Verdict};

use super::Freezer;
use crate::{Error, sealed::Sealed, view::Frozen};

/// A model in memory that nobody can change, about which nothing was decided yet.
#[derive(Debug)]
pub struct Unjudged {
    root: Root,
    digest: Digest,
    digests: BTreeMap<ArtifactPath, Digest>,
    files: BTreeMap<ArtifactPath, Sealed>,
}

/// A model that was allowed, and its bytes, which nobody can change any more.
#[derive(Debug)]
pub struct Judged {
    digest: Digest,
    digests: BTreeMap<ArtifactPath, Digest>,
    files: BTreeMap<ArtifactPath, Sealed>,
}

/// Reads every file of a model that belongs to `scope`. No digest cache is asked, and memory for the whole model is needed.
///
/// # Errors
/// [`Error`] when it could not be done. The inner error is a model that holds what is no plain file, or no file at all: the walk
/// that found it. Names that are never part of a model ([`is_built_in`]) may be anything.
pub fn hold(
    root: Root,
    scope: &Scope,
    settings: Settings,
    observer: &dyn Observer,
) -> Result<Result<Unjudged, Inventory>, Error> {
    let inventory = Inventory::walk(root, scope)?;
    let is_ours = |name: &str| !ArtifactPath::parse(name).is_ok_and(|path| is_built_in(&path));
    let is_irregular = inventory.irregular().iter().any(|found| is_ours(&found.name));
    if is_irregular || inventory.entries().is_empty() {
        return Ok(Err(inventory));
    }
    let settings = Settings {
        algorithm: Algorithm::Sha256,
        ..settings
    };
    let entries: Vec<&Entry> = inventory.entries().iter().collect();
    let mut freezer = Freezer::default();
    let measured = measure_kept(
        &inventory,
        &entries,
        Wanted::Whole,
        &settings,
        observer,
        &mut freezer,
    );
    if let Some(refused) = freezer.refused.take() {
        return Err(refused);
    }
    let measured = measured?;
    inventory.still_holds(scope)?;
    Unjudged::new(&inventory, &measured, freezer.freeze()?).map(Ok)
}

impl Unjudged {
    fn new(
        inventory: &Inventory,
        measured: &[Measured],
        files: BTreeMap<ArtifactPath, Sealed>,
    ) -> Result<Self, Error> {
        let paths = inventory.entries().iter().map(|entry| entry.path.clone());
        let digests: BTreeMap<ArtifactPath, Digest> = paths
            .zip(measured)
            .filter_map(|(path, measured)| Some((path, measured.whole?)))
            .collect();
        let missing = || {
            let why = std::io::Error::other("a digest is missing");
            weightlock_artifact::Error::io("hash", inventory.root().path(), why)
        };
        if digests.len() != files.len() {
            return Err(missing().into());
        }
        let digest = match inventory.root().kind() {
            RootKind::File(name) => *digests.get(name).ok_or_else(missing)?,
            RootKind::Folder => manifest(&files, &digests).ok_or_else(missing)?.digest(),
        };
        let handles = files.iter().map(|(path, sealed)| (path.clone(), sealed.shared()));
        Ok(Self {
            root: inventory.root().holding(handles.collect())?,
            digest,
            digests,
            files,
        })
    }

    /// The model with these files in the place of those on disk.
    #[must_use]
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// The SHA-256 of each file.
    #[must_use]
    pub const fn digests(&self) -> &BTreeMap<ArtifactPath, Digest> {
        &self.digests
    }

    /// What names the model: the digest of the manifest of these files, or of the one file.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Takes the verdict. Of the files, those are handed out that belong to the model and are `wanted`; the others were judged
    /// with them, and are gone.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the verdict does not allow, or is about another digest. The bytes are gone then.
    pub fn accept(self, verdict: &Verdict, wanted: impl Fn(&ArtifactPath) -> bool) -> Result<Judged, Error> {
        if verdict.decision != Decision::Allow || verdict.digest != self.digest {
            return Err(Error::NotAllowed {
                held: self.digest,
                judged: verdict.digest,
            });
        }
        let is_file = matches!(self.root.kind(), RootKind::File(_));
        let files = self.files.into_iter();
        Ok(Judged {
            digest: self.digest,
            digests: self.digests,
            files: files
                .filter(|(path, _)| wanted(path) && (is_file || !is_built_in(path)))
                .collect(),
        })
    }
}

/// The manifest of these files; names that never belong to a model are not in it.
fn manifest(
    files: &BTreeMap<ArtifactPath, Sealed>,
    digests: &BTreeMap<ArtifactPath, Digest>,
) -> Option<Manifest> {
    let of_model = files.iter().filter(|(path, _)| !is_built_in(path));
    let listed = of_model
        .map(|(path, sealed)| ManifestFile::new(path.clone(), sealed.size(), *digests.get(path)?))
        .collect::<Option<Vec<ManifestFile>>>()?;
    Manifest::new(listed).ok()
}

impl Judged {
    /// What names the model that was allowed.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The SHA-256 of the file, when it is only one that is handed out.
    #[must_use]
    pub fn only_digest(&self) -> Option<&Digest> {
        let mut files = self.files.keys();
        match (files.next(), files.next()) {
            (Some(only), None) => self.digests.get(only),
            _ => None,
        }
    }
}

impl Frozen for Judged {
    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        &self.files
    }
}

//! [`Sources`]: files that the user named and files below folders that the user named, hashed together.
//!
//! A folder is walked and opened below its root, as everywhere. A file named by itself is opened by its path when
//! its turn comes, so that a list of many thousand files needs no descriptor for each; its stamp ties the opening
//! to what was seen first.

use std::{
    fs::File,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use weightlock_artifact::{
    Error,
    cache::DigestCache,
    digest::{
        Algorithm, Digest, Hasher,
        engine::{self, Failure, Files, Job, Settings, Want},
    },
    error::NAME,
    inventory::{Inventory, Irregular, Links, Root, RootKind, Scope, Stamp},
    path::ArtifactPath,
};

use crate::{cli::Hashing, context::Context, diagnostic::Diagnostic, layout, progress, text::Shown};

/// One file that can be hashed.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The path as typed, joined with the name below the folder that was typed.
    pub(crate) name: PathBuf,
    /// What the file system said about it first.
    pub(crate) stamp: Stamp,
    place: Place,
}

/// How a file is opened again.
#[derive(Clone, Debug)]
enum Place {
    /// By its path: the file itself was named.
    Named,
    /// Likewise, and it is a model, whose root stays open.
    Model(Arc<Root>, ArtifactPath),
    /// Below the folder that it was found in.
    Below(Arc<Inventory>, ArtifactPath),
}

/// A digest and where it came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed {
    /// The digest.
    pub(crate) digest: Digest,
    /// It was taken from the digest cache; the file was not read.
    pub(crate) from_cache: bool,
}

/// What a target turned out to be.
#[derive(Debug)]
pub(crate) enum Target {
    /// One file.
    File(Source),
    /// A folder, with all files of the model in it.
    Folder(Arc<Inventory>),
}

impl Source {
    /// A file named by itself.
    pub(crate) fn named(path: &Path) -> Result<Self, Error> {
        let root = Root::open(path, Links::Refused)?;
        match root.kind() {
            RootKind::File(name) => Ok(Self {
                stamp: stamp(&root, name)?,
                name: path.to_owned(),
                place: Place::Named,
            }),
            RootKind::Folder => Err(Error::io(
                "read",
                path,
                std::io::Error::from(std::io::ErrorKind::IsADirectory),
            )),
        }
    }

    /// Its path below the folder it was found in; none when the file itself was named.
    pub(crate) fn below(&self) -> Option<&Path> {
        self.artifact_path().map(|path| Path::new(path.as_str()))
    }

    /// The same as a name.
    pub(crate) fn artifact_path(&self) -> Option<&ArtifactPath> {
        match &self.place {
            Place::Below(_, path) => Some(path),
            Place::Named | Place::Model(..) => None,
        }
    }

    /// Its name in the model: below the folder, or that of the model which is one file.
    pub(crate) fn model_path(&self) -> Option<&ArtifactPath> {
        match &self.place {
            Place::Below(_, path) | Place::Model(_, path) => Some(path),
            Place::Named => None,
        }
    }

    /// Opens it; refused when it is no longer what was seen first.
    pub(crate) fn open(&self) -> Result<File, Error> {
        let file = match &self.place {
            Place::Below(inventory, path) => inventory.root().open_file(path)?,
            Place::Model(root, name) => root.open_file(name)?,
            Place::Named => {
                let root = Root::open(&self.name, Links::Refused)?;
                match root.kind() {
                    RootKind::File(name) => root.open_file(name)?,
                    RootKind::Folder => return Err(self.changed(None)),
                }
            }
        };
        self.same(&file)?;
        Ok(file)
    }

    /// Refused when the open file is no longer what was seen first.
    pub(crate) fn same(&self, file: &File) -> Result<(), Error> {
        let now = Stamp::of(file).map_err(|source| Error::io("look at", &self.name, source))?;
        if now == self.stamp {
            Ok(())
        } else {
            Err(self.changed(None))
        }
    }

    fn changed(&self, offset: Option<u64>) -> Error {
        Error::Changed {
            path: self.name.clone(),
            offset,
        }
    }
}

impl Target {
    /// Opens what the user named. Everything in a folder that is no plain file is a reason to refuse it.
    pub(crate) fn open(path: &Path, links: Links, scope: &Scope) -> Result<Self, Vec<Diagnostic>> {
        Self::look(path, links, scope)
            .map_err(|told| vec![told])?
            .regular()
    }

    /// Opens what the user named. The caller has to look at what is irregular in a folder.
    pub(crate) fn look(path: &Path, links: Links, scope: &Scope) -> Result<Self, Diagnostic> {
        Ok(Self::below(layout::root(path, links)?, scope)?)
    }

    /// Likewise, taking a folder for a folder whatever lies in it.
    pub(crate) fn as_it_is(path: &Path, links: Links, scope: &Scope) -> Result<Self, Error> {
        Self::below(Root::open(path, links)?, scope)
    }

    /// What an open root is; likewise.
    pub(crate) fn below(root: Root, scope: &Scope) -> Result<Self, Error> {
        if let RootKind::File(name) = root.kind() {
            let (path, name) = (root.path().to_owned(), name.clone());
            return Ok(Self::File(Source {
                stamp: stamp(&root, &name)?,
                name: path,
                place: Place::Model(Arc::new(root), name),
            }));
        }
        Inventory::walk(root, scope).map(|inventory| Self::Folder(Arc::new(inventory)))
    }

    /// Refuses a folder with anything that is no plain file.
    pub(crate) fn regular(self) -> Result<Self, Vec<Diagnostic>> {
        match self {
            Self::Folder(inventory) if !inventory.irregular().is_empty() => Err(refusals(&inventory)),
            target => Ok(target),
        }
    }

    /// The names of its files below the folder, in the order of [`Target::sources`].
    pub(crate) fn names(&self) -> Result<Vec<ArtifactPath>, Diagnostic> {
        match self {
            Self::File(source) => {
                let name = source.name.file_name().unwrap_or_default();
                ArtifactPath::from_bytes(name.as_bytes())
                    .map(|name| vec![name])
                    .map_err(|error| Diagnostic::of(NAME, &error).at(shown(&source.name)))
            }
            Self::Folder(inventory) => Ok(inventory
                .entries()
                .iter()
                .map(|entry| entry.path.clone())
                .collect()),
        }
    }

    /// Its files, in component order.
    pub(crate) fn sources(&self) -> Vec<Source> {
        match self {
            Self::File(source) => vec![source.clone()],
            Self::Folder(inventory) => inventory
                .entries()
                .iter()
                .map(|entry| Source {
                    name: inventory.root().join(entry.path.as_str()),
                    stamp: entry.stamp,
                    place: Place::Below(Arc::clone(inventory), entry.path.clone()),
                })
                .collect(),
        }
    }
}

fn stamp(root: &Root, name: &ArtifactPath) -> Result<Stamp, Error> {
    let file = root.open_file(name)?;
    Stamp::of(&file).map_err(|source| Error::io("look at", root.path(), source))
}

/// Things in a folder that nobody can vouch for, at most this many by name.
const MOST_REFUSALS: usize = 20;

fn refusals(inventory: &Inventory) -> Vec<Diagnostic> {
    let told = |irregular: &Irregular| {
        Diagnostic::new(
            irregular.kind.code(),
            format!("{} {}", irregular.name, irregular.kind),
        )
        .at(inventory.root().join(&irregular.name).to_string_lossy())
    };
    let all = inventory.irregular();
    let mut reasons: Vec<_> = all.iter().take(MOST_REFUSALS).map(told).collect();
    if let Some(last) = reasons.pop() {
        let left = all.len().saturating_sub(MOST_REFUSALS);
        let last = if left > 0 {
            last.note(format!("{left} more entries are no plain files"))
        } else {
            last
        };
        reasons.push(last);
    }
    reasons
}

/// Digests of these files, in their order, with progress; from the cache where the flags ask for it. Where pieces
/// are wanted, the digest of a file is that of the digests of its pieces.
pub(crate) fn hash(
    sources: &[Source],
    algorithm: Algorithm,
    want: Want,
    flags: &Hashing,
    context: &Context,
) -> Result<Vec<Hashed>, Diagnostic> {
    let settings = Settings {
        algorithm,
        ..context.hashing(flags, engine::Reading::Buffered)?
    };
    // Only SHA-256 is cached.
    let mut cache = context.cache(flags)?.filter(|_| algorithm == Algorithm::Sha256);
    let known: Vec<Option<Digest>> = sources
        .iter()
        .map(|source| cache.as_ref().and_then(|cache| cache.find(&source.stamp)))
        .collect();
    let unknown: Vec<&Source> = sources
        .iter()
        .zip(&known)
        .filter_map(|(source, known)| known.is_none().then_some(source))
        .collect();
    let read = read(&unknown, want, &settings, context)?;
    if let Some(cache) = &mut cache {
        remember(cache, &unknown, &read)?;
    }
    let mut read = read.into_iter();
    let hashed = known.into_iter().filter_map(|known| {
        Some(Hashed {
            digest: known.or_else(|| read.next())?,
            from_cache: known.is_some(),
        })
    });
    Ok(hashed.collect())
}

/// One digest for several, in their order.
pub(crate) fn digest_of_digests(digests: &[Digest]) -> Digest {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    for digest in digests {
        hasher.update(digest.as_bytes());
    }
    hasher.finish()
}

fn read(
    sources: &[&Source],
    want: Want,
    settings: &Settings,
    context: &Context,
) -> Result<Vec<Digest>, Diagnostic> {
    let jobs: Vec<Job> = sources
        .iter()
        .enumerate()
        .map(|(file, source)| Job {
            file,
            range: 0..source.stamp.size,
            want,
        })
        .collect();
    let files = Opened(sources);
    let outcomes = progress::shown(&context.show, |watched| {
        engine::run(&files, &jobs, settings, watched)
    })
    .map_err(|failure| files.explain(failure))?;
    let digest = |outcome: engine::Outcome| match outcome.whole {
        Some(whole) => whole,
        None => digest_of_digests(&outcome.pieces),
    };
    Ok(outcomes.into_iter().map(digest).collect())
}

fn remember(cache: &mut DigestCache, sources: &[&Source], digests: &[Digest]) -> Result<(), Diagnostic> {
    for (source, digest) in sources.iter().zip(digests) {
        cache.remember(&source.open()?, source.stamp, *digest);
    }
    Ok(cache.save()?)
}

struct Opened<'a>(&'a [&'a Source]);

impl Opened<'_> {
    fn explain(&self, failure: Failure<Error>) -> Error {
        let path = failure
            .file()
            .and_then(|file| self.0.get(file))
            .map(|source| source.name.clone())
            .unwrap_or_default();
        match failure {
            Failure::File { source, .. } => source,
            Failure::Read { source, .. } => Error::io("read", &path, source),
            Failure::Cancelled => Error::Interrupted,
            Failure::Changed { offset, .. } => Error::Changed {
                path,
                offset: Some(offset),
            },
            Failure::Resized { expected, found, .. } => Error::Changed {
                path,
                offset: Some(expected.min(found)),
            },
            other => Error::io("hash", &path, std::io::Error::other(other.to_string())),
        }
    }
}

impl Files for Opened<'_> {
    type Error = Error;

    fn size(&self, file: usize) -> u64 {
        self.0.get(file).map_or(0, |source| source.stamp.size)
    }

    fn open(&self, file: usize) -> Result<File, Error> {
        // The engine asks for numbers of its jobs only.
        self.0.get(file).ok_or(Error::Interrupted)?.open()
    }

    fn finished(&self, file: usize, handle: &File) -> Result<(), Error> {
        self.0.get(file).ok_or(Error::Interrupted)?.same(handle)
    }
}

/// A path for people.
pub(crate) fn shown(path: &Path) -> String {
    Shown(&path.to_string_lossy()).to_string()
}

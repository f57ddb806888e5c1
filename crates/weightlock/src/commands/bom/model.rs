//! A model that is hashed and described in one go.
//!
//! Small files are read once: the bytes that were hashed are the bytes that are parsed. Of large ones the header is read
//! through a descriptor that must still be what was hashed, and at the end nothing may have come, gone or changed.
//!
//! [`Unhashed`] is the same without digests: what files say of themselves, for an environment of which nobody asks more. It names
//! no bytes, so that nothing can be signed about it, and its document says so.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest, engine::Want},
    inventory::{Inventory, Links, Root, RootKind, Scope},
    path::ArtifactPath,
};
use weightlock_bom::{
    extract::{Content, File, Files, describe},
    graph::{Claim, Graph, Kind, Property, Source as Said, Value},
};

use crate::{
    cli::Hashing,
    commands::{
        scan::opened,
        subject::{Hashed, opened as opened_model},
    },
    context::Context,
    diagnostic::Diagnostic,
    layout,
    sources::{self, Source, Target},
};

/// Bytes of a file that is read once. Configuration, cards and small adapters are below it.
const SMALL: u64 = 1 << 20;
/// Bytes of all of them together; further ones are read like large ones.
const MOST_KEPT: u64 = 8 << 20;

/// Digests of files that are known.
pub(in crate::commands) type Digests = BTreeMap<ArtifactPath, Digest>;

/// A model and what it is made of.
pub(in crate::commands) struct Described {
    pub(in crate::commands) hashed: Hashed,
    pub(in crate::commands) graph: Graph,
}

impl Described {
    /// Hashes and describes a model.
    pub(in crate::commands) fn of(
        path: &Path,
        allow_symlinks: bool,
        hashing: &Hashing,
        context: &Context,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::at(
            opened_model(path, allow_symlinks)?.root,
            &Digests::new(),
            hashing,
            context,
        )
    }

    /// Hashes and describes an open model. Large files whose digests are `known`, because whoever holds them has hashed them,
    /// are not hashed again.
    pub(in crate::commands) fn at(
        root: Root,
        known: &Digests,
        hashing: &Hashing,
        context: &Context,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut kept = BTreeMap::new();
        let mut digests = Vec::new();
        let path = root.path().to_owned();
        let hashed = Hashed::reading(root, |sources| {
            digests = read(sources, known, &mut kept, hashing, context)?;
            Ok(digests.clone())
        })?;
        let names = hashed.names()?;
        let sources = hashed.sources();
        let files = names
            .iter()
            .zip(&sources)
            .zip(&digests)
            .map(|((path, source), one)| File {
                path: path.clone(),
                size: source.stamp.size,
                sha256: Some(one.digest),
            });
        let model = Model {
            files: files.collect(),
            sources: named(&names, &sources),
            kept: kept
                .into_iter()
                .filter_map(|(at, bytes)| Some((names.get(at)?.clone(), bytes)))
                .collect(),
        };
        let mut graph = describe(&model, &|| context.is_stopped()).map_err(|error| failed(&path, error))?;
        hashed.still_holds()?;
        let subject = graph.subject().clone();
        let kind = graph.component(&subject).map_or(Kind::Model, |it| it.kind);
        let rule = if hashed.manifest().is_some() {
            "manifest"
        } else {
            "sha256"
        };
        let digest = Claim::verified(Value::Digest(*hashed.digest()), Said::computed(rule, ""));
        graph.state(&subject, kind, Property::Digest, digest);
        Ok(Self { hashed, graph })
    }
}

/// What files say of themselves, with no digest of anything.
pub(in crate::commands) struct Unhashed {
    pub(super) root: Root,
    pub(in crate::commands) graph: Graph,
    /// Links, sockets and the like, which were not followed: names, of which some may stand for many.
    pub(super) passed_over: Vec<String>,
}

/// Entries that are no plain files, named one by one.
const MOST_NAMED: usize = 20;

impl Unhashed {
    /// What the files of a model say of themselves, where it is open.
    pub(in crate::commands) fn in_inventory(
        inventory: &Arc<Inventory>,
        context: &Context,
    ) -> Result<Graph, Diagnostic> {
        let path = inventory.root().path();
        let target = match inventory.root().kind() {
            RootKind::Folder => Target::Folder(Arc::clone(inventory)),
            RootKind::File(_) => Target::File(Source::named(path)?),
        };
        let model = Model::unhashed(&target.names()?, &target.sources());
        describe(&model, &|| context.is_stopped()).map_err(|error| failed(path, error))
    }

    /// Describes a target without reading more than the headers. A link is not followed, as nothing is vouched for: a virtual
    /// environment is full of them.
    pub(in crate::commands) fn of(
        path: &Path,
        allow_symlinks: bool,
        context: &Context,
    ) -> Result<Self, Vec<Diagnostic>> {
        let links = Links::following(allow_symlinks);
        let root = layout::root(path, links)?;
        let target = Target::look(path, links, &Scope::model())?;
        let (names, sources) = (target.names()?, target.sources());
        let model = Model::unhashed(&names, &sources);
        let graph = describe(&model, &|| context.is_stopped()).map_err(|error| failed(path, error))?;
        Ok(Self {
            root,
            graph,
            passed_over: passed_over(&target),
        })
    }
}

fn passed_over(target: &Target) -> Vec<String> {
    let Target::Folder(inventory) = target else {
        return Vec::new();
    };
    let all = inventory.irregular();
    let told = all.iter().map(|it| format!("{} {}", it.name, it.kind));
    let mut told: Vec<String> = told.take(MOST_NAMED).collect();
    if let Some(more) = all.len().checked_sub(MOST_NAMED).filter(|it| *it > 0) {
        told.push(format!("{more} more"));
    }
    told
}

fn named(names: &[ArtifactPath], sources: &[Source]) -> BTreeMap<ArtifactPath, Source> {
    names.iter().cloned().zip(sources.iter().cloned()).collect()
}

fn failed(path: &Path, error: io::Error) -> Diagnostic {
    match error.kind() {
        io::ErrorKind::Interrupted => Error::Interrupted.into(),
        _ => Error::io("read", path, error).into(),
    }
}

/// Digests in the order of the sources; the bytes of small files stay.
fn read(
    sources: &[Source],
    known_before: &Digests,
    kept: &mut BTreeMap<usize, Vec<u8>>,
    hashing: &Hashing,
    context: &Context,
) -> Result<Vec<sources::Hashed>, Diagnostic> {
    let mut left = MOST_KEPT;
    let mut known: BTreeMap<usize, sources::Hashed> = BTreeMap::new();
    for (at, source) in sources.iter().enumerate() {
        let size = source.stamp.size;
        if size <= SMALL && size <= left && !hashing.digest_cache {
            let bytes = whole(source)?;
            let digest = Algorithm::Sha256.digest(&bytes);
            left = left.saturating_sub(size);
            kept.insert(at, bytes);
            known.insert(
                at,
                sources::Hashed {
                    digest,
                    from_cache: false,
                },
            );
        } else if let Some(digest) = source.model_path().and_then(|path| known_before.get(path)) {
            let (digest, from_cache) = (*digest, false);
            known.insert(at, sources::Hashed { digest, from_cache });
        }
    }
    let large = sources
        .iter()
        .enumerate()
        .filter(|(at, _)| !known.contains_key(at));
    let large: Vec<Source> = large.map(|(_, source)| source.clone()).collect();
    let mut rest = if large.is_empty() {
        Vec::new()
    } else {
        sources::hash(&large, Algorithm::Sha256, Want::Whole, hashing, context)?
    }
    .into_iter();
    let all = (0..sources.len()).filter_map(|at| known.get(&at).copied().or_else(|| rest.next()));
    Ok(all.collect())
}

/// All bytes of a file that is what it was when it was found.
fn whole(source: &Source) -> Result<Vec<u8>, Error> {
    let mut file = source.open()?;
    let mut bytes = Vec::new();
    let most = source.stamp.size.saturating_add(1);
    let read = Read::take(&mut file, most).read_to_end(&mut bytes);
    read.map_err(|error| Error::io("read", &source.name, error))?;
    source.same(&file)?;
    if bytes.len() as u64 == source.stamp.size {
        Ok(bytes)
    } else {
        Err(Error::Changed {
            path: source.name.clone(),
            offset: None,
        })
    }
}

/// Files for the extractors.
struct Model {
    files: Vec<File>,
    sources: BTreeMap<ArtifactPath, Source>,
    kept: BTreeMap<ArtifactPath, Vec<u8>>,
}

impl Model {
    fn unhashed(names: &[ArtifactPath], sources: &[Source]) -> Self {
        let files = names.iter().zip(sources).map(|(path, source)| File {
            path: path.clone(),
            size: source.stamp.size,
            sha256: None,
        });
        Self {
            files: files.collect(),
            sources: named(names, sources),
            kept: BTreeMap::new(),
        }
    }
}

impl Files for Model {
    fn files(&self) -> &[File] {
        &self.files
    }

    fn open(&self, path: &ArtifactPath) -> io::Result<Content> {
        if let Some(bytes) = self.kept.get(path) {
            return Ok(bytes.clone().into());
        }
        let source = self.sources.get(path).ok_or(io::ErrorKind::NotFound)?;
        opened(source).map_err(io::Error::other)
    }
}

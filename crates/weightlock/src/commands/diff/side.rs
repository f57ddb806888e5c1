//! One side of a comparison: a model, or a text that lists the files of one.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use weightlock_artifact::{
    digest::{Algorithm, Digest, engine::Want},
    input,
    inventory::{Links, Scope},
    manifest::Manifest,
    path::ArtifactPath,
};
use weightlock_signing::{
    bundle::Bundle,
    oms::{FileClaim, Files, Method, ModelStatement, danger},
};

use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    explanations::INCOMPARABLE,
    sources,
    sources::{Source, Target},
};

/// What a path turned out to name, before a model is walked.
#[derive(Debug)]
pub(super) enum Named {
    /// A folder or file of a model.
    Model(PathBuf),
    /// A canonical manifest.
    Manifest(Manifest),
    /// A signature, which is not checked.
    Signature(Box<ModelStatement>),
}

/// How files are told apart: what all digests of a comparison must have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Basis {
    pub(super) algorithm: Algorithm,
    pub(super) method: Method,
}

const CANONICAL: Basis = Basis {
    algorithm: Algorithm::Sha256,
    method: Method::Files,
};

/// The files of one side with one digest each.
#[derive(Debug)]
pub(super) struct Side {
    /// Digests by name. With shards, the digest of the digests of all shards.
    pub(super) digests: BTreeMap<ArtifactPath, Digest>,
    /// The files themselves, where the side is a model.
    pub(super) sources: BTreeMap<ArtifactPath, Source>,
    /// The side is one file without a name that counts.
    pub(super) is_single: bool,
    /// Digests that were remembered and not computed now.
    pub(super) from_cache: usize,
}

/// Bytes that tell a manifest and a bundle from a model.
const HEAD: usize = 4096;

impl Named {
    /// Tells by content what a path names. Only a text that says itself to be a manifest or bundle is taken for one.
    pub(super) fn open(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        if path.is_dir() {
            return Ok(Self::Model(path.to_owned()));
        }
        let head = input::read_at_most(path, HEAD).map_err(Diagnostic::from)?;
        // What fits the head is not read again: a pipe can be read once only.
        let whole = |limit| match head.len() {
            ..=HEAD => Ok(head.clone()),
            _ => input::read_at_most(path, limit).map_err(Diagnostic::from),
        };
        if head.starts_with(b"weightlock-manifest-v") {
            let text = whole(Manifest::MAX_TEXT)?;
            let manifest = Manifest::parse(&text)
                .map_err(|error| Diagnostic::of(INCOMPARABLE, &error).at(sources::shown(path)))?;
            return Ok(Self::Manifest(manifest));
        }
        if is_bundle(path, &head) {
            let text = whole(Bundle::MAX_BYTES)?;
            let statement = danger::read_unverified(&text)
                .map_err(|refusal| Diagnostic::of(refusal.code(), &refusal).at(sources::shown(path)))?;
            return Ok(Self::Signature(Box::new(statement)));
        }
        Ok(Self::Model(path.to_owned()))
    }

    /// The word in results.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Model(_) => "model",
            Self::Manifest(_) => "manifest",
            Self::Signature(_) => "signature",
        }
    }

    fn basis(&self) -> Option<Basis> {
        match self {
            Self::Model(_) => None,
            Self::Manifest(_) => Some(CANONICAL),
            Self::Signature(statement) => Some(Basis {
                algorithm: statement.serialization().algorithm,
                method: statement.serialization().method,
            }),
        }
    }

    /// What to leave out of a model that is compared with this side, because this side says nothing about it.
    pub(super) fn scope(&self) -> Scope {
        let scope = Scope::model();
        match self {
            Self::Signature(statement) => {
                let scope = scope.skipping(statement.serialization().ignore_paths.iter().cloned());
                match statement.files() {
                    Files::Named(files) => scope.but_keeping(files.keys()),
                    Files::Single(_) => scope,
                }
            }
            Self::Model(_) | Self::Manifest(_) => scope,
        }
    }

    fn omits_empty_files(&self) -> bool {
        matches!(self, Self::Signature(statement) if statement.omits_empty_files())
    }

    /// The files with their digests; those of a model are computed now.
    pub(super) fn digests(
        &self,
        basis: Basis,
        other: &Self,
        links: Links,
        hashing: &Hashing,
        context: &Context,
    ) -> Result<Side, Vec<Diagnostic>> {
        Ok(match self {
            Self::Model(path) => {
                let target = Target::open(path, links, &other.scope())?;
                model(&target, basis, other, hashing, context)?
            }
            Self::Manifest(manifest) => {
                let files = manifest
                    .files()
                    .iter()
                    .map(|file| (file.path.clone(), *file.sha256()));
                Side::listed(files.collect())
            }
            Self::Signature(statement) => match statement.files() {
                Files::Named(files) => Side::listed(
                    files
                        .iter()
                        .map(|(path, claim)| (path.clone(), claimed(claim)))
                        .collect(),
                ),
                Files::Single(claim) => Side {
                    is_single: true,
                    ..Side::listed(BTreeMap::from([(unnamed()?, claimed(claim))]))
                },
            },
        })
    }
}

/// The basis on which two sides can be compared.
pub(super) fn basis(a: &Named, b: &Named) -> Result<Basis, Diagnostic> {
    match (a.basis(), b.basis()) {
        (Some(a), Some(b)) if a != b => Err(Diagnostic::new(
            INCOMPARABLE,
            "the two sides list digests of different kinds",
        )
        .fact("A", described(a))
        .fact("B", described(b))),
        (Some(basis), _) | (None, Some(basis)) => Ok(basis),
        (None, None) => Ok(CANONICAL),
    }
}

fn described(basis: Basis) -> String {
    match basis.method {
        Method::Files => format!("{} of files", basis.algorithm),
        Method::Shards(size) => format!("{} of shards of {size} bytes", basis.algorithm),
    }
}

impl Side {
    const fn listed(digests: BTreeMap<ArtifactPath, Digest>) -> Self {
        Self {
            digests,
            sources: BTreeMap::new(),
            is_single: false,
            from_cache: 0,
        }
    }

    /// Gives the one file another name, so that two single files are compared whatever they are called.
    pub(super) fn rename_single(&mut self, name: &ArtifactPath) {
        if let Some((_, digest)) = self.digests.pop_first() {
            self.digests.insert(name.clone(), digest);
        }
        if let Some((_, source)) = self.sources.pop_first() {
            self.sources.insert(name.clone(), source);
        }
    }
}

fn model(
    target: &Target,
    basis: Basis,
    other: &Named,
    hashing: &Hashing,
    context: &Context,
) -> Result<Side, Diagnostic> {
    let want = match basis.method {
        Method::Files => Want::Whole,
        Method::Shards(size) => Want::Pieces(size),
    };
    let names = target.names()?;
    let sources: BTreeMap<ArtifactPath, Source> = names
        .into_iter()
        .zip(target.sources())
        .filter(|(_, source)| source.stamp.size > 0 || !other.omits_empty_files())
        .collect();
    let list: Vec<Source> = sources.values().cloned().collect();
    let hashed = sources::hash(&list, basis.algorithm, want, hashing, context)?;
    Ok(Side {
        digests: sources
            .keys()
            .cloned()
            .zip(hashed.iter().map(|hashed| hashed.digest))
            .collect(),
        from_cache: hashed.iter().filter(|hashed| hashed.from_cache).count(),
        sources,
        is_single: matches!(target, Target::File(_)),
    })
}

fn claimed(claim: &FileClaim) -> Digest {
    match claim {
        FileClaim::Whole(digest) => *digest,
        FileClaim::Shards { digests, .. } => sources::digest_of_digests(digests),
    }
}

fn unnamed() -> Result<ArtifactPath, Diagnostic> {
    ArtifactPath::parse("model").map_err(|error| Diagnostic::of(INCOMPARABLE, &error))
}

/// A text that names the media type of bundles near its start, or has a name that only bundles have.
fn is_bundle(path: &Path, head: &[u8]) -> bool {
    const TYPE: &[u8] = b"application/vnd.dev.sigstore.bundle";
    let is_object = head.trim_ascii_start().first() == Some(&b'{');
    let says_so = head.windows(TYPE.len()).any(|window| window == TYPE);
    let named_so = path.to_str().is_some_and(|path| {
        path.ends_with(".sig") || path.ends_with(".sigstore.json") || path.ends_with(".sigstore")
    });
    is_object && (says_so || named_so)
}

//! From a model on disk to the statement that is to be signed.

use std::{collections::BTreeMap, num::NonZeroU64};

use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest},
    inventory::{Entry, Inventory, Irregular, Root, RootKind, Scope},
    leaf::{LEAF, LeafError, LeafFile, LeafTable},
    manifest::{BUILT_IN, Manifest, ManifestError, ManifestFile, is_built_in},
    measure::{Measured, Wanted},
    path::ArtifactPath,
    reason::Code,
};

use super::{GIT_NAMES, Work, names};
use crate::{
    oms::{FileClaim, Files, Method, ModelStatement, Serialization, VerifiedStatement},
    predicate::verity::VerityList,
    reason,
};

/// What to sign, and how it is recorded.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The digest of every resource.
    pub algorithm: Algorithm,
    /// By file or by shard.
    pub method: Method,
    /// What the signer leaves out, below the root. Recorded in the statement.
    pub ignore: Vec<ArtifactPath>,
    /// Leave out and record every name that is never part of a model; without it only git's names, as the reference
    /// does, and those only if `git` says so.
    pub built_in: bool,
    /// Leave out git's names at the root.
    pub git: bool,
    /// Whether links to files were allowed, for the record.
    pub allow_symlinks: bool,
    /// Also compute a leaf table.
    pub leaves: bool,
    /// Also compute what fs-verity calls the digests of the files.
    pub verity: bool,
    /// What the statement calls the model; without it, the name of the folder or file.
    pub name: Option<String>,
}

impl Plan {
    /// By file, SHA-256, every built-in name left out and recorded.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            method: Method::Files,
            ignore: Vec::new(),
            built_in: true,
            git: true,
            allow_symlinks: false,
            leaves: false,
            verity: false,
            name: None,
        }
    }

    fn left_out(&self) -> impl Iterator<Item = ArtifactPath> {
        let built_in: &[&str] = if self.built_in { &BUILT_IN } else { &[] };
        let git: &[&str] = if self.git { &GIT_NAMES } else { &[] };
        let own = built_in.iter().filter(|name| !GIT_NAMES.contains(name));
        names(git).chain(own.filter_map(|name| ArtifactPath::parse(*name).ok()))
    }

    fn wanted(&self) -> Wanted {
        let leaf = const { NonZeroU64::new(LEAF).unwrap() };
        match (self.method, self.leaves) {
            (Method::Shards(size), _) => Wanted::Pieces(size),
            (Method::Files, leaves) if self.verity => Wanted::WithVerity(leaves.then_some(leaf)),
            (Method::Files, true) => Wanted::Both(leaf),
            (Method::Files, false) => Wanted::Whole,
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

/// An earlier statement about the same model, whose signature was verified.
#[derive(Clone, Copy, Debug)]
pub struct Previous<'a> {
    /// The statement.
    pub statement: &'a VerifiedStatement,
    /// When its signature file was written, in nanoseconds since 1970.
    pub written: i128,
}

/// A statement ready to be signed.
#[derive(Debug)]
pub struct Prepared {
    /// What to sign.
    pub statement: ModelStatement,
    /// The canonical manifest, when the files have SHA-256 digests.
    pub manifest: Option<Manifest>,
    /// The leaf table, when it was asked for.
    pub leaves: Option<LeafTable>,
    /// What fs-verity calls the digests of the files, when it was asked for.
    pub verity: Option<VerityList>,
    /// The walk of the model.
    pub inventory: Inventory,
    /// How many digests were taken over from the earlier statement without reading the file.
    pub reused: usize,
    scope: Scope,
}

impl Prepared {
    /// SHA-256 of a model that is one file, when it was computed.
    #[must_use]
    pub fn single_digest(&self) -> Option<Digest> {
        match self.statement.files() {
            Files::Single(FileClaim::Whole(digest)) => {
                Some(*digest).filter(|digest| digest.algorithm() == Algorithm::Sha256)
            }
            _ => None,
        }
    }

    /// Looks at the folder again: an error when a file came, went or changed since the walk.
    ///
    /// # Errors
    /// [`Error::Changed`], [`Error::Io`].
    pub fn still_holds(&self) -> Result<(), Error> {
        self.inventory.still_holds(&self.scope)
    }
}

/// Why a model is not signed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unsignable {
    /// There are no files.
    #[error("there is nothing to sign: no files are left after what is ignored")]
    Nothing,
    /// There are things that cannot be vouched for.
    #[error("the model holds {} thing(s) that a signature cannot vouch for", .0.len())]
    Irregular(Vec<Irregular>),
    /// The files are no manifest.
    #[error("the model has no canonical manifest")]
    Manifest(#[from] ManifestError),
    /// The leaf table cannot be made.
    #[error("the leaf table cannot be made")]
    Leaves(#[from] LeafError),
}

impl Unsignable {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Nothing | Self::Manifest(_) | Self::Leaves(_) => reason::NOTHING_TO_SIGN,
            Self::Irregular(found) => found
                .first()
                .map_or(reason::NOTHING_TO_SIGN, |irregular| irregular.kind.code()),
        }
    }
}

/// Walks and hashes a model.
///
/// With an earlier statement, digests of files that are older than its signature are taken over: both their
/// modification and their change time must be before it was written.
///
/// # Errors
/// The outer error says that Weightlock could not work, the inner one why the model is not to be signed.
pub fn prepare(
    root: Root,
    plan: &Plan,
    previous: Option<Previous<'_>>,
    work: &mut Work<'_>,
) -> Result<Result<Prepared, Unsignable>, Error> {
    let scope = Scope::everything().setting_aside(plan.ignore.iter().cloned());
    // The reference looks for links and special files before it looks at what is left out.
    let scope = if plan.built_in {
        scope.skipping(plan.left_out())
    } else {
        scope.setting_aside(plan.left_out())
    };
    let inventory = Inventory::walk(root, &scope)?;
    if !inventory.irregular().is_empty() {
        return Ok(Err(Unsignable::Irregular(inventory.irregular().to_vec())));
    }
    if inventory.entries().is_empty() {
        return Ok(Err(Unsignable::Nothing));
    }
    let (known, unknown): (Vec<_>, Vec<_>) = inventory
        .entries()
        .iter()
        .map(|entry| (entry, taken_over(entry, plan, previous)))
        .partition(|(_, known)| known.is_some());
    let unknown: Vec<&Entry> = unknown.into_iter().map(|(entry, _)| entry).collect();
    let measured = work.measure(&inventory, &unknown, plan.wanted(), plan.algorithm)?;
    let mut found: BTreeMap<&ArtifactPath, (&Entry, Measured)> = unknown
        .into_iter()
        .zip(measured)
        .map(|(entry, measured)| (&entry.path, (entry, measured)))
        .collect();
    let reused = known.len();
    for (entry, digest) in known {
        found.insert(
            &entry.path,
            (
                entry,
                Measured {
                    whole: digest,
                    ..Measured::default()
                },
            ),
        );
    }
    let statement = ModelStatement::new(
        &plan.name.clone().unwrap_or_else(|| inventory.root().base_name()),
        serialization(plan),
        files(&inventory, plan, &found),
    );
    let described = match describe(&inventory, plan, &found, work)? {
        Ok(described) => described,
        Err(unsignable) => return Ok(Err(unsignable)),
    };
    let Described {
        manifest,
        leaves,
        verity,
    } = described;
    Ok(Ok(Prepared {
        statement,
        manifest,
        leaves,
        verity,
        inventory,
        reused,
        scope,
    }))
}

fn taken_over(entry: &Entry, plan: &Plan, previous: Option<Previous<'_>>) -> Option<Digest> {
    let previous = previous?;
    let statement = previous.statement.statement();
    let digests_only = plan.method == Method::Files && !plan.leaves && !plan.verity;
    let same_way = digests_only && statement.serialization().algorithm == plan.algorithm;
    let older = entry.stamp.modified < previous.written && entry.stamp.changed < previous.written;
    if !(same_way && older) {
        return None;
    }
    match statement.files() {
        Files::Named(files) => match files.get(&entry.path)? {
            FileClaim::Whole(digest) => Some(*digest),
            FileClaim::Shards { .. } => None,
        },
        Files::Single(_) => None,
    }
}

fn serialization(plan: &Plan) -> Serialization {
    let mut ignore_paths: Vec<_> = plan.left_out().chain(plan.ignore.iter().cloned()).collect();
    ignore_paths.sort();
    ignore_paths.dedup();
    Serialization {
        method: plan.method,
        algorithm: plan.algorithm,
        allow_symlinks: plan.allow_symlinks,
        ignore_paths,
    }
}

type Found<'a> = BTreeMap<&'a ArtifactPath, (&'a Entry, Measured)>;

fn files(inventory: &Inventory, plan: &Plan, found: &Found<'_>) -> Files {
    let claims = found.iter().filter_map(|(path, (entry, measured))| {
        let claim = match plan.method {
            Method::Files => FileClaim::Whole(measured.whole?),
            Method::Shards(_) => FileClaim::Shards {
                digests: measured.pieces.clone(),
                size: Some(entry.stamp.size),
            },
        };
        Some(((*path).clone(), claim))
    });
    let mut claims: BTreeMap<_, _> = claims.collect();
    match (inventory.root().kind(), claims.pop_first()) {
        (RootKind::File(_), Some((_, claim))) => Files::Single(claim),
        (_, first) => {
            claims.extend(first);
            Files::Named(claims)
        }
    }
}

/// What is said of the model as a whole, beside the statement.
#[derive(Default)]
struct Described {
    manifest: Option<Manifest>,
    leaves: Option<LeafTable>,
    verity: Option<VerityList>,
}

/// Manifest, leaf table and fs-verity digests: they cover every file of the model, also those the signer ignores.
fn describe(
    inventory: &Inventory,
    plan: &Plan,
    found: &Found<'_>,
    work: &mut Work<'_>,
) -> Result<Result<Described, Unsignable>, Error> {
    if !plan.built_in || plan.algorithm != Algorithm::Sha256 || plan.method != Method::Files {
        return Ok(Ok(Described::default()));
    }
    let ignored: Vec<&Entry> = inventory.set_aside().iter().collect();
    let measured = work.measure(inventory, &ignored, plan.wanted(), plan.algorithm)?;
    let all = found
        .values()
        .map(|(entry, measured)| (*entry, measured))
        .chain(ignored.into_iter().zip(&measured));
    let described = match assemble(all, plan) {
        Ok(described) => described,
        Err(unsignable) => return Ok(Err(unsignable)),
    };
    let folder = *inventory.root().kind() == RootKind::Folder;
    Ok(Ok(Described {
        manifest: described.manifest.filter(|_| folder),
        ..described
    }))
}

fn assemble<'a>(
    files: impl Iterator<Item = (&'a Entry, &'a Measured)>,
    plan: &Plan,
) -> Result<Described, Unsignable> {
    let mut listed = Vec::new();
    for (entry, measured) in files.filter(|(entry, _)| !is_built_in(&entry.path)) {
        let file = measured
            .whole
            .and_then(|digest| ManifestFile::new(entry.path.clone(), entry.stamp.size, digest));
        listed.extend(file.map(|file| (file, measured)));
    }
    let leaves = if plan.leaves {
        let files = listed
            .iter()
            .map(|(file, measured)| LeafFile::new(file.clone(), &measured.pieces));
        Some(LeafTable::new(files.collect::<Result<_, _>>()?)?)
    } else {
        None
    };
    let verity = if plan.verity {
        let files = listed
            .iter()
            .filter_map(|(file, measured)| Some((file.clone(), measured.verity?)));
        Some(VerityList::new(files.collect())?)
    } else {
        None
    };
    Ok(Described {
        manifest: Some(Manifest::new(listed.into_iter().map(|(file, _)| file))?),
        leaves,
        verity,
    })
}

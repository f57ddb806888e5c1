//! A verified statement against a model on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    num::NonZeroU64,
    ops::Range,
};

use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest, Hasher},
    drift::{Change, Drift},
    evidence::EXTRA_FILE,
    inventory::{Entry, Inventory, Irregular, Root, RootKind, Scope},
    leaf::{LEAF, LeafTable},
    manifest::{BUILT_IN, Manifest, ManifestFile},
    measure::{Measured, Wanted, measure_pieces},
    path::ArtifactPath,
    reason::Code,
};

use super::{GIT_NAMES, Work, names};
use crate::{
    oms::{FileClaim, Files, Method, ModelStatement, VerifiedStatement},
    reason,
};

/// How many bytes of an unsigned file are shown to [`LoaderView`].
const HEAD: u64 = 4096;

/// More unsigned files than this are not hashed to find out which were renamed.
const MOST_RENAMES: usize = 64;

/// Nor are they when there are more bytes than this, which is more than a file of a large model has: a sparse file of a
/// stranger costs nothing to make and hours to hash, and the answer is no already.
const MOST_RENAMED_BYTES: u64 = 32 << 30;

/// What a program that loads models could do with a file.
pub trait LoaderView {
    /// Whether a loader, a tokenizer or Python could read the file, judged by name and first bytes.
    fn could_read(&self, path: &ArtifactPath, head: &[u8]) -> bool;

    /// Whether an empty file of this name changes what a loader does: an empty `__init__.py` makes a package of its
    /// folder, an empty template takes the place of the model's own.
    fn matters_empty(&self, path: &ArtifactPath) -> bool;
}

/// Whose rules decide what must be signed.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "a view has no representation")]
pub enum Strictness<'a> {
    /// Weightlock's: what a signer ignored may hold nothing a loader could read.
    Native {
        /// What a loader could read.
        loaders: &'a dyn LoaderView,
        /// Git's names at the root are passed over.
        git: bool,
    },
    /// The reference implementation's: what a signer ignored is not looked at.
    Reference {
        /// Git's names at the root are ignored too.
        git: bool,
    },
}

/// What unsigned files mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsigned {
    /// They are a reason to refuse.
    Refused,
    /// They are listed and change nothing: the caller will not load them.
    Tolerated,
}

/// How a model is compared.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "views and patterns have no representation"
)]
pub struct Rules<'a> {
    /// Whose rules.
    pub strictness: Strictness<'a>,
    /// What the verifier leaves out, below the root.
    pub ignore: Vec<ArtifactPath>,
    /// What unsigned files mean.
    pub unsigned: Unsigned,
    /// Where the signature itself lies, when it is in the model.
    pub signature: Option<ArtifactPath>,
    /// Look only at files for which this holds.
    pub only: Option<&'a dyn Fn(&ArtifactPath) -> bool>,
}

/// The result of a comparison.
#[derive(Debug)]
pub struct Comparison {
    /// How the listed files differ, and which files are not listed.
    pub drift: Drift,
    /// What is neither file nor folder.
    pub irregular: Vec<Irregular>,
    /// Unsigned files that were tolerated.
    pub unsigned: Vec<ArtifactPath>,
    /// What is neither file nor folder, and was tolerated.
    pub tolerated: Vec<Irregular>,
    /// Unsigned files under names that signer or verifier ignored.
    pub ignored: Vec<ArtifactPath>,
    /// Those of them that a loader could read.
    pub ignored_loadable: Vec<ArtifactPath>,
    /// Byte ranges that changed, where shards tell.
    pub changed_ranges: BTreeMap<ArtifactPath, Vec<Range<u64>>>,
    /// Only some names were looked at, so that an unsigned file may have stayed unseen ([`Rules::only`]).
    pub narrowed: bool,
    /// How many listed files were checked.
    pub checked: usize,
    /// How many files the statement lists.
    pub listed: usize,
    /// How many bytes of the checked files there are.
    pub bytes: u64,
    /// How many digests came from the cache.
    pub from_cache: usize,
    /// How many of the bytes were not read, because somebody whom the keeper believes answers for them
    /// ([`Need::Nothing`](weightlock_artifact::measure::Need::Nothing)).
    pub bytes_vouched: u64,
    /// Every file that was read has the leaves that [`Work::leaves`] has for it.
    pub leaves_hold: bool,
    /// The canonical manifest of what is there, when every file has a SHA-256 digest.
    pub manifest: Option<Manifest>,
    /// The walk, for looking closer.
    pub inventory: Inventory,
}

/// A model that is what its signer signed, as far as it was looked at: see [`VerifiedModel::is_complete`].
#[derive(Debug)]
pub struct VerifiedModel(Comparison);

/// A model that is not what was signed.
#[derive(Debug)]
pub struct Mismatch(Comparison);

impl VerifiedModel {
    /// What was compared.
    #[must_use]
    pub const fn comparison(&self) -> &Comparison {
        &self.0
    }

    /// Every listed file was checked, and every other file was looked for. When not, say how many: a partial check is
    /// never a bare pass.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        !self.0.narrowed && self.0.checked == self.0.listed
    }
}

impl Mismatch {
    pub(super) const fn of(comparison: Comparison) -> Self {
        Self(comparison)
    }

    /// What was compared.
    #[must_use]
    pub const fn comparison(&self) -> &Comparison {
        &self.0
    }

    /// The reason codes, gravest first, each once.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        self.0.codes()
    }
}

impl Comparison {
    /// The verdict.
    ///
    /// # Errors
    /// [`Mismatch`] when anything differs, is not listed, or cannot be vouched for; and when nothing was checked.
    pub fn accept(self) -> Result<VerifiedModel, Mismatch> {
        if self.codes().is_empty() {
            Ok(VerifiedModel(self))
        } else {
            Err(Mismatch(self))
        }
    }

    pub(super) fn codes(&self) -> Vec<Code> {
        let mut codes = Vec::new();
        let added = |change: &Change| matches!(change, Change::Added { .. });
        if self.drift.changes().iter().any(|change| !added(change)) {
            codes.push(reason::TAMPERED);
        }
        if self.drift.changes().iter().any(added) {
            codes.push(EXTRA_FILE);
        }
        codes.extend(self.irregular.iter().map(|found| found.kind.code()));
        if !self.ignored_loadable.is_empty() {
            codes.push(reason::IGNORED_LOADABLE);
        }
        if codes.is_empty() && self.checked == 0 {
            codes.push(reason::NOTHING_SELECTED);
        }
        let mut seen = BTreeSet::new();
        codes.retain(|code| seen.insert(*code));
        codes
    }
}

/// Compares a model with what was signed: every listed file is there with the listed digest, and nothing else is.
///
/// 1. The model is walked. What signer and verifier ignored is set apart; built-in names (git, download caches, our
///    own evidence) are passed over unless the statement lists them.
/// 2. Listed files are hashed by the statement's algorithm and method, and compared.
/// 3. Files that are not listed are refused, or listed when the caller tolerates them.
/// 4. Ignored files must be of no use to a loader (native rules only).
/// 5. The walk is repeated: nothing may have come, gone or changed.
///
/// # Errors
/// When Weightlock could not work. That the model differs is part of the [`Comparison`].
pub fn compare(
    verified: &VerifiedStatement,
    root: Root,
    rules: &Rules<'_>,
    work: &mut Work<'_>,
) -> Result<Comparison, Error> {
    look(verified, root, rules, work, None)
}

/// [`compare`], in which the listed files for which `unread` holds are not read: they count as if they had the signed
/// digests. What comes of it must not be [accepted](Comparison::accept) then.
pub(super) fn look(
    verified: &VerifiedStatement,
    root: Root,
    rules: &Rules<'_>,
    work: &mut Work<'_>,
    unread: Option<&dyn Fn(&Entry) -> bool>,
) -> Result<Comparison, Error> {
    let statement = verified.statement();
    let listed = listed_files(statement, &root);
    let scope = scope(statement, &listed, rules);
    let inventory = Inventory::walk(root, &scope)?;
    let wanted = |path: &ArtifactPath| rules.only.is_none_or(|only| only(path));

    let misplaced = is_misplaced(statement, inventory.root());
    let present: Vec<&Entry> = inventory
        .entries()
        .iter()
        .filter(|entry| !misplaced && listed.contains_key(&entry.path) && wanted(&entry.path))
        .collect();
    let leaves = work.leaves.filter(|leaves| leaves.are_of(verified));
    let (measured, leaves_hold) = match (unread, leaves) {
        (None, None) => {
            let algorithm = statement.serialization().algorithm;
            let measured = work.measure_listed(&inventory, &present, per_file(statement), algorithm)?;
            (measured, false)
        }
        (None, Some(leaves)) => leaves.measure(&inventory, &present, work)?,
        (Some(unread), _) => {
            let measured = measured_or_not(statement, &inventory, &present, &listed, unread, work)?;
            (measured, false)
        }
    };
    let mut found: BTreeMap<ArtifactPath, Digest> = present
        .iter()
        .zip(&measured)
        .map(|(entry, measured)| (entry.path.clone(), fold(entry, measured, statement)))
        .collect();
    let expected: BTreeMap<ArtifactPath, Digest> = listed
        .iter()
        .filter(|(path, _)| wanted(path))
        .map(|(path, claim)| (path.clone(), fold_claim(claim)))
        .collect();

    let extra: Vec<&Entry> = inventory
        .entries()
        .iter()
        .filter(|entry| !listed.contains_key(&entry.path) && wanted(&entry.path))
        .filter(|entry| !passes_as_empty(statement, entry, rules.strictness))
        .collect();
    let unsigned = match rules.unsigned {
        Unsigned::Tolerated => extra.iter().map(|entry| entry.path.clone()).collect(),
        Unsigned::Refused => {
            let gone = expected.keys().any(|path| !found.contains_key(path));
            found.extend(digests_of_extra(&inventory, &extra, statement, gone, work)?);
            Vec::new()
        }
    };
    let retyped = retyped(&inventory, &expected, misplaced);
    let irregular = irregular(&inventory, &retyped, rules);
    let (irregular, tolerated) = match rules.unsigned {
        Unsigned::Refused => (irregular, Vec::new()),
        Unsigned::Tolerated => (Vec::new(), irregular),
    };
    let (ignored, ignored_loadable) = ignored(&inventory, rules.strictness)?;
    let drift = Drift::between(&expected, &found, &retyped);
    let changed_ranges = shard_ranges(statement, &listed, &present, &measured);
    let manifest = match unread {
        None => manifest(statement, &inventory, &present, &measured, rules, work)?,
        Some(_) => None,
    };
    inventory.still_holds(&scope)?;
    Ok(Comparison {
        drift,
        irregular,
        unsigned,
        tolerated,
        ignored,
        ignored_loadable,
        changed_ranges,
        narrowed: rules.only.is_some(),
        checked: present.len(),
        listed: listed.len(),
        bytes: present
            .iter()
            .fold(0, |sum, entry| entry.stamp.size.saturating_add(sum)),
        from_cache: measured.iter().filter(|measured| measured.from_cache).count(),
        bytes_vouched: present
            .iter()
            .zip(&measured)
            .filter(|(_, measured)| measured.vouched)
            .fold(0, |sum, (entry, _)| entry.stamp.size.saturating_add(sum)),
        leaves_hold,
        manifest,
        inventory,
    })
}

/// As if files for which `unread` holds had the signed digests; the others are read.
fn measured_or_not(
    statement: &ModelStatement,
    inventory: &Inventory,
    present: &[&Entry],
    listed: &BTreeMap<ArtifactPath, &FileClaim>,
    unread: &dyn Fn(&Entry) -> bool,
    work: &mut Work<'_>,
) -> Result<Vec<Measured>, Error> {
    let read: Vec<&Entry> = present.iter().copied().filter(|entry| !unread(entry)).collect();
    let algorithm = statement.serialization().algorithm;
    let mut measured = work
        .measure(inventory, &read, per_file(statement), algorithm)?
        .into_iter();
    let one = |entry: &&Entry| {
        let claim = listed.get(&entry.path).filter(|_| unread(entry));
        match claim {
            Some(claim) => Measured {
                whole: Some(fold_claim(claim)),
                ..Measured::default()
            },
            None => measured.next().unwrap_or_default(),
        }
    };
    Ok(present.iter().map(one).collect())
}

/// The byte ranges in which a file differs from a leaf table. The caller has checked who signed the table.
///
/// # Errors
/// As [`weightlock_artifact::measure::measure`].
pub fn locate(
    inventory: &Inventory,
    path: &ArtifactPath,
    table: &LeafTable,
    work: &Work<'_>,
) -> Result<Option<Vec<Range<u64>>>, Error> {
    let Some(entry) = inventory.entry(path) else {
        return Ok(None);
    };
    let leaf = const { NonZeroU64::new(LEAF).unwrap() };
    let settings = weightlock_artifact::digest::engine::Settings {
        algorithm: Algorithm::Sha256,
        ..work.settings
    };
    let leaves = measure_pieces(inventory, entry, leaf, &settings, work.observer)?;
    Ok(table.changed_ranges(path, &leaves, entry.stamp.size))
}

/// The listed files by path. A model of one file may be listed without a name, which then is its own.
fn listed_files<'a>(statement: &'a ModelStatement, root: &Root) -> BTreeMap<ArtifactPath, &'a FileClaim> {
    match (statement.files(), root.kind()) {
        (Files::Named(files), _) => files.iter().map(|(path, claim)| (path.clone(), claim)).collect(),
        (Files::Single(claim), RootKind::File(name)) => BTreeMap::from([(name.clone(), claim)]),
        // See `is_misplaced`: nothing in the folder is compared with this.
        (Files::Single(claim), RootKind::Folder) => {
            let name = statement
                .model_name()
                .and_then(|name| ArtifactPath::parse(name).ok());
            name.or_else(|| ArtifactPath::parse("model").ok())
                .map(|name| (name, claim))
                .into_iter()
                .collect()
        }
    }
}

/// The statement is about one file, recorded without a name, and the target is a folder. A file in it that happens to
/// have the model's informational name is not what was signed.
fn is_misplaced(statement: &ModelStatement, root: &Root) -> bool {
    matches!(statement.files(), Files::Single(_)) && *root.kind() == RootKind::Folder
}

fn scope(
    statement: &ModelStatement,
    listed: &BTreeMap<ArtifactPath, &FileClaim>,
    rules: &Rules<'_>,
) -> Scope {
    let recorded = statement.serialization().ignore_paths.iter().cloned();
    let ignored = recorded.chain(rules.ignore.iter().cloned());
    match rules.strictness {
        Strictness::Native { git, .. } => Scope::everything()
            .skipping(names(&BUILT_IN).filter(|name| git || !GIT_NAMES.contains(&name.as_str())))
            .but_keeping(listed.keys())
            .skipping(rules.signature.clone())
            .setting_aside(ignored),
        // The reference looks for links and special files before it looks at what is ignored.
        Strictness::Reference { git } => {
            let git = if git { &GIT_NAMES[..] } else { &[] };
            Scope::everything().setting_aside(names(git).chain(ignored).chain(rules.signature.clone()))
        }
    }
}

fn per_file(statement: &ModelStatement) -> Wanted {
    match statement.serialization().method {
        Method::Files => Wanted::Whole,
        Method::Shards(size) => Wanted::Pieces(size),
    }
}

/// One digest per file for comparing: shards are folded into one, with the file's size where their names tell it.
fn fold(entry: &Entry, measured: &Measured, statement: &ModelStatement) -> Digest {
    let size = statement.omits_empty_files().then_some(entry.stamp.size);
    measured
        .whole
        .unwrap_or_else(|| fold_pieces(&measured.pieces, size))
}

fn fold_claim(claim: &FileClaim) -> Digest {
    match claim {
        FileClaim::Whole(digest) => *digest,
        FileClaim::Shards { digests, size } => fold_pieces(digests, *size),
    }
}

fn fold_pieces(pieces: &[Digest], size: Option<u64>) -> Digest {
    let mut all = Hasher::new(Algorithm::Sha256);
    pieces.iter().for_each(|piece| all.update(piece.as_bytes()));
    size.iter().for_each(|size| all.update(&size.to_be_bytes()));
    all.finish()
}

/// Shards named by byte range leave empty files out, so an empty file cannot be told from one that was signed. It
/// passes unless it matters to a loader: see [`LoaderView::matters_empty`].
fn passes_as_empty(statement: &ModelStatement, entry: &Entry, strictness: Strictness<'_>) -> bool {
    let harmless = match strictness {
        Strictness::Native { loaders, .. } => !loaders.matters_empty(&entry.path),
        Strictness::Reference { .. } => true,
    };
    statement.omits_empty_files() && entry.stamp.size == 0 && harmless
}

/// Digests of unsigned files, so that a renamed file is told from an added one. Hashed only when one is missing.
fn digests_of_extra(
    inventory: &Inventory,
    extra: &[&Entry],
    statement: &ModelStatement,
    gone: bool,
    work: &mut Work<'_>,
) -> Result<Vec<(ArtifactPath, Digest)>, Error> {
    let unknown = Algorithm::Sha256.digest(b"weightlock: not hashed");
    let bytes = extra
        .iter()
        .fold(0_u64, |sum, entry| sum.saturating_add(entry.stamp.size));
    if !gone || extra.len() > MOST_RENAMES || bytes > MOST_RENAMED_BYTES {
        return Ok(extra.iter().map(|entry| (entry.path.clone(), unknown)).collect());
    }
    let measured = work.measure(
        inventory,
        extra,
        per_file(statement),
        statement.serialization().algorithm,
    )?;
    Ok(extra
        .iter()
        .zip(&measured)
        .map(|(entry, measured)| (entry.path.clone(), fold(entry, measured, statement)))
        .collect())
}

/// Listed names where something else than a file is now.
fn retyped(
    inventory: &Inventory,
    expected: &BTreeMap<ArtifactPath, Digest>,
    misplaced: bool,
) -> BTreeMap<ArtifactPath, String> {
    let folder = |path: &ArtifactPath| (path.clone(), "is a folder".to_owned());
    if misplaced {
        return expected.keys().map(folder).collect();
    }
    let strange = inventory.irregular().iter().filter_map(|found| {
        let path = ArtifactPath::parse(found.name.as_str()).ok()?;
        expected
            .contains_key(&path)
            .then(|| (path, found.kind.to_string()))
    });
    let folders = inventory
        .folders()
        .iter()
        .filter(|path| expected.contains_key(*path));
    strange.chain(folders.map(folder)).collect()
}

/// What is neither file nor folder, was not signed under that name, and lies in what is looked at.
fn irregular(
    inventory: &Inventory,
    retyped: &BTreeMap<ArtifactPath, String>,
    rules: &Rules<'_>,
) -> Vec<Irregular> {
    inventory
        .irregular()
        .iter()
        .filter(|found| !retyped.keys().any(|path| path.as_str() == found.name))
        .filter(|found| rules.only.is_none_or(|only| named(found, only)))
        .cloned()
        .collect()
}

fn named(found: &Irregular, only: &dyn Fn(&ArtifactPath) -> bool) -> bool {
    ArtifactPath::parse(found.name.as_str()).is_ok_and(|path| only(&path))
}

/// The files set apart, and those of them that a loader could read.
fn ignored(
    inventory: &Inventory,
    strictness: Strictness<'_>,
) -> Result<(Vec<ArtifactPath>, Vec<ArtifactPath>), Error> {
    let all: Vec<ArtifactPath> = inventory
        .set_aside()
        .iter()
        .map(|entry| entry.path.clone())
        .collect();
    let Strictness::Native { loaders, .. } = strictness else {
        return Ok((all, Vec::new()));
    };
    let mut loadable = Vec::new();
    for path in &all {
        let shown = inventory.root().join(path.as_str());
        let mut head = Vec::new();
        let file = inventory.root().open_file(path)?;
        file.take(HEAD)
            .read_to_end(&mut head)
            .map_err(|source| Error::io("read", &shown, source))?;
        if loaders.could_read(path, &head) {
            loadable.push(path.clone());
        }
    }
    Ok((all, loadable))
}

fn shard_ranges(
    statement: &ModelStatement,
    listed: &BTreeMap<ArtifactPath, &FileClaim>,
    present: &[&Entry],
    measured: &[Measured],
) -> BTreeMap<ArtifactPath, Vec<Range<u64>>> {
    let Method::Shards(shard) = statement.serialization().method else {
        return BTreeMap::new();
    };
    let mut ranges = BTreeMap::new();
    for (entry, measured) in present.iter().zip(measured) {
        let Some(FileClaim::Shards { digests, size }) = listed.get(&entry.path) else {
            continue;
        };
        let end = size.unwrap_or(entry.stamp.size).max(entry.stamp.size);
        let differing = (0..digests.len().max(measured.pieces.len()))
            .filter(|index| digests.get(*index) != measured.pieces.get(*index))
            .map(|index| {
                let start = (index as u64).saturating_mul(shard.get());
                start..start.saturating_add(shard.get()).min(end)
            });
        let differing: Vec<_> = differing.collect();
        if !differing.is_empty() {
            ranges.insert(entry.path.clone(), differing);
        }
    }
    ranges
}

/// The manifest of what is there, which covers ignored files too. Only for a whole check under native rules.
fn manifest(
    statement: &ModelStatement,
    inventory: &Inventory,
    present: &[&Entry],
    measured: &[Measured],
    rules: &Rules<'_>,
    work: &mut Work<'_>,
) -> Result<Option<Manifest>, Error> {
    let serialization = statement.serialization();
    let whole = rules.only.is_none()
        && matches!(rules.strictness, Strictness::Native { .. })
        && serialization.method == Method::Files
        && serialization.algorithm == Algorithm::Sha256
        && *inventory.root().kind() == RootKind::Folder
        && inventory.irregular().is_empty()
        && present.len() == inventory.entries().len();
    if !whole {
        return Ok(None);
    }
    let ignored: Vec<&Entry> = inventory.set_aside().iter().collect();
    let more = work.measure(inventory, &ignored, Wanted::Whole, Algorithm::Sha256)?;
    let files = present
        .iter()
        .zip(measured)
        .chain(ignored.iter().zip(&more))
        .filter_map(|(entry, measured)| {
            let built_in = weightlock_artifact::manifest::is_built_in(&entry.path);
            (!built_in).then(|| ManifestFile::new(entry.path.clone(), entry.stamp.size, measured.whole?))?
        });
    Ok(Manifest::new(files).ok())
}

//! [`Lazy`]: reading parts of a model, each verified by itself before it is shown.
//!
//! What this means, and what it does not: the signature is verified, the names of all files are (nothing is missing, nothing
//! was added, what was ignored is of no use to a loader), and so is every byte that is handed out. Bytes that nobody asked
//! for were not looked at; a change there is found when they are read. It is a *partial* verification, and whoever shows
//! its result says so: [`Lazy::verified_bytes`] of [`Lazy::bytes`].
//!
//! 1. [`open`] checks that the leaf table is of this very signature and that its leaves may stand in for the digests of
//!    files ([`StandIn`]), and surveys the names.
//! 2. [`Lazy::read`] reads each leaf that covers the range, and the first leaf of the file before any other is shown (a
//!    header lies there), into private memory, and hashes it there.
//! 3. The range is shown when all of them matched. When one does not, what was read is overwritten, and nothing more of that
//!    file is shown: its other leaves may be right, but the file is not the one that was signed.
//!
//! Files are opened once, below the root, when their first byte is asked for. A leaf is read once; views of it share
//! memory, which lasts as long as one of them.

use std::{
    collections::BTreeMap,
    fs::File,
    num::NonZeroU64,
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use weightlock_artifact::{
    digest::{
        Algorithm, Digest,
        engine::{Observer, PastCache, Settings},
    },
    inventory::{Entry, Root, Stamp},
    leaf::LEAF,
    measure::{Part, measure_parts},
    path::ArtifactPath,
};
use weightlock_signing::oms::{
    VerifiedStatement,
    model::{Mismatch, Rules, Surveyed, Work, survey},
};

use super::{available, leaves::StandIn};
use crate::{
    Error,
    private::{Memory, Run, View},
};

const PIECE: NonZeroU64 = NonZeroU64::new(LEAF).expect("a leaf has bytes");

/// A model of which parts can be read. Every byte that it hands out was verified.
#[derive(Debug)]
pub struct Lazy {
    survey: Surveyed,
    leaves: StandIn,
    files: BTreeMap<ArtifactPath, Lying>,
    settings: Settings,
    verified: AtomicU64,
}

/// A file, as far as it was read.
#[derive(Debug)]
struct Lying {
    stamp: Stamp,
    handle: OnceLock<File>,
    memory: Memory,
    /// A leaf did not match.
    refused: AtomicBool,
}

/// Opens a model for reading parts of it. No byte of a listed file is read yet.
///
/// # Errors
/// [`Error::OtherTable`] when the leaves are not of this signature, and what else could not be done. That the model has
/// other files than were signed, or of another size, is the inner error.
pub fn open(
    verified: &VerifiedStatement,
    leaves: StandIn,
    root: Root,
    rules: &Rules<'_>,
    settings: Settings,
    observer: &dyn Observer,
) -> Result<Result<Lazy, Mismatch>, Error> {
    if !leaves.table().is_of(verified) {
        return Err(Error::OtherTable);
    }
    let settings = Settings {
        algorithm: Algorithm::Sha256,
        // The descriptor is used again, and requests are short.
        past_cache: PastCache::Never,
        ..settings
    };
    let has_its_size = |entry: &Entry| {
        let signed = leaves.table().file(&entry.path);
        signed.is_some_and(|(file, _)| file.size == entry.stamp.size)
    };
    let surveyed = survey(
        verified,
        root,
        rules,
        &mut Work {
            settings,
            observer,
            cache: None,
            keeper: None,
            leaves: None,
        },
        &has_its_size,
    )?;
    let surveyed = match surveyed {
        Ok(surveyed) => surveyed,
        Err(mismatch) => return Ok(Err(mismatch)),
    };
    let mut files = BTreeMap::new();
    for entry in surveyed.listed() {
        // Whatever else was found right, leaves are counted by size.
        if !has_its_size(entry) {
            return Err(Error::OtherTable);
        }
        let memory = memory(entry)?;
        files.insert(
            entry.path.clone(),
            Lying {
                stamp: entry.stamp,
                handle: OnceLock::new(),
                memory,
                refused: AtomicBool::new(false),
            },
        );
    }
    Ok(Ok(Lazy {
        survey: surveyed,
        leaves,
        files,
        settings,
        verified: AtomicU64::new(0),
    }))
}

fn memory(entry: &Entry) -> Result<Memory, Error> {
    let unit = usize::try_from(LEAF).unwrap_or(usize::MAX);
    Memory::new(entry.stamp.size, unit).map_err(|source| Error::Seal {
        name: entry.path.as_str().to_owned(),
        source,
    })
}

impl Lazy {
    /// The files that can be read, with their sizes.
    pub fn files(&self) -> impl Iterator<Item = (&ArtifactPath, u64)> {
        self.files.iter().map(|(path, file)| (path, file.stamp.size))
    }

    /// Every file of the signature is among them, and every other file was looked for.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.survey.is_complete()
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files().fold(0, |sum, (_, size)| sum.saturating_add(size))
    }

    /// Bytes that were read and verified so far, in whole leaves.
    #[must_use]
    pub fn verified_bytes(&self) -> u64 {
        self.verified.load(SeqCst)
    }

    /// Verified bytes of a file. Several threads may read at once; those that want the same file take turns.
    ///
    /// # Errors
    /// [`Error::NoSuchRange`] for what is not in the file or is no file that was signed, [`Error::LeafDiffers`] when a byte
    /// of the leaves around the range is not what was signed, [`Error::Memory`], [`Error::Artifact`] when the file changed
    /// its size or could not be read.
    pub fn read(
        &self,
        path: &ArtifactPath,
        range: Range<u64>,
        observer: &dyn Observer,
    ) -> Result<View, Error> {
        let missing = || Error::NoSuchRange {
            name: path.as_str().to_owned(),
            range: range.clone(),
            size: self.files.get(path).map(|file| file.stamp.size),
        };
        let file = self.files.get(path).ok_or_else(missing)?;
        if range.start > range.end || range.end > file.stamp.size {
            return Err(missing());
        }
        if file.refused.load(SeqCst) {
            return Err(differs(path, &range));
        }
        if range.start < range.end {
            let index = |leaf: u64| usize::try_from(leaf).unwrap_or(usize::MAX);
            let mut leaves = vec![0];
            leaves.extend(index(range.start / LEAF)..index(range.end.div_ceil(LEAF)));
            let checked = file
                .memory
                .fill(leaves, |runs| self.fill(path, file, runs, observer));
            if let Err(Error::LeafDiffers { .. }) = &checked {
                file.refused.store(true, SeqCst);
            }
            checked?;
        }
        file.memory.view(&range).ok_or_else(missing)
    }

    /// Reads runs of leaves and checks each.
    fn fill(
        &self,
        path: &ArtifactPath,
        file: &Lying,
        runs: Vec<Run<'_>>,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let ranges: Vec<Range<u64>> = runs
            .iter()
            .map(|run| run.offset..run.offset + run.bytes.len() as u64)
            .collect();
        let needed = ranges.iter().fold(0, |sum, range| range.end - range.start + sum);
        if let Some(available) = available().filter(|&available| available < needed) {
            return Err(Error::Memory { needed, available });
        }
        let parts = runs.into_iter().map(|run| Part {
            offset: run.offset,
            memory: run.bytes,
        });
        let shown = self.survey.inventory().root().join(path.as_str());
        let size = file.stamp.size;
        let handle = self.handle(path, file)?;
        let found = measure_parts(
            handle,
            (&shown, size),
            parts.collect(),
            PIECE,
            &self.settings,
            observer,
        )?;
        for (range, found) in ranges.iter().zip(&found) {
            if let Some(leaf) = self.first_wrong(path, range, found) {
                return Err(differs(path, &leaf));
            }
        }
        self.verified.fetch_add(needed, SeqCst);
        Ok(())
    }

    /// The first leaf of a range whose digest is not the signed one; the whole range when there are too few digests.
    fn first_wrong(&self, path: &ArtifactPath, range: &Range<u64>, found: &[Digest]) -> Option<Range<u64>> {
        let signed = self.leaves.table().file(path).map(|(_, leaves)| leaves);
        let first = usize::try_from(range.start / LEAF).unwrap_or(usize::MAX);
        let count = usize::try_from((range.end - range.start).div_ceil(LEAF)).unwrap_or(usize::MAX);
        let signed = signed.and_then(|signed| signed.get(first..first.checked_add(count)?));
        let Some(signed) = signed.filter(|_| found.len() == count) else {
            return Some(range.clone());
        };
        let wrong = signed
            .iter()
            .zip(found)
            .position(|(signed, found)| found.as_bytes() != signed)?;
        let start = range.start + wrong as u64 * LEAF;
        Some(start..(start + LEAF).min(range.end))
    }

    /// The open file: the one that was surveyed.
    fn handle<'a>(&self, path: &ArtifactPath, file: &'a Lying) -> Result<&'a File, Error> {
        if let Some(handle) = file.handle.get() {
            return Ok(handle);
        }
        let root = self.survey.inventory().root();
        let handle = root.open_file(path)?;
        let shown = root.join(path.as_str());
        let stamp =
            Stamp::of(&handle).map_err(|source| weightlock_artifact::Error::io("look at", &shown, source))?;
        if stamp != file.stamp {
            return Err(Error::Artifact(weightlock_artifact::Error::Changed {
                path: shown,
                offset: None,
            }));
        }
        Ok(file.handle.get_or_init(|| handle))
    }
}

fn differs(path: &ArtifactPath, range: &Range<u64>) -> Error {
    Error::LeafDiffers {
        name: path.as_str().to_owned(),
        range: range.clone(),
    }
}

//! Digests of a model's files: the hashing engine applied to an [`Inventory`], with the check that no file moved
//! meanwhile, and with an opt-in [`DigestCache`].

use std::{fs::File, num::NonZeroU64, ops::Range, path::Path};

use crate::{
    Error,
    cache::{DigestCache, settle},
    digest::{
        Algorithm, Digest,
        engine::{self, Destination, Failure, Files, Job, Observer, Settings, Want},
    },
    inventory::{Entry, Inventory, Stamp},
};

mod parts;

pub use parts::{Part, measure_parts};

/// The digests of one file.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Measured {
    /// Of the whole file, when it was asked for.
    pub whole: Option<Digest>,
    /// Of its pieces in order, when they were asked for.
    pub pieces: Vec<Digest>,
    /// The digest was taken from the cache; nothing was read.
    pub from_cache: bool,
}

/// Which digests are wanted of every file.
pub type Wanted = Want;

/// Keeps the bytes of files while they are measured.
pub trait Keeper {
    /// Memory for the bytes of these files, in their order; `None` for a file whose bytes need not stay. What lies in it
    /// after a measurement are the bytes that were hashed, if the measurement ended well; otherwise it is anything.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no memory.
    fn keep<'k>(&'k mut self, entries: &[&Entry]) -> Result<Vec<Option<Destination<'k>>>, Error>;
}

/// Digests of these files of the inventory, in their order, whose bytes stay with `keeper`: each is read once. No digest
/// comes from a cache.
///
/// # Errors
/// As [`measure`], and what the keeper says.
pub fn measure_kept(
    inventory: &Inventory,
    entries: &[&Entry],
    want: Wanted,
    settings: &Settings,
    observer: &dyn Observer,
    keeper: &mut dyn Keeper,
) -> Result<Vec<Measured>, Error> {
    let destinations = keeper.keep(entries)?;
    read_all(inventory, entries, &destinations, want, settings, observer)
}

/// Digests of these files of the inventory, in their order.
///
/// Every file is opened below the root, must still be the one the walk saw, and must be unchanged when its last
/// byte was hashed. With a cache, whole SHA-256 digests of files that did not change since are taken from it.
///
/// # Errors
/// [`Error::Changed`] when a file moved, [`Error::Interrupted`] when the observer says so, [`Error::Io`].
pub fn measure(
    inventory: &Inventory,
    entries: &[&Entry],
    want: Wanted,
    settings: &Settings,
    observer: &dyn Observer,
    cache: Option<&mut DigestCache>,
) -> Result<Vec<Measured>, Error> {
    let usable = matches!(want, Want::Whole) && settings.algorithm == Algorithm::Sha256;
    let Some(cache) = cache.filter(|_| usable) else {
        return read_all(inventory, entries, &[], want, settings, observer);
    };
    let known: Vec<_> = entries.iter().map(|entry| cache.find(&entry.stamp)).collect();
    let unknown: Vec<&Entry> = entries
        .iter()
        .zip(&known)
        .filter(|(_, known)| known.is_none())
        .map(|(entry, _)| *entry)
        .collect();
    let open = |entry: &Entry| inventory.root().open_file(&entry.path);
    let settled: Vec<bool> = unknown
        .iter()
        .map(|entry| Ok(settle(&open(entry)?)))
        .collect::<Result<_, Error>>()?;
    let mut read = read_all(inventory, &unknown, &[], want, settings, observer)?.into_iter();
    for ((entry, measured), settled) in unknown.iter().zip(read.as_slice()).zip(settled) {
        if let Some(digest) = measured.whole.filter(|_| settled) {
            cache.remember(&open(entry)?, entry.stamp, digest);
        }
    }
    let found = known.into_iter().map(|known| match known {
        Some(digest) => Measured {
            whole: Some(digest),
            pieces: Vec::new(),
            from_cache: true,
        },
        None => read.next().unwrap_or_default(),
    });
    Ok(found.collect())
}

/// Digests of the pieces of one file, for saying where it changed.
///
/// # Errors
/// As [`measure`].
pub fn measure_pieces(
    inventory: &Inventory,
    entry: &Entry,
    piece: NonZeroU64,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Vec<Digest>, Error> {
    let mut measured = read_all(inventory, &[entry], &[], Want::Pieces(piece), settings, observer)?;
    Ok(measured.pop().unwrap_or_default().pieces)
}

fn read_all(
    inventory: &Inventory,
    entries: &[&Entry],
    destinations: &[Option<Destination<'_>>],
    want: Want,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Vec<Measured>, Error> {
    let files = Opened {
        inventory,
        entries,
        destinations,
    };
    let jobs: Vec<Job> = entries
        .iter()
        .enumerate()
        .map(|(file, entry)| Job {
            file,
            range: whole(entry),
            want,
        })
        .collect();
    let outcomes =
        engine::run(&files, &jobs, settings, observer).map_err(|failure| files.explain(failure))?;
    let measured: Vec<Measured> = outcomes
        .into_iter()
        .map(|outcome| Measured {
            whole: outcome.whole,
            pieces: outcome.pieces,
            from_cache: false,
        })
        .collect();
    // A file without its digest must never be taken for one that was looked at.
    let complete = entries.len() == measured.len()
        && entries
            .iter()
            .zip(&measured)
            .all(|(entry, measured)| is_complete(entry, measured, want));
    if complete {
        return Ok(measured);
    }
    let missing = std::io::Error::other("a digest is missing");
    Err(Error::io("hash", inventory.root().path(), missing))
}

/// Whether every digest that was wanted of a file is there.
fn is_complete(entry: &Entry, measured: &Measured, want: Want) -> bool {
    let pieces = |size: NonZeroU64| measured.pieces.len() as u64 == entry.stamp.size.div_ceil(size.get());
    match want {
        Want::Whole => measured.whole.is_some(),
        Want::Pieces(size) => pieces(size),
        Want::Both(size) => measured.whole.is_some() && pieces(size),
    }
}

const fn whole(entry: &Entry) -> Range<u64> {
    0..entry.stamp.size
}

struct Opened<'a> {
    inventory: &'a Inventory,
    entries: &'a [&'a Entry],
    /// Where the bytes of each file stay; empty when none do.
    destinations: &'a [Option<Destination<'a>>],
}

impl Opened<'_> {
    fn shown(&self, file: usize) -> std::path::PathBuf {
        let name = self.entries.get(file).map_or("", |entry| entry.path.as_str());
        self.inventory.root().join(name)
    }

    fn same(&self, file: usize, handle: &File) -> Result<(), Error> {
        let now = Stamp::of(handle).map_err(|source| Error::io("look at", &self.shown(file), source))?;
        match self.entries.get(file) {
            Some(entry) if entry.stamp == now => Ok(()),
            _ => Err(Error::Changed {
                path: self.shown(file),
                offset: None,
            }),
        }
    }

    fn explain(&self, failure: Failure<Error>) -> Error {
        let shown = failure.file().map_or_else(
            || self.inventory.root().path().to_owned(),
            |file| self.shown(file),
        );
        explain(failure, &shown)
    }
}

/// Why hashing gave nothing, in words about the file that people know.
fn explain(failure: Failure<Error>, shown: &Path) -> Error {
    let changed = |offset| Error::Changed {
        path: shown.to_owned(),
        offset: Some(offset),
    };
    match failure {
        Failure::File { source, .. } => source,
        Failure::Read { source, .. } => Error::io("read", shown, source),
        Failure::Keep { source, .. } => Error::io("keep", shown, source),
        Failure::Cancelled => Error::Interrupted,
        Failure::Changed { offset, .. } => changed(offset),
        Failure::Resized { expected, found, .. } => changed(expected.min(found)),
        other => Error::io("hash", shown, std::io::Error::other(other.to_string())),
    }
}

impl Files for Opened<'_> {
    type Error = Error;

    fn size(&self, file: usize) -> u64 {
        self.entries.get(file).map_or(0, |entry| entry.stamp.size)
    }

    fn open(&self, file: usize) -> Result<File, Error> {
        let entry = self.entries.get(file).ok_or(Error::Interrupted)?;
        let handle = self.inventory.root().open_file(&entry.path)?;
        self.same(file, &handle)?;
        Ok(handle)
    }

    fn destination(&self, file: usize) -> Option<&Destination<'_>> {
        self.destinations.get(file)?.as_ref()
    }

    fn finished(&self, file: usize, handle: &File) -> Result<(), Error> {
        self.same(file, handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ArtifactPath;

    #[test]
    fn a_file_without_its_digests_is_not_complete() {
        let stamp = Stamp {
            device: 0,
            inode: 0,
            size: 10,
            modified: 0,
            changed: 0,
        };
        let entry = Entry {
            path: ArtifactPath::parse("w.bin").unwrap(),
            stamp,
            through_link: false,
        };
        let digest = Algorithm::Sha256.digest(b"");
        let four = NonZeroU64::new(4).unwrap();
        let measured = |whole, pieces| Measured {
            whole,
            pieces: vec![digest; pieces],
            from_cache: false,
        };
        let complete = |whole, pieces, want| is_complete(&entry, &measured(whole, pieces), want);
        assert!(complete(Some(digest), 0, Want::Whole));
        assert!(!complete(None, 0, Want::Whole));
        assert!(complete(None, 3, Want::Pieces(four)));
        assert!(!complete(None, 2, Want::Pieces(four)));
        assert!(complete(Some(digest), 3, Want::Both(four)));
        assert!(!complete(Some(digest), 0, Want::Both(four)));
    }
}

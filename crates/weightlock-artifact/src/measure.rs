//! Digests of a model's files: the hashing engine applied to an [`Inventory`], with the check that no file moved
//! meanwhile, and with an opt-in [`DigestCache`].

use std::{fs::File, num::NonZeroU64, ops::Range, path::Path};

use crate::{
    Error,
    cache::{DigestCache, settle},
    digest::{
        Algorithm, Digest,
        engine::{self, Destination, Failure, Files, Job, Observer, Settings, Want},
        verity::VerityDigest,
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
    /// What fs-verity calls the digest of the file, when it was asked for.
    pub verity: Option<VerityDigest>,
    /// The digest was taken from the cache; nothing was read.
    pub from_cache: bool,
    /// Somebody answers for the digest ([`Need::Nothing`]); nothing was read.
    pub vouched: bool,
}

/// Which digests are wanted of every file.
pub type Wanted = Want;

/// What is to be read of a file whose bytes are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Its bytes.
    Bytes,
    /// Its bytes; and what fs-verity calls their digest is told to [`Keeper::worked_out`].
    BytesAndVerity,
    /// Nothing: the keeper knows somebody who answers for its having this SHA-256, from now on and for ever.
    Nothing(Digest),
}

/// Keeps the bytes of files while they are measured.
pub trait Keeper {
    /// What is to be read of each of these files, in their order. Asked before [`keep`](Self::keep), and only where digests are
    /// by SHA-256. Whoever says [`Need::Nothing`] has the file open: the one that the walk saw.
    fn needs(&mut self, inventory: &Inventory, entries: &[&Entry]) -> Vec<Need> {
        let _ = inventory;
        vec![Need::Bytes; entries.len()]
    }

    /// Both digests of the bytes of a file, as [`Need::BytesAndVerity`] wanted.
    fn worked_out(&mut self, entry: &Entry, sha256: Digest, verity: VerityDigest) {
        let _ = (entry, sha256, verity);
    }

    /// Memory for the bytes of these files, in their order; `None` for a file whose bytes need not stay. What lies in it
    /// after a measurement are the bytes that were hashed, if the measurement ended well; otherwise it is anything.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no memory.
    fn keep<'k>(&'k mut self, entries: &[&Entry]) -> Result<Vec<Option<Destination<'k>>>, Error>;
}

/// Digests of these files of the inventory, in their order, whose bytes stay with `keeper`: each is read once, unless the
/// keeper says that it [need not be](Need::Nothing). No digest comes from a cache.
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
    let mut needs = match settings.algorithm {
        Algorithm::Sha256 => keeper.needs(inventory, entries),
        _ => Vec::new(),
    };
    // Whatever was not said is read.
    needs.resize(entries.len(), Need::Bytes);
    let (mut read, mut wants) = (Vec::new(), Vec::new());
    for (entry, need) in entries.iter().zip(&needs) {
        match need {
            Need::Nothing(_) => continue,
            Need::Bytes => wants.push(want),
            Need::BytesAndVerity => wants.push(Want::WithVerity(want.piece())),
        }
        read.push(*entry);
    }
    let destinations = keeper.keep(&read)?;
    let measured = read_each(inventory, &read, &destinations, &wants, settings, observer)?;
    drop(destinations);
    for (entry, measured) in read.iter().zip(&measured) {
        if let (Some(sha256), Some(verity)) = (measured.whole, measured.verity) {
            keeper.worked_out(entry, sha256, verity);
        }
    }
    let mut measured = measured.into_iter();
    let all = needs.iter().map(|need| match need {
        Need::Nothing(digest) => Measured {
            whole: Some(*digest),
            vouched: true,
            ..Measured::default()
        },
        _ => measured.next().unwrap_or_default(),
    });
    Ok(all.collect())
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
        return read_all(inventory, entries, want, settings, observer);
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
    let mut read = read_all(inventory, &unknown, want, settings, observer)?.into_iter();
    for ((entry, measured), settled) in unknown.iter().zip(read.as_slice()).zip(settled) {
        if let Some(digest) = measured.whole.filter(|_| settled) {
            cache.remember(&open(entry)?, entry.stamp, digest);
        }
    }
    let found = known.into_iter().map(|known| match known {
        Some(digest) => Measured {
            whole: Some(digest),
            from_cache: true,
            ..Measured::default()
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
    let mut measured = read_all(inventory, &[entry], Want::Pieces(piece), settings, observer)?;
    Ok(measured.pop().unwrap_or_default().pieces)
}

fn read_all(
    inventory: &Inventory,
    entries: &[&Entry],
    want: Want,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Vec<Measured>, Error> {
    let wants = vec![want; entries.len()];
    read_each(inventory, entries, &[], &wants, settings, observer)
}

/// Reads files, of each of which something else may be wanted.
fn read_each(
    inventory: &Inventory,
    entries: &[&Entry],
    destinations: &[Option<Destination<'_>>],
    wants: &[Want],
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
        .zip(wants)
        .enumerate()
        .map(|(file, (entry, want))| Job {
            file,
            range: whole(entry),
            want: *want,
        })
        .collect();
    let outcomes =
        engine::run(&files, &jobs, settings, observer).map_err(|failure| files.explain(failure))?;
    let measured: Vec<Measured> = outcomes
        .into_iter()
        .map(|outcome| Measured {
            whole: outcome.whole,
            pieces: outcome.pieces,
            verity: outcome.verity,
            ..Measured::default()
        })
        .collect();
    // A file without its digest must never be taken for one that was looked at.
    let complete = entries.len() == measured.len()
        && entries
            .iter()
            .zip(measured.iter().zip(wants))
            .all(|(entry, (measured, want))| is_complete(entry, measured, *want));
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
        Want::WithVerity(size) => {
            measured.whole.is_some() && measured.verity.is_some() && size.is_none_or(pieces)
        }
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
            ..Measured::default()
        };
        let complete = |whole, pieces, want| is_complete(&entry, &measured(whole, pieces), want);
        assert!(complete(Some(digest), 0, Want::Whole));
        assert!(!complete(None, 0, Want::Whole));
        assert!(complete(None, 3, Want::Pieces(four)));
        assert!(!complete(None, 2, Want::Pieces(four)));
        assert!(complete(Some(digest), 3, Want::Both(four)));
        assert!(!complete(Some(digest), 0, Want::Both(four)));
        assert!(!complete(Some(digest), 3, Want::WithVerity(Some(four))));
    }
}

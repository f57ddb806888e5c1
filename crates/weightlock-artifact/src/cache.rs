//! The digest cache: SHA-256 of files that were hashed before and have not been touched since.
//!
//! Opt-in, and only ever a convenience for `digest` and `verify` on one's own machine: whoever can write the cache
//! or set the clock can make it lie. So an entry is made only when
//!
//! * modification *and* change time are at least [`QUIET`] older than the end of hashing (a file written in the same
//!   clock tick as it was hashed could change without its times changing),
//! * the file lies on a local file system, whose times this kernel keeps,
//!
//! and the cache file is believed only when it belongs to this user with mode 0600. Change time cannot be set by
//! programs, so putting the old modification time back does not hide a change. It is never used by gates and
//! loaders, and what it answers is marked "from cache".
//!
//! ```text
//! cache = "weightlock-digest-cache-v1" LF *line
//! line  = device SP inode SP size SP modified SP changed SP 64 lower-case hex digits LF     (times in ns)
//! ```

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    Error,
    digest::{Algorithm, Digest},
    inventory::Stamp,
    write::{Existing, write_whole},
};

/// How much older than the end of hashing a file's times must be, in nanoseconds: 2 s, the coarsest time stamp
/// of local file systems (FAT).
pub const QUIET: i128 = 2_000_000_000;

/// More entries are not kept: a cache file stays below 16 MB.
const MAX_ENTRIES: usize = 100_000;

const FIRST_LINE: &str = "weightlock-digest-cache-v1";

/// Digests by file stamp, with the place they are kept at.
#[derive(Debug)]
pub struct DigestCache {
    path: PathBuf,
    now: fn() -> i128,
    known: HashMap<Stamp, Digest>,
    changed: bool,
}

impl DigestCache {
    /// Opens the cache at a path. One that is absent, damaged, or not this user's alone is taken for empty.
    ///
    /// `now` is the clock: nanoseconds since 1970.
    ///
    /// # Errors
    /// [`Error::Io`] when the file is there and cannot be read.
    pub fn open(path: &Path, now: fn() -> i128) -> Result<Self, Error> {
        let known = match read_own(path) {
            Ok(text) => text.as_deref().and_then(parse).unwrap_or_default(),
            Err(source) => return Err(Error::io("read", path, source)),
        };
        Ok(Self {
            path: path.to_owned(),
            now,
            known,
            changed: false,
        })
    }

    /// The digest of the file with exactly this stamp.
    #[must_use]
    pub fn find(&self, stamp: &Stamp) -> Option<Digest> {
        self.known.get(stamp).copied()
    }

    /// Remembers a digest that was just computed, if the file has been quiet and is local. The file was flushed to disk
    /// before it was hashed.
    pub fn remember(&mut self, file: &File, stamp: Stamp, digest: Digest) {
        let quiet = (self.now)() - stamp.modified.max(stamp.changed) >= QUIET;
        let unchanged = Stamp::of(file).is_ok_and(|now| now == stamp);
        let fits = digest.algorithm() == Algorithm::Sha256 && self.known.len() < MAX_ENTRIES;
        if quiet && unchanged && fits && is_kept(file) {
            self.known.insert(stamp, digest);
            self.changed = true;
        }
    }

    /// Writes what is new, with mode 0600.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self) -> Result<(), Error> {
        if !self.changed {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::io("create", folder, source))?;
        }
        let mut lines: Vec<_> = self.known.iter().collect();
        lines.sort_by_key(|(stamp, _)| **stamp);
        let mut text = format!("{FIRST_LINE}\n");
        for (stamp, digest) in lines {
            let Stamp {
                device,
                inode,
                size,
                modified,
                changed,
            } = stamp;
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{device} {inode} {size} {modified} {changed} {}",
                digest.hex()
            );
        }
        write_whole(&self.path, text.as_bytes(), 0o600, Existing::Replaced)
    }
}

/// The cache's text, or `None` when there is none that may be believed.
fn read_own(path: &Path) -> io::Result<Option<String>> {
    /// A pipe in its place does not block either.
    const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW
        .union(rustix::fs::OFlags::NONBLOCK)
        .bits()
        .cast_signed();
    let file = match fs::OpenOptions::new()
        .read(true)
        .custom_flags(NO_FOLLOW)
        .open(path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let found = file.metadata()?;
    let own = found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o7777 == 0o600;
    if !own || !found.is_file() {
        return Ok(None);
    }
    let mut text = String::new();
    match file.take(1 << 26).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        done => done.map(|_| Some(text)),
    }
}

fn parse(text: &str) -> Option<HashMap<Stamp, Digest>> {
    let mut lines = text.lines();
    (lines.next()? == FIRST_LINE).then_some(())?;
    lines.take(MAX_ENTRIES).map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<(Stamp, Digest)> {
    let mut parts = line.split(' ');
    let stamp = Stamp {
        device: parts.next()?.parse().ok()?,
        inode: parts.next()?.parse().ok()?,
        size: parts.next()?.parse().ok()?,
        modified: parts.next()?.parse().ok()?,
        changed: parts.next()?.parse().ok()?,
    };
    let digest = Digest::from_hex(Algorithm::Sha256, parts.next()?).ok()?;
    parts.next().is_none().then_some((stamp, digest))
}

/// Whether digests of files on this file system are remembered: this kernel alone writes it, and after [`settle`] every
/// change shows in a file's times.
///
/// Not tmpfs and ramfs: a page of theirs, once written through a mapping, is changed again without a trace. Not overlayfs,
/// which may lie on them, and may be told not to flush.
#[must_use]
pub fn is_kept(file: &File) -> bool {
    /// ext2–4, XFS, Btrfs, F2FS, bcachefs (statfs(2)).
    const KEPT: [u64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0xca45_1a4e];
    rustix::fs::fstatfs(file)
        .is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| KEPT.contains(&kind)))
}

/// Writes changed pages of a file to disk, before it is hashed for the cache.
///
/// A program that wrote to a page through a mapping can change it again without touching the file's times, until the page
/// is flushed; from then on the next change is noticed. A failure only means that nothing is remembered.
#[must_use]
pub(crate) fn settle(file: &File) -> bool {
    is_kept(file) && file.sync_data().is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn later() -> i128 {
        now() + 2 * QUIET
    }

    fn now() -> i128 {
        let elapsed = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        i128::try_from(elapsed.as_nanos()).unwrap()
    }

    struct Place {
        folder: tempfile::TempDir,
        digest: Digest,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("w.bin"), "weights").unwrap();
            Self {
                folder,
                digest: Algorithm::Sha256.digest(b"weights"),
            }
        }

        /// What a cache gives for a digest that it was told, on the file system of this test.
        fn kept(&self) -> Option<Digest> {
            is_kept(&self.file().0).then_some(self.digest)
        }

        fn cache(&self, now: fn() -> i128) -> DigestCache {
            DigestCache::open(&self.folder.path().join("sub/cache"), now).unwrap()
        }

        fn file(&self) -> (File, Stamp) {
            let file = File::open(self.folder.path().join("w.bin")).unwrap();
            let stamp = Stamp::of(&file).unwrap();
            (file, stamp)
        }
    }

    #[test]
    fn remembers_a_quiet_file_until_it_is_touched() {
        let place = Place::new();
        let mut cache = place.cache(later);
        let (file, stamp) = place.file();
        cache.remember(&file, stamp, place.digest);
        cache.save().unwrap();
        assert_eq!(place.cache(later).find(&stamp), place.kept());
        let times = fs::FileTimes::new().set_modified(file.metadata().unwrap().modified().unwrap());
        fs::write(place.folder.path().join("w.bin"), "WEIGHTS").unwrap();
        File::options()
            .write(true)
            .open(place.folder.path().join("w.bin"))
            .unwrap()
            .set_times(times)
            .unwrap();
        let (_, touched) = place.file();
        assert_eq!(touched.modified, stamp.modified, "the old time was put back");
        assert_eq!(
            place.cache(later).find(&touched),
            None,
            "and the change is still seen"
        );
    }

    #[test]
    fn forgets_a_file_that_was_just_written() {
        let place = Place::new();
        let mut cache = place.cache(now);
        let (file, stamp) = place.file();
        cache.remember(&file, stamp, place.digest);
        assert_eq!(cache.find(&stamp), None);
    }

    #[test]
    fn believes_only_a_private_undamaged_file() {
        let place = Place::new();
        let mut cache = place.cache(later);
        let (_, stamp) = place.file();
        cache.known.insert(stamp, place.digest);
        cache.changed = true;
        cache.save().unwrap();
        let path = place.folder.path().join("sub/cache");
        let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        set(0o644);
        assert_eq!(place.cache(later).find(&stamp), None, "readable by others");
        set(0o600);
        assert!(place.cache(later).find(&stamp).is_some());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("v1", "v2")).unwrap();
        assert_eq!(place.cache(later).find(&stamp), None, "another version");
        fs::write(&path, format!("{text}rubbish\n")).unwrap();
        assert_eq!(place.cache(later).find(&stamp), None, "damaged");
        fs::remove_file(&path).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(place.cache(later).find(&stamp), None, "a pipe");
    }
}

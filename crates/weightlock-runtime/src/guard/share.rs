//! [`read`]: several processes of one user, such as the ranks of a node, that verify a model once between them.
//!
//! 1. Each checks the signature itself, and comes here with what was signed.
//! 2. They meet in a [`PrivateFolder`], under a name made of the signed statement and the model's folder. Whoever holds the
//!    lock there leads; the others wait for it.
//! 3. The leader verifies and reads the model as [`guard::read`](super::read) does, and publishes where its sealed files
//!    are: its process, when that was started, and for each file descriptor, identity and size.
//! 4. Who gets the lock next finds that, and joins: it compares the names of the model with the signature itself, opens the
//!    leader's descriptors, and demands of each that it is sealed memory, fully sealed, the very file that was published,
//!    and as large as the file that is there. From then on it holds descriptors of its own; the leader may end.
//! 5. Where nothing was published, or the leader has ended, or anything differs, who holds the lock leads.
//!
//! What is shared is the work of hashing: that the bytes have the signed digests, a process that joins takes from the
//! leader. Both are the same user, who could change either of them; see the threat model. A process that must not rely on
//! others of its user reads by itself.
//!
//! Only memory is shared. Files for which the kernel answers ([`verity`](super::verity)) cost none, and each process asks the
//! kernel itself; a model that is shared is read, as if there were no such files.
//!
//! Rejected: passing descriptors over a socket (sockets belong to another room, and `/proc` needs no server), files in
//! `/dev/shm` (every process of the user can write to them), a broker that stays (one more thing to start and to trust).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{self, Read as _},
    os::fd::OwnedFd,
    thread,
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, fstat, openat},
    io::Errno,
    process::geteuid,
};
use weightlock_artifact::{
    digest::{
        Algorithm, Hasher,
        engine::{Observer, Settings},
    },
    inventory::Root,
    path::ArtifactPath,
};
use weightlock_signing::oms::{
    VerifiedStatement,
    model::{Mismatch, Rules, Surveyed, Work, survey},
};

use super::{Guarded, Leaves, allow_descriptors};
use crate::{
    Error,
    folder::PrivateFolder,
    sealed::{Identity, Sealed},
    view::Frozen,
};

/// Begins what a leader publishes.
const FORM: &str = "weightlock-share-v1";

/// Longer notes are not read: this has room for as many files as a model may have.
const MOST_BYTES: u64 = 64 << 20;

/// Between two looks whether the leader is done.
const PAUSE: Duration = Duration::from_millis(10);

/// A model that this process or another one of this user has verified, and its bytes.
///
/// While a leader's value lives, others can join; keep it until all of them have.
#[derive(Debug)]
pub struct Shared {
    standing: Standing,
    /// Of one that joined.
    files: BTreeMap<ArtifactPath, Sealed>,
}

/// Who verified the bytes.
#[derive(Debug)]
pub enum Standing {
    /// This process.
    Led(Published),
    /// Another process of this user. This one has compared the names.
    Joined {
        /// What this process looked at itself.
        survey: Surveyed,
        /// The number of the other process.
        leader: u32,
    },
}

/// A model that others can join until this value is dropped.
#[derive(Debug)]
pub struct Published {
    guarded: Guarded,
    folder: PrivateFolder,
    name: String,
    note: String,
}

impl Published {
    /// What was verified.
    #[must_use]
    pub const fn guarded(&self) -> &Guarded {
        &self.guarded
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        // Another leader may have published since.
        if self.folder.read(&self.name, MOST_BYTES).as_deref() == Some(self.note.as_bytes()) {
            self.folder.remove(&self.name);
        }
    }
}

impl Shared {
    /// Who verified the bytes.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }
}

impl Frozen for Shared {
    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        match &self.standing {
            Standing::Led(published) => published.guarded.files(),
            Standing::Joined { .. } => &self.files,
        }
    }
}

/// Reads a model whose signature was verified, or takes the bytes of a process of this user that has done so. `part` says in
/// some words which files [`Rules::only`] leaves: processes that want other parts do not meet.
///
/// # Errors
/// As [`guard::read`](super::read), and [`Error::Folder`].
pub fn read(
    verified: &VerifiedStatement,
    root: &Root,
    (rules, part): (&Rules<'_>, &str),
    leaves: Option<Leaves<'_>>,
    settings: Settings,
    observer: &dyn Observer,
    folder: &PrivateFolder,
) -> Result<Result<Shared, Mismatch>, Error> {
    let name = name(verified, root, part)?;
    // Held to the end of this function, or of the process.
    let _lock = lock(folder, &name, observer)?;
    if let Some(note) = folder.read(&name, MOST_BYTES).as_deref().and_then(Note::parse) {
        match join(verified, root, rules, settings, observer, &note)? {
            Ok(Some(shared)) => return Ok(Ok(shared)),
            // The leader has ended, or has read another model than is there now.
            Ok(None) => {}
            Err(mismatch) => return Ok(Err(mismatch)),
        }
    }
    let guarded = match super::read(verified, root.reopen()?, rules, leaves, settings, observer)? {
        Ok(guarded) => guarded,
        Err(mismatch) => return Ok(Err(mismatch)),
    };
    let note = Note::of(&guarded)
        .map_err(|source| folder.failed(source))?
        .to_text();
    folder.write(&name, note.as_bytes())?;
    let published = Published {
        guarded,
        folder: folder.again()?,
        name,
        note,
    };
    Ok(Ok(Shared {
        standing: Standing::Led(published),
        files: BTreeMap::new(),
    }))
}

/// What is published about this statement, this folder and this part of it.
fn name(verified: &VerifiedStatement, root: &Root, part: &str) -> Result<String, Error> {
    let (device, inode) = root.identity()?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(verified.digest().as_bytes());
    hasher.update(&device.to_le_bytes());
    hasher.update(&inode.to_le_bytes());
    hasher.update(&(root.base_name().len() as u64).to_le_bytes());
    hasher.update(root.base_name().as_bytes());
    hasher.update(part.as_bytes());
    Ok(format!("share-{}", hasher.finish().hex()))
}

/// Waits for the lock, as long as the observer does. It goes with the descriptor, so also with a process that dies.
fn lock(folder: &PrivateFolder, name: &str, observer: &dyn Observer) -> Result<OwnedFd, Error> {
    let handle = folder.lockable(&format!("{name}.lock"))?;
    loop {
        match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(handle),
            Err(Errno::WOULDBLOCK | Errno::INTR) if !observer.cancelled() => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK | Errno::INTR) => {
                return Err(weightlock_artifact::Error::Interrupted.into());
            }
            Err(error) => return Err(folder.failed(error.into())),
        }
    }
}

/// Takes the leader's files; `None` when this process had better read by itself.
fn join(
    verified: &VerifiedStatement,
    root: &Root,
    rules: &Rules<'_>,
    settings: Settings,
    observer: &dyn Observer,
    note: &Note,
) -> Result<Result<Option<Shared>, Mismatch>, Error> {
    let Some(leader) = Leader::find(note) else {
        return Ok(Ok(None));
    };
    let work = &mut Work {
        settings,
        observer,
        cache: None,
        keeper: None,
        leaves: None,
    };
    let survey = match survey(verified, root.reopen()?, rules, work, &|_| true)? {
        Ok(survey) => survey,
        Err(mismatch) => return Ok(Err(mismatch)),
    };
    allow_descriptors(survey.listed().len() as u64);
    let mut files = BTreeMap::new();
    for entry in survey.listed() {
        let published = note.files.get(&file_key(&entry.path));
        let published = published.filter(|file| file.size == entry.stamp.size);
        let Some(sealed) = published.and_then(|file| leader.take(file)) else {
            return Ok(Ok(None));
        };
        files.insert(entry.path.clone(), sealed);
    }
    Ok(Ok(Some(Shared {
        standing: Standing::Joined {
            survey,
            leader: note.process,
        },
        files,
    })))
}

/// A leader's process, held by its folder in `/proc`, which never becomes that of another process.
struct Leader(OwnedFd);

impl Leader {
    /// The process that published the note, if it is the same and still there.
    fn find(note: &Note) -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let path = format!("/proc/{}", note.process);
        let folder = openat(rustix::fs::CWD, path.as_str(), flags, Mode::empty()).ok()?;
        let own = fstat(&folder).ok()?.st_uid == geteuid().as_raw();
        let stat = openat(&folder, "stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let mut text = Vec::new();
        File::from(stat).read_to_end(&mut text).ok()?;
        (own && started(&text) == Some(note.started)).then_some(Self(folder))
    }

    /// One of its files, if it is what was published.
    fn take(&self, file: &PublishedFile) -> Option<Sealed> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let path = format!("fd/{}", file.number);
        let handle = openat(&self.0, path.as_str(), flags, Mode::empty()).ok()?;
        Sealed::adopt(handle, file.identity, file.size).ok()
    }
}

/// When a process was started, in ticks since the machine was: field 22 of `/proc/PID/stat` (proc(5)). The second field is
/// a name in brackets that may hold anything.
fn started(stat: &[u8]) -> Option<u64> {
    let close = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// What a leader publishes.
///
/// ```text
/// note = "weightlock-share-v1" SP process SP started SP number-of-files LF *file
/// file = descriptor SP device SP inode SP size SP sha256-of-name LF
/// ```
#[derive(PartialEq, Eq, Debug)]
struct Note {
    process: u32,
    started: u64,
    files: BTreeMap<String, PublishedFile>,
}

#[derive(PartialEq, Eq, Debug)]
struct PublishedFile {
    number: i32,
    identity: Identity,
    size: u64,
}

/// Names hold spaces and line ends; their digests do not.
fn file_key(path: &ArtifactPath) -> String {
    Algorithm::Sha256.digest(path.as_str().as_bytes()).hex()
}

impl Note {
    fn of(guarded: &Guarded) -> io::Result<Self> {
        let stat = std::fs::read("/proc/self/stat")?;
        let unknown = || io::Error::other("/proc does not say when this process was started");
        let one = |(path, sealed): (&ArtifactPath, &Sealed)| {
            let file = PublishedFile {
                number: sealed.number(),
                identity: sealed.identity()?,
                size: sealed.size(),
            };
            Ok((file_key(path), file))
        };
        Ok(Self {
            process: std::process::id(),
            started: started(&stat).ok_or_else(unknown)?,
            files: guarded.files().iter().map(one).collect::<io::Result<_>>()?,
        })
    }

    fn to_text(&self) -> String {
        let mut text = format!("{FORM} {} {} {}\n", self.process, self.started, self.files.len());
        for (key, file) in &self.files {
            let Identity { device, inode } = file.identity;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{} {device} {inode} {} {key}", file.number, file.size);
        }
        text
    }

    /// Reads what [`Note::to_text`] writes, and nothing else.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        let mut first = lines.next()?.strip_prefix(FORM)?.strip_prefix(' ')?.split(' ');
        let mut note = Self {
            process: first.next()?.parse().ok()?,
            started: first.next()?.parse().ok()?,
            files: BTreeMap::new(),
        };
        for line in lines {
            let mut words = line.split(' ');
            let file = PublishedFile {
                number: words.next()?.parse().ok()?,
                identity: Identity {
                    device: words.next()?.parse().ok()?,
                    inode: words.next()?.parse().ok()?,
                },
                size: words.next()?.parse().ok()?,
            };
            note.files.insert(words.next()?.to_owned(), file);
        }
        (note.to_text() == text).then_some(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written_and_in_no_other_form() {
        let file = |number| PublishedFile {
            number,
            identity: Identity { device: 1, inode: 77 },
            size: 1 << 40,
        };
        let path = |name: &str| ArtifactPath::parse(name).unwrap();
        let note = Note {
            process: 4711,
            started: 99,
            files: BTreeMap::from([
                (file_key(&path("a b")), file(3)),
                (file_key(&path("c/d")), file(4)),
            ]),
        };
        let text = note.to_text();
        assert_eq!(Note::parse(text.as_bytes()), Some(note));
        for cut in 0..text.len() {
            assert_eq!(Note::parse(&text.as_bytes()[..cut]), None, "{cut}");
        }
        for other in [
            text.replace("v1", "v2"),
            text.replace(" 3 ", " 03 "),
            text.replace('\n', "\r\n"),
            format!("{text}\n"),
            format!("{text}5 1 77 1 x y\n"),
        ] {
            assert!(
                other == text || Note::parse(other.as_bytes()).is_none(),
                "{other}"
            );
        }
    }

    #[test]
    fn the_start_of_a_process_is_found_behind_any_name() {
        let own = std::fs::read("/proc/self/stat").unwrap();
        let expected = started(&own).unwrap();
        assert!(expected > 0);
        let fields = (3..=30)
            .map(|field| field.to_string())
            .collect::<Vec<_>>()
            .join(" ");
        let tricky = format!("12 (a) 1 2 (b)) {fields}");
        assert_eq!(started(tricky.as_bytes()), Some(22));
        assert_eq!(started(b"12 no brackets"), None);
    }
}

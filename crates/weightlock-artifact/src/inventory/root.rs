//! [`Root`]: the one place that opens files of a model, always below the folder the user named.
//!
//! Opening uses `openat2(2)` with `RESOLVE_BENEATH` and, unless links were allowed, `RESOLVE_NO_SYMLINKS`: the
//! kernel itself refuses a component that was swapped for a link. Kernels and sandboxes without `openat2` get
//! the same by walking components with `O_NOFOLLOW`; links cannot be followed there and are refused.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat},
    io::Errno,
};

use super::{IrregularKind, View, blob::BlobName};
use crate::{Error, digest::Digest, path::ArtifactPath};

/// Whether symbolic links to files are followed. Links to folders never are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    /// Every link is irregular, except in a hub cache snapshot (see [`Root::open`]).
    Refused,
    /// A link to a regular file inside the root stands for that file.
    FilesInside,
    /// A link to a regular file stands for that file, wherever it lies. Only for answering as tools do that follow
    /// every link.
    DangerousFilesAnywhere,
}

impl Links {
    /// Whether links to files inside the root are followed, as a user asks for it.
    #[must_use]
    pub const fn following(follow: bool) -> Self {
        if follow { Self::FilesInside } else { Self::Refused }
    }
}

/// Whether a model is a folder or one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RootKind {
    /// A folder of files.
    Folder,
    /// One file with this name.
    File(ArtifactPath),
}

/// Identity and age of a file, as the file system gives them; equal stamps mean "not touched in between".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamp {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Last change of content, nanoseconds since 1970.
    pub modified: i128,
    /// Last change of content or metadata, nanoseconds since 1970. Cannot be set by programs.
    pub changed: i128,
}

impl Stamp {
    pub(super) fn new(stat: &Stat) -> Self {
        let nanoseconds = |seconds: i64, rest: u64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        #[expect(
            clippy::cast_sign_loss,
            clippy::unnecessary_cast,
            reason = "st_size of a file is never negative; widths differ between architectures"
        )]
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }

    /// The stamp of an open file.
    ///
    /// # Errors
    /// When the kernel refuses to say.
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::new(&rustix::fs::fstat(file)?))
    }
}

/// An open model: a folder, or one file in a folder.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    kind: RootKind,
    /// The model folder, or the folder that holds the one file.
    folder: OwnedFd,
    links: Links,
    /// Boxed: roots are part of results, and few are snapshots.
    snapshot: Option<Box<HubSnapshot>>,
    /// The files, where they are not those on disk.
    held: Option<Arc<HeldFiles>>,
    /// The files, where they lie as blobs under other names.
    view: Option<Arc<View>>,
}

/// Files that somebody holds open, by name.
pub type HeldFiles = BTreeMap<ArtifactPath, Arc<OwnedFd>>;

/// What the place of a hub cache snapshot says it is. The names of folders are anybody's word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HubName {
    /// Whose it is.
    pub namespace: Option<String>,
    /// What it is called.
    pub name: String,
    /// Its revision: the name of the snapshot.
    pub revision: String,
}

/// A hub cache repository: `models--org--name/{blobs,snapshots/<revision>}`. Snapshot names are links to
/// `../../blobs/<digest>`; they are followed there and nowhere else. So is what lies in a snapshot's folder of evidence.
#[derive(Debug)]
struct HubSnapshot {
    name: HubName,
    blobs: OwnedFd,
    /// How many folders below the snapshot the root is.
    below: usize,
}

impl Root {
    /// Opens what the user named. A link *to* the model is followed, for the user chose it; links *in* it are
    /// judged by `links`. A hub cache snapshot is recognised by its layout, and its links into its own
    /// `blobs/` are followed whatever `links` says; so is a file in one.
    ///
    /// # Errors
    /// [`Error`] when nothing is there, it cannot be opened, or it is neither file nor folder.
    pub fn open(path: &Path, links: Links) -> Result<Self, Error> {
        let failed = |source: io::Error| Error::io("open", path, source);
        let whole = path.canonicalize().map_err(failed)?;
        let stat = rustix::fs::stat(&whole).map_err(|source| failed(source.into()))?;
        let (kind, folder, snapshot) = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let snapshot = HubSnapshot::around(&whole);
                (RootKind::Folder, whole, snapshot)
            }
            FileType::RegularFile => {
                // In a snapshot it has the name that the snapshot gives it, and not that of its blob.
                let (whole, snapshot) = match HubSnapshot::of_file(path) {
                    Some((place, snapshot)) => (place, Some(snapshot)),
                    None => (whole, None),
                };
                let name = whole.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
                let name = ArtifactPath::from_bytes(name).map_err(|source| Error::Name {
                    path: path.to_owned(),
                    source,
                })?;
                let folder = whole.parent().unwrap_or(Path::new("/")).to_owned();
                (RootKind::File(name), folder, snapshot)
            }
            other => {
                return Err(Error::NotAModel {
                    path: path.to_owned(),
                    kind: super::special(other),
                });
            }
        };
        let root = Self {
            path: path.to_owned(),
            kind,
            folder: open_folder_at(rustix::fs::CWD, &folder).map_err(failed)?,
            links,
            snapshot: snapshot.map(Box::new),
            held: None,
            view: None,
        };
        root.leads_to_a_blob()?;
        Ok(root)
    }

    /// Refuses the one file of a snapshot that is a link to something else than a blob of its repository.
    fn leads_to_a_blob(&self) -> Result<(), Error> {
        let RootKind::File(name) = &self.kind else {
            return Ok(());
        };
        if self.snapshot.is_none() || self.open_plain(name)?.is_ok() {
            return Ok(());
        }
        Err(Error::NotAModel {
            path: self.path.clone(),
            kind: "link that leads to no blob of its repository",
        })
    }

    /// A model whose files lie as blobs below `base`, at the places that the view says. Links are refused, whatever lies there.
    ///
    /// `path` is what the user named, for messages and for what lies beside it.
    ///
    /// # Errors
    /// [`Error::Io`] when `base` cannot be opened.
    pub fn of_view(path: &Path, base: &Path, view: View) -> Result<Self, Error> {
        let failed = |source: io::Error| Error::io("open", base, source);
        let whole = base.canonicalize().map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            kind: RootKind::Folder,
            folder: open_folder_at(rustix::fs::CWD, &whole).map_err(failed)?,
            links: Links::Refused,
            snapshot: None,
            held: None,
            view: Some(Arc::new(view)),
        })
    }

    /// The same model with these files in the place of those on disk: what is walked and opened from now on are they, whatever
    /// happens to the folder. Its path, its name and what lies beside it stay.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn holding(&self, files: HeldFiles) -> Result<Self, Error> {
        Ok(Self {
            held: Some(Arc::new(files)),
            ..self.reopen()?
        })
    }

    /// The same folder as it is on disk, whatever files are held instead.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn on_disk(&self) -> Result<Self, Error> {
        Ok(Self {
            held: None,
            ..self.reopen()?
        })
    }

    /// The files that are held.
    pub(super) fn held(&self) -> Option<&Arc<HeldFiles>> {
        self.held.as_ref()
    }

    /// A second handle on the same folder.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn reopen(&self) -> Result<Self, Error> {
        let again = |handle: &OwnedFd| {
            handle
                .try_clone()
                .map_err(|source| Error::io("open", &self.path, source))
        };
        let snapshot = match &self.snapshot {
            Some(hub) => Some(Box::new(HubSnapshot {
                name: hub.name.clone(),
                blobs: again(&hub.blobs)?,
                below: hub.below,
            })),
            None => None,
        };
        let folder = again(&self.folder)?;
        Ok(Self {
            path: self.path.clone(),
            kind: self.kind.clone(),
            folder,
            links: self.links,
            snapshot,
            held: self.held.clone(),
            view: self.view.clone(),
        })
    }

    /// The files, where they lie as blobs under other names.
    #[must_use]
    pub fn view(&self) -> Option<&View> {
        self.view.as_deref()
    }

    /// The name of the blob that a link of a hub cache snapshot leads to, where it is a digest. The cache's word, and not checked.
    ///
    /// # Errors
    /// [`Error::Io`] when the link cannot be read.
    pub fn blob_name(&self, path: &ArtifactPath) -> Result<Option<BlobName>, Error> {
        let Some(hub) = &self.snapshot else {
            return Ok(None);
        };
        let target = match rustix::fs::readlinkat(&self.folder, path.as_str(), Vec::new()) {
            // A file, and no link.
            Err(Errno::INVAL) => return Ok(None),
            other => {
                other.map_err(|source| Error::io("follow link", &self.join(path.as_str()), source.into()))?
            }
        };
        let target = target.to_string_lossy();
        Ok(blob_name(path, &target, hub.below).and_then(BlobName::parse))
    }

    /// What the list that names the files says of one: its SHA-256. Not checked.
    #[must_use]
    pub fn listed_digest(&self, path: &ArtifactPath) -> Option<&Digest> {
        self.view()?.file(path).map(|blob| &blob.sha256)
    }

    /// The path as the user wrote it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Folder or file.
    #[must_use]
    pub const fn kind(&self) -> &RootKind {
        &self.kind
    }

    /// Device and inode of the folder, or of the folder that holds the one file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn identity(&self) -> Result<(u64, u64), Error> {
        let stat = rustix::fs::fstat(&self.folder)
            .map_err(|source| Error::io("look at", &self.path, source.into()))?;
        let stamp = Stamp::new(&stat);
        Ok((stamp.device, stamp.inode))
    }

    /// Whether this is a snapshot in a hub cache, where nothing of ours is ever written.
    #[must_use]
    pub const fn is_hub_snapshot(&self) -> bool {
        self.snapshot.is_some()
    }

    /// What the place of a hub cache snapshot says it is.
    #[must_use]
    pub fn hub_name(&self) -> Option<&HubName> {
        self.snapshot.as_ref().map(|snapshot| &snapshot.name)
    }

    /// The last component of the real path: what a statement calls the model.
    #[must_use]
    pub fn base_name(&self) -> String {
        if let RootKind::File(name) = &self.kind {
            return name.as_str().to_owned();
        }
        let whole = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        whole
            .file_name()
            .map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// A path for people: root and name joined; the name of a one-file model is the root itself.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        match &self.kind {
            RootKind::File(_) => self.path.clone(),
            RootKind::Folder => self.path.join(name),
        }
    }

    /// Opens a file of the model for reading. Refuses everything that is not a regular file *after* opening,
    /// so that a pipe or device swapped in cannot block or answer.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Changed`] when a file of the walk is no longer one.
    pub fn open_file(&self, path: &ArtifactPath) -> Result<File, Error> {
        self.open_plain(path)?.map_err(|_| Error::Changed {
            path: self.join(path.as_str()),
            offset: None,
        })
    }

    /// As [`Root::open_file`], for a name that no walk has seen: the inner error says what is there instead of a file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open_plain(&self, path: &ArtifactPath) -> Result<Result<File, IrregularKind>, Error> {
        let failed = |source: io::Error| Error::io("open", &self.join(path.as_str()), source);
        if let Some(held) = &self.held {
            return again(held, path).map(Ok).map_err(failed);
        }
        let file = match self.open_raw(path) {
            Err(Errno::LOOP | Errno::XDEV) if self.view.is_some() => {
                let target = self.place(path).unwrap_or_default().to_owned();
                return Ok(Err(IrregularKind::Link { target }));
            }
            Err(Errno::LOOP | Errno::XDEV) => match self.resolve(path, file_flags()).map_err(failed)? {
                Ok(file) => file,
                Err(kind) => return Ok(Err(kind)),
            },
            // Opening a socket.
            Err(Errno::NXIO) => return Ok(Err(IrregularKind::Special(super::special(FileType::Socket)))),
            other => File::from(other.map_err(|source| failed(source.into()))?),
        };
        let stat = rustix::fs::fstat(&file).map_err(|source| failed(source.into()))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Ok(file)),
            other => Ok(Err(IrregularKind::Special(super::special(other)))),
        }
    }

    /// Whether another root is the same folder, or lies in the same: a name can lead to another one than it did.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn is_same_folder(&self, other: &Self) -> Result<bool, Error> {
        let place = |root: &Self| match rustix::fs::fstat(&root.folder) {
            Ok(stat) => Ok(Stamp::new(&stat)),
            Err(source) => Err(Error::io("look at", &root.path, source.into())),
        };
        let (one, other) = (place(self)?, place(other)?);
        Ok((one.device, one.inode) == (other.device, other.inode))
    }

    /// What the file system says of a file, which is not opened for reading.
    pub(super) fn stamp(&self, path: &ArtifactPath) -> Result<Stamp, Error> {
        let shown = self.join(path.as_str());
        let failed = |source: io::Error| Error::io("look at", &shown, source);
        if let Some(held) = &self.held {
            return again(held, path)
                .and_then(|file| Stamp::of(&file))
                .map_err(failed);
        }
        let opened = self
            .place(path)
            .and_then(|place| open_beneath(&self.folder, place, look_flags(), ResolveFlags::NO_SYMLINKS));
        // The one file of a snapshot is a link to its blob.
        let is_link = matches!(opened, Err(Errno::LOOP | Errno::XDEV));
        if is_link && self.snapshot.is_some() && matches!(self.kind, RootKind::File(_)) {
            return self.follow(path)?.map_err(|_| Error::Changed {
                path: shown.clone(),
                offset: None,
            });
        }
        let handle = match opened {
            Err(Errno::LOOP | Errno::XDEV) => None,
            other => Some(other.map_err(|source| failed(source.into()))?),
        };
        let file = handle.map(|handle| plain(handle, String::new())).transpose();
        match file.map_err(failed)? {
            Some(Ok(file)) => Stamp::of(&file).map_err(failed),
            // It is no longer the file that was named.
            Some(Err(_)) | None => Err(Error::Changed {
                path: shown.clone(),
                offset: None,
            }),
        }
    }

    pub(super) fn open_folder(&self, path: Option<&ArtifactPath>) -> Result<OwnedFd, Error> {
        let name = path.map_or(".", ArtifactPath::as_str);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        open_beneath(&self.folder, name, flags, ResolveFlags::NO_SYMLINKS).map_err(|source| {
            let shown = path.map_or_else(|| self.path.clone(), |path| self.join(path.as_str()));
            Error::io("open folder", &shown, source.into())
        })
    }

    /// Looks where a link leads. The outer error is for what could not be looked at.
    pub(super) fn follow(&self, path: &ArtifactPath) -> Result<Result<Stamp, IrregularKind>, Error> {
        let failed = |source: io::Error| Error::io("follow link", &self.join(path.as_str()), source);
        match self.resolve(path, look_flags()).map_err(failed)? {
            Ok(file) => Ok(Ok(Stamp::of(&file).map_err(failed)?)),
            Err(kind) => Ok(Err(kind)),
        }
    }

    fn resolve(&self, path: &ArtifactPath, flags: OFlags) -> io::Result<Result<File, IrregularKind>> {
        let target = rustix::fs::readlinkat(&self.folder, path.as_str(), Vec::new())?;
        let shown = target.to_string_lossy().into_owned();
        if let Some(hub) = &self.snapshot
            && let Some(blob) = blob_name(path, &shown, hub.below)
        {
            return Ok(
                match open_beneath(&hub.blobs, blob, flags, ResolveFlags::NO_SYMLINKS) {
                    Ok(handle) => plain(handle, shown)?,
                    Err(_) => Err(IrregularKind::LinkBroken { target: shown }),
                },
            );
        }
        if self.links == Links::Refused {
            return Ok(Err(IrregularKind::Link { target: shown }));
        }
        let followed = match self.links {
            Links::DangerousFilesAnywhere => {
                rustix::fs::openat(&self.folder, path.as_str(), flags, Mode::empty())
            }
            Links::Refused | Links::FilesInside => {
                open_beneath(&self.folder, path.as_str(), flags, ResolveFlags::empty())
            }
        };
        match followed {
            Ok(handle) => Ok(plain(handle, shown)?),
            Err(Errno::XDEV) => Ok(Err(IrregularKind::LinkOutside { target: shown })),
            Err(Errno::NOENT | Errno::LOOP) => Ok(Err(IrregularKind::LinkBroken { target: shown })),
            Err(source) => Err(source.into()),
        }
    }

    fn open_raw(&self, path: &ArtifactPath) -> Result<OwnedFd, Errno> {
        let place = self.place(path)?;
        open_beneath(&self.folder, place, file_flags(), ResolveFlags::NO_SYMLINKS)
    }

    /// Where a file lies below the folder. In a view nothing else is there than what it names.
    fn place<'a>(&'a self, path: &'a ArtifactPath) -> Result<&'a str, Errno> {
        match &self.view {
            None => Ok(path.as_str()),
            Some(view) => view
                .file(path)
                .map(|blob| blob.place.as_str())
                .ok_or(Errno::NOENT),
        }
    }
}

/// A held file, with a position of its own.
fn again(held: &HeldFiles, path: &ArtifactPath) -> io::Result<File> {
    let handle = held.get(path).ok_or(io::ErrorKind::NotFound)?;
    File::open(format!("/proc/self/fd/{}", handle.as_raw_fd()))
}

/// What a link leads to, if that is a regular file.
fn plain(handle: OwnedFd, target: String) -> io::Result<Result<File, IrregularKind>> {
    let stat = rustix::fs::fstat(&handle)?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(File::from(handle)),
        FileType::Directory => Err(IrregularKind::LinkToFolder { target }),
        other => Err(IrregularKind::Special(super::special(other))),
    })
}

/// Links to one file that are followed by hand. The kernel follows as many.
const MOST_LINKS: usize = 40;

impl HubSnapshot {
    fn around(folder: &Path) -> Option<Self> {
        Self::at(folder, usize::from(folder.file_name()? == ".weightlock"))
    }

    /// The snapshot that a file lies in, or the one that a link to it lies in, and the place there.
    fn of_file(path: &Path) -> Option<(PathBuf, Self)> {
        let mut place = std::path::absolute(path).ok()?;
        for _ in 0..=MOST_LINKS {
            let folder = place.parent()?.canonicalize().ok()?;
            place = folder.join(place.file_name()?);
            let depth = folder.ancestors().count();
            if let Some(found) = (0..depth).find_map(|below| Self::at(&folder, below)) {
                return Some((place, found));
            }
            place = folder.join(place.read_link().ok()?);
        }
        None
    }

    /// The repository of a snapshot that `folder` lies in, so many folders below it.
    fn at(folder: &Path, below: usize) -> Option<Self> {
        let snapshots = folder.ancestors().nth(1 + below)?;
        let repository = snapshots.parent()?;
        let name = repository.file_name()?.to_str()?;
        if snapshots.file_name()? != "snapshots" {
            return None;
        }
        let kinds = ["models--", "datasets--", "spaces--"];
        let called = kinds.iter().find_map(|kind| name.strip_prefix(kind))?;
        let (namespace, called) = match called.split_once("--") {
            Some((namespace, called)) => (Some(namespace.to_owned()), called),
            None => (None, called),
        };
        let revision = folder.ancestors().nth(below)?.file_name()?;
        let repository = open_folder_at(rustix::fs::CWD, repository).ok()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let blobs = open_beneath(&repository, "blobs", flags, ResolveFlags::NO_SYMLINKS).ok()?;
        Some(Self {
            name: HubName {
                namespace,
                name: called.to_owned(),
                revision: revision.to_string_lossy().into_owned(),
            },
            blobs,
            below,
        })
    }
}

/// The blob a snapshot link names: exactly `../../blobs/<name>`, with one more `..` for each folder the link
/// lies in.
fn blob_name<'a>(link: &ArtifactPath, target: &'a str, below: usize) -> Option<&'a str> {
    let ups = "../".repeat(link.components().count() + 1 + below);
    let blob = target.strip_prefix(&ups)?.strip_prefix("blobs/")?;
    let plain = !blob.is_empty() && blob.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(blob)
}

/// Never blocks on a pipe, never becomes a controlling terminal.
const fn file_flags() -> OFlags {
    OFlags::RDONLY
        .union(OFlags::CLOEXEC)
        .union(OFlags::NONBLOCK)
        .union(OFlags::NOCTTY)
}

/// For looking at a file: nothing can be read by such a descriptor.
const fn look_flags() -> OFlags {
    OFlags::PATH.union(OFlags::CLOEXEC)
}

fn open_folder_at(at: rustix::fd::BorrowedFd<'_>, path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, path, flags, Mode::empty())?)
}

/// Whether the kernel itself keeps a path below its folder (`openat2`). Without it every component is opened and
/// checked by itself, which is as strict and slower.
#[must_use]
pub fn has_openat2() -> bool {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat2(rustix::fs::CWD, ".", flags, Mode::empty(), ResolveFlags::BENEATH).is_ok()
}

fn open_beneath(
    folder: &OwnedFd,
    name: &str,
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let resolve = resolve | ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(folder, name, flags, Mode::empty(), resolve) {
            // The kernel could not prove the walk race-free and asks to try again (openat2(2), EAGAIN).
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::NOSYS | Errno::PERM) => return open_by_component(folder, name, flags),
            other => return other,
        }
    }
}

/// Without `openat2`: one `openat` per component, each with `O_NOFOLLOW`.
fn open_by_component(folder: &OwnedFd, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let through = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut at: Option<OwnedFd> = None;
    let mut components = name.split('/').peekable();
    while let Some(component) = components.next() {
        let last = components.peek().is_none();
        let flags = if last { flags | OFlags::NOFOLLOW } else { through };
        if component == ".." {
            return Err(Errno::XDEV);
        }
        let next = rustix::fs::openat(at.as_ref().unwrap_or(folder), component, flags, Mode::empty())?;
        at = Some(next);
    }
    at.ok_or(Errno::NOENT)
}

impl Root {
    /// Whether a name exists at the root, of whatever kind, without following it.
    #[must_use]
    pub fn has(&self, name: &ArtifactPath) -> bool {
        if let Some(held) = &self.held {
            return self.kind == RootKind::Folder && held.keys().any(|path| path.is_at_or_below(name));
        }
        if let Some(view) = self.view() {
            return view.file(name).is_some();
        }
        self.kind == RootKind::Folder
            && rustix::fs::statat(&self.folder, name.as_str(), AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_blob_links_are_known() {
        let link =
            |path: &str, target: &'static str| blob_name(&ArtifactPath::parse(path).unwrap(), target, 0);
        assert_eq!(link("config.json", "../../blobs/0a1b"), Some("0a1b"));
        assert_eq!(link("sub/config.json", "../../../blobs/0a1b"), Some("0a1b"));
        for target in [
            "../../blobs/",
            "../../blobs/../x",
            "../blobs/0a",
            "/blobs/0a",
            "../../../blobs/0a",
            "../../blobs/a/b",
        ] {
            assert_eq!(link("config.json", target), None, "{target}");
        }
    }

    #[test]
    fn opening_by_component_refuses_links_and_climbing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("d")).unwrap();
        std::fs::write(folder.path().join("d/f"), "x").unwrap();
        std::os::unix::fs::symlink("d", folder.path().join("l")).unwrap();
        std::os::unix::fs::symlink("f", folder.path().join("d/g")).unwrap();
        let root = open_folder_at(rustix::fs::CWD, folder.path()).unwrap();
        assert!(open_by_component(&root, "d/f", file_flags()).is_ok());
        for name in ["l/f", "d/g", "../x", "d/../d/f", "missing"] {
            assert!(open_by_component(&root, name, file_flags()).is_err(), "{name}");
        }
    }
}

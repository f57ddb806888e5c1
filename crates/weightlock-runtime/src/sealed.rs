//! Memory that nobody can change: a file without a name (`memfd_create(2)`), filled once and sealed.
//!
//! 1. [`Filling::new`] makes the file and takes a write lease of it (`F_SETLEASE`, fcntl(2)), which is given only to who has
//!    a file for himself. From now on a process of the same user that opens the file by `/proc` waits, and breaks the lease.
//! 2. Only now the file gets its size, from nothing: whoever had it open before may have made it longer, or may have hold of
//!    its pages in ways that no lease knows (buffers of `io_uring`), and those pages are no longer its own.
//! 3. The bytes are hashed in a buffer of this process and written from it.
//! 4. [`Filling::seal`] seals the file for good, and then looks whether the lease still holds: if it does, nobody else has
//!    had the file open since, and what was written is what is sealed. If it does not, the bytes are gone.
//!
//! Where the system gives no leases, the file is mapped instead and sealed against every other writer
//! (`F_SEAL_FUTURE_WRITE`, Linux 5.1): the mapping is the only way in, and a mapping that somebody else was quicker to
//! make keeps the last seal from being set while it lasts. Who made one before the first seal, and gives it up before the
//! last, is not noticed, and on kernels without that seal anybody can write until the last; it is in the threat model. That
//! way is for systems without leases alone: what another process can bring about (permissions taken from the file, limits)
//! is an error.
//!
//! A file that is given up without being sealed is emptied.
//!
//! A file on disk that the kernel lets nobody change either ([`verity`]) is [`Sealed`] too, by another [`Seal`].
#![expect(unsafe_code, reason = "mappings of memory that belongs to this process")]

use std::{
    ffi::CString,
    fs::File,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    ptr::{self, NonNull},
    sync::Arc,
};

use libc::c_int;
use rustix::{
    fs::{
        FileType, MemfdFlags, SealFlags, Stat, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate,
        memfd_create,
    },
    io::Errno,
    mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap},
};
use weightlock_artifact::digest::{engine::Destination, verity::VerityDigest};

use crate::verity;

#[cfg(test)]
mod tests;

/// Bytes of a name that the kernel takes, which is for people who look at `/proc`.
const MOST_NAME: usize = 200;

/// Bytes of which the kernel is asked at once whether they are there; a multiple of every page size.
const WIPED_AT_ONCE: usize = 4 << 20;

/// Sealed against everything, also against further seals.
const ALL: SealFlags = SealFlags::WRITE
    .union(SealFlags::GROW)
    .union(SealFlags::SHRINK)
    .union(SealFlags::SEAL);

/// A file in memory that is being filled.
#[derive(Debug)]
pub struct Filling {
    handle: OwnedFd,
    way: Way,
    size: u64,
}

/// How the bytes get into the file, and others are kept out of it.
#[derive(Debug)]
enum Way {
    /// They are written; the handle has a lease.
    Leased,
    /// They are put into a mapping, which a file without bytes has none of.
    Mapped(Option<Mapping>),
}

impl Filling {
    /// Makes a file of this size. `name` is shown by `/proc` and otherwise means nothing.
    ///
    /// # Errors
    /// What the system says; a size that no memory has is [`io::ErrorKind::OutOfMemory`], and a process that has got hold
    /// of the file already is [`io::ErrorKind::ResourceBusy`].
    pub fn new(name: &str, size: u64) -> io::Result<Self> {
        Self::of(make(name)?, size)
    }

    /// In a file that was made for it, of which nothing is kept that may be in it.
    fn of(handle: OwnedFd, size: u64) -> io::Result<Self> {
        match leased(handle)? {
            Ok(handle) => {
                let filling = Self {
                    handle,
                    way: Way::Leased,
                    size,
                };
                resize(&filling.handle, size)?;
                Ok(filling)
            }
            Err(handle) => Self::mapped(handle, size),
        }
    }

    fn mapped(handle: OwnedFd, size: u64) -> io::Result<Self> {
        let length = usize::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let writable = ProtFlags::READ | ProtFlags::WRITE;
        let memory = (length > 0)
            .then(|| Mapping::new(handle.as_fd(), length, writable, MapFlags::SHARED))
            .transpose()?;
        if let Some(memory) = &memory {
            memory.keep_from_children();
        }
        // The mapping is not looked at before the file has its size for good.
        shut_out(&handle, size)?;
        Ok(Self {
            handle,
            way: Way::Mapped(memory),
            size,
        })
    }

    /// Where the bytes are to go.
    pub fn destination(&mut self) -> Destination<'_> {
        match &mut self.way {
            Way::Leased => Destination::file(self.handle.as_fd(), self.size),
            Way::Mapped(Some(memory)) => Destination::new(memory.bytes_mut()),
            Way::Mapped(None) => Destination::new(&mut []),
        }
    }

    /// Seals the file for good.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] when another process can write to it, or could have; and what else the system says.
    /// The bytes are gone then.
    pub fn seal(mut self) -> io::Result<Sealed> {
        let is_leased = matches!(self.way, Way::Leased);
        if !is_leased {
            // Nothing can be sealed that is mapped for writing.
            self.way = Way::Mapped(None);
        }
        fcntl_add_seals(&self.handle, ALL)?;
        if !fcntl_get_seals(&self.handle)?.contains(ALL) {
            return Err(io::Error::other("the memory is not sealed"));
        }
        expect_size(&self.handle, self.size)?;
        if is_leased {
            end_lease(&self.handle)?;
        }
        Ok(Sealed {
            handle: Arc::new(self.handle.try_clone()?),
            size: self.size,
            seal: Seal::Memory,
        })
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        match &mut self.way {
            // The pages go, and whoever waits to open the file finds it empty. What is sealed stays as it is.
            Way::Leased => {
                let _: rustix::io::Result<()> = ftruncate(&self.handle, 0);
            }
            Way::Mapped(Some(memory)) => memory.wipe(),
            Way::Mapped(None) => {}
        }
    }
}

/// A file without bytes.
fn make(name: &str) -> io::Result<OwnedFd> {
    let plain: Vec<u8> = name.bytes().filter(|&byte| byte != 0).take(MOST_NAME).collect();
    Ok(create(&CString::new(plain)?)?)
}

/// Gives the file its size, and new pages for all of it.
fn resize(handle: &OwnedFd, size: u64) -> io::Result<()> {
    ftruncate(handle, 0)?;
    match ftruncate(handle, size) {
        // Larger than what the system can count.
        Err(Errno::INVAL | Errno::FBIG) => Err(io::ErrorKind::OutOfMemory.into()),
        other => Ok(other?),
    }
}

/// What comes after the last byte was hashed by nobody.
fn expect_size(handle: &OwnedFd, size: u64) -> io::Result<()> {
    if u64::try_from(fstat(handle)?.st_size) == Ok(size) {
        Ok(())
    } else {
        Err(io::ErrorKind::ResourceBusy.into())
    }
}

/// Without permission to execute it, where the kernel has that (6.3).
fn create(name: &CString) -> rustix::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create(name, flags),
        other => other,
    }
}

/// The file with a write lease; the file as it was where the system gives none.
///
/// The kernel counts who has opened a file and who has a mapping of it made when he had. It does not count who made it, so
/// this process opens it too.
fn leased(handle: OwnedFd) -> io::Result<Result<OwnedFd, OwnedFd>> {
    /// Which signal tells of a lease that somebody wants broken (fcntl(2)).
    const F_SETSIG: c_int = 10;
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
    let own = match File::options().read(true).write(true).open(path) {
        Ok(own) => own,
        // There is no `/proc`. Everything else another process may have brought about.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Err(handle)),
        Err(error) => return Err(error),
    };
    let number = own.as_raw_fd();
    // SAFETY: the descriptor is open, and these commands take a number. Whoever opens the file while it is leased makes the
    // kernel send a signal: not SIGIO, which ends a process, but one that is ignored.
    let lease = unsafe {
        libc::fcntl(number, F_SETSIG, libc::SIGURG);
        libc::fcntl(number, libc::F_SETLEASE, libc::F_WRLCK)
    };
    match io::Error::last_os_error().kind() {
        _ if lease != -1 => Ok(Ok(own.into())),
        io::ErrorKind::WouldBlock => Err(io::ErrorKind::ResourceBusy.into()),
        _ => Ok(Err(handle)),
    }
}

/// Gives a lease back, if nobody has broken it. Whoever waits for it is let in now.
fn end_lease(handle: &OwnedFd) -> io::Result<()> {
    let held = is_held(handle);
    // SAFETY: the descriptor is open, and the command takes a number.
    let ended = unsafe { libc::fcntl(handle.as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK) };
    if held && ended == 0 {
        Ok(())
    } else {
        Err(io::ErrorKind::ResourceBusy.into())
    }
}

/// Whether the lease is the one that was taken: not if it is broken, or is to be because somebody waits.
fn is_held(handle: &OwnedFd) -> bool {
    // SAFETY: the descriptor is open, and the command takes nothing.
    let lease = unsafe { libc::fcntl(handle.as_raw_fd(), libc::F_GETLEASE) };
    lease == libc::F_WRLCK
}

/// Seals a file against every writer but those that have it mapped, and gives it its size for good.
fn shut_out(handle: &OwnedFd, size: u64) -> io::Result<()> {
    match fcntl_add_seals(handle, SealFlags::FUTURE_WRITE) {
        // The kernel does not have it.
        Ok(()) | Err(Errno::INVAL) => {}
        Err(error) => return Err(error.into()),
    }
    resize(handle, size)?;
    fcntl_add_seals(handle, SealFlags::GROW | SealFlags::SHRINK)?;
    expect_size(handle, size)
}

/// A file that nobody can change, not even this process.
#[derive(Debug)]
pub struct Sealed {
    handle: Arc<OwnedFd>,
    size: u64,
    seal: Seal,
}

/// What keeps a file from being changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seal {
    /// It lies in memory, with every seal of that.
    Memory,
    /// It lies on disk, under fs-verity: each page is checked when it is read. One that was damaged is an error to who reads
    /// it, and a signal (`SIGBUS`) to who has it mapped.
    Verity,
}

impl Sealed {
    /// Takes an open file on disk, if the kernel answers for its having this fs-verity digest.
    pub(crate) fn by_kernel(handle: File, digest: &VerityDigest, size: u64) -> Option<Self> {
        let same = verity::measure(&handle)? == *digest && handle.metadata().ok()?.len() == size;
        same.then(|| Self {
            handle: Arc::new(handle.into()),
            size,
            seal: Seal::Verity,
        })
    }

    /// What keeps it from being changed.
    #[must_use]
    pub const fn seal(&self) -> Seal {
        self.seal
    }

    /// Takes a file that another process has sealed: `handle` was opened by that process's `/proc/PID/fd`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when it is not sealed memory, not all of it is sealed, or it is another file or of
    /// another size than it is said to be.
    pub(crate) fn adopt(handle: OwnedFd, identity: Identity, size: u64) -> io::Result<Self> {
        // Only files in memory have seals at all; ordinary ones there can get none.
        let sealed = fcntl_get_seals(&handle).is_ok_and(|seals| seals.contains(ALL));
        let stat = fstat(&handle)?;
        let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 0;
        let this = Identity::new(&stat) == identity && u64::try_from(stat.st_size) == Ok(size);
        if sealed && plain && this {
            let (handle, seal) = (Arc::new(handle), Seal::Memory);
            Ok(Self { handle, size, seal })
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    /// Its descriptor, for whoever reads it as a file of a model.
    pub(crate) fn shared(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.handle)
    }

    /// Which file it is.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Ok(Identity::new(&fstat(&self.handle)?))
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The number of its descriptor in this process, as in `/proc/PID/fd/NUMBER`.
    #[must_use]
    pub fn number(&self) -> i32 {
        self.handle.as_raw_fd()
    }

    /// Another descriptor of it, with a position of its own.
    ///
    /// # Errors
    /// What the system says.
    pub fn reopen(&self) -> io::Result<File> {
        File::open(format!("/proc/self/fd/{}", self.number()))
    }

    /// Its bytes, shared with everybody who maps it.
    ///
    /// # Errors
    /// What the system says.
    pub fn map(&self) -> io::Result<Bytes> {
        self.mapped(ProtFlags::READ, MapFlags::SHARED)
    }

    /// A private copy of its bytes that can be written to. Pages are copied when they are.
    ///
    /// # Errors
    /// What the system says.
    pub fn map_private(&self) -> io::Result<Bytes> {
        self.mapped(ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    }

    fn mapped(&self, protection: ProtFlags, flags: MapFlags) -> io::Result<Bytes> {
        let length = usize::try_from(self.size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let memory = (length > 0)
            .then(|| Mapping::new(self.handle.as_fd(), length, protection, flags))
            .transpose()?;
        Ok(Bytes { memory })
    }
}

/// Which file in memory one is, among all that there are now: device and inode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl Identity {
    #[expect(clippy::unnecessary_cast, reason = "widths differ between architectures")]
    const fn new(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
        }
    }
}

impl AsFd for Sealed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// The bytes of a sealed file. They stay although the file is closed.
#[derive(Debug)]
pub struct Bytes {
    memory: Option<Mapping>,
}

impl Bytes {
    /// How many there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.memory.as_ref().map_or(0, |memory| memory.length)
    }

    /// Where they begin, for whoever hands them to another language; dangling when there are none. Only a private copy
    /// may be written to, and then by nobody who also looks at it through [`AsRef`].
    #[must_use]
    pub fn start(&self) -> NonNull<u8> {
        self.memory
            .as_ref()
            .map_or(NonNull::dangling(), |memory| memory.start)
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.memory.as_ref().map_or(&[], Mapping::bytes)
    }
}

/// A mapping of a whole file in memory.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone, and is written to only through `&mut`.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(
        handle: BorrowedFd<'_>,
        length: usize,
        protection: ProtFlags,
        flags: MapFlags,
    ) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice; nobody else knows it.
        let start = unsafe { mmap(ptr::null_mut(), length, protection, flags, handle, 0) }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length })
    }

    const fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping lives as long as this value, the file has at least its length and cannot shrink (it is
        // sealed against that before and after, or the kernel forbids it), and nobody else writes to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    const fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; the mapping was made for writing wherever this is called (`Filling`).
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }

    /// A process that is forked off while the file is filled would have it mapped too, and it could not be sealed.
    fn keep_from_children(&self) {
        // SAFETY: the range is this value's own mapping, and the advice changes no content.
        let _: rustix::io::Result<()> =
            unsafe { madvise(self.start.as_ptr().cast(), self.length, Advice::LinuxDontFork) };
    }

    /// Overwrites what is there, for whoever else got hold of the file. Pages that were never filled stay unfilled.
    fn wipe(&mut self) {
        let page = rustix::param::page_size();
        let mut present = vec![0_u8; WIPED_AT_ONCE.div_ceil(page)];
        for chunk in self.bytes_mut().chunks_mut(WIPED_AT_ONCE) {
            // SAFETY: the range is this value's own mapping and begins with a page; the answer has room for each page.
            let asked =
                unsafe { libc::mincore(chunk.as_mut_ptr().cast(), chunk.len(), present.as_mut_ptr()) };
            for (page, present) in chunk.chunks_mut(page).zip(&present) {
                if asked != 0 || present & 1 == 1 {
                    page.fill(0);
                }
            }
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by `mmap` with this length, and nothing borrows from it any more.
        let _: rustix::io::Result<()> = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}

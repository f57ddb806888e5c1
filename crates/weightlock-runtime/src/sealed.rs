//! Memory that nobody can change: a file without a name (`memfd_create(2)`), filled once and sealed.
//!
//! 1. [`Filling::new`] makes the file, gives it its size, maps it for itself, and seals it against every other writer
//!    (`F_SEAL_FUTURE_WRITE`, Linux 5.1): from now on the mapping is the only way in. On an older kernel another process
//!    of the same user could open it by `/proc` until it is sealed; it is in the threat model.
//! 2. The bytes are read into the mapping and hashed there.
//! 3. [`Filling::seal`] gives the mapping up and seals the file for good. A mapping that somebody else had got before
//!    step 1 was over makes this fail: then nobody can tell what is in it.
//!
//! A file that is given up without being sealed is overwritten.
#![expect(unsafe_code, reason = "mappings of memory that belongs to this process")]

use std::{
    ffi::CString,
    fs::File,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    ptr::{self, NonNull},
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, ftruncate, memfd_create},
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

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
    memory: Option<Mapping>,
    size: u64,
}

impl Filling {
    /// Makes a file of this size. `name` is shown by `/proc` and otherwise means nothing.
    ///
    /// # Errors
    /// What the system says; a size that no memory has is [`io::ErrorKind::OutOfMemory`].
    pub fn new(name: &str, size: u64) -> io::Result<Self> {
        let plain: Vec<u8> = name.bytes().filter(|&byte| byte != 0).take(MOST_NAME).collect();
        let name = CString::new(plain)?;
        let handle = create(&name)?;
        ftruncate(&handle, size)?;
        let length = usize::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let memory = (length > 0)
            .then(|| {
                Mapping::new(
                    handle.as_fd(),
                    length,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::SHARED,
                )
            })
            .transpose()?;
        let fixed = SealFlags::GROW | SealFlags::SHRINK;
        match fcntl_add_seals(&handle, fixed | SealFlags::FUTURE_WRITE) {
            Err(Errno::INVAL) => fcntl_add_seals(&handle, fixed)?,
            other => other?,
        }
        Ok(Self { handle, memory, size })
    }

    /// The bytes, to be filled.
    pub const fn bytes(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Some(memory) => memory.bytes_mut(),
            None => &mut [],
        }
    }

    /// Seals the file for good.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] when another process can write to it, and what else the system says. The bytes are
    /// gone then.
    pub fn seal(mut self) -> io::Result<Sealed> {
        self.memory = None;
        let sealed = fcntl_add_seals(&self.handle, ALL).and_then(|()| fcntl_get_seals(&self.handle));
        let handle = self.handle.try_clone();
        match (sealed, handle) {
            (Ok(seals), Ok(handle)) if seals.contains(ALL) => Ok(Sealed {
                handle,
                size: self.size,
            }),
            (Err(error), _) => Err(error.into()),
            (_, Err(error)) => Err(error),
            _ => Err(io::Error::other("the memory is not sealed")),
        }
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        if let Some(memory) = &mut self.memory {
            memory.wipe();
        }
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

/// A file in memory that nobody can change, not even this process.
#[derive(Debug)]
pub struct Sealed {
    handle: OwnedFd,
    size: u64,
}

impl Sealed {
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
        // sealed against that before and after), and nobody else writes to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    const fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; the mapping was made for writing wherever this is called (`Filling`).
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
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

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::fs::FileExt as _};

    use super::*;

    fn filled(content: &[u8]) -> Filling {
        let mut filling = Filling::new("weights", content.len() as u64).unwrap();
        filling.bytes().copy_from_slice(content);
        filling
    }

    fn path(handle: impl AsFd) -> String {
        format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd())
    }

    #[test]
    fn what_is_sealed_can_be_read_and_by_no_way_written() {
        let sealed = filled(b"tensor").seal().unwrap();
        assert_eq!(std::fs::read(path(&sealed)).unwrap(), b"tensor");
        let mut again = std::fs::OpenOptions::new()
            .write(true)
            .open(path(&sealed))
            .unwrap();
        assert!(again.write_all(b"x").is_err());
        assert!(again.write_at(b"x", 3).is_err());
        assert!(again.set_len(0).is_err() && again.set_len(100).is_err());
        let writable = ProtFlags::READ | ProtFlags::WRITE;
        assert!(Mapping::new(again.as_fd(), 6, writable, MapFlags::SHARED).is_err());
        assert!(fcntl_add_seals(&sealed, SealFlags::GROW).is_err());
        assert_eq!(sealed.map().unwrap().as_ref(), b"tensor");
    }

    #[test]
    fn a_private_copy_can_be_written_and_changes_nothing() {
        let sealed = filled(&[7; 10_000]).seal().unwrap();
        let mut copy = sealed.map_private().unwrap();
        copy.memory.as_mut().unwrap().bytes_mut()[5000] = 1;
        assert_eq!(copy.as_ref()[5000], 1);
        assert!(sealed.map().unwrap().as_ref().iter().all(|&byte| byte == 7));
        drop(sealed);
        assert_eq!(copy.as_ref().len(), 10_000);
    }

    #[test]
    fn nobody_writes_while_it_is_filled() {
        let filling = filled(&[1; 5000]);
        let other = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path(&filling.handle))
            .unwrap();
        assert!(other.write_at(b"x", 0).is_err());
        let writable = ProtFlags::READ | ProtFlags::WRITE;
        assert!(Mapping::new(other.as_fd(), 5000, writable, MapFlags::SHARED).is_err());
        let sealed = filling.seal().unwrap();
        assert!(sealed.map().unwrap().as_ref().iter().all(|&byte| byte == 1));
    }

    #[test]
    fn memory_that_another_can_write_is_not_sealed() {
        let handle = create(&CString::new("x").unwrap()).unwrap();
        ftruncate(&handle, 4096).unwrap();
        let writable = ProtFlags::READ | ProtFlags::WRITE;
        // As if somebody had been quicker than the first seal.
        let quick = Mapping::new(handle.as_fd(), 4096, writable, MapFlags::SHARED).unwrap();
        let memory = Some(Mapping::new(handle.as_fd(), 4096, writable, MapFlags::SHARED).unwrap());
        let filling = Filling {
            handle,
            memory,
            size: 4096,
        };
        assert_eq!(filling.seal().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        drop(quick);
    }

    #[test]
    fn what_is_given_up_is_overwritten() {
        let size = 3 * WIPED_AT_ONCE + 1;
        let mut filling = Filling::new("x", size as u64).unwrap();
        filling.bytes()[WIPED_AT_ONCE..].fill(9);
        let other = filling.handle.try_clone().unwrap();
        drop(filling);
        let left = Mapping::new(other.as_fd(), size, ProtFlags::READ, MapFlags::SHARED).unwrap();
        assert!(left.bytes().iter().all(|&byte| byte == 0));
    }

    #[test]
    fn nothing_is_sealed_too() {
        let sealed = Filling::new("a\0b", 0).unwrap().seal().unwrap();
        assert_eq!(sealed.size(), 0);
        assert!(sealed.map().unwrap().as_ref().is_empty());
        assert!(std::fs::read(path(&sealed)).unwrap().is_empty());
    }
}

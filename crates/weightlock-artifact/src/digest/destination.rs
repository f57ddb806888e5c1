//! [`Destination`]: where the bytes of a file stay: memory in which they are hashed, or a file that they are written to.
//!
//! Whoever loads what was verified must hash the very bytes that are loaded. So they are read once, into memory that
//! nobody else writes to, and the digest is computed on that memory. It is the caller's own, where they stay; or a buffer,
//! from which they are written to a file of the caller's that nobody else can write to. The second costs half as much when
//! that file is one in memory: the kernel need not clear pages that are written as a whole, and none is mapped.
#![expect(
    unsafe_code,
    reason = "tasks of several threads fill disjoint parts of one destination"
)]

use std::{
    io,
    marker::PhantomData,
    ops::Range,
    os::fd::{AsRawFd as _, BorrowedFd, RawFd},
    ptr::NonNull,
};

use rustix::io::{Errno, pwrite};

/// Room for a whole file, from its first byte to its last, or for a part of one.
#[derive(Debug)]
pub struct Destination<'a> {
    place: Place,
    is_part: bool,
    size: u64,
    offset: u64,
    given: PhantomData<&'a mut [u8]>,
}

impl<'a> Destination<'a> {
    /// Has a file stay in `memory`, which must have the file's size.
    #[must_use]
    pub const fn new(memory: &'a mut [u8]) -> Self {
        Self::at(0, false, memory)
    }

    /// Has the bytes of a file from `offset` on stay in `memory`, and no others: every job of the file must lie in it.
    #[must_use]
    pub const fn part(offset: u64, memory: &'a mut [u8]) -> Self {
        Self::at(offset, true, memory)
    }

    /// Has a file of `size` bytes written to another, at the same offsets. `file` is open for writing. What
    /// is hashed lies in a buffer that it is written from; that nobody else writes to the file is the caller's care.
    #[must_use]
    pub fn file(file: BorrowedFd<'a>, size: u64) -> Self {
        Self {
            place: Place::File(Written {
                descriptor: file.as_raw_fd(),
            }),
            is_part: false,
            size,
            offset: 0,
            given: PhantomData,
        }
    }

    const fn at(offset: u64, is_part: bool, memory: &'a mut [u8]) -> Self {
        let length = memory.len();
        // The pointer of a slice is never null.
        let place = Place::Memory(Memory {
            start: NonNull::from_mut(memory).cast(),
            length,
            offset,
        });
        Self {
            place,
            is_part,
            size: length as u64,
            offset,
            given: PhantomData,
        }
    }

    /// Bytes there is room for.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Whether it has room for just these bytes of a file, of which `size` are in the whole.
    pub(super) fn suits(&self, range: &Range<u64>, size: u64) -> bool {
        let inside = self.offset <= range.start && range.end <= self.offset.saturating_add(self.size);
        inside && (self.is_part || self.size == size)
    }

    /// Whether it is for a whole file.
    pub(super) const fn is_whole(&self) -> bool {
        !self.is_part
    }

    /// Whether the bytes are hashed where they stay.
    pub(super) const fn is_memory(&self) -> bool {
        matches!(self.place, Place::Memory(_))
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }
}

/// A destination without its lifetime, for the threads of one run, which ends before the destination is given back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Memory(Memory),
    File(Written),
}

/// Memory in which bytes stay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    start: NonNull<u8>,
    length: usize,
    /// Where in the file it begins.
    offset: u64,
}

/// A file that bytes are written to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    descriptor: RawFd,
}

/// A part of a memory, which belongs to this value alone.
#[derive(Debug)]
pub(super) struct Part {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: it is an address and a length. What is done with them is the duty of who calls `part`.
unsafe impl Send for Memory {}
// SAFETY: as above; the value itself never changes.
unsafe impl Sync for Memory {}
// SAFETY: nobody else holds the bytes.
unsafe impl Send for Part {}

impl Memory {
    /// Whether it begins at a multiple of `align`, a power of two.
    pub(super) fn is_aligned(self, align: usize) -> bool {
        self.start.addr().get() & (align - 1) == 0
    }

    /// The memory of a range of the file; `None` outside of it.
    ///
    /// # Safety
    /// The [`Destination`] outlives the part, and no two parts that overlap exist at once.
    pub(super) unsafe fn part(self, range: Range<u64>) -> Option<Part> {
        let start = usize::try_from(range.start.checked_sub(self.offset)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.offset)?).ok()?;
        let length = end.checked_sub(start)?;
        if end > self.length {
            return None;
        }
        // SAFETY: the part begins within the memory, or at its end when it is empty.
        let start = unsafe { self.start.add(start) };
        Some(Part { start, length })
    }
}

impl Written {
    const fn borrow(&self) -> BorrowedFd<'_> {
        // SAFETY: the destination borrows the descriptor, and outlives every copy of this value (`Place`).
        unsafe { BorrowedFd::borrow_raw(self.descriptor) }
    }

    /// Writes all of `bytes`.
    pub(super) fn write(self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match pwrite(self.borrow(), bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    offset += count as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Part {
    pub(super) const fn bytes(&self) -> &[u8] {
        // SAFETY: whoever made the part vouched that the memory lives and that nobody else writes to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    pub(super) const fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and this value is borrowed for itself.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use std::os::{fd::AsFd as _, unix::fs::FileExt as _};

    use super::*;

    fn memory_of(destination: &Destination<'_>) -> Memory {
        match destination.place() {
            Place::Memory(memory) => memory,
            Place::File(_) => unreachable!("it was made of memory"),
        }
    }

    #[test]
    fn a_file_has_what_was_written() {
        let file = tempfile::tempfile().unwrap();
        let destination = Destination::file(file.as_fd(), 6);
        assert!(destination.suits(&(0..6), 6) && !destination.suits(&(0..6), 7));
        let Place::File(written) = destination.place() else {
            unreachable!("it was made of a file");
        };
        written.write(b"ef", 4).unwrap();
        written.write(b"abcd", 0).unwrap();
        let mut bytes = [0; 6];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"abcdef");
        let reading = std::fs::File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
        let Place::File(refused) = Destination::file(reading.as_fd(), 6).place() else {
            unreachable!("it was made of a file");
        };
        assert!(refused.write(b"x", 0).is_err());
    }

    #[test]
    fn parts_lie_within_the_memory() {
        let mut memory = [0_u8; 10];
        let place = memory_of(&Destination::new(&mut memory));
        for range in [0..11, 10..11, u64::MAX - 1..u64::MAX] {
            // SAFETY: one part at a time, of memory that lives.
            assert!(unsafe { place.part(range.clone()) }.is_none(), "{range:?}");
        }
        // SAFETY: as above.
        unsafe { place.part(4..10) }.unwrap().bytes_mut().fill(1);
        assert_eq!(memory, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
        let place = memory_of(&Destination::part(100, &mut memory));
        for range in [0..1, 99..101, 100..111, 110..111] {
            // SAFETY: as above.
            assert!(unsafe { place.part(range.clone()) }.is_none(), "{range:?}");
        }
        // SAFETY: as above.
        unsafe { place.part(100..102) }.unwrap().bytes_mut().fill(2);
        assert_eq!(memory, [2, 2, 0, 0, 1, 1, 1, 1, 1, 1]);
    }
}

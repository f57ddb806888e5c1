//! [`Destination`]: memory in which the bytes of a file stay, hashed where they lie.
//!
//! Whoever loads what was verified must hash the very bytes that are loaded. So they are read once, into memory that
//! the caller has for itself, and the digest is computed on that memory.
#![expect(
    unsafe_code,
    reason = "tasks of several threads fill disjoint parts of one piece of memory"
)]

use std::{marker::PhantomData, ops::Range, ptr::NonNull};

/// Memory for a whole file, from its first byte to its last, or for a part of one.
#[derive(Debug)]
pub struct Destination<'a> {
    place: Place,
    is_part: bool,
    memory: PhantomData<&'a mut [u8]>,
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

    const fn at(offset: u64, is_part: bool, memory: &'a mut [u8]) -> Self {
        let length = memory.len();
        // The pointer of a slice is never null.
        let place = Place {
            start: NonNull::from_mut(memory).cast(),
            length,
            offset,
        };
        Self {
            place,
            is_part,
            memory: PhantomData,
        }
    }

    /// Bytes there is room for.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.place.length as u64
    }

    /// Whether it has room for just these bytes of a file, of which `size` are in the whole.
    pub(super) fn suits(&self, range: &Range<u64>, size: u64) -> bool {
        let offset = self.place.offset;
        let inside = offset <= range.start && range.end <= offset.saturating_add(self.size());
        inside && (self.is_part || self.size() == size)
    }

    /// Whether it is for a whole file.
    pub(super) const fn is_whole(&self) -> bool {
        !self.is_part
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }
}

/// A destination without its lifetime, for the threads of one run, which ends before the memory is given back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    start: NonNull<u8>,
    length: usize,
    /// Where in the file it begins.
    offset: u64,
}

/// A part of a destination, which belongs to this value alone.
#[derive(Debug)]
pub(super) struct Part {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: it is an address and a length. What is done with them is the duty of who calls `part`.
unsafe impl Send for Place {}
// SAFETY: as above; the value itself never changes.
unsafe impl Sync for Place {}
// SAFETY: nobody else holds the bytes.
unsafe impl Send for Part {}

impl Place {
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
    use super::*;

    #[test]
    fn parts_lie_within_the_memory() {
        let mut memory = [0_u8; 10];
        let place = Destination::new(&mut memory).place();
        for range in [0..11, 10..11, u64::MAX - 1..u64::MAX] {
            // SAFETY: one part at a time, of memory that lives.
            assert!(unsafe { place.part(range.clone()) }.is_none(), "{range:?}");
        }
        // SAFETY: as above.
        unsafe { place.part(4..10) }.unwrap().bytes_mut().fill(1);
        assert_eq!(memory, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
        let place = Destination::part(100, &mut memory).place();
        for range in [0..1, 99..101, 100..111, 110..111] {
            // SAFETY: as above.
            assert!(unsafe { place.part(range.clone()) }.is_none(), "{range:?}");
        }
        // SAFETY: as above.
        unsafe { place.part(100..102) }.unwrap().bytes_mut().fill(2);
        assert_eq!(memory, [2, 2, 0, 0, 1, 1, 1, 1, 1, 1]);
    }
}

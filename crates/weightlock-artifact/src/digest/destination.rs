//! [`Destination`]: memory in which the bytes of a file stay, hashed where they lie.
//!
//! Whoever loads what was verified must hash the very bytes that are loaded. So they are read once, into memory that
//! the caller has for itself, and the digest is computed on that memory.
#![expect(
    unsafe_code,
    reason = "tasks of several threads fill disjoint parts of one piece of memory"
)]

use std::{marker::PhantomData, ops::Range, ptr::NonNull};

/// Memory for a whole file, from its first byte to its last.
#[derive(Debug)]
pub struct Destination<'a> {
    place: Place,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> Destination<'a> {
    /// Has a file stay in `memory`, which must have the file's size.
    #[must_use]
    pub const fn new(memory: &'a mut [u8]) -> Self {
        let length = memory.len();
        // The pointer of a slice is never null.
        let place = Place {
            start: NonNull::from_mut(memory).cast(),
            length,
        };
        Self {
            place,
            memory: PhantomData,
        }
    }

    /// Bytes there is room for.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.place.length as u64
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
    /// A part of the memory; `None` outside of it.
    ///
    /// # Safety
    /// The [`Destination`] outlives the part, and no two parts that overlap exist at once.
    pub(super) unsafe fn part(self, range: Range<u64>) -> Option<Part> {
        let start = usize::try_from(range.start).ok()?;
        let end = usize::try_from(range.end).ok()?;
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
    }
}

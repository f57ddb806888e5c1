//! Memory for one file that is filled unit by unit, in any order, and shown only where it is filled.
//!
//! [`Memory`] is a private mapping without a file, as large as the file it stands for; pages that were never filled take no
//! room. A unit is written once, before anybody can see it, and never again: [`View`]s of filled units share the mapping,
//! and it lasts as long as one of them. A unit whose filling fails is overwritten and given back.
//!
//! Rejected: a buffer per request (tensors that share a leaf would read and hash it twice), a buffer that is used again
//! (views of it live longer than anybody can know).
#![expect(
    unsafe_code,
    reason = "parts of a mapping, each written once before it is shown"
)]

use std::{
    io,
    ops::Range,
    ptr::{self, NonNull},
    sync::{Arc, Mutex, PoisonError},
};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// Memory that is filled in units.
#[derive(Debug)]
pub(crate) struct Memory {
    pages: Arc<Pages>,
    /// Bytes of a unit, a multiple of the page size; the last may be shorter.
    unit: usize,
    /// Which units are filled. Held while units are being filled, so that each is filled by one thread.
    filled: Mutex<Vec<bool>>,
}

/// A run of units to be filled.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    /// Where it begins, in bytes.
    pub(crate) offset: u64,
    /// Its bytes, which are anything.
    pub(crate) bytes: &'a mut [u8],
}

impl Memory {
    /// Memory for so many bytes.
    ///
    /// # Errors
    /// What the system says; a size that no memory has is [`io::ErrorKind::OutOfMemory`].
    pub(crate) fn new(size: u64, unit: usize) -> io::Result<Self> {
        let length = usize::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Ok(Self {
            pages: Arc::new(Pages::new(length)?),
            unit,
            filled: Mutex::new(vec![false; length.div_ceil(unit)]),
        })
    }

    /// Has the units of these numbers filled that are not filled yet, neighbours as one run; those already filled are left
    /// alone. When `fill` fails, what it was given is overwritten and counts as not filled.
    pub(crate) fn fill<E>(
        &self,
        mut units: Vec<usize>,
        fill: impl FnOnce(Vec<Run<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        units.retain(|&unit| filled.get(unit) == Some(&false));
        units.sort_unstable();
        units.dedup();
        if units.is_empty() {
            return Ok(());
        }
        let mut given = Given {
            pages: &self.pages,
            runs: self.runs(&units),
        };
        let runs = given.runs.iter().map(|range| Run {
            offset: range.start as u64,
            // SAFETY: the runs are disjoint and within the mapping. Their units are not filled, so no view shows them, and
            // nobody else fills them while the lock is held.
            bytes: unsafe { self.pages.bytes_mut(range.clone()) },
        });
        fill(runs.collect())?;
        // They came back filled.
        given.runs.clear();
        units.iter().for_each(|&unit| filled[unit] = true);
        Ok(())
    }

    /// Byte ranges of units in ascending order, neighbours joined.
    fn runs(&self, units: &[usize]) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for &unit in units {
            let range = unit * self.unit..((unit + 1) * self.unit).min(self.pages.length);
            match runs.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => runs.push(range),
            }
        }
        runs
    }

    /// A view of bytes; `None` unless all of their units are filled.
    pub(crate) fn view(&self, range: &Range<u64>) -> Option<View> {
        let start = usize::try_from(range.start).ok()?;
        let end = usize::try_from(range.end).ok()?;
        let length = end.checked_sub(start).filter(|_| end <= self.pages.length)?;
        let filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        let units = start / self.unit..end.div_ceil(self.unit);
        let shown = length == 0 || filled.get(units)?.iter().all(|&filled| filled);
        shown.then(|| View {
            pages: Arc::clone(&self.pages),
            start,
            length,
        })
    }
}

/// Runs that were given away; when they do not come back filled, they are overwritten.
struct Given<'a> {
    pages: &'a Pages,
    runs: Vec<Range<usize>>,
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        for range in &self.runs {
            self.pages.wipe(range.clone());
        }
    }
}

/// Verified bytes. They stay as long as this value or a copy of it does, whatever becomes of the file and of the model.
#[derive(Clone, Debug)]
pub struct View {
    pages: Arc<Pages>,
    start: usize,
    length: usize,
}

impl View {
    /// Where they begin, for whoever hands them to another language; dangling when there are none.
    #[must_use]
    pub fn as_ptr(&self) -> *const u8 {
        self.as_ref().as_ptr()
    }
}

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the range lies within the mapping, which lives as long as this value; its units are filled, and a filled
        // unit is never written again.
        unsafe { std::slice::from_raw_parts(self.pages.start.as_ptr().add(self.start), self.length) }
    }
}

/// A private mapping without a file.
#[derive(Debug)]
struct Pages {
    /// Dangling when there are no bytes.
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone. Who may write where is `Memory`'s to say.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    fn new(length: usize) -> io::Result<Self> {
        if length == 0 {
            let start = NonNull::dangling();
            return Ok(Self { start, length });
        }
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice; nobody else knows it.
        let start = unsafe { mmap_anonymous(ptr::null_mut(), length, protection, flags) }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length })
    }

    /// # Safety
    /// The range lies within the mapping, and nobody else reads or writes it while the slice lives.
    #[expect(
        clippy::mut_from_ref,
        reason = "the mapping is shared, and its parts are told apart by `Memory`"
    )]
    unsafe fn bytes_mut(&self, range: Range<usize>) -> &mut [u8] {
        // SAFETY: the caller's duty.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().add(range.start), range.len()) }
    }

    /// Overwrites a range of units that nobody was shown, and gives its pages back.
    fn wipe(&self, range: Range<usize>) {
        // SAFETY: the range was given away under the lock, and the slices of it are gone.
        let bytes = unsafe { self.bytes_mut(range) };
        bytes.fill(0);
        // SAFETY: the pages are this value's own, begin with a page, and hold nothing any more. After the last byte the
        // mapping has no other bytes.
        let _: rustix::io::Result<()> =
            unsafe { madvise(bytes.as_mut_ptr().cast(), bytes.len(), Advice::LinuxDontNeed) };
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: made by `mmap_anonymous` with this length, and nothing borrows from it any more.
            let _: rustix::io::Result<()> = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: usize = 1 << 16;

    fn write(value: u8) -> impl FnOnce(Vec<Run<'_>>) -> Result<(), ()> {
        move |runs| {
            runs.into_iter().for_each(|run| run.bytes.fill(value));
            Ok(())
        }
    }

    #[test]
    fn only_what_is_filled_is_shown() {
        let memory = Memory::new(UNIT as u64 * 3 + 7, UNIT).unwrap();
        let unit = UNIT as u64;
        assert!(memory.view(&(0..1)).is_none());
        memory.fill(vec![1, 3], write(5)).unwrap();
        assert!(
            memory
                .view(&(unit..2 * unit))
                .unwrap()
                .as_ref()
                .iter()
                .all(|&byte| byte == 5)
        );
        assert_eq!(memory.view(&(3 * unit..3 * unit + 7)).unwrap().as_ref(), [5; 7]);
        for hidden in [
            unit - 1..unit,
            unit..2 * unit + 1,
            3 * unit..3 * unit + 8,
            9 * unit..9 * unit,
        ] {
            assert!(memory.view(&hidden).is_none(), "{hidden:?}");
        }
        assert!(memory.view(&(0..0)).unwrap().as_ref().is_empty());
    }

    #[test]
    fn what_is_filled_is_never_written_again() {
        let memory = Memory::new(UNIT as u64 * 4, UNIT).unwrap();
        memory.fill(vec![1], write(1)).unwrap();
        let view = memory.view(&(UNIT as u64..2 * UNIT as u64)).unwrap();
        let mut given = Vec::new();
        let all = memory.fill(vec![3, 2, 1, 0, 0], |runs| {
            given = runs.iter().map(|run| (run.offset, run.bytes.len())).collect();
            write(2)(runs)
        });
        all.unwrap();
        assert_eq!(given, [(0, UNIT), (2 * UNIT as u64, 2 * UNIT)]);
        assert!(view.as_ref().iter().all(|&byte| byte == 1));
        memory
            .fill(vec![0, 1, 2, 3], |_| Err("nothing is left to fill"))
            .unwrap();
    }

    #[test]
    fn what_fails_is_overwritten_and_not_shown() {
        let memory = Memory::new(UNIT as u64 * 2, UNIT).unwrap();
        let refused = memory.fill(vec![0, 1], |runs| {
            runs.into_iter().for_each(|run| run.bytes.fill(9));
            Err("no")
        });
        assert_eq!(refused, Err("no"));
        assert!(memory.view(&(0..1)).is_none());
        // SAFETY: nobody else uses this memory.
        let left = unsafe { memory.pages.bytes_mut(0..2 * UNIT) };
        assert!(left.iter().all(|&byte| byte == 0));
        memory.fill(vec![0], write(3)).unwrap();
        assert_eq!(memory.view(&(0..1)).unwrap().as_ref(), [3]);
    }

    #[test]
    fn a_view_outlives_the_memory_it_shows() {
        let memory = Memory::new(UNIT as u64, UNIT).unwrap();
        memory.fill(vec![0], write(4)).unwrap();
        let view = memory.view(&(10..20)).unwrap();
        let copy = view.clone();
        drop((memory, view));
        // As much again is likely to lie where that would have lain, had it been given back.
        let next = Memory::new(UNIT as u64, UNIT).unwrap();
        next.fill(vec![0], write(7)).unwrap();
        assert_eq!(copy.as_ref(), [4; 10]);
        assert_ne!(copy.as_ptr(), next.view(&(10..20)).unwrap().as_ptr());
    }

    #[test]
    fn an_empty_file_has_an_empty_view() {
        let memory = Memory::new(0, UNIT).unwrap();
        memory.fill(vec![0], |_| Err("there is nothing to fill")).unwrap();
        assert!(memory.view(&(0..0)).unwrap().as_ref().is_empty());
        assert!(memory.view(&(0..1)).is_none());
    }
}

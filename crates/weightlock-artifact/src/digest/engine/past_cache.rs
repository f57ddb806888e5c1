//! Files that are not in the page cache, read past it (`O_DIRECT`) to where their bytes stay.
//!
//! Reading through the cache copies every byte once more than needed, one page after the other, and pushes out what others
//! need. A file is read past it when all of its bytes stay ([`Destination`](super::Destination)), when less than half of it
//! is cached, and when its file system says how requests must lie (`statx(2)`, `STATX_DIOALIGN`). Every other file is read
//! through the cache, and so is the rest of one whose system refuses a request after all.
//!
//! The file is divided into [`BLOCK`]s. Each is read once, by whoever comes first: a worker that needs it now, or one of
//! the [`Pool`]'s threads, which go round the files in work and read ahead. They never wait for memory, for it is all
//! there, and lanes hash a block where it lies as soon as it is whole. Blocks that are to stay in a file are written there
//! and hashed as they are read back.
//!
//! Rejected: io_uring (no gain over threads on the disks tried), a second descriptor for these requests (the flag is set on
//! the one that was opened and checked), a split per block into cached and not (two ways for one file).
#![expect(
    unsafe_code,
    reason = "a system call without a wrapper, and blocks of which each has one writer"
)]

use std::{
    fs::File,
    io::{self, IoSliceMut},
    ops::Range,
    os::{fd::AsRawFd as _, unix::fs::FileExt as _},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use rustix::{
    fs::{AtFlags, OFlags, StatxFlags, fcntl_getfl, fcntl_setfl, statx},
    io::{Errno, ReadWriteFlags, preadv2},
};

use super::{
    Files, PastCache, Shared,
    feed::Trouble,
    lock,
    queue::{Handle, Opened},
};
use crate::digest::destination::{Memory, Place, Written};

/// Bytes of one request: large enough for the disk to be busy with a few of them.
pub(super) const BLOCK: u64 = BLOCK_LENGTH as u64;

/// The same, for memory.
const BLOCK_LENGTH: usize = 4 << 20;

/// Shorter files are not worth the threads.
const SHORTEST: u64 = 2 * BLOCK;

/// Addresses, offsets and lengths are multiples of this, or of what the file system wants if that is more.
const PAGE: usize = 4096;

/// Threads that read ahead: fewer leave a disk idle, more gain nothing. They wait, so they count as no processors.
const READERS: [usize; 2] = [4, 8];

/// Threads for so many workers.
pub(super) fn readers(workers: usize) -> usize {
    workers.clamp(READERS[0], READERS[1])
}

/// Whether a file of this size may be read past the cache, as far as can be told before it is open.
pub(super) fn is_candidate(wanted: PastCache, size: u64) -> bool {
    match wanted {
        PastCache::Never => false,
        PastCache::WhenCold => size >= SHORTEST,
        PastCache::Always => size > 0,
    }
}

/// The blocks of one open file.
#[derive(Debug)]
pub(super) struct Blocks {
    place: Place,
    size: u64,
    align: usize,
    /// Aligned buffers for blocks on their way to a file, that nobody uses now.
    spares: Mutex<Vec<Vec<u8>>>,
    /// The system refused a request; the rest is read through the cache.
    refused: AtomicBool,
    known: AtomicBool,
    states: Mutex<States>,
    changed: Condvar,
}

#[derive(Debug)]
struct States {
    blocks: Vec<State>,
    /// All before this one are taken.
    next: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Unread,
    Reading,
    Ready,
}

impl Blocks {
    /// Has the file be read past the cache from now on, if that is wanted and possible.
    pub(super) fn new(file: &File, place: Place, size: u64, wanted: PastCache) -> Option<Self> {
        if !is_candidate(wanted, size) {
            return None;
        }
        let align = alignment(file)?;
        if let Place::Memory(memory) = place
            && !memory.is_aligned(align)
        {
            return None;
        }
        if wanted == PastCache::WhenCold && !is_cold(file, size) {
            return None;
        }
        fcntl_setfl(file, fcntl_getfl(file).ok()? | OFlags::DIRECT).ok()?;
        Self::of(place, size, align)
    }

    fn of(place: Place, size: u64, align: usize) -> Option<Self> {
        let count = usize::try_from(size.div_ceil(BLOCK)).ok()?;
        Some(Self {
            place,
            size,
            align,
            spares: Mutex::default(),
            refused: AtomicBool::new(false),
            known: AtomicBool::new(false),
            states: Mutex::new(States {
                blocks: vec![State::Unread; count],
                next: 0,
            }),
            changed: Condvar::new(),
        })
    }

    /// Waits until a range is in its place; reads what nobody reads yet.
    pub(super) fn fetch(&self, file: &File, range: &Range<u64>) -> Result<(), Trouble> {
        // Ranges of tasks lie within the file, whose memory is there.
        let index = |offset: u64| usize::try_from(offset / BLOCK).unwrap_or(usize::MAX);
        for block in index(range.start)..=index(range.end.saturating_sub(1)) {
            if self.claim(block) {
                self.read(file, block)?;
            }
        }
        Ok(())
    }

    /// Waits while somebody else reads the block; true when it is now the caller's to read.
    fn claim(&self, block: usize) -> bool {
        let mut states = lock(&self.states);
        loop {
            match states.blocks[block] {
                State::Ready => return false,
                State::Unread => {
                    states.blocks[block] = State::Reading;
                    return true;
                }
                State::Reading => {
                    states = self.changed.wait(states).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Takes the first block that nobody has taken.
    fn claim_next(&self) -> Option<usize> {
        let mut states = lock(&self.states);
        let from = states.next;
        let found = states.blocks[from..]
            .iter()
            .position(|state| *state == State::Unread)
            .map(|ahead| from + ahead);
        states.next = found.map_or(states.blocks.len(), |found| found + 1);
        if let Some(found) = found {
            states.blocks[found] = State::Reading;
        }
        found
    }

    /// Reads a block that the caller has claimed.
    fn read(&self, file: &File, block: usize) -> Result<(), Trouble> {
        let mut claim = Claim {
            blocks: self,
            block,
            outcome: State::Unread,
        };
        let start = block as u64 * BLOCK;
        self.fill(file, start..start.saturating_add(BLOCK).min(self.size))?;
        claim.outcome = State::Ready;
        Ok(())
    }

    fn fill(&self, file: &File, range: Range<u64>) -> Result<(), Trouble> {
        match self.place {
            Place::Memory(memory) => self.fill_memory(memory, file, range),
            Place::File(written) => self.fill_file(written, file, &range),
        }
    }

    fn fill_memory(&self, memory: Memory, file: &File, range: Range<u64>) -> Result<(), Trouble> {
        let outside = || Trouble::Ended { offset: range.start };
        // SAFETY: the run ends before its destinations do. A block is claimed by one thread at a time, and nobody makes
        // a part of it before it is ready.
        let mut part = unsafe { memory.part(range.clone()) }.ok_or_else(outside)?;
        self.get(file, part.bytes_mut(), range.start)
    }

    fn fill_file(&self, written: Written, file: &File, range: &Range<u64>) -> Result<(), Trouble> {
        let spare = lock(&self.spares).pop();
        let mut buffer = spare.unwrap_or_else(|| vec![0; BLOCK_LENGTH.saturating_add(self.align)]);
        let start = buffer.as_ptr().align_offset(self.align);
        // A block is no longer than that.
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let bytes = &mut buffer[start..start + length];
        self.get(file, bytes, range.start)?;
        let offset = range.start;
        let kept = written.write(bytes, offset);
        lock(&self.spares).push(buffer);
        kept.map_err(|source| Trouble::Keep { offset, source })
    }

    /// Reads all of `bytes`.
    fn get(&self, file: &File, bytes: &mut [u8], start: u64) -> Result<(), Trouble> {
        let mut filled = 0;
        while filled < bytes.len() {
            let offset = start + filled as u64;
            let past_cache = !self.refused.load(SeqCst);
            match self.request(file, &mut bytes[filled..], offset, past_cache) {
                Ok(0) => return Err(Trouble::Ended { offset }),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if past_cache && is_refusal(&error) => self.give_in(file),
                Err(source) => return Err(Trouble::Read { offset, source }),
            }
        }
        Ok(())
    }

    /// One request; how many bytes it brought, nothing where the file ends too soon.
    fn request(&self, file: &File, bytes: &mut [u8], offset: u64, past_cache: bool) -> io::Result<usize> {
        if !past_cache {
            return file.read_at(bytes, offset);
        }
        let whole = bytes.len() / self.align * self.align;
        if whole > 0 {
            // One that ends early is taken as far as the next can begin.
            let count = file.read_at(&mut bytes[..whole], offset)?;
            return Ok(count / self.align * self.align);
        }
        // The last bytes are fewer than a request may have, and behind their memory lies that of others.
        let mut spare = vec![0; 2 * self.align];
        let start = spare.as_ptr().align_offset(self.align);
        let spare = &mut spare[start..start + self.align];
        if file.read_at(spare, offset)? < bytes.len() {
            return Ok(0);
        }
        bytes.copy_from_slice(&spare[..bytes.len()]);
        Ok(bytes.len())
    }

    /// Reads through the cache from now on. Where that cannot be set, the next request fails for good.
    fn give_in(&self, file: &File) {
        self.refused.store(true, SeqCst);
        if let Ok(flags) = fcntl_getfl(file) {
            let _: rustix::io::Result<()> = fcntl_setfl(file, flags - OFlags::DIRECT);
        }
    }
}

/// Lets a block go when its reader is done, has failed, or panics.
struct Claim<'a> {
    blocks: &'a Blocks,
    block: usize,
    outcome: State,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        lock(&self.blocks.states).blocks[self.block] = self.outcome;
        self.blocks.changed.notify_all();
    }
}

/// What a system says to a request that it does not take past the cache.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [Errno::INVAL, Errno::OPNOTSUPP];
    refusals
        .iter()
        .any(|refusal| error.raw_os_error() == Some(refusal.raw_os_error()))
}

/// What requests past the cache must be multiples of; `None` where the file system takes none or does not say.
pub(super) fn alignment(file: &File) -> Option<usize> {
    let stat = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN).ok()?;
    if stat.stx_mask & StatxFlags::DIOALIGN.bits() == 0 {
        return None;
    }
    let (memory, offset) = (stat.stx_dio_mem_align, stat.stx_dio_offset_align);
    let align = usize::try_from(memory.max(offset)).ok()?.max(PAGE);
    let usable = memory > 0 && offset > 0 && align.is_power_of_two() && align as u64 <= BLOCK;
    usable.then_some(align)
}

/// Whether less than half of the file is in the page cache. Where nobody can tell, it is not cold.
pub(super) fn is_cold(file: &File, size: u64) -> bool {
    match cached(file) {
        Some(pages) => pages.saturating_mul(rustix::param::page_size() as u64) < size / 2,
        None => looks_cold(file, size),
    }
}

/// Pages of the file in the cache: `cachestat(2)`, Linux 6.5; refused for files of others that the caller cannot write to.
pub(super) fn cached(file: &File) -> Option<u64> {
    /// The same on every architecture but Alpha.
    const CACHESTAT: libc::c_long = 451;
    /// From the first byte to the end (`struct cachestat_range`).
    const ALL: [u64; 2] = [0, 0];
    // `struct cachestat`: cached, dirty, in writeback, evicted, recently evicted.
    let mut counts = [0_u64; 5];
    // SAFETY: both structures consist of as many words as the kernel reads and writes, and live through the call.
    let answer = unsafe { libc::syscall(CACHESTAT, file.as_raw_fd(), ALL.as_ptr(), counts.as_mut_ptr(), 0) };
    (answer == 0).then_some(counts[0])
}

/// Asks for single bytes, spread over the file, that are given only from the cache (`RWF_NOWAIT`).
pub(super) fn looks_cold(file: &File, size: u64) -> bool {
    const SAMPLES: u64 = 8;
    let mut missing = 0;
    for sample in 0..SAMPLES {
        let mut byte = [0];
        let offset = size / SAMPLES * sample;
        match preadv2(
            file,
            &mut [IoSliceMut::new(&mut byte)],
            offset,
            ReadWriteFlags::NOWAIT,
        ) {
            Ok(_) => {}
            Err(Errno::AGAIN) => missing += 1,
            // The file system does not know the question.
            Err(_) => return false,
        }
    }
    missing > SAMPLES / 2
}

/// The files in work that are read past the cache, for the threads that read ahead.
#[derive(Default)]
pub(super) struct Pool {
    files: Mutex<Work>,
    changed: Condvar,
}

#[derive(Default)]
struct Work {
    files: Vec<(Arc<Opened>, Arc<Handle>)>,
    /// Whose turn it is.
    turn: usize,
    /// Workers that have not ended.
    workers: usize,
}

/// A worker that may still open files; the threads end with the last.
pub(super) struct Working<'a>(&'a Pool);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        lock(&self.0.files).workers -= 1;
        self.0.changed.notify_all();
    }
}

impl Pool {
    /// Counts a worker, before any thread is started.
    pub(super) fn enter(&self) -> Working<'_> {
        lock(&self.files).workers += 1;
        Working(self)
    }

    /// Has the threads read ahead in a file that was opened now.
    pub(super) fn add(&self, opened: &Arc<Opened>, handle: &Arc<Handle>) {
        let new = |blocks: &Blocks| !blocks.known.swap(true, SeqCst);
        if handle.blocks.as_ref().is_some_and(new) {
            lock(&self.files)
                .files
                .push((Arc::clone(opened), Arc::clone(handle)));
            self.changed.notify_all();
        }
    }

    /// One thread: reads what is next, a block of each file in turn, until the run ends.
    pub(super) fn read_ahead<F: Files>(&self, shared: &Shared<'_, F>) {
        // A block that was taken is read: somebody may wait for it.
        while !shared.stopping()
            && let Some((opened, handle, block)) = self.next()
        {
            let blocks = handle.blocks.as_ref();
            let read = blocks.map_or(Ok(()), |blocks| blocks.read(&handle.file, block));
            if let Err(trouble) = read {
                shared.fail(opened.failure(trouble));
                return;
            }
        }
    }

    fn next(&self) -> Option<(Arc<Opened>, Arc<Handle>, usize)> {
        let mut work = lock(&self.files);
        loop {
            while !work.files.is_empty() {
                let turn = work.turn % work.files.len();
                let block = work.files[turn].1.blocks.as_ref().and_then(Blocks::claim_next);
                if let Some(block) = block {
                    work.turn = turn + 1;
                    let (opened, handle) = &work.files[turn];
                    return Some((Arc::clone(opened), Arc::clone(handle), block));
                }
                work.files.remove(turn);
            }
            if work.workers == 0 {
                return None;
            }
            work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::destination::Destination;

    /// Requests whose memory lies wrong are what a system refuses that had said it could.
    #[test]
    fn a_request_that_is_refused_is_made_through_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let content: Vec<u8> = (0..3 * 4096_u32).map(|at| at.to_le_bytes()[0]).collect();
        std::fs::write(&path, &content).unwrap();
        let file = File::open(&path).unwrap();
        if alignment(&file).is_none() {
            weightlock_peers::skip("temporary files lie where nothing is read past the page cache");
            return;
        }
        fcntl_setfl(&file, fcntl_getfl(&file).unwrap() | OFlags::DIRECT).unwrap();
        let mut memory = vec![0; content.len() + 4096 + 1];
        let start = memory.as_ptr().align_offset(4096) + 1;
        let place = Destination::new(&mut memory[start..start + content.len()]).place();
        let size = content.len() as u64;
        let blocks = Blocks::of(place, size, PAGE).unwrap();
        blocks.fetch(&file, &(0..size)).unwrap();
        assert!(blocks.refused.load(SeqCst));
        assert!(!fcntl_getfl(&file).unwrap().contains(OFlags::DIRECT));
        assert!(memory[start..start + content.len()] == content);
    }

    #[test]
    fn blocks_are_taken_once() {
        let mut memory = [0; 8];
        let place = Destination::new(&mut memory).place();
        let blocks = Blocks::of(place, 5 * BLOCK + 1, PAGE).unwrap();
        assert!(blocks.claim(1));
        let mut taken: Vec<_> = std::iter::from_fn(|| blocks.claim_next()).collect();
        taken.push(1);
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2, 3, 4, 5]);
        // Whoever fails gives it back.
        drop(Claim {
            blocks: &blocks,
            block: 2,
            outcome: State::Unread,
        });
        assert!(blocks.claim(2));
    }
}

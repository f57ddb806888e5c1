//! Files that are not in the page cache, read past it (`O_DIRECT`) to where their bytes stay.
//!
//! Reading through the cache copies every byte once more than needed, one page after the other, and pushes out what others
//! need. A file is read past it when all of its bytes stay ([`Destination`](super::Destination)), when less than half of it
//! is cached, and when its file system says how requests must lie (`statx(2)`, `STATX_DIOALIGN`). Every other file is read
//! through the cache, and so is the rest of one whose system refuses a request after all.
//!
//! The file is divided into [`BLOCK`]s. Each is read once, by whoever comes first: a worker that needs it now, or one of
//! the [`Pool`]'s threads, which go round the files in work and read ahead. Lanes hash a block where it lies as soon as it
//! is whole. A block that is to stay in a file lies in a buffer, is written from it, and hashed there; of those only so many
//! are read ahead.
//!
//! Rejected: io_uring (no gain over threads on the disks tried), a second descriptor for these requests (the flag is set on
//! the one that was opened and checked), a split per block into cached and not (two ways for one file).
#![expect(unsafe_code, reason = "blocks of memory, of which each has one writer")]

use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt as _,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::Errno,
};

use self::cold::{alignment, is_cold};
pub(super) use self::pool::{Buffer, Pool};
use super::{PastCache, feed::Trouble, lock};
use crate::digest::destination::{Memory, Place, Written};

pub(super) mod cold;
mod pool;

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
pub(super) struct Blocks {
    place: Place,
    size: u64,
    align: usize,
    /// Has buffers for blocks that are written to a file.
    pool: Pool,
    /// The system refused a request; the rest is read through the cache.
    refused: AtomicBool,
    known: AtomicBool,
    states: Mutex<States>,
    changed: Condvar,
}

struct States {
    blocks: Vec<State>,
    /// All before this one are taken.
    next: usize,
}

#[derive(Clone)]
enum State {
    Unread,
    Reading,
    /// In its place.
    Ready,
    /// Written to its place; so many bytes are to be hashed yet.
    Held {
        buffer: Arc<Buffer>,
        left: usize,
    },
}

impl Blocks {
    /// Has the file be read past the cache from now on, if that is wanted and possible.
    pub(super) fn new(file: &File, place: Place, size: u64, wanted: PastCache, pool: &Pool) -> Option<Self> {
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
        Self::of(place, size, align, pool)
    }

    fn of(place: Place, size: u64, align: usize, pool: &Pool) -> Option<Self> {
        let count = usize::try_from(size.div_ceil(BLOCK)).ok()?;
        Some(Self {
            place,
            size,
            align,
            pool: pool.clone(),
            refused: AtomicBool::new(false),
            known: AtomicBool::new(false),
            states: Mutex::new(States {
                blocks: vec![State::Unread; count],
                next: 0,
            }),
            changed: Condvar::new(),
        })
    }

    /// Whether the pool does not know of them yet; asked once.
    fn is_new(&self) -> bool {
        !self.known.swap(true, SeqCst)
    }

    /// Whether they are written to a file, from buffers.
    pub(super) const fn are_written(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// Waits until a range is in its place in memory; reads what nobody reads yet.
    pub(super) fn fetch(&self, file: &File, range: &Range<u64>) -> Result<(), Trouble> {
        for block in index(range.start)..=index(range.end.saturating_sub(1)) {
            if self.claim(block) {
                self.read(file, block, None)?;
            }
        }
        Ok(())
    }

    /// Waits until a range is written; gives the buffer in which it lies, and where. It must be of one block, and every
    /// byte of a file is to be taken once.
    pub(super) fn take(
        &self,
        file: &File,
        range: &Range<u64>,
    ) -> Result<(Arc<Buffer>, Range<usize>), Trouble> {
        let block = index(range.start);
        if self.claim(block) {
            self.read(file, block, Some(self.pool.buffer()))?;
        }
        // Both are at most the length of a block.
        let within = |offset: u64| usize::try_from(offset - block as u64 * BLOCK).unwrap_or(usize::MAX);
        let (start, end) = (within(range.start), within(range.end));
        let mut states = lock(&self.states);
        let missing = || Trouble::Ended { offset: range.start };
        let State::Held { buffer, left } = &mut states.blocks[block] else {
            return Err(missing());
        };
        let taken = Arc::clone(buffer);
        *left = left.checked_sub(end - start).ok_or_else(missing)?;
        if *left == 0 {
            // Who takes it now has another one, so nothing is given back under the lock.
            states.blocks[block] = State::Ready;
        }
        Ok((taken, start..end))
    }

    /// Waits while somebody else reads the block; true when it is now the caller's to read.
    fn claim(&self, block: usize) -> bool {
        let mut states = lock(&self.states);
        loop {
            match states.blocks[block] {
                State::Ready | State::Held { .. } => return false,
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
            .position(|state| matches!(state, State::Unread))
            .map(|ahead| from + ahead);
        states.next = found.map_or(states.blocks.len(), |found| found + 1);
        if let Some(found) = found {
            states.blocks[found] = State::Reading;
        }
        found
    }

    /// Reads a block that the caller has claimed. One that is written needs a buffer.
    fn read(&self, file: &File, block: usize, buffer: Option<Buffer>) -> Result<(), Trouble> {
        let mut claim = Claim {
            blocks: self,
            block,
            outcome: State::Unread,
        };
        let start = block as u64 * BLOCK;
        let range = start..start.saturating_add(BLOCK).min(self.size);
        claim.outcome = match self.place {
            Place::Memory(memory) => self.fill_memory(memory, file, range)?,
            Place::File(written) => {
                let buffer = buffer.unwrap_or_else(|| self.pool.buffer());
                self.fill_file(written, file, &range, buffer)?
            }
        };
        Ok(())
    }

    fn fill_memory(&self, memory: Memory, file: &File, range: Range<u64>) -> Result<State, Trouble> {
        let outside = || Trouble::Ended { offset: range.start };
        // SAFETY: the run ends before its destinations do. A block is claimed by one thread at a time, and nobody makes
        // a part of it before it is ready.
        let mut part = unsafe { memory.part(range.clone()) }.ok_or_else(outside)?;
        self.get(file, part.bytes_mut(), range.start)?;
        Ok(State::Ready)
    }

    fn fill_file(
        &self,
        written: Written,
        file: &File,
        range: &Range<u64>,
        mut buffer: Buffer,
    ) -> Result<State, Trouble> {
        let offset = range.start;
        // A block is no longer than that.
        let length = usize::try_from(range.end - offset).unwrap_or(usize::MAX);
        let bytes = buffer.room(length, self.align);
        self.get(file, bytes, offset)?;
        written
            .write(bytes, offset)
            .map_err(|source| Trouble::Keep { offset, source })?;
        Ok(State::Held {
            buffer: Arc::new(buffer),
            left: length,
        })
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
        lock(&self.blocks.states).blocks[self.block] = self.outcome.clone();
        self.blocks.changed.notify_all();
    }
}

/// The block of an offset. Ranges of tasks lie within the file, whose blocks have numbers.
fn index(offset: u64) -> usize {
    usize::try_from(offset / BLOCK).unwrap_or(usize::MAX)
}

/// What a system says to a request that it does not take past the cache.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [Errno::INVAL, Errno::OPNOTSUPP];
    refusals
        .iter()
        .any(|refusal| error.raw_os_error() == Some(refusal.raw_os_error()))
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
        let blocks = Blocks::of(place, size, PAGE, &Pool::default()).unwrap();
        blocks.fetch(&file, &(0..size)).unwrap();
        assert!(blocks.refused.load(SeqCst));
        assert!(!fcntl_getfl(&file).unwrap().contains(OFlags::DIRECT));
        assert!(memory[start..start + content.len()] == content);
    }

    #[test]
    fn blocks_are_taken_once() {
        let mut memory = [0; 8];
        let place = Destination::new(&mut memory).place();
        let blocks = Blocks::of(place, 5 * BLOCK + 1, PAGE, &Pool::default()).unwrap();
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

//! [`Opened`]: what came out of a stream, and how it ended.

use std::{
    fmt,
    io::{self, Read},
    ops::Range,
    sync::{Arc, Mutex},
};

use super::{
    Packed,
    decode::{Decoder, Progress, TooMuch, decoder},
};
use crate::{
    content::{Bytes, Content},
    limits::{Budget, Limits, Pool},
};

/// Bytes that are decoded, held and compared at once.
const BLOCK_BYTES: usize = 64 << 10;
/// Blocks of the end of a long stream that are held: archives have their directory there.
const TAIL_BLOCKS: usize = 16;
/// Bytes that are looked for one by one where a stream breaks, since decoders drop what they have when they fail.
const SALVAGE_BYTES: u64 = 1 << 20;
/// Stored bytes whose checksum is computed. More would mean to read weights.
const CHECKED_BYTES: u64 = 1 << 20;

/// How a stream ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum End {
    /// Where it says, with the checksum that it states.
    Whole,
    /// It breaks its format or is cut; what follows is unknown. The text says how, without a final period.
    Broken(String),
    /// A limit was met.
    Limit {
        /// What was counted.
        what: &'static str,
        /// The most that is granted.
        limit: u64,
    },
    /// It cannot be read, and its container says that it is encrypted.
    Encrypted,
    /// It cannot be read by this version. The text says why.
    Unsupported(String),
}

/// A decoded content.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What came out.
    pub content: Content,
    /// How it ended.
    pub end: End,
    /// Bytes of the source that the stream has taken; what follows is something else.
    pub used: u64,
    /// Parts of the source that belong to the stream and that decoders ignore.
    pub skipped: Vec<Range<u64>>,
    /// Bytes that came out, when the container says another number.
    pub other_size: Option<u64>,
    /// The checksum of what came out, when the container says another.
    pub other_crc: Option<u32>,
}

/// The first bytes that come out.
pub(super) fn head(packed: &Packed, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(decoder) = decoder(&packed.coders, &packed.source, &Arc::default()) {
        // What comes out before a fault counts; `read_to_end` keeps it.
        let _ = decoder.take(length as u64).read_to_end(&mut bytes);
    }
    bytes
}

/// Decodes `packed` once and makes what came out readable.
pub(super) fn open(packed: &Packed, limits: &Limits, budget: &mut Budget) -> Opened {
    if packed.coders.is_empty() {
        return stored(packed);
    }
    let progress = Arc::new(Progress::default());
    let mut pass = Pass {
        packed,
        ratio: if packed.exempt { u64::MAX } else { limits.ratio },
        budget,
        held: Held::default(),
        tail: Tail::default(),
        size: 0,
        sum: flate2::Crc::new(),
        progress: Arc::clone(&progress),
    };
    let end = match decoder(&packed.coders, &packed.source, &progress) {
        Ok(decoder) => pass.run(decoder),
        Err(error) => end_of(&error),
    };
    // Who decodes few bytes has nothing further back to look at.
    let window = progress.window().min(pass.size);
    let Pass {
        held,
        tail,
        size,
        sum,
        ..
    } = pass;
    let other_size = packed.expected.size.filter(|&expected| expected != size);
    let other_crc = packed.expected.crc.filter(|&expected| expected != sum.sum());
    let whole = end == End::Whole;
    let end = match end {
        End::Broken(_) if packed.sealed => End::Encrypted,
        End::Whole if packed.sealed && other_size.is_some() => End::Encrypted,
        end => end,
    };
    let inflated = Inflated {
        packed: packed.clone(),
        size,
        window,
        held,
        tail,
        again: Mutex::new(Again {
            running: None,
            left: size.saturating_mul(8).saturating_add(Limits::RATIO_FREE),
        }),
    };
    Opened {
        content: Content::new(Arc::new(inflated)),
        end,
        used: progress.used().min(packed.source.size()),
        skipped: progress.skipped(),
        other_size: other_size.map(|_| size).filter(|_| whole),
        other_crc: other_crc.map(|_| sum.sum()).filter(|_| whole),
    }
}

/// Bytes that need no decoding.
fn stored(packed: &Packed) -> Opened {
    let size = packed.source.size();
    let mut sum = None;
    let mut end = End::Whole;
    if packed.expected.crc.is_some() && size <= CHECKED_BYTES {
        match packed.source.read(0, BLOCK_BYTES.saturating_mul(TAIL_BLOCKS)) {
            Ok(bytes) => {
                let mut crc = flate2::Crc::new();
                crc.update(&bytes);
                sum = Some(crc.sum());
            }
            Err(error) => end = end_of(&error),
        }
    }
    let other_size = packed.expected.size.filter(|&expected| expected != size);
    if packed.sealed && other_size.is_some() {
        end = End::Encrypted;
    }
    Opened {
        content: packed.source.clone(),
        end,
        used: size,
        skipped: Vec::new(),
        other_size: other_size.map(|_| size),
        other_crc: sum.filter(|&sum| packed.expected.crc.is_some_and(|expected| expected != sum)),
    }
}

fn end_of(error: &io::Error) -> End {
    if let Some(TooMuch { what, limit }) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return End::Limit { what, limit: *limit };
    }
    match error.kind() {
        io::ErrorKind::OutOfMemory => End::Limit {
            what: super::decode::WINDOW,
            limit: u64::from(super::decode::WINDOW_BYTES),
        },
        io::ErrorKind::Unsupported => End::Unsupported(error.to_string()),
        io::ErrorKind::UnexpectedEof => End::Broken("the stream is cut".to_owned()),
        _ => End::Broken(error.to_string()),
    }
}

/// The first pass over a stream.
struct Pass<'a> {
    packed: &'a Packed,
    ratio: u64,
    budget: &'a mut Budget,
    held: Held,
    tail: Tail,
    size: u64,
    sum: flate2::Crc,
    progress: Arc<Progress>,
}

impl Pass<'_> {
    fn run(&mut self, mut decoder: Decoder) -> End {
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            match decoder.read(&mut block) {
                Ok(0) => return End::Whole,
                Ok(count) => {
                    let bytes = block.get(..count).unwrap_or_default();
                    if let Err(end) = self.add(bytes) {
                        return end;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    drop(decoder);
                    return self.salvage().unwrap_or_else(|| end_of(&error));
                }
            }
        }
    }

    /// Decodes again up to where the decoder failed, then byte by byte, and keeps what the failing read had dropped.
    /// A limit that is met on the way is how the stream ends.
    fn salvage(&mut self) -> Option<End> {
        let mut decoder = decoder(&self.packed.coders, &self.packed.source, &Arc::default()).ok()?;
        let skipped = io::copy(&mut (&mut decoder).take(self.size), &mut io::sink()).ok()?;
        if skipped < self.size {
            return None;
        }
        let mut byte = [0];
        for _ in 0..SALVAGE_BYTES {
            match decoder.read(&mut byte) {
                Ok(1) => {
                    if let Err(end) = self.add(&byte) {
                        return Some(end);
                    }
                }
                _ => break,
            }
        }
        None
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), End> {
        let count = bytes.len() as u64;
        self.packed
            .source
            .passing(count, 0)
            .map_err(|error| end_of(&error))?;
        let Some(left) = self.budget.inflated.checked_sub(count) else {
            return Err(End::Limit {
                what: "decompressed bytes",
                limit: self.budget.granted_inflated,
            });
        };
        self.budget.inflated = left;
        if !self.packed.exempt {
            self.budget.expansion = self.budget.expansion.checked_sub(count).ok_or(End::Limit {
                what: "decompressed bytes for each byte of the file",
                limit: self.ratio,
            })?;
        }
        self.size = self.size.saturating_add(count);
        let most = self.packed.source.size().saturating_mul(self.ratio);
        if self.size > most.max(Limits::RATIO_FREE) {
            return Err(End::Limit {
                what: "decompressed bytes for each compressed byte",
                limit: self.ratio,
            });
        }
        self.sum.update(bytes);
        if !self.held.add(bytes, &self.budget.pool, self.progress.window()) {
            self.tail.add(bytes, self.size);
        }
        Ok(())
    }
}

/// The start of what came out.
#[derive(Default)]
struct Held {
    blocks: Vec<Vec<u8>>,
    size: u64,
    full: bool,
    taken: usize,
    pool: Pool,
}

impl Held {
    /// Blocks that any content may hold, so that small ones never need a second pass.
    const FREE_BLOCKS: usize = 4;
    /// A decoder with more window than this takes the memory that could hold more blocks.
    const LARGE_WINDOW: u64 = 32 << 20;

    /// Adds `bytes`, or says that there is no room beside a decoder with this `window`.
    fn add(&mut self, mut bytes: &[u8], pool: &Pool, window: u64) -> bool {
        if self.full {
            return false;
        }
        if self.blocks.is_empty() {
            self.pool = pool.clone();
        }
        // Either all of `bytes` is held or none.
        let room = self
            .blocks
            .last()
            .map_or(0, |last| BLOCK_BYTES.saturating_sub(last.len()));
        if bytes.len() > room && self.blocks.len() >= Self::FREE_BLOCKS {
            if window > Self::LARGE_WINDOW || !self.pool.take(BLOCK_BYTES) {
                self.full = true;
                return false;
            }
            self.taken = self.taken.saturating_add(BLOCK_BYTES);
        }
        self.size = self.size.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            if self.blocks.last().is_none_or(|last| last.len() >= BLOCK_BYTES) {
                self.blocks.push(Vec::new());
            }
            if let Some(last) = self.blocks.last_mut() {
                let count = BLOCK_BYTES.saturating_sub(last.len()).min(bytes.len());
                let (now, later) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
                last.extend_from_slice(now);
                bytes = later;
            }
        }
        true
    }

    /// Copies from `offset` on, as far as there are bytes in the block it falls into.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let Ok(offset) = usize::try_from(offset) else {
            return 0;
        };
        let block = offset
            .checked_div(BLOCK_BYTES)
            .and_then(|index| self.blocks.get(index));
        let rest = block.and_then(|block| block.get(offset.checked_rem(BLOCK_BYTES)?..));
        copy(rest.unwrap_or_default(), buffer)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.pool.give_back(self.taken);
    }
}

/// The last bytes of what came out, of a content that is not held whole.
#[derive(Default)]
struct Tail {
    blocks: std::collections::VecDeque<(u64, Vec<u8>)>,
}

impl Tail {
    /// Adds `bytes`, which end at `end`.
    fn add(&mut self, bytes: &[u8], end: u64) {
        if let Some((_, last)) = self.blocks.back_mut()
            && last.len().saturating_add(bytes.len()) <= BLOCK_BYTES
        {
            last.extend_from_slice(bytes);
            return;
        }
        let mut block = match self.blocks.len() {
            TAIL_BLOCKS => self
                .blocks
                .pop_front()
                .map(|(_, block)| block)
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        block.clear();
        block.extend_from_slice(bytes);
        self.blocks
            .push_back((end.saturating_sub(bytes.len() as u64), block));
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let after = self.blocks.partition_point(|&(start, _)| start <= offset);
        let block = after.checked_sub(1).and_then(|index| self.blocks.get(index));
        let rest = block.and_then(|(start, block)| {
            let skip = usize::try_from(offset.checked_sub(*start)?).ok()?;
            block.get(skip..)
        });
        copy(rest.unwrap_or_default(), buffer)
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..count), to.get_mut(..count)) {
        to.copy_from_slice(from);
    }
    count
}

/// Decoded bytes: the start and the end are held, and the rest is decoded again when it is asked for.
struct Inflated {
    packed: Packed,
    size: u64,
    /// Memory of its decoder.
    window: u64,
    held: Held,
    tail: Tail,
    again: Mutex<Again>,
}

/// Later passes.
struct Again {
    running: Option<(Decoder, u64)>,
    /// Bytes that may still be decoded again: who reads back and forth must not cause work without end.
    left: u64,
}

impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inflated({} bytes)", self.size)
    }
}

impl Bytes for Inflated {
    fn size(&self) -> u64 {
        self.size
    }

    fn passing(&self, bytes: u64, memory: u64) -> io::Result<()> {
        self.packed.source.passing(bytes, memory)
    }

    fn windows(&self) -> u64 {
        self.packed.source.windows().saturating_add(self.window)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.passing(buffer.len() as u64, 0)?;
        let mut filled = 0_usize;
        while let Some(rest) = buffer.get_mut(filled..)
            && !rest.is_empty()
        {
            let at = offset.saturating_add(filled as u64);
            if at >= self.size {
                break;
            }
            let mut count = self.held.read(at, rest);
            if count == 0 {
                count = self.tail.read(at, rest);
            }
            if count == 0 {
                count = self.decode_at(at, rest)?;
            }
            if count == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the stream gave less than before",
                ));
            }
            filled = filled.saturating_add(count);
        }
        Ok(filled)
    }
}

impl Inflated {
    /// Decodes what lies at `offset`, going on from the last read where possible.
    fn decode_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let poisoned = || io::Error::other("a decoder failed");
        let mut again = self.again.lock().map_err(|_| poisoned())?;
        // A decoder that is too far is gone before there is another: both would hold a window.
        let running = again.running.take().filter(|(_, at)| *at <= offset);
        let (mut decoder, mut at) = match running {
            Some(running) => running,
            None => (
                decoder(&self.packed.coders, &self.packed.source, &Arc::default())?,
                0,
            ),
        };
        let work = offset.saturating_sub(at).saturating_add(buffer.len() as u64);
        again.left = again.left.checked_sub(work).ok_or_else(|| {
            io::Error::other("too much would have to be decompressed again, since it is read back and forth")
        })?;
        let skip = offset.saturating_sub(at);
        at = at.saturating_add(io::copy(&mut (&mut decoder).take(skip), &mut io::sink())?);
        let count = decoder.read(buffer)?;
        if at == offset {
            again.running = Some((decoder, at.saturating_add(count as u64)));
        }
        Ok(count)
    }
}

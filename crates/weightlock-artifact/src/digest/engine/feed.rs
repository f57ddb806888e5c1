//! The bytes of one task in chunks, in order: copied into a buffer or to where they stay, or mapped, perhaps by a
//! thread of its own.
#![expect(
    unsafe_code,
    reason = "parts of a destination, of which each belongs to one chunk"
)]

use std::{
    io,
    num::NonZeroU64,
    ops::Range,
    os::unix::fs::FileExt,
    sync::{Arc, mpsc},
};

use rustix::fs::{Advice, fadvise};

use super::{
    Scope,
    past_cache::{self, Buffer},
    queue::{Handle, Task, Work},
};
use crate::digest::{
    destination::{Memory, Part, Place},
    mapped::Window,
};

/// What goes wrong with the bytes of a file.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The system could not read.
    Read { offset: u64, source: io::Error },
    /// The system could not write to where the bytes stay.
    Keep { offset: u64, source: io::Error },
    /// The file ended before its size.
    Ended { offset: u64 },
    /// Pages behind a window were missing.
    Torn { range: Range<u64> },
}

/// Bytes that one chunk has at most.
///
/// Buffers of many tasks, and of few, fit into the cache of a core. Windows are larger, because setting one up
/// costs a system call or three, and so are the chunks of a reading thread, which is to be woken rarely.
const SMALL: u64 = 64 << 10;
const MEDIUM: u64 = 256 << 10;
const LARGE: u64 = 1 << 20;

/// The kernel is told this far ahead what will be read, for each task.
const AHEAD: u64 = 2 << 20;

const PAGE: u64 = 4096;

/// Chunks that a reading thread holds ready, besides the one in use.
const READY: usize = 2;

/// A run of bytes in reach of the processor.
pub(super) enum Chunk {
    Buffer {
        memory: Vec<u8>,
        used: Range<usize>,
    },
    /// Bytes where they stay.
    Placed(Part),
    /// A part of a block that was read past the cache.
    Block {
        buffer: Arc<Buffer>,
        used: Range<usize>,
    },
    Window {
        window: Window,
        range: Range<u64>,
    },
}

impl Chunk {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Buffer { memory, used } => &memory[used.clone()],
            Self::Placed(part) => part.bytes(),
            Self::Block { buffer, used } => &buffer.bytes()[used.clone()],
            Self::Window { window, .. } => window.bytes(),
        }
    }

    /// To be called after the last use: what was computed from the bytes counts only if this is `Ok`.
    fn release(self) -> Result<Option<Vec<u8>>, Trouble> {
        match self {
            Self::Buffer { memory, .. } => Ok(Some(memory)),
            Self::Placed(_) | Self::Block { .. } => Ok(None),
            Self::Window { window, .. } if window.intact() => Ok(None),
            Self::Window { range, .. } => Err(Trouble::Torn { range }),
        }
    }
}

/// Hands out the chunks of one task.
pub(super) enum Feed {
    Direct(Reader),
    Ahead {
        chunks: mpsc::Receiver<Result<Chunk, Trouble>>,
        used: mpsc::Sender<Vec<u8>>,
    },
}

impl Feed {
    /// `together` is how many tasks the worker holds; `readers` starts a reading thread for the task. `spare` is a buffer
    /// of a task before.
    pub(super) fn new<'scope>(
        task: &Task,
        handle: Arc<Handle>,
        together: usize,
        readers: Option<Scope<'scope, '_>>,
        spare: Vec<u8>,
    ) -> Self {
        let length = task.range.end - task.range.start;
        // Whoever reads past the cache has threads of its own for it.
        let readers = readers.filter(|_| length > LARGE && handle.blocks.is_none());
        let most = match (readers, together) {
            (Some(_), _) => LARGE,
            (None, 0..=4) if handle.mapped => LARGE,
            (None, _) if handle.mapped => LARGE / 2,
            (None, 0..=4) => MEDIUM,
            (None, _) => SMALL,
        };
        let mut reader = Reader::new(task, handle, most, readers.is_some());
        reader.spare = spare;
        let Some(scope) = readers else {
            return Self::Direct(reader);
        };
        let (sender, chunks) = mpsc::sync_channel(READY);
        let (used, spares) = mpsc::channel::<Vec<u8>>();
        scope.spawn(move || {
            loop {
                if let Ok(spare) = spares.try_recv() {
                    reader.spare = spare;
                }
                let Some(chunk) = reader.next().transpose() else {
                    return;
                };
                let last = chunk.is_err();
                // An error here means that the worker gave up.
                if sender.send(chunk).is_err() || last {
                    return;
                }
            }
        });
        Self::Ahead { chunks, used }
    }

    /// The buffer, after the last chunk. Making one for each short task would cost more than reading.
    pub(super) fn into_spare(self) -> Option<Vec<u8>> {
        match self {
            Self::Direct(reader) => Some(reader.spare),
            Self::Ahead { .. } => None,
        }
    }

    /// Gives back the chunk of before and gets the next; `None` after the last byte.
    ///
    /// What was computed from the chunk of before counts only if this is `Ok`.
    pub(super) fn next(&mut self, before: Option<Chunk>) -> Result<Option<Chunk>, Trouble> {
        let spare = before.map(Chunk::release).transpose()?.flatten();
        match self {
            Self::Direct(reader) => {
                if let Some(spare) = spare {
                    reader.spare = spare;
                }
                reader.next()
            }
            Self::Ahead { chunks, used } => {
                if let Some(spare) = spare {
                    // The thread has ended after its last chunk; then nobody wants the buffer.
                    let _: Result<(), _> = used.send(spare);
                }
                chunks.recv().ok().transpose()
            }
        }
    }
}

/// Reads or maps the chunks of one task.
pub(super) struct Reader {
    handle: Arc<Handle>,
    position: u64,
    end: u64,
    advised: u64,
    most: u64,
    /// Whether windows get their pages here: in a reading thread, so that the worker meets no faults.
    populate: bool,
    /// Chunks end where pieces end, so that every chunk but a piece's last is made of whole blocks.
    piece: Option<NonZeroU64>,
    start: u64,
    spare: Vec<u8>,
}

impl Reader {
    fn new(task: &Task, handle: Arc<Handle>, most: u64, populate: bool) -> Self {
        let Range { start, end } = task.range;
        let piece = match task.work {
            Work::Stream { piece, .. } => piece,
            Work::Subtree { .. } => None,
        };
        Self {
            handle,
            position: start,
            end,
            advised: start,
            most,
            populate,
            piece,
            start,
            spare: Vec::new(),
        }
    }

    fn next(&mut self) -> Result<Option<Chunk>, Trouble> {
        let length = self.length();
        if length == 0 {
            return Ok(None);
        }
        let range = self.position..self.position + length;
        self.advise();
        let mapped = self
            .handle
            .mapped
            .then(|| Window::map(&self.handle.file, range.clone()))
            .flatten();
        let chunk = match mapped {
            Some(window) => {
                if self.populate {
                    window.populate();
                }
                Chunk::Window {
                    window,
                    range: range.clone(),
                }
            }
            None => self.read(range.clone())?,
        };
        self.position = range.end;
        Ok(Some(chunk))
    }

    /// Bytes of the next chunk.
    fn length(&self) -> u64 {
        let left = self.end - self.position;
        let within = match self.piece {
            None => self.most,
            Some(piece) if piece.get() <= self.most => self.most / piece * piece.get(),
            Some(piece) => self.most.min(piece.get() - (self.position - self.start) % piece),
        };
        let block = match &self.handle.blocks {
            // A chunk is of one block.
            Some(blocks) if blocks.are_written() => past_cache::BLOCK - self.position % past_cache::BLOCK,
            _ => u64::MAX,
        };
        left.min(within).min(block)
    }

    /// Tells the kernel what comes next, unless the task is so short that it is read at once.
    fn advise(&mut self) {
        if self.handle.blocks.is_none()
            && self.end - self.start > MEDIUM
            && self.advised < self.end
            && self.advised.saturating_sub(self.position) <= AHEAD / 2
        {
            let length = AHEAD.min(self.end - self.advised);
            // Only advice: a file system without read-ahead is read as it comes.
            let _: rustix::io::Result<()> = fadvise(
                &self.handle.file,
                self.advised,
                NonZeroU64::new(length),
                Advice::WillNeed,
            );
            self.advised += length;
        }
    }

    fn read(&mut self, range: Range<u64>) -> Result<Chunk, Trouble> {
        let written = match self.handle.place {
            Some(Place::Memory(memory)) => return self.read_into(memory, range),
            Some(Place::File(written)) => Some(written),
            None => None,
        };
        if let Some(blocks) = &self.handle.blocks {
            let (buffer, used) = blocks.take(&self.handle.file, &range)?;
            return Ok(Chunk::Block { buffer, used });
        }
        let mut memory = std::mem::take(&mut self.spare);
        // `most` and `PAGE` are far below what a length can be on any platform.
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        memory.resize(size(self.most.min(self.end - self.start) + 2 * PAGE), 0);
        // The copy runs at full speed only if source and target lie alike within their pages.
        let first = memory.as_ptr().align_offset(size(PAGE)) + size(self.position % PAGE);
        let used = first..first + size(range.end - range.start);
        self.fill(&mut memory[used.clone()])?;
        if let Some(written) = written {
            let offset = range.start;
            let kept = written.write(&memory[used.clone()], offset);
            kept.map_err(|source| Trouble::Keep { offset, source })?;
        }
        Ok(Chunk::Buffer { memory, used })
    }

    fn read_into(&self, place: Memory, range: Range<u64>) -> Result<Chunk, Trouble> {
        let outside = || Trouble::Ended { offset: range.start };
        if let Some(blocks) = &self.handle.blocks {
            blocks.fetch(&self.handle.file, &range)?;
        }
        // SAFETY: the run ends before its destinations do, tasks are disjoint (`Queue::new`), and the chunks of one
        // task are.
        let mut part = unsafe { place.part(range.clone()) }.ok_or_else(outside)?;
        if self.handle.blocks.is_none() {
            self.fill(part.bytes_mut())?;
        }
        Ok(Chunk::Placed(part))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), Trouble> {
        let mut filled = 0;
        while filled < bytes.len() {
            let offset = self.position + filled as u64;
            match self.handle.file.read_at(&mut bytes[filled..], offset) {
                Ok(0) => return Err(Trouble::Ended { offset }),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(Trouble::Read { offset, source }),
            }
        }
        Ok(())
    }
}

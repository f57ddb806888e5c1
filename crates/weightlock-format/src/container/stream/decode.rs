//! [`Coder`]: one step of decoding, and the decoder for it.
//!
//! Each decoder is a [`Read`] over any [`BufRead`]; it takes no more of its input than the stream has, except where
//! noted, so that what follows the stream can be told.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use lzma_rust2::{Action, Status, StreamResult};

use super::{Kind, frames::Frames};
use crate::content::{Content, Cursor};

/// The most that a decoder may look back, and so the memory it may take, whatever the stream declares. xz and 7z at
/// their highest setting ask for 64 MiB; Zstandard asks for more at its two highest, and needs twice the memory.
pub const WINDOW_BYTES: u32 = 64 << 20;

/// One step of decoding.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Coder {
    /// A stream that stands for itself.
    Stream(Kind),
    /// Raw deflate (RFC 1951).
    Deflate,
    /// Deflate with a window of 64 KiB, as some zip writers use it.
    Deflate64,
    /// Raw LZMA of a zip member: version, length of the properties, properties, stream.
    ZipLzma {
        /// Bytes that come out; `None` when the stream has an end marker.
        size: Option<u64>,
    },
    /// Raw LZMA of 7z.
    Lzma {
        /// `lc`, `lp` and `pb` in one byte, then the window in four.
        properties: [u8; 5],
        /// Bytes that come out.
        size: u64,
    },
    /// Raw LZMA2 of 7z, with the byte that states the window.
    Lzma2 {
        /// The byte.
        window: u8,
    },
    /// Differences between bytes some way apart.
    Delta {
        /// How far apart, 1 to 256.
        distance: u16,
    },
    /// Absolute jump targets made relative again.
    Branch(Machine),
}

/// The processor whose jumps were converted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Machine {
    /// x86, 32 and 64 bits.
    X86,
    /// PowerPC, big endian.
    PowerPc,
    /// Itanium.
    Ia64,
    /// ARM, 32 bits.
    Arm,
    /// ARM, 16 and 32 bits mixed.
    ArmThumb,
    /// SPARC.
    Sparc,
    /// ARM, 64 bits.
    Arm64,
    /// RISC-V.
    RiscV,
}

/// A decoder.
pub(super) type Decoder = Box<dyn Read + Send>;

/// How far a decoder has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    used: AtomicU64,
    /// Window of the coders, which are all there at once.
    coders: AtomicU64,
    /// The largest window of frames, which come one after the other.
    frames: AtomicU64,
    skipped: Mutex<Vec<Range<u64>>>,
}

impl Progress {
    /// Bytes of the source that the stream has taken.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes that the decoders look back.
    pub(super) fn window(&self) -> u64 {
        let coders = self.coders.load(Ordering::Relaxed);
        coders.saturating_add(self.frames.load(Ordering::Relaxed))
    }

    /// Grants a coder `bytes` of window beside those that work already.
    fn grant(&self, bytes: u64, source: &Content) -> io::Result<()> {
        let others = self.window();
        admit(bytes, source, others)?;
        self.coders.store(others.saturating_add(bytes), Ordering::Relaxed);
        Ok(())
    }

    /// Grants a frame `bytes` of window, in the place of the frame before.
    pub(super) fn grant_frame(&self, bytes: u64, source: &Content) -> io::Result<()> {
        admit(bytes, source, self.coders.load(Ordering::Relaxed))?;
        self.frames.fetch_max(bytes, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn set_used(&self, used: u64) {
        self.used.store(used, Ordering::Relaxed);
    }

    /// A part of the source belongs to the stream and no decoder looks at it.
    pub(super) fn skip(&self, range: Range<u64>) {
        if let Ok(mut skipped) = self.skipped.lock() {
            skipped.push(range);
        }
    }

    pub(super) fn skipped(&self) -> Vec<Range<u64>> {
        self.skipped
            .lock()
            .map(|skipped| skipped.clone())
            .unwrap_or_default()
    }
}

/// The most that all decoders of streams within each other may look back together: one at the highest setting of xz, and
/// one at the usual setting in it.
const NESTED_WINDOW_BYTES: u64 = 72 << 20;

/// Whether there is room for `bytes` of window beside `others` of the same stream and those around it.
fn admit(bytes: u64, source: &Content, others: u64) -> io::Result<()> {
    let own = others.saturating_add(bytes);
    if own > u64::from(WINDOW_BYTES) {
        return Err(too_much(WINDOW, u64::from(WINDOW_BYTES)));
    }
    if own.saturating_add(source.windows()) > NESTED_WINDOW_BYTES {
        return Err(too_much(NESTED_WINDOW, NESTED_WINDOW_BYTES));
    }
    source.passing(0, bytes)
}

/// What is counted of one stream.
pub(super) const WINDOW: &str = "bytes of window";
/// What is counted of streams within each other.
const NESTED_WINDOW: &str = "bytes of window of streams within each other";

/// A content from some offset on, which tells how much of it was taken.
#[derive(Debug)]
pub(super) struct Source {
    cursor: Cursor,
    progress: Arc<Progress>,
}

impl Source {
    pub(super) fn new(content: &Content, offset: u64, progress: Arc<Progress>) -> Self {
        let mut cursor = content.cursor();
        cursor.set_offset(offset);
        Self { cursor, progress }
    }

    /// Gives back the last `count` bytes that were taken.
    fn give_back(&mut self, count: usize) {
        let offset = self.cursor.offset().saturating_sub(count as u64);
        self.cursor.set_offset(offset);
        self.progress.set_used(offset);
    }

    pub(super) const fn offset(&self) -> u64 {
        self.cursor.offset()
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.cursor.read(buffer)?;
        self.progress.set_used(self.cursor.offset());
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.cursor.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.cursor.consume(amount);
        self.progress.set_used(self.cursor.offset());
    }
}

/// A limit that a stream asks to exceed. Travels in an [`io::Error`].
#[derive(Debug)]
pub(super) struct TooMuch {
    pub(super) what: &'static str,
    pub(super) limit: u64,
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} {}", self.limit, self.what)
    }
}

impl std::error::Error for TooMuch {}

pub(super) fn too_much(what: &'static str, limit: u64) -> io::Error {
    io::Error::other(TooMuch { what, limit })
}

pub(super) fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What the LZMA library calls its memory, for a window that was granted.
fn limit_kib(window: u64) -> u32 {
    let kib = window.div_ceil(1024).saturating_add(1024);
    u32::try_from(kib).unwrap_or(u32::MAX)
}

/// The decoder of all `coders` over `content`.
pub(super) fn decoder(coders: &[Coder], content: &Content, progress: &Arc<Progress>) -> io::Result<Decoder> {
    let source = Source::new(content, 0, Arc::clone(progress));
    let Some((first, others)) = coders.split_first() else {
        return Ok(Box::new(source));
    };
    let mut decoder: Decoder = match first {
        Coder::Stream(kind) => Box::new(Frames::new(*kind, content.clone(), Arc::clone(progress))),
        Coder::ZipLzma { size } => zip_lzma(source, *size, content)?,
        Coder::Lzma { properties, size } => lzma(source, *properties, *size, content)?,
        coder => next(coder, source, content, progress)?,
    };
    for coder in others {
        decoder = next(coder, BufReader::new(decoder), content, progress)?;
    }
    Ok(decoder)
}

/// A decoder that can stand behind another.
fn next(
    coder: &Coder,
    input: impl BufRead + Send + 'static,
    content: &Content,
    progress: &Progress,
) -> io::Result<Decoder> {
    Ok(match coder {
        Coder::Deflate => Box::new(Inflate::new(input, false)),
        Coder::Deflate64 => Box::new(Inflate64::new(input)),
        Coder::Lzma2 { window } => {
            let window = lzma2_window(*window).ok_or_else(|| broken("a window that LZMA2 does not know"))?;
            progress.grant(window, content)?;
            lzma2(input, window)?
        }
        Coder::Delta { distance } => Box::new(lzma_rust2::filter::delta::DeltaReader::new(
            input,
            usize::from(*distance).clamp(1, 256),
        )),
        Coder::Branch(machine) => branch(input, *machine),
        Coder::Stream(_) | Coder::ZipLzma { .. } | Coder::Lzma { .. } => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a chain of decoders in an order that no archiver writes",
            ));
        }
    })
}

fn zip_lzma(mut source: Source, size: Option<u64>, content: &Content) -> io::Result<Decoder> {
    let mut header = [0; 4];
    source.read_exact(&mut header)?;
    let [_, _, 5, 0] = header else {
        return Err(broken("properties of LZMA have five bytes"));
    };
    let mut properties = [0; 5];
    source.read_exact(&mut properties)?;
    lzma(source, properties, size.unwrap_or(u64::MAX), content)
}

fn lzma(source: Source, properties: [u8; 5], size: u64, content: &Content) -> io::Result<Decoder> {
    let [props, window @ ..] = properties;
    let window = u32::from_le_bytes(window);
    source.progress.grant(u64::from(window), content)?;
    let reader = lzma_rust2::LzmaReader::new_with_props(source, size, props, window, None)?;
    Ok(Box::new(Lzma::new(reader)))
}

/// The window that the byte of LZMA2's properties states: two, or three when the byte is odd, shifted left by half of
/// the byte plus eleven; 40 is the last. `None` for a byte that means nothing.
fn lzma2_window(byte: u8) -> Option<u64> {
    let bits = u32::from(byte >> 1).saturating_add(11);
    let bytes = u64::from(2 | (byte & 1)).checked_shl(bits)?;
    (byte <= 40).then_some(bytes)
}

fn lzma2(input: impl BufRead + Send + 'static, window: u64) -> io::Result<Decoder> {
    let bytes = u32::try_from(window).map_err(|_| too_much(WINDOW, u64::from(WINDOW_BYTES)))?;
    let stream = lzma_rust2::Lzma2Stream::new_mem_limit(bytes, limit_kib(window));
    Ok(Box::new(Processed::new(input, stream)))
}

fn branch(input: impl BufRead + Send + 'static, machine: Machine) -> Decoder {
    use lzma_rust2::filter::bcj::BcjReader;
    let make = match machine {
        Machine::X86 => BcjReader::new_x86,
        Machine::PowerPc => BcjReader::new_ppc,
        Machine::Ia64 => BcjReader::new_ia64,
        Machine::Arm => BcjReader::new_arm,
        Machine::ArmThumb => BcjReader::new_arm_thumb,
        Machine::Sparc => BcjReader::new_sparc,
        Machine::Arm64 => BcjReader::new_arm64,
        Machine::RiscV => BcjReader::new_riscv,
    };
    Box::new(make(input, 0))
}

/// A reader of the xz stream at `at`, which gets the window that its first block states; a later block that asks for
/// more meets the limit.
pub(super) fn xz(source: Source, content: &Content, at: u64) -> io::Result<Decoder> {
    // The header of the stream, and that of a block, which has at most 1024 bytes.
    let head = content.read(at, 12 + 1024)?;
    let window = xz_window(head.get(12..).unwrap_or_default()).unwrap_or_default();
    source.progress.grant_frame(window, content)?;
    let stream = lzma_rust2::XzStream::new_mem_limit(false, limit_kib(window));
    Ok(Box::new(Processed::new(source, stream)))
}

/// The window in a block header: `size flags [compressed] [uncompressed] { id length properties }`; `None` when there is
/// no block, or none that can be read.
fn xz_window(header: &[u8]) -> Option<u64> {
    const LZMA2: u64 = 0x21;
    let (&size, rest) = header.split_first()?;
    let (&flags, mut rest) = rest.get(..usize::from(size).checked_mul(4)?)?.split_first()?;
    for present in [0x40, 0x80] {
        if flags & present != 0 {
            rest = varint(rest)?.1;
        }
    }
    for _ in 0..=flags & 3 {
        let (id, behind) = varint(rest)?;
        let (length, behind) = varint(behind)?;
        let (properties, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
        if id == LZMA2 {
            return lzma2_window(*properties.first()?);
        }
        rest = behind;
    }
    None
}

/// A number in groups of seven bits, the lowest first, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(9).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(end.checked_add(1)?)?;
    let value = number
        .iter()
        .rev()
        .fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, rest))
}

/// A reader of `.lzma`, whose header states the window.
pub(super) fn lzma_alone(source: Source, content: &Content, at: u64) -> io::Result<Decoder> {
    let head = content.read(at, 5)?;
    let window = head.get(1..).and_then(|window| window.try_into().ok());
    let window = u64::from(window.map_or(0, u32::from_le_bytes));
    source.progress.grant_frame(window, content)?;
    let reader = lzma_rust2::LzmaReader::new_mem_limit(source, limit_kib(window), None)?;
    Ok(Box::new(Lzma::new(reader)))
}

/// LZMA, which reads ahead; at the end it gives back what it did not need.
struct Lzma(Option<lzma_rust2::LzmaReader<Source>>);

impl Lzma {
    fn new(mut reader: lzma_rust2::LzmaReader<Source>) -> Self {
        reader.set_defer_errors(true);
        // An end marker may follow the last byte although the size is known.
        reader.set_relaxed_end_condition(false);
        Self(Some(reader))
    }
}

impl Read for Lzma {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.0 {
            Some(reader) => reader.read(buffer)?,
            None => 0,
        };
        if count == 0
            && !buffer.is_empty()
            && let Some(reader) = self.0.take()
        {
            let (mut source, unused) = reader.into_parts();
            source.give_back(unused.len());
        }
        Ok(count)
    }
}

/// Deflate, raw or within zlib. What comes out before a fault is given out before the fault is told, and an input
/// that ends before the stream does is a fault.
pub(super) struct Inflate<R> {
    input: R,
    state: flate2::Decompress,
    ended: bool,
    fault: Option<&'static str>,
}

impl<R: BufRead> Inflate<R> {
    pub(super) fn new(input: R, zlib: bool) -> Self {
        Self {
            input,
            state: flate2::Decompress::new(zlib),
            ended: false,
            fault: None,
        }
    }

    /// The input, of which the stream has taken its part.
    pub(super) const fn input(&mut self) -> &mut R {
        &mut self.input
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            if let Some(fault) = self.fault {
                return Err(broken(fault));
            }
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let (taken, given) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, buffer, flate2::FlushDecompress::None);
            let taken = delta(taken, self.state.total_in());
            let given = delta(given, self.state.total_out());
            self.input.consume(taken);
            match status {
                Ok(flate2::Status::StreamEnd) => self.ended = true,
                Ok(_) if given == 0 && taken == 0 && at_end => self.fault = Some("the stream is cut"),
                Ok(_) if given == 0 && taken == 0 => self.fault = Some("the stream makes no progress"),
                Ok(_) => {}
                Err(_) => self.fault = Some("corrupt deflate stream"),
            }
            if given > 0 {
                return Ok(given);
            }
        }
        Ok(0)
    }
}

fn delta(before: u64, after: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(0)
}

/// Deflate64, with the same manners as [`Inflate`].
struct Inflate64<R> {
    input: R,
    state: Box<deflate64::InflaterManaged>,
    fault: Option<&'static str>,
}

impl<R: BufRead> Inflate64<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            state: Box::new(deflate64::InflaterManaged::new()),
            fault: None,
        }
    }
}

impl<R: BufRead> Read for Inflate64<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.state.finished() && !buffer.is_empty() {
            if let Some(fault) = self.fault {
                return Err(broken(fault));
            }
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let result = self.state.inflate(input, buffer);
            self.input.consume(result.bytes_consumed);
            if result.data_error {
                self.fault = Some("corrupt deflate64 stream");
            } else if result.bytes_written == 0 && at_end && !self.state.finished() {
                self.fault = Some("the stream is cut");
            }
            if result.bytes_written > 0 {
                return Ok(result.bytes_written);
            }
        }
        Ok(0)
    }
}

/// A decoder of the LZMA library that is handed input and room for output.
trait Process {
    fn process(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<StreamResult>;
    /// Bytes taken and given so far.
    fn totals(&self) -> (u64, u64);
}

impl Process for lzma_rust2::XzStream {
    fn process(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<StreamResult> {
        Self::process(self, input, output, action)
    }

    fn totals(&self) -> (u64, u64) {
        (self.total_in(), self.total_out())
    }
}

impl Process for lzma_rust2::Lzma2Stream {
    fn process(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<StreamResult> {
        Self::process(self, input, output, action)
    }

    fn totals(&self) -> (u64, u64) {
        (self.total_in(), self.total_out())
    }
}

/// xz and LZMA2, with the same manners as [`Inflate`].
struct Processed<R, P> {
    input: R,
    state: P,
    ended: bool,
    fault: Option<io::Error>,
}

impl<R, P> Processed<R, P> {
    const fn new(input: R, state: P) -> Self {
        Self {
            input,
            state,
            ended: false,
            fault: None,
        }
    }
}

impl<R: BufRead, P: Process> Read for Processed<R, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            if let Some(fault) = self.fault.take() {
                self.ended = true;
                return Err(fault);
            }
            let input = self.input.fill_buf()?;
            let action = if input.is_empty() {
                Action::Finish
            } else {
                Action::Run
            };
            let (taken, given) = self.state.totals();
            let result = self.state.process(input, buffer, action);
            let (total_in, total_out) = self.state.totals();
            let (taken, given) = (delta(taken, total_in), delta(given, total_out));
            self.input.consume(taken);
            match result {
                Ok(result) => self.ended = result.status == Status::StreamEnd,
                Err(error) => self.fault = Some(error),
            }
            if given > 0 {
                return Ok(given);
            }
            if taken == 0 && action == Action::Finish && !self.ended && self.fault.is_none() {
                self.fault = Some(broken("the stream is cut"));
            }
            // The library keeps a record of each block; blocks of nothing would fill the memory.
            if total_in > total_out.saturating_mul(2).saturating_add(4 << 20) {
                self.fault = Some(broken("blocks without content"));
            }
        }
        Ok(0)
    }
}

//! Streams that stand for themselves: one frame (member, stream) after the other, as the tools that write them do.
//!
//! ```text
//! gzip  = { header deflate crc32 size }      zstd  = { frame | skippable }     xz, bzip2 = { stream }
//! zlib  = header deflate adler32             lz4   = { frame | skippable }     ZF = "ZF" hex(19) [" "] zlib
//! ```
//!
//! After the last frame come zero bytes, or bytes of something else, which are left to the caller.

use std::{
    io::{self, BufRead, Read},
    sync::Arc,
};

use super::{
    Kind,
    decode::{Decoder, Inflate, Progress, Source, WINDOW, WINDOW_BYTES, broken, lzma_alone, too_much, xz},
};
use crate::content::Content;

/// The most frames of one stream. A frame of a few bytes costs a decoder.
const MOST_FRAMES: u32 = 200_000;
/// Parts of a stream that carry nothing which is looked at may be this long without being told of.
const SMALL: u64 = 64;
/// A Zstandard decoder holds about twice its window.
const ZSTD_WINDOW: u64 = (WINDOW_BYTES / 2) as u64;

/// All frames of a stream, decoded.
pub(super) struct Frames {
    kind: Kind,
    content: Content,
    progress: Arc<Progress>,
    current: Option<Decoder>,
    frames: u32,
    done: bool,
}

impl Frames {
    pub(super) const fn new(kind: Kind, content: Content, progress: Arc<Progress>) -> Self {
        Self {
            kind,
            content,
            progress,
            current: None,
            frames: 0,
            done: false,
        }
    }

    /// The decoder of the frame that begins where the last one ended; `None` at the end.
    fn start(&mut self) -> io::Result<Option<Decoder>> {
        let at = self.progress.used();
        let head = self.content.read(at, 32)?;
        let again = match self.kind {
            Kind::LzmaAlone | Kind::Zlib | Kind::ZFile => false,
            kind => Kind::of(&head) == Some(kind),
        };
        if self.frames > 0 && !again {
            return Ok(None);
        }
        if self.frames == MOST_FRAMES {
            return Err(too_much("frames of a stream", u64::from(MOST_FRAMES)));
        }
        self.frames = self.frames.saturating_add(1);
        let mut source = Source::new(&self.content, at, Arc::clone(&self.progress));
        Ok(Some(match self.kind {
            Kind::Gzip => {
                gzip_header(&mut source, &self.progress)?;
                Box::new(Gzip::new(source))
            }
            Kind::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(source)),
            Kind::Xz => xz(source, &self.content, at)?,
            Kind::LzmaAlone => lzma_alone(source, &self.content, at)?,
            Kind::Zstd | Kind::Lz4 if is_skippable(&head) => {
                self.skip(&head, at);
                Box::new(io::empty())
            }
            Kind::Zstd => {
                let window = zstd_window(head.get(4..).unwrap_or_default()).unwrap_or_default();
                self.progress
                    .grant_frame(window.saturating_mul(2), &self.content)?;
                Box::new(Zstd::new(source)?)
            }
            Kind::Lz4 => Box::new(Lz4::new(source, &head, self.content.clone())),
            Kind::Zlib => Box::new(Inflate::new(source, true)),
            Kind::ZFile => {
                let size = if head.get(21) == Some(&b' ') { 22 } else { 21 };
                source.consume_exactly(size)?;
                Box::new(Inflate::new(source, true))
            }
        }))
    }

    /// Goes on behind a frame that decoders ignore, and tells of it unless it is tiny.
    fn skip(&self, head: &[u8], at: u64) {
        let length = head.get(4..8).and_then(|length| length.try_into().ok());
        let length = u64::from(length.map_or(0, u32::from_le_bytes));
        let end = at
            .saturating_add(8)
            .saturating_add(length)
            .min(self.content.size());
        if length > SMALL {
            self.progress.skip(at..end);
        }
        self.progress.set_used(end);
    }
}

fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.done && !buffer.is_empty() {
            let Some(current) = &mut self.current else {
                self.current = self.start()?;
                self.done = self.current.is_none();
                continue;
            };
            let count = current.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.current = None;
        }
        Ok(0)
    }
}

impl Source {
    fn consume_exactly(&mut self, count: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.take(count), &mut io::sink())?;
        if skipped < count {
            return Err(broken("the stream is cut"));
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes)
            .map_err(|_| broken("the stream is cut"))?;
        Ok(bytes)
    }
}

/// Reads the header of a gzip member: ten bytes, then an extra field, a name, a comment and a checksum as the flags
/// say.
fn gzip_header(source: &mut Source, progress: &Progress) -> io::Result<()> {
    const CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let [_, _, method, flags, ..] = source.array::<10>()?;
    if method != 8 || flags & 0xe0 != 0 {
        return Err(broken("a gzip member of an unknown method"));
    }
    let from = source.offset();
    if flags & EXTRA != 0 {
        let length = u16::from_le_bytes(source.array()?);
        source.consume_exactly(u64::from(length))?;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            skip_text(source)?;
        }
    }
    if flags & CHECKSUM != 0 {
        source.consume_exactly(2)?;
    }
    if source.offset().saturating_sub(from) > 16 * SMALL {
        progress.skip(from..source.offset());
    }
    Ok(())
}

/// Goes behind the next NUL.
fn skip_text(source: &mut Source) -> io::Result<()> {
    loop {
        let bytes = source.fill_buf()?;
        if bytes.is_empty() {
            return Err(broken("the stream is cut"));
        }
        let length = bytes.len();
        match memchr::memchr(0, bytes) {
            Some(at) => {
                source.consume(at.saturating_add(1));
                return Ok(());
            }
            None => source.consume(length),
        }
    }
}

/// A gzip member behind its header.
struct Gzip {
    inflate: Inflate<Source>,
    sum: flate2::Crc,
    ended: bool,
}

impl Gzip {
    fn new(source: Source) -> Self {
        Self {
            inflate: Inflate::new(source, false),
            sum: flate2::Crc::new(),
            ended: false,
        }
    }
}

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inflate.read(buffer)?;
        self.sum.update(buffer.get(..count).unwrap_or_default());
        if count == 0 {
            self.ended = true;
            let source = self.inflate.input();
            let sum = u32::from_le_bytes(source.array()?);
            let size = u32::from_le_bytes(source.array()?);
            if sum != self.sum.sum() || size != self.sum.amount() {
                return Err(broken("the checksum of a gzip member is wrong"));
            }
        }
        Ok(count)
    }
}

/// The window in a frame header behind the magic number: `descriptor [window] [dictionary] [size]`. A frame of a single
/// segment has its size for a window.
fn zstd_window(header: &[u8]) -> Option<u64> {
    const SINGLE_SEGMENT: u8 = 0x20;
    let (&descriptor, rest) = header.split_first()?;
    if descriptor & SINGLE_SEGMENT == 0 {
        let &window = rest.first()?;
        let base = 1_u64 << u32::from(window >> 3).saturating_add(10);
        return Some(base.saturating_add((base >> 3).saturating_mul(u64::from(window & 7))));
    }
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3))?;
    let bytes = [1, 2, 4, 8].get(usize::from(descriptor >> 6))?;
    let size = rest.get(*dictionary..)?.get(..*bytes)?;
    let size = size
        .iter()
        .rev()
        .fold(0, |size, byte| size << 8 | u64::from(*byte));
    // Two bytes count from 256.
    Some(size.saturating_add(if *bytes == 2 { 256 } else { 0 }))
}

/// One Zstandard frame.
struct Zstd {
    source: Source,
    decoder: ruzstd::decoding::FrameDecoder,
    fault: Option<io::Error>,
    told: bool,
}

impl Zstd {
    fn new(mut source: Source) -> io::Result<Self> {
        use ruzstd::decoding::errors::FrameDecoderError;
        let mut decoder = ruzstd::decoding::FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW);
        decoder.init(&mut source).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => too_much(WINDOW, ZSTD_WINDOW),
            error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
        })?;
        Ok(Self {
            source,
            decoder,
            fault: None,
            told: false,
        })
    }

    /// Decodes a block. A fault makes the decoder let go of what it holds back for later blocks: an empty last block
    /// is put in the place of the broken one.
    fn decode(&mut self) {
        use ruzstd::decoding::BlockDecodingStrategy::UptoBlocks;
        if let Err(error) = self.decoder.decode_blocks(&mut self.source, UptoBlocks(1)) {
            self.fault = Some(io::Error::new(io::ErrorKind::InvalidData, error.to_string()));
            let end: &[u8] = &[1, 0, 0, 0, 0, 0, 0];
            self.told = self.decoder.decode_blocks(end, UptoBlocks(1)).is_err();
        }
    }

    fn checksum_holds(&self) -> bool {
        let stated = self.decoder.get_checksum_from_data();
        stated.is_none() || stated == self.decoder.get_calculated_checksum()
    }
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 && !self.told {
                return self.decoder.read(buffer);
            }
            if let Some(fault) = self.fault.take() {
                self.told = true;
                return Err(fault);
            }
            if self.told {
                return Err(broken("corrupt zstd stream"));
            }
            if self.decoder.is_finished() {
                return match self.checksum_holds() {
                    true => Ok(0),
                    false => Err(broken("the checksum of a zstd frame is wrong")),
                };
            }
            self.decode();
        }
    }
}

/// One LZ4 frame. The library takes the end of its input for the end of the frame.
struct Lz4 {
    decoder: lz4_flex::frame::FrameDecoder<Source>,
    content: Content,
    /// Bytes of the end mark and the checksum; a legacy frame has neither.
    end_bytes: u64,
}

impl Lz4 {
    fn new(source: Source, head: &[u8], content: Content) -> Self {
        let end_bytes = match head {
            [0x04, _, _, _, flags, ..] if flags & 4 != 0 => 8,
            [0x04, ..] => 4,
            _ => 0,
        };
        Self {
            decoder: lz4_flex::frame::FrameDecoder::new(source),
            content,
            end_bytes,
        }
    }

    fn has_end(&self) -> io::Result<bool> {
        let end = self.decoder.get_ref().offset();
        let mark = self.content.read(end.saturating_sub(self.end_bytes), 4)?;
        Ok(self.end_bytes == 0 || mark == [0; 4])
    }
}

impl Read for Lz4 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        if count == 0 && !self.has_end()? {
            return Err(broken("the stream is cut"));
        }
        Ok(count)
    }
}

//! The bytes of a stream, as an unpickler takes them: a byte, a counted argument, or a line.
//!
//! FRAME tells how many bytes may be read at once. Unpicklers disagree on an argument that crosses the end of a
//! frame: CPython's reader of bytes goes on, and its reader of files drops what is left of the frame and takes the
//! whole argument from behind it. [`Frames`] chooses, and [`Input::cut`] tells that the two differ.

use std::io;

use crate::{Error, Fault as Broken, Problem, content::Content};

/// What becomes of an argument that crosses the end of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Frames {
    /// Frames are no boundaries: CPython's `loads`, and its `load` of a file that can be peeked into.
    #[default]
    Ignored,
    /// What is left of the frame is dropped: CPython's `load` of a file without `peek`, such as `BytesIO`.
    Dropped,
}

/// The bytes of a stream.
#[derive(Debug)]
pub(super) struct Input {
    content: Content,
    buffer: Vec<u8>,
    /// The offset of the first byte of `buffer`.
    base: u64,
    /// Bytes to read at once; a small stream needs few.
    ahead: usize,
    /// The index in `buffer` of the next byte.
    next: usize,
    /// The end of the frame that is being read; `u64::MAX` when there is none.
    frame_end: u64,
    frames: Frames,
    /// The start of a line that is longer than the buffer.
    long_line: Vec<u8>,
    /// The first argument that crosses the end of a frame.
    pub(super) cut: Option<u64>,
}

/// A line: everything before a line feed, which is taken too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Its bytes, or the first [`Input::MOST`] of them.
    pub(super) head: &'a [u8],
    /// How many it has.
    pub(super) length: u64,
}

impl Input {
    /// Bytes read at once, and the most that [`Input::take`] and [`Input::line`] show.
    pub(super) const MOST: usize = 64 << 10;

    pub(super) fn new(content: &Content, start: u64, frames: Frames) -> Self {
        Self {
            content: content.clone(),
            buffer: Vec::new(),
            base: start,
            ahead: 1 << 10,
            next: 0,
            frame_end: u64::MAX,
            frames,
            long_line: Vec::new(),
            cut: None,
        }
    }

    pub(super) const fn offset(&self) -> u64 {
        self.base.saturating_add(self.next as u64)
    }

    pub(super) const fn left(&self) -> u64 {
        self.content.size().saturating_sub(self.offset())
    }

    /// Goes on at `offset`, outside of any frame.
    pub(super) fn go_to(&mut self, offset: u64) {
        self.frame_end = u64::MAX;
        self.jump(offset);
    }

    fn jump(&mut self, offset: u64) {
        let within = offset
            .checked_sub(self.base)
            .and_then(|index| usize::try_from(index).ok())
            .filter(|&index| index <= self.buffer.len());
        match within {
            Some(index) => self.next = index,
            None => {
                self.buffer.clear();
                self.base = offset;
                self.next = 0;
            }
        }
    }

    /// Enters a frame of `length` bytes. False when there are fewer.
    pub(super) fn enter_frame(&mut self, length: u64) -> bool {
        let fits = length <= self.left();
        let end = self.offset().saturating_add(length);
        if end > self.frame_end {
            self.leave_frame();
        }
        if self.frame_end == u64::MAX {
            self.frame_end = self.offset().saturating_add(length).min(self.content.size());
        }
        fits
    }

    /// An argument ends behind the frame.
    #[cold]
    fn leave_frame(&mut self) {
        let end = std::mem::replace(&mut self.frame_end, u64::MAX);
        if self.offset() < end {
            self.cut.get_or_insert(self.offset());
            if self.frames == Frames::Dropped {
                self.jump(end);
            }
        }
    }

    /// Sees to it that `count` bytes, at most [`Input::MOST`], are in the buffer when the content has them.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        if self.buffer.len().saturating_sub(self.next) < count {
            self.base = self.offset();
            self.next = 0;
            self.buffer = self.content.read(self.base, self.ahead.max(count))?;
            self.ahead = self.ahead.saturating_mul(4).min(Self::MOST);
        }
        Ok(())
    }

    /// The next byte, or `None` at the end.
    pub(super) fn byte(&mut self) -> Result<Option<u8>, Error> {
        if self.offset() >= self.frame_end {
            self.frame_end = u64::MAX;
        }
        self.fill(1)?;
        let byte = self.buffer.get(self.next).copied();
        self.next = self.next.saturating_add(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// The next `count` bytes, at most [`Input::MOST`].
    pub(super) fn take(&mut self, count: usize) -> Result<&[u8], Error> {
        if self.offset().saturating_add(count as u64) > self.frame_end {
            self.leave_frame();
        }
        self.fill(count)?;
        let end = self.next.saturating_add(count);
        if end > self.buffer.len() {
            return Err(self.truncated(count as u64).into());
        }
        let start = std::mem::replace(&mut self.next, end);
        Ok(self.buffer.get(start..end).unwrap_or_default())
    }

    /// The next `count` bytes, at most [`Input::MOST`], which an unpickler copies into place, so that it loses
    /// nothing at the end of a frame.
    pub(super) fn take_copied(&mut self, count: usize) -> Result<&[u8], Error> {
        if self.offset().saturating_add(count as u64) > self.frame_end {
            self.frame_end = u64::MAX;
        }
        self.take(count)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Passes over `count` bytes. `copied` says that an unpickler copies them into place, and so loses nothing at
    /// the end of a frame.
    pub(super) fn skip(&mut self, count: u64, copied: bool) -> Result<(), Error> {
        let left = self.left();
        if count > left {
            return Err(self.truncated(count).into());
        }
        if self.offset().saturating_add(count) > self.frame_end {
            if copied {
                self.frame_end = u64::MAX;
            } else {
                self.leave_frame();
                if count > self.left() {
                    return Err(self.truncated(count).into());
                }
            }
        }
        self.jump(self.offset().saturating_add(count));
        Ok(())
    }

    /// The next line. A stream that ends before the line feed is truncated.
    pub(super) fn line(&mut self) -> Result<Line<'_>, Error> {
        self.fill(1)?;
        let in_frame = self.frame_end.saturating_sub(self.offset());
        let mut length = self.line_feed()?;
        if length >= in_frame && self.frame_end != u64::MAX {
            self.leave_frame();
            length = self.line_feed()?;
        }
        let count = usize::try_from(length).map_or(Self::MOST, |length| length.min(Self::MOST));
        if length >= Self::MOST as u64 {
            let start = self.offset();
            self.long_line = self.content.read(start, Self::MOST)?;
            self.jump(start.saturating_add(length).saturating_add(1));
            let head = self.long_line.as_slice();
            return Ok(Line { head, length });
        }
        self.fill(count.saturating_add(1))?;
        let end = self.next.saturating_add(count);
        let start = std::mem::replace(&mut self.next, end.saturating_add(1));
        Ok(Line {
            head: self.buffer.get(start..end).unwrap_or_default(),
            length,
        })
    }

    /// How far the next line feed is; takes nothing.
    fn line_feed(&mut self) -> Result<u64, Error> {
        let rest = self.buffer.get(self.next..).unwrap_or_default();
        if let Some(index) = rest.iter().position(|&byte| byte == b'\n') {
            return Ok(index as u64);
        }
        let mut passed = rest.len() as u64;
        loop {
            let window = self
                .content
                .read(self.offset().saturating_add(passed), Self::MOST)?;
            if window.is_empty() {
                return Err(self.truncated(self.left().saturating_add(1)).into());
            }
            match window.iter().position(|&byte| byte == b'\n') {
                Some(index) => return Ok(passed.saturating_add(index as u64)),
                None => passed = passed.saturating_add(window.len() as u64),
            }
        }
    }

    fn truncated(&self, needed: u64) -> Problem {
        let left = self.left();
        Problem::malformed(self.offset(), Broken::Truncated { needed, left })
    }
}

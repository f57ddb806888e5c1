//! Object headers (specification, IV.A.1): the messages of an object, of both versions, over all chunks.
//!
//! ```text
//! header 1     = 01 00 messages:u16 references:u32 size:u32 pad:u32 chunk 1{size}
//! chunk 1      = ( kind:u16 size:u16 flags:u8 pad:3 data{size} )*
//! header 2     = "OHDR" 02 flags times? phases? size:u{1,2,4,8} chunk 2{size} checksum
//! chunk 2      = ( kind:u8 size:u16 flags:u8 order:u16? data{size} )* gap
//! continuation = address length: a chunk 1, or "OCHK" chunk 2 checksum
//! ```

use std::collections::{BTreeSet, VecDeque};

use super::{
    Fault, limit,
    walk::{Block, Fields, Walk},
};
use crate::{Error, Problem, reader::within};

/// One message of an object.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) kind: u16,
    pub(super) flags: u8,
    pub(super) data: Block,
}

impl Message {
    /// Whether the data lies elsewhere, and here is only where.
    pub(super) const fn is_shared(&self) -> bool {
        self.flags & 2 != 0
    }
}

/// How messages are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Style {
    First,
    Second { ordered: bool },
}

const CONTINUATION: u16 = 0x10;
const WHAT: &str = "an object header";

impl Walk<'_> {
    /// The messages of the object at `address`.
    pub(super) fn messages(&mut self, address: u64) -> Result<Vec<Message>, Error> {
        let start = self.head(WHAT, address, 64)?;
        let mut messages = Vec::new();
        let mut chunks = VecDeque::new();
        let style = if start.bytes.starts_with(b"OHDR") {
            self.second(address, &start, &mut messages, &mut chunks)?
        } else {
            self.first(address, &start, &mut messages, &mut chunks)?
        };
        let mut seen = BTreeSet::new();
        while let Some((address, size)) = chunks.pop_front() {
            if seen.insert(address) {
                let read = self.continuation(style, address, size, &mut messages, &mut chunks);
                self.forgive(read)?;
            }
        }
        Ok(messages)
    }

    fn first(
        &mut self,
        address: u64,
        start: &Block,
        messages: &mut Vec<Message>,
        chunks: &mut VecDeque<(u64, u64)>,
    ) -> Result<Style, Error> {
        let mut fields = self.fields(start);
        let version = fields.u8()?;
        if version != 1 {
            return Err(Problem::malformed(start.offset, Fault::Missing(WHAT)).into());
        }
        fields.take(7)?;
        let size = u64::from(fields.u32()?);
        let block = self.block(WHAT, address, size.saturating_add(16))?;
        let mut fields = self.fields(&block);
        fields.take(16)?;
        self.chunk(Style::First, fields, messages, chunks)?;
        Ok(Style::First)
    }

    fn second(
        &mut self,
        address: u64,
        start: &Block,
        messages: &mut Vec<Message>,
        chunks: &mut VecDeque<(u64, u64)>,
    ) -> Result<Style, Error> {
        let mut fields = self.fields(start);
        fields.take(4)?;
        let version = fields.u8()?;
        if version != 2 {
            let what = WHAT;
            return Err(Problem::malformed(start.offset, Fault::Version { what, version }).into());
        }
        let flags = fields.u8()?;
        if flags & 0x20 != 0 {
            fields.take(16)?;
        }
        if flags & 0x10 != 0 {
            fields.take(4)?;
        }
        let size = fields.number(1_u8.wrapping_shl(u32::from(flags & 3)))?;
        let before = fields.offset().saturating_sub(start.offset);
        let block = self.block(WHAT, address, size.saturating_add(before).saturating_add(4))?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.fields(&block);
        fields.take(before)?;
        let style = Style::Second {
            ordered: flags & 4 != 0,
        };
        let inside = fields.sub(size)?;
        self.chunk(style, inside, messages, chunks)?;
        Ok(style)
    }

    fn continuation(
        &mut self,
        style: Style,
        address: u64,
        size: u64,
        messages: &mut Vec<Message>,
        chunks: &mut VecDeque<(u64, u64)>,
    ) -> Result<(), Error> {
        const WHAT: &str = "a continuation of an object header";
        let block = self.block(WHAT, address, size)?;
        if style == Style::First {
            return self.chunk(style, self.fields(&block), messages, chunks);
        }
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"OCHK", &block)?;
        let inside = fields.sub(fields.left().saturating_sub(4))?;
        self.chunk(style, inside, messages, chunks)
    }

    /// The messages of one chunk; a rest that is too small for a message is a gap.
    fn chunk(
        &mut self,
        style: Style,
        mut fields: Fields<'_>,
        messages: &mut Vec<Message>,
        chunks: &mut VecDeque<(u64, u64)>,
    ) -> Result<(), Error> {
        let least = match style {
            Style::First => 8,
            Style::Second { ordered: false } => 4,
            Style::Second { ordered: true } => 6,
        };
        while fields.left() >= least {
            self.spend(1, fields.offset())?;
            let (kind, size, flags) = match style {
                Style::First => {
                    let head = (fields.u16()?, fields.u16()?, fields.u8()?);
                    fields.take(3)?;
                    head
                }
                Style::Second { ordered } => {
                    let head = (u16::from(fields.u8()?), fields.u16()?, fields.u8()?);
                    if ordered {
                        fields.u16()?;
                    }
                    head
                }
            };
            let offset = fields.offset();
            let mut data = fields.sub(u64::from(size))?;
            if kind == CONTINUATION {
                if let (Some(address), size) = (data.address()?, data.length()?) {
                    chunks.push_back((address, size));
                }
                continue;
            }
            let bytes = data.take(u64::from(size))?.to_vec();
            let data = Block { bytes, offset };
            let count = messages.len() as u64;
            within("messages of one HDF5 object", count, limit::MESSAGES, offset)?;
            messages.push(Message { kind, flags, data });
        }
        Ok(())
    }
}

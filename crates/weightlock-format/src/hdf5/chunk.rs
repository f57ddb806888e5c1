//! Indexes of chunks (specification, IV.A.2.i and VII): single, implicit, fixed array, extensible array, B-trees.
//!
//! ```text
//! fixed header      = "FAHD" 00 client entry bits entries:length block:address checksum
//! fixed block       = "FADB" 00 client header:address ( entry* | page-bits checksum (entry* checksum)* )
//! extensible header = "EAHD" 00 client entry max-bits in-index least pointers page-bits statistics:length{6}
//!                     index:address checksum
//! index block       = "EAIB" 00 client header:address entry{in-index} block:address* super:address* checksum
//! super block       = "EASB" 00 client header:address offset page-bits block:address* checksum
//! data block        = "EADB" 00 client header:address offset ( entry* checksum | checksum (entry* checksum)* )
//! entry             = address | address size:n mask:u32
//! ```

use std::sync::Arc;

use super::{
    Fault, RegionKind,
    btree1::Kind,
    walk::{Block, Fields, Walk},
};
use crate::{Error, Problem};

/// The chunks of one dataset.
#[derive(Debug)]
pub(super) struct Chunks {
    pub(super) address: Option<u64>,
    /// Elements of a chunk in each dimension, and the bytes of an element.
    pub(super) dimensions: Vec<u64>,
    pub(super) index: Index,
}

#[derive(Debug)]
pub(super) enum Index {
    Tree1(Kind),
    /// One chunk, with the bytes that it has after filters.
    Single(Option<u64>),
    Implicit,
    FixedArray,
    ExtensibleArray,
    Tree2,
}

impl Chunks {
    /// Bytes of a chunk before filters.
    fn size(&self) -> u64 {
        self.dimensions
            .iter()
            .fold(1, |all, &one| all.saturating_mul(one))
    }

    /// How many chunks cover `shape`; `None` when the number overflows.
    fn count(&self, shape: &[u64]) -> Option<u64> {
        let along = shape.iter().zip(&self.dimensions);
        along.into_iter().try_fold(1_u64, |all, (&elements, &chunk)| {
            all.checked_mul(elements.checked_add(chunk.checked_sub(1)?)?.checked_div(chunk)?)
        })
    }
}

/// What entries look like, and who declares them.
#[derive(Debug)]
struct Entries<'a> {
    chunk: u64,
    /// Bytes of the size of a filtered chunk; `None` when chunks have no filters.
    size_width: Option<u8>,
    path: &'a Arc<str>,
    at: u64,
}

impl Walk<'_> {
    /// Declares every chunk.
    pub(super) fn chunks(
        &mut self,
        chunks: &Chunks,
        shape: &[u64],
        filtered: bool,
        path: &Arc<str>,
        at: u64,
    ) -> Result<(), Error> {
        let Some(address) = chunks.address else {
            return Ok(());
        };
        let kind = || {
            if filtered {
                RegionKind::Filtered
            } else {
                RegionKind::Data(Arc::clone(path))
            }
        };
        match &chunks.index {
            Index::Tree1(tree) => {
                for leaf in self.tree1(address, *tree)? {
                    self.raw(at, leaf.address, u64::from(leaf.size), kind());
                }
            }
            Index::Single(stored) => self.raw(at, address, stored.unwrap_or(chunks.size()), kind()),
            Index::Implicit => {
                let size = chunks
                    .count(shape)
                    .and_then(|count| count.checked_mul(chunks.size()));
                let overflow = || Problem::malformed(at, Fault::Broken("the shape of a dataset overflows"));
                self.raw(at, address, size.ok_or_else(overflow)?, kind());
            }
            Index::FixedArray => self.fixed_array(address, chunks, path, at)?,
            Index::ExtensibleArray => self.extensible_array(address, chunks, path, at)?,
            Index::Tree2 => self.chunk_tree(address, chunks, path, at)?,
        }
        Ok(())
    }

    fn chunk_tree(&mut self, address: u64, chunks: &Chunks, path: &Arc<str>, at: u64) -> Result<(), Error> {
        let places = (chunks.dimensions.len().saturating_sub(1) as u64).saturating_mul(8);
        for record in self.tree2(address)? {
            let size = (record.block.bytes.len() as u64)
                .saturating_sub(places)
                .saturating_sub(u64::from(self.widths.offsets).saturating_add(4));
            let entries = Entries {
                chunk: chunks.size(),
                size_width: (record.kind == 11).then(|| u8::try_from(size).unwrap_or(u8::MAX)),
                path,
                at,
            };
            let mut fields = self.fields(&record.block);
            self.entry(&mut fields, &entries)?;
        }
        Ok(())
    }

    fn entry(&mut self, fields: &mut Fields<'_>, entries: &Entries<'_>) -> Result<(), Error> {
        self.spend(2, fields.offset())?;
        let address = fields.address()?;
        let (size, kind) = match entries.size_width {
            Some(width) => {
                let size = fields.number(width)?;
                fields.u32()?;
                (size, RegionKind::Filtered)
            }
            None => (entries.chunk, RegionKind::Data(Arc::clone(entries.path))),
        };
        if let Some(address) = address {
            self.raw(entries.at, address, size, kind);
        }
        Ok(())
    }

    /// What the entries of an array look like, by its client and their size.
    fn entries<'a>(
        &self,
        client: u8,
        entry: u8,
        chunks: &Chunks,
        path: &'a Arc<str>,
        at: u64,
    ) -> Entries<'a> {
        let size_width = entry.saturating_sub(self.widths.offsets).saturating_sub(4);
        Entries {
            chunk: chunks.size(),
            size_width: (client == 1).then_some(size_width),
            path,
            at,
        }
    }

    fn fixed_array(&mut self, address: u64, chunks: &Chunks, path: &Arc<str>, at: u64) -> Result<(), Error> {
        const WHAT: &str = "a fixed array";
        let (o, l) = (u64::from(self.widths.offsets), u64::from(self.widths.lengths));
        let block = self.block(WHAT, address, o.saturating_add(l).saturating_add(12))?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"FAHD", &block)?;
        fields.u8()?;
        let (client, entry, bits) = (fields.u8()?, fields.u8()?, fields.u8()?);
        let count = fields.length()?;
        let Some(address) = fields.address()? else {
            return Ok(());
        };
        let entries = self.entries(client, entry, chunks, path, at);
        let head = o.saturating_add(6);
        let per_page = page_entries(bits, block.offset)?;
        let pages = Pages {
            count,
            entry: u64::from(entry),
            per_page: (count > per_page).then_some(per_page),
        };
        if pages.per_page.is_none() {
            return self.array_block(*b"FADB", address, head, &pages, None, &entries);
        }
        let bitmap = pages.pages().div_ceil(8);
        let first = self.block(WHAT, address, head.saturating_add(bitmap).saturating_add(4))?;
        let mut fields = self.signed(WHAT, *b"FADB", &first)?;
        fields.take(head.saturating_sub(4))?;
        let bitmap = fields.take(bitmap)?;
        let head = head.saturating_add(u64::try_from(bitmap.len()).unwrap_or(0));
        self.array_block(*b"FADB", address, head, &pages, Some(bitmap), &entries)
    }

    /// A block of entries behind `head` bytes: in one run with a checksum, or in pages of which a bitmap tells which
    /// are in use.
    fn array_block(
        &mut self,
        magic: [u8; 4],
        address: u64,
        head: u64,
        pages: &Pages,
        bitmap: Option<&[u8]>,
        entries: &Entries<'_>,
    ) -> Result<(), Error> {
        const WHAT: &str = "a block of an array of chunks";
        let Some(per_page) = pages.per_page else {
            let size = pages
                .count
                .saturating_mul(pages.entry)
                .saturating_add(head)
                .saturating_add(4);
            let block = self.block(WHAT, address, size)?;
            self.verify(WHAT, &block.bytes, block.offset);
            let mut fields = self.signed(WHAT, magic, &block)?;
            fields.take(head.saturating_sub(4))?;
            return self.page(&mut fields, pages, pages.count, entries);
        };
        let first = self.block(WHAT, address, head.saturating_add(4))?;
        self.verify(WHAT, &first.bytes, first.offset);
        self.signed(WHAT, magic, &first)?;
        let page_bytes = per_page.saturating_mul(pages.entry).saturating_add(4);
        for page in 0..pages.pages() {
            self.spend(1, first.offset)?;
            let before = page.saturating_mul(per_page);
            let count = pages.count.saturating_sub(before).min(per_page);
            let at = address
                .saturating_add(head)
                .saturating_add(4)
                .saturating_add(page.saturating_mul(page_bytes));
            if bitmap.is_some_and(|bitmap| !is_set(bitmap, page)) {
                continue;
            }
            let block = self.block(WHAT, at, count.saturating_mul(pages.entry).saturating_add(4))?;
            self.verify(WHAT, &block.bytes, block.offset);
            self.page(&mut self.fields(&block), pages, count, entries)?;
        }
        Ok(())
    }

    fn page(
        &mut self,
        fields: &mut Fields<'_>,
        pages: &Pages,
        count: u64,
        entries: &Entries<'_>,
    ) -> Result<(), Error> {
        for _ in 0..count {
            let mut entry = fields.sub(pages.entry)?;
            self.entry(&mut entry, entries)?;
        }
        Ok(())
    }

    fn extensible_array(
        &mut self,
        address: u64,
        chunks: &Chunks,
        path: &Arc<str>,
        at: u64,
    ) -> Result<(), Error> {
        const WHAT: &str = "an extensible array";
        let (o, l) = (u64::from(self.widths.offsets), u64::from(self.widths.lengths));
        let size = l.saturating_mul(6).saturating_add(o).saturating_add(16);
        let block = self.block(WHAT, address, size)?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"EAHD", &block)?;
        fields.u8()?;
        let (client, entry) = (fields.u8()?, fields.u8()?);
        let (max_bits, in_index, least) = (fields.u8()?, fields.u8()?, fields.u8()?);
        let (pointers, page_bits) = (fields.u8()?, fields.u8()?);
        fields.take(l.saturating_mul(6))?;
        let Some(address) = fields.address()? else {
            return Ok(());
        };
        let shape = Extensible {
            entry: u64::from(entry),
            in_index: u64::from(in_index),
            least: u64::from(least),
            pointers: u64::from(pointers),
            per_page: page_entries(page_bits, block.offset)?,
            offset_width: u64::from(max_bits.div_ceil(8)),
            super_blocks: u32::from(max_bits).checked_sub(least.checked_ilog2().unwrap_or(8)),
        };
        let entries = self.entries(client, entry, chunks, path, at);
        self.index_block(address, &shape, &entries, block.offset)
    }

    fn index_block(
        &mut self,
        address: u64,
        shape: &Extensible,
        entries: &Entries<'_>,
        at: u64,
    ) -> Result<(), Error> {
        const WHAT: &str = "the index block of an extensible array";
        let broken = || {
            Problem::malformed(
                at,
                Fault::Broken("the measures of an extensible array are impossible"),
            )
        };
        let o = u64::from(self.widths.offsets);
        let rows =
            u64::from(shape.super_blocks.filter(|&rows| rows < 64).ok_or_else(broken)?).saturating_add(1);
        if !shape.pointers.is_power_of_two() || !shape.least.is_power_of_two() {
            return Err(broken().into());
        }
        let in_index_rows = u64::from(shape.pointers.ilog2()).saturating_mul(2);
        let blocks = shape.pointers.saturating_sub(1).saturating_mul(2);
        let supers = rows.saturating_sub(in_index_rows);
        let size = o
            .saturating_add(10)
            .saturating_add(shape.in_index.saturating_mul(shape.entry))
            .saturating_add(blocks.saturating_add(supers).saturating_mul(o));
        let block = self.block(WHAT, address, size)?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"EAIB", &block)?;
        fields.take(o.saturating_add(2))?;
        for _ in 0..shape.in_index {
            let mut entry = fields.sub(shape.entry)?;
            self.entry(&mut entry, entries)?;
        }
        for row in 0..in_index_rows.min(rows) {
            for _ in 0..shape.blocks(row) {
                if let Some(address) = fields.address()? {
                    self.data_block(address, shape, row, None, entries)?;
                }
            }
        }
        for row in in_index_rows..rows {
            if let Some(address) = fields.address()? {
                self.super_block(address, shape, row, entries)?;
            }
        }
        Ok(())
    }

    fn super_block(
        &mut self,
        address: u64,
        shape: &Extensible,
        row: u64,
        entries: &Entries<'_>,
    ) -> Result<(), Error> {
        const WHAT: &str = "a super block of an extensible array";
        let o = u64::from(self.widths.offsets);
        let blocks = shape.blocks(row);
        let pages = shape.pages(row);
        let bitmap = if pages.per_page.is_some() {
            pages.pages().div_ceil(8)
        } else {
            0
        };
        let size = o
            .saturating_add(shape.offset_width)
            .saturating_add(10)
            .saturating_add(blocks.saturating_mul(bitmap.saturating_add(o)));
        let block: Block = self.block(WHAT, address, size)?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"EASB", &block)?;
        fields.take(o.saturating_add(shape.offset_width).saturating_add(2))?;
        let mut bitmaps = fields.sub(blocks.saturating_mul(bitmap))?;
        for _ in 0..blocks {
            let bitmap = bitmaps.take(bitmap)?;
            if let Some(address) = fields.address()? {
                self.data_block(address, shape, row, Some(bitmap), entries)?;
            }
        }
        Ok(())
    }

    fn data_block(
        &mut self,
        address: u64,
        shape: &Extensible,
        row: u64,
        bitmap: Option<&[u8]>,
        entries: &Entries<'_>,
    ) -> Result<(), Error> {
        let head = u64::from(self.widths.offsets)
            .saturating_add(shape.offset_width)
            .saturating_add(6);
        self.array_block(*b"EADB", address, head, &shape.pages(row), bitmap, entries)
    }
}

/// How the entries of a block are divided.
#[derive(Debug)]
struct Pages {
    count: u64,
    /// Bytes of an entry.
    entry: u64,
    per_page: Option<u64>,
}

impl Pages {
    fn pages(&self) -> u64 {
        self.per_page
            .and_then(|per_page| {
                self.count
                    .checked_add(per_page.checked_sub(1)?)?
                    .checked_div(per_page)
            })
            .unwrap_or(0)
    }
}

/// The measures of an extensible array.
#[derive(Debug)]
struct Extensible {
    entry: u64,
    in_index: u64,
    least: u64,
    pointers: u64,
    per_page: u64,
    offset_width: u64,
    super_blocks: Option<u32>,
}

impl Extensible {
    /// Data blocks of a row.
    fn blocks(&self, row: u64) -> u64 {
        doubled(1, row / 2)
    }

    /// How the entries of each block of a row are divided.
    fn pages(&self, row: u64) -> Pages {
        let count = doubled(self.least, row.div_ceil(2));
        Pages {
            count,
            entry: self.entry,
            per_page: (count > self.per_page).then_some(self.per_page),
        }
    }
}

fn doubled(number: u64, times: u64) -> u64 {
    let factor = u32::try_from(times)
        .ok()
        .and_then(|times| 1_u64.checked_shl(times));
    number.saturating_mul(factor.unwrap_or(u64::MAX))
}

/// Entries of a page, of which the logarithm is stated.
fn page_entries(bits: u8, at: u64) -> Result<u64, Problem> {
    1_u64.checked_shl(u32::from(bits)).ok_or_else(|| {
        Problem::malformed(
            at,
            Fault::Broken("the pages of an array of chunks are impossible"),
        )
    })
}

/// Bit `index`, the first being the highest of the first byte.
fn is_set(bitmap: &[u8], index: u64) -> bool {
    let byte = usize::try_from(index / 8).ok().and_then(|at| bitmap.get(at));
    byte.is_some_and(|byte| byte & (0x80_u8 >> (index % 8)) != 0)
}
